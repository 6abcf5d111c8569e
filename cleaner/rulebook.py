"""Rules are data: TOML files to `Rule` objects, refused with file, rule and reason where they are wrong.

Which rules are on is decided here too (``select``, ``ignore``, ``keep``, ``remove``), and the digest that names a set of rules
in every record. Reading many TOML files and analysing their patterns takes longer than cleaning a small file, so the validated
result is stored under the digest of the files' bytes: first what cleaning needs, then what only a person reads. A store that
cannot be read or written changes nothing but the time.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.document import CleanerError
from cleaner.kept import cache_folder, keep, kept
from cleaner.wording import Index, Stored, Wording, index

if TYPE_CHECKING:
    from cleaner.detectors import Detector
    from cleaner.repair import Repair

COMMON = ("id", "kind", "why", "category", "lang", "when", "catches", "spares")
OFF_BY_DEFAULT = frozenset({"byline"})
"""Categories that are metadata rather than boilerplate: kept unless asked for."""

_FORMAT = f"{sys.version_info[:2]} 10"  # of the store; to be raised with any change of what is stored or checked
_ID = "[a-z0-9]+(?:-[a-z0-9]+)*"
LARGEST_PATTERN = 100_000
"""Characters that a pattern asks for at least: `regex` writes out its repeats, and a few nested ones take all of the memory."""
WEAKEST_LITERAL = 2.0
"""Literals weaker than this (see `literals.strength`) nominate too many lines for the scan to be worth it."""


class RuleError(CleanerError):
    """A rule, or a choice of rules, that cannot be used."""


class Rule:
    """One entry of a rule file.

    ``settings`` are the keys of its kind, ``when`` the features it asks for, ``lang`` the language it is restricted to. What
    only a person reads (``why``, examples) and its wordings are fetched when asked for.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the rule file's own word
        kind: str,
        category: str,
        lang: str | None,
        when: Mapping[str, Any],
        settings: Mapping[str, Any],
        page: _Pages,
    ) -> None:
        self.id = id
        self.kind = kind
        self.category = category
        self.lang = lang
        self.when = when
        self.settings = settings
        self._pages = page
        # what other rules find beside the line decides
        self.contextual = "beside" in when or "min_run" in when

    @property
    def page(self) -> Mapping[str, Any]:
        """The rest of the entry: ``why``, ``file``, ``catches``, ``spares`` and ``wordings`` (role -> table)."""
        return self._pages.of(self.id)

    @cached_property
    def detector(self) -> Detector:
        from cleaner.detectors import DETECTORS

        return DETECTORS[self.kind].read(self.settings)

    @cached_property
    def repair(self) -> Repair:
        from cleaner.repair import Repair

        return Repair(**self.settings)

    @property
    def wordings(self) -> dict[str, Wording]:
        """What the matcher shall look for, by role."""
        return {role: Wording.read(table) for role, table in self.page["wordings"].items()}


class _Pages:
    """What only a person reads of each rule: at hand, or stored, and opened when asked."""

    def __init__(
        self,
        pages: dict[str, dict[str, Any]] | None = None,
        sources: Sequence[tuple[Path, bytes]] = (),
        stored: Path | None = None,
    ) -> None:
        self._pages = pages
        self._sources = sources
        self._stored = stored

    def of(self, rule_id: str) -> dict[str, Any]:
        if self._pages is None:
            found = kept(self._stored) if self._stored else None
            self._pages = found if found is not None else _read_all(self._sources)[1]
        return self._pages[rule_id]


class Rulebook:
    """Rules in a fixed order: files by name, entries as they stand, a user's files last."""

    def __init__(self, rules: Iterable[Rule], indexed: Index | Stored | None = None) -> None:
        self.rules = tuple(rules)
        self._indexed = indexed

    @property
    def few(self) -> Index | Stored:
        """The `index`, but read no further than a few lines ask for it."""
        return self._indexed or self.index

    @property
    def index(self) -> Index:
        """The wordings of the rules (of more than these where they are a choice out of a larger book)."""
        if isinstance(self._indexed, Stored):
            self._indexed = self._indexed.whole()
        elif self._indexed is None:
            self._indexed = index((rule.id, role, wording) for rule in self.rules for role, wording in rule.wordings.items())
        return self._indexed

    @cached_property
    def digest(self) -> str:
        """Names this set of rules: the same rules give the same digest, on any machine."""
        import hashlib
        import json

        rows = [[r.id, r.kind, r.category, r.lang, dict(r.when), dict(r.settings), r.page["wordings"]] for r in self.rules]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]

    def __getitem__(self, rule_id: str) -> Rule:
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise RuleError(f"no rule {rule_id!r}{_near(rule_id, (r.id for r in self.rules))}; 'cleaner rules list' lists them")

    def choose(
        self,
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
        keep: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> Rulebook:
        """The rules that are on.

        ``select`` and ``ignore`` name rules, or families (the part before the dot); ``keep`` and ``remove`` name
        categories. Without ``select`` all rules are on but those of categories kept by default, unless ``remove`` names
        them. Raises RuleError for a name that is none.
        """
        select, ignore, keep, remove = list(select), list(ignore), set(keep), set(remove)
        if select or ignore or keep or remove:
            self._check_names([*select, *ignore], keep | remove)

        def named(rule: Rule, choice: list[str]) -> bool:
            return rule.id in choice or rule.id.split(".")[0] in choice

        def on(rule: Rule) -> bool:
            if rule.category in keep or named(rule, ignore):
                return False
            if select:
                return named(rule, select)
            return rule.category not in OFF_BY_DEFAULT or rule.category in remove

        return Rulebook([rule for rule in self.rules if on(rule)], self.few)

    def _check_names(self, rules: list[str], wanted: set[str]) -> None:
        names = {r.id for r in self.rules} | {r.id.split(".")[0] for r in self.rules}
        categories = {r.category for r in self.rules} | OFF_BY_DEFAULT
        for name in rules:
            if name not in names:
                raise RuleError(f"no rule or family {name!r}{_near(name, names)}; 'cleaner rules list' lists them")
        for name in wanted:
            if name not in categories:
                raise RuleError(f"no category {name!r}{_near(name, categories)}; there are {', '.join(sorted(categories))}")


def shipped() -> list[Path]:
    """The rule files that come with the package, by name."""
    folder = Path(__file__).parent / "rules"
    if not folder.is_dir():  # a checkout: rules/ stands beside the package
        folder = folder.parent.parent / "rules"
    return sorted(folder.glob("*.toml"))


def load(files: Iterable[str | Path] = (), *, shipped_too: bool = True) -> Rulebook:
    """The shipped rules, and the user's ``files`` behind them. Raises RuleError.

    What is stored is stored for the shipped rules and for each of the user's files by itself: a change of one costs only that one.
    """
    own = [Path(file) for file in files]
    if not shipped_too:
        return _loaded(own)
    book = _loaded(shipped(), checked=True)
    for file in own:
        more = _loaded([file])
        taken = {rule.id: rule for rule in book.rules}
        for rule in more.rules:
            if rule.id in taken:
                raise RuleError(f"{file.name}: rule {rule.id}: the id is taken by an entry of {taken[rule.id].page['file']}")
        book = Rulebook([*book.rules, *more.rules], book.index.joined(more.index))
    return book


def _loaded(paths: Sequence[Path], *, checked: bool = False) -> Rulebook:
    """The rules of some files, stored or read; ``checked``: their patterns are known to compile (tests and the linter see to it)."""
    sources = []
    # two sums of every byte: a digest worth its name would take longer to import than these to compute
    key = [zlib.crc32(_FORMAT.encode()), zlib.adler32(_FORMAT.encode())]
    for path in paths:
        try:
            source = path.read_bytes()
        except OSError as error:
            raise RuleError(f"{path}: cannot be read: {error.strerror}") from None
        for part in (f"\n{path.name}\n{len(source)}\n".encode(), source):
            key = [zlib.crc32(part, key[0]), zlib.adler32(part, key[1])]
        sources.append((path, source))
    cache = cache_folder() / f"rules-{key[0]:08x}{key[1]:08x}"
    stored = kept(cache.with_suffix(".bin"))
    if stored is None:
        rows, pages = _read_all(sources, checked=checked)
        shelf = _Pages(pages)
        indexed = Rulebook([Rule(*row, shelf) for row in rows]).index.stored()
        keep(cache.with_suffix(".pages"), pages)
        keep(cache.with_suffix(".bin"), (rows, indexed))
    else:
        rows, indexed = stored
        shelf = _Pages(sources=sources, stored=cache.with_suffix(".pages"))
    return Rulebook([Rule(*row, shelf) for row in rows], Stored(indexed))


Row = tuple[str, str, str, str | None, dict[str, Any], dict[str, Any]]


def _read_all(sources: Sequence[tuple[Path, bytes]], *, checked: bool = True) -> tuple[list[Row], dict[str, dict[str, Any]]]:
    rows: list[Row] = []
    pages: dict[str, dict[str, Any]] = {}
    for path, source in sources:
        for row, page in _read(path, source, checked):
            if row[0] in pages:
                raise RuleError(f"{path.name}: rule {row[0]}: the id is taken by an entry of {pages[row[0]]['file']}")
            rows.append(row)
            pages[row[0]] = page
    return rows, pages


def _read(path: Path, source: bytes, checked: bool) -> Iterator[tuple[Row, dict[str, Any]]]:
    import tomllib

    try:
        tables = tomllib.loads(source.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RuleError(f"{path.name}: not a TOML file: {error}") from None
    unknown = set(tables) - {"rule", "words"}
    rules = tables.get("rule", [])
    if unknown or not isinstance(rules, list) or not all(isinstance(table, dict) for table in rules):
        raise RuleError(f"{path.name}: a rule file holds [[rule]] entries and [words], not {sorted(unknown or {'[rule]'})[0]!r}")
    words = _words(path, tables.get("words", {}))
    for number, table in enumerate(rules, 1):
        name = table.get("id") or f"number {number}"
        try:
            entry = _entry(path, {"words": words, **table} if words and table.get("kind") == "cues" else table)
            if not checked:
                for wording in entry[1]["wordings"].values():
                    _check_patterns(Wording.read(wording))
            yield entry
        except ValueError as error:
            raise RuleError(f"{path.name}: rule {name}: {error}") from None


def _words(path: Path, lists: Any) -> dict[str, list[str]]:
    """The word lists of a file, each a string of words or a list of such strings; in order, without repetition, folded."""
    from cleaner.segment import fold, plain

    if not isinstance(lists, dict):
        raise RuleError(f"{path.name}: [words] takes lists of words by name")
    words = {}
    for name, given in lists.items():
        rows = [given] if isinstance(given, str) else given
        if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
            raise RuleError(f"{path.name}: words.{name} takes a string of words, or a list of such strings")
        words[name] = list(dict.fromkeys(fold(plain(word)) for row in rows for word in row.split()))
    return words


def _entry(path: Path, table: dict[str, Any]) -> tuple[Row, dict[str, Any]]:
    from cleaner import features

    _check_common(table)
    when = table.get("when", {})
    if not isinstance(when, dict):
        raise ValueError("'when' takes a table")
    features.check(when)
    family = path.name.removesuffix(".toml")
    if not family.isprintable():
        raise ValueError("the file's name is the family of its rules; give it one without control characters")
    keys = {key: value for key, value in table.items() if key not in COMMON}
    settings, wordings = _parts(table["kind"], keys)
    name = sys.intern(f"{family}.{table['id']}")  # is then one string wherever it is stored
    row = (name, table["kind"], table.get("category", family), table.get("lang"), when, settings)
    page = {key: table[key] for key in ("why", "catches", "spares")} | {"file": path.name, "wordings": wordings}
    return row, page


def _check_common(table: dict[str, Any]) -> None:
    from cleaner.detectors import DETECTORS

    for key in ("id", "kind", "why"):
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise ValueError(f"needs {key!r}, a string")
    if not re.fullmatch(_ID, table["id"]):
        raise ValueError("'id' takes small letters, digits and hyphens")
    kinds = [*DETECTORS, "repair"]
    if table["kind"] not in kinds:
        raise ValueError(f"no kind {table['kind']!r}{_near(table['kind'], kinds)}; there are {', '.join(kinds)}")
    for key in ("catches", "spares"):
        examples = table.get(key)
        if not isinstance(examples, list) or not examples or not all(isinstance(e, str) and e for e in examples):
            raise ValueError(f"needs {key!r}, a list of examples: a rule is complete only with both its sides")
    for key in ("lang", "category"):
        if key in table and not (isinstance(table[key], str) and table[key].isprintable()):
            raise ValueError(f"{key!r} takes a string without control characters")


def _parts(kind: str, keys: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(settings, wordings by role) of a rule's own keys. Raises ValueError."""
    from cleaner.detectors import DETECTORS
    from cleaner.repair import Repair

    if kind == "repair":
        try:
            Repair(**keys)
        except TypeError as error:
            raise ValueError(str(error)) from None
        return keys, {}
    detector = DETECTORS[kind]
    if kind in ("phrase", "pattern"):
        mine = ("phrases",) if kind == "phrase" else ("line", "part", "case")
        for key in keys:
            if key not in mine:
                raise ValueError(f"unknown key {key!r}; this kind has {', '.join(mine)}")
        Wording.read(keys)
        return {}, {"line": keys}
    wordings = {role: keys.pop(role) for role in detector.roles if role in keys}
    for role in detector.roles:
        if role not in wordings and role not in detector.optional:
            raise ValueError(f"this kind needs {role!r}, a table with phrases, line or part")
    detector.read(keys)
    return keys, wordings


def _check_patterns(wording: Wording) -> None:
    """Raises ValueError for a pattern that does not compile, or could match nothing because of a sign it is written with."""
    import regex

    from cleaner.literals import parse, size
    from cleaner.segment import plain

    for source, _whole in wording.patterns():
        variants = sorted({c for c in source if plain(c) != c})
        if variants:
            signs = ", ".join(f"{c!r} as {plain(c)!r}" for c in variants)
            raise ValueError(f"patterns see typographic variants as one sign; write {signs} (escaped where it has a meaning)")
        try:
            if size(parse(source)) > LARGEST_PATTERN:
                raise ValueError(f"its repeats ask for more than {LARGEST_PATTERN:,} characters; a line has fewer")
            regex.compile(source)
        except RecursionError:
            raise ValueError(f"pattern {_short(source)!r}: nested too deeply") from None
        except (regex.error, re.error, ValueError, OverflowError) as error:
            raise ValueError(f"pattern {_short(source)!r}: {error}") from None


def _short(source: str) -> str:
    return source if len(source) <= 200 else source[:199] + "…"


def lint(rule: Rule) -> list[str]:
    """What makes a rule too slow or too dangerous to scan with; empty if nothing does."""
    from cleaner.literals import required, strength, unbounded_nests

    findings: list[str] = []
    for role, wording in rule.wordings.items():
        try:
            _check_patterns(wording)
        except ValueError as error:
            findings.append(f"{role}: {error}")
            continue
        for source, whole in wording.patterns():
            if strength(required(source, whole=whole)) < WEAKEST_LITERAL:
                findings.append(f"{role}: {source!r} has no literal that each match must hold: it would be tried on every line")
            if unbounded_nests(source):
                findings.append(f"{role}: {source!r} repeats a repeat without bound: it can take for ever; bound one of them")
            if not wording.case and _has_capitals(source):
                findings.append(f"{role}: {source!r} has capitals, but case is ignored: write it small, or say case = true")
    return findings


def _has_capitals(source: str) -> bool:
    """Whether a letter of the pattern is a capital; escapes, properties, and groups that mind case (``(?-i:...)``) aside."""
    return re.search("[A-Z]", re.sub(r"\\[pP]\{[^}]*\}|\\.|\(\?-i:[^()]*\)|\(\?[^:)]*[:>)]", "", source)) is not None


def _near(name: str, names: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(names), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
