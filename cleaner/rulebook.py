"""Rules are data: TOML files to `Rule` objects, refused with file, rule and reason where they are wrong.

Which rules are on is decided here too (``select``, ``ignore``, ``keep``, ``remove``), and the digest that names a set
of rules in every record. Reading many TOML files and analysing their patterns takes longer than cleaning a small file,
so the validated result is cached as JSON under the digest of the files' bytes; a cache that cannot be read or
written changes nothing but the time.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cleaner import features
from cleaner.detectors import DETECTORS, Detector, Wording
from cleaner.document import CleanerError
from cleaner.literals import required, strength, unbounded_nests
from cleaner.repair import Repair
from cleaner.segment import plain

COMMON = ("id", "kind", "why", "category", "lang", "when", "catches", "spares")
KINDS = (*DETECTORS, "repair")
OFF_BY_DEFAULT = frozenset({"byline"})
"""Categories that are metadata rather than boilerplate: kept unless asked for."""

_FORMAT = 3  # of the cache; to be raised with any change of what is stored or checked
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
WEAKEST_LITERAL = 2.0
"""Literals weaker than this (see `literals.strength`) nominate too many lines for the scan to be worth it."""


class RuleError(CleanerError):
    """A rule, or a choice of rules, that cannot be used."""


@dataclass(frozen=True)
class Rule:
    """One entry of a rule file."""

    id: str
    kind: str
    why: str
    category: str
    file: str
    keys: Mapping[str, Any]
    when: Mapping[str, Any]
    catches: tuple[str, ...]
    spares: tuple[str, ...]
    lang: str | None = None
    literals: Mapping[str, Sequence[Sequence[str]]] | None = None

    @cached_property
    def detector(self) -> Detector:
        return DETECTORS[self.kind].read(self.keys)

    @cached_property
    def repair(self) -> Repair:
        return Repair(**self.keys)

    @property
    def contextual(self) -> bool:
        """Whether what other rules find beside the line decides."""
        return any(name in features.CONTEXT for name in self.when)


class Rulebook:
    """Rules in a fixed order: files by name, entries as they stand, a user's files last."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)

    @cached_property
    def digest(self) -> str:
        """Names this set of rules: the same rules give the same digest, on any machine."""
        rows = [[r.id, r.kind, r.category, r.lang, dict(r.keys), dict(r.when)] for r in self.rules]
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
        families = {r.id.split(".")[0] for r in self.rules}
        names = {r.id for r in self.rules} | families
        categories = {r.category for r in self.rules} | OFF_BY_DEFAULT
        select, ignore, keep, remove = list(select), list(ignore), set(keep), set(remove)
        for name in [*select, *ignore]:
            if name not in names:
                raise RuleError(f"no rule or family {name!r}{_near(name, names)}; 'cleaner rules list' lists them")
        for name in keep | remove:
            if name not in categories:
                raise RuleError(f"no category {name!r}{_near(name, categories)}; there are {', '.join(sorted(categories))}")

        def named(rule: Rule, choice: list[str]) -> bool:
            return rule.id in choice or rule.id.split(".")[0] in choice

        def on(rule: Rule) -> bool:
            if named(rule, ignore) or rule.category in keep:
                return False
            if select:
                return named(rule, select)
            return rule.category not in OFF_BY_DEFAULT or rule.category in remove

        return Rulebook([rule for rule in self.rules if on(rule)])


def shipped() -> list[Path]:
    """The rule files that come with the package, by name."""
    folder = Path(str(importlib.resources.files("cleaner"))) / "rules"
    if not folder.is_dir():  # a checkout: rules/ stands beside the package
        folder = folder.parent.parent / "rules"
    return sorted(folder.glob("*.toml"))


def load(files: Iterable[str | Path] = (), *, shipped_too: bool = True) -> Rulebook:
    """The shipped rules, and the user's ``files`` behind them. Raises RuleError."""
    paths = [*(shipped() if shipped_too else ()), *map(Path, files)]
    sources = []
    for path in paths:
        try:
            sources.append((path, path.read_bytes()))
        except OSError as error:
            raise RuleError(f"{path}: cannot be read: {error.strerror}") from None
    key = hashlib.sha256(repr((_FORMAT, [(str(p.name), hashlib.sha256(b).hexdigest()) for p, b in sources])).encode()).hexdigest()
    cache = _cache_folder() / f"rules-{key[:32]}.json"
    rows = _cached(cache)
    if rows is None:
        rows = [_row(rule) for path, source in sources for rule in _read(path, source)]
        _refuse_doubles(rows)
        _store(cache, rows)
    return Rulebook([Rule(**row) for row in rows])


def _cache_folder() -> Path:
    given = os.environ.get("CLEANER_CACHE_DIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "corpus-cleaner"


def _cached(cache: Path) -> list[dict[str, Any]] | None:
    try:
        rows: list[dict[str, Any]] = json.loads(cache.read_bytes())
        return rows if isinstance(rows, list) and all(set(row) == set(Rule.__dataclass_fields__) for row in rows) else None
    except (OSError, ValueError, TypeError):
        return None


def _store(cache: Path, rows: list[dict[str, Any]]) -> None:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        temporary = cache.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(rows))
        temporary.replace(cache)
    except OSError:
        pass


def _row(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in Rule.__dataclass_fields__}


def _read(path: Path, source: bytes) -> list[Rule]:
    import tomllib

    try:
        tables = tomllib.loads(source.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name}: not a TOML file: {error}") from None
    unknown = set(tables) - {"rule"}
    if unknown or not isinstance(tables.get("rule", []), list):
        raise RuleError(f"{path.name}: a rule file holds [[rule]] entries only, not {sorted(unknown or {'[rule]'})[0]!r}")
    rules = []
    for number, table in enumerate(tables.get("rule", []), 1):
        name = table.get("id") or f"number {number}"
        try:
            rules.append(_rule(path, table))
        except ValueError as error:
            raise RuleError(f"{path.name}: rule {name}: {error}") from None
    return rules


def _rule(path: Path, table: dict[str, Any]) -> Rule:
    for key in ("id", "kind", "why"):
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise ValueError(f"needs {key!r}, a string")
    if not _ID.fullmatch(table["id"]):
        raise ValueError("'id' takes small letters, digits and hyphens")
    if table["kind"] not in KINDS:
        raise ValueError(f"no kind {table['kind']!r}{_near(table['kind'], KINDS)}; there are {', '.join(KINDS)}")
    for key in ("catches", "spares"):
        examples = table.get(key)
        if not isinstance(examples, list) or not examples or not all(isinstance(e, str) and e for e in examples):
            raise ValueError(f"needs {key!r}, a list of examples: a rule is complete only with both its sides")
    when = table.get("when", {})
    if not isinstance(when, dict):
        raise ValueError("'when' takes a table")
    features.check(when)
    for key in ("lang", "category"):
        if key in table and not isinstance(table[key], str):
            raise ValueError(f"{key!r} takes a string")
    family = path.name.removesuffix(".toml")
    keys = {key: value for key, value in table.items() if key not in COMMON}
    literals = None
    try:
        if table["kind"] == "repair":
            Repair(**keys)
        else:
            detector = DETECTORS[table["kind"]].read(keys)
            literals = {role: _literals(wording) for role, wording in detector.wordings.items()}
    except TypeError as error:
        raise ValueError(str(error)) from None
    return Rule(
        id=f"{family}.{table['id']}",
        kind=table["kind"],
        why=table["why"],
        category=table.get("category", family),
        file=path.name,
        keys=keys,
        when=when,
        catches=tuple(table["catches"]),
        spares=tuple(table["spares"]),
        lang=table.get("lang"),
        literals=literals,
    )


def _literals(wording: Wording) -> list[list[str]]:
    """The required literals of each pattern of a wording, in the order line, part. Raises ValueError."""
    import regex

    result = []
    for form, patterns in (("line", wording.line), ("part", wording.part)):
        for pattern in patterns:
            variants = sorted({c for c in pattern if plain(c) != c})
            if variants:
                signs = ", ".join(f"{c!r} as {plain(c)!r}" for c in variants)
                raise ValueError(f"patterns see typographic variants as one sign; write {signs} (escaped where it has a meaning)")
            try:
                regex.compile(pattern)
                result.append(sorted(required(pattern, whole=form == "line")))
            except (regex.error, re.error) as error:
                raise ValueError(f"pattern {pattern!r}: {error}") from None
    return result


def _refuse_doubles(rows: Iterable[Mapping[str, Any]]) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        if row["id"] in seen:
            raise RuleError(f"{row['file']}: rule {row['id']}: the id is taken by an entry of {seen[row['id']]}")
        seen[row["id"]] = row["file"]


def lint(rule: Rule) -> list[str]:
    """What makes a rule too slow or too dangerous to scan with; empty if nothing does."""
    findings: list[str] = []
    if rule.kind == "repair":
        return findings
    literals = rule.literals or {}
    for role, wording in rule.detector.wordings.items():
        for pattern, found in zip((*wording.line, *wording.part), literals.get(role, ()), strict=True):
            if strength(frozenset(found)) < WEAKEST_LITERAL:
                findings.append(f"{role}: {pattern!r} has no literal that each match must hold: it would be tried on every line")
            if unbounded_nests(pattern):
                findings.append(f"{role}: {pattern!r} repeats a repeat without bound: it can take for ever; bound one of them")
            if (
                not wording.case
                and pattern != pattern.lower()
                and re.search(r"(?<!\\)[A-Z]", re.sub(r"\\[pP]\{[^}]*\}|\\.|\(\?.", "", pattern))
            ):
                findings.append(f"{role}: {pattern!r} has capitals, but case is ignored: write it small, or say case = true")
    return findings


def _near(name: str, names: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(names), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
