"""What a change of the rules does to a corpus: cleaned with the shipped rules, and with a rule file beside or in their place.

The two cleanings are compared character by character on the source text, white space aside: what goes now and did not, what
went and stays now, and what goes by another rule than before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from cleaner import findings, rulebook
from cleaner.document import Cleaned, CleanerError, Edit, Span, visible
from cleaner.engine import Cleaner
from cleaner.formats import Options
from cleaner.rulebook import OFF_BY_DEFAULT, Rule, Rulebook, RuleError
from cleaner.samples import Passage, Samples, counted, marked, passage, site_of
from cleaner.segment import Line, Page
from cleaner.walk import Listed, find

NEWLY, NO_LONGER, TAKEN_OVER = "newly removed", "no longer removed", "now removed by another rule"
CHANGES = (NEWLY, NO_LONGER, TAKEN_OVER)


class Key(NamedTuple):
    """One row of the table: what changed, and by which rule; ``instead_of`` the rule that had it before."""

    change: str
    rule: str
    instead_of: str = ""


@dataclass
class Tally:
    """How much of the corpus one row is about. ``sentences`` are lines that close a sentence, as an article's do."""

    samples: Samples
    lines: int = 0
    parts: int = 0
    chars: int = 0
    sentences: int = 0
    documents: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)


@dataclass
class Impact:
    """The comparison.

    ``replaced`` says whether the file stood in for the shipped one of its name; ``rules`` are those of its rules that are not
    shipped just so, ``gone`` the shipped rules that it has no more, ``turned_on`` the categories that are kept by default.
    """

    file: str
    replaced: bool
    rules: list[str]
    gone: list[str]
    turned_on: list[str]
    rows: dict[Key, Tally] = field(default_factory=dict)
    documents: int = 0
    changed: int = 0
    sites: set[str] = field(default_factory=set)
    chars: int = 0
    emptied: int = 0
    failures: list[str] = field(default_factory=list)

    def quiet(self) -> list[str]:
        """Those of the rules by which nothing changes on this corpus."""
        moved = {name for key in self.rows for name in (key.rule, key.instead_of)}
        return [rule for rule in [*self.rules, *self.gone] if rule not in moved]


def joined(files: Iterable[str | Path], *, replace: bool = False) -> tuple[Rulebook, list[str]]:
    """The shipped rules with some files beside them, and the names of those that stand in for a shipped file instead.

    A file stands in for the shipped one of its name if ``replace`` says so, or if it has one of its rules: a changed copy.
    Raises RuleError for a wrong file, and for one that shall replace a shipped file that there is not.
    """
    shipped = {path.name: path for path in rulebook.shipped()}
    beside: list[str | Path] = []
    instead: dict[str, Path] = {}
    for file in map(Path, files):
        if replace and file.name not in shipped:
            raise RuleError(f"{file}: no shipped file has this name, so it can replace none; there are {', '.join(sorted(shipped))}")
        if file.name in shipped and (replace or _is_copy(file)):
            if file.name in instead:
                raise RuleError(f"{file}: {instead[file.name]} already takes the place of the shipped file of this name")
            instead[file.name] = file
        else:
            beside.append(file)
    if not instead:
        return rulebook.load(beside), []
    # in their places: of two rules that take a line, the one that stands first is named
    whole = [*(instead.get(name, path) for name, path in shipped.items()), *beside]
    return rulebook.load(whole, shipped_too=False), list(instead)


def _is_copy(file: Path) -> bool:
    names = {rule.id for rule in rulebook.load().rules}
    return any(rule.id in names for rule in rulebook.load([file], shipped_too=False).rules)


def _written(rule: Rule) -> tuple[Any, ...]:
    """All of a rule that decides what it takes."""
    return rule.kind, rule.category, rule.lang, dict(rule.when), dict(rule.settings), rule.page["wordings"]


def measure(
    file: str | Path,
    corpus: Sequence[str | Path | Listed],
    *,
    replace: bool = False,
    samples: int = 5,
    options: Options = Options(),  # noqa: B008 - cannot be changed
    form: str | None = None,
) -> Impact:
    """Cleans a corpus without and with a rule file, and compares.

    Args:
        file: the rule file.
        corpus: directories, files or globs.
        replace: let it stand in for the shipped file of its name, also if it has none of its rules.
        samples: how many lines to show for each row.
        options: the fields of JSON records.
        form: the format to read the corpus in, whatever its files' names say.
    Raises:
        RuleError: the file is wrong.
        CleanerError: the corpus is not there, or holds no text.
    """
    book, replaced = joined([file], replace=replace)
    own = rulebook.load([file], shipped_too=False)
    off = sorted({rule.category for rule in own.rules} & OFF_BY_DEFAULT)
    before = rulebook.load()
    if off and not any(rule.category in off for rule in before.rules):
        off = []
    old, new = Cleaner.of(before.choose(remove=off)), Cleaner.of(book.choose(remove=off))
    shipped = {rule.id: _written(rule) for rule in before.rules}
    changed = [rule.id for rule in own.rules if shipped.get(rule.id) != _written(rule)]
    gone = sorted(shipped.keys() - {rule.id for rule in book.rules})
    result = Impact(str(file), bool(replaced), changed, gone, off)
    for source in find(corpus, form).sources:
        for number, one in findings.cleaned(source, old, options):
            where = f"{source.path}:{number}" if number else str(source.path)
            if isinstance(one, str):
                result.failures.append(f"{where}: {one}")
                continue
            try:
                _add(result, one[1], new.clean(one[0].document), samples)
            except CleanerError as error:
                result.failures.append(f"{where}: {error}")
    if not result.chars and not result.failures:
        raise CleanerError(f"{', '.join(map(str, corpus))}: no text to compare on")
    return result


def _add(result: Impact, was: Cleaned, now: Cleaned, samples: int) -> None:
    document = was.document
    site = site_of(document)
    result.documents += 1
    result.chars += len(document.text)
    if site:
        result.sites.add(site)
    if was.edits == now.edits:
        return
    changed = False
    for line, key, spans in differences(document.text, was.edits, now.edits):
        changed = True
        tally = result.rows.setdefault(key, Tally(Samples(samples)))
        whole = spans[0].start == line.start and spans[-1].end == line.end and len(spans) == 1
        tally.lines += whole
        tally.parts += not whole
        tally.chars += sum(end - start for start, end in spans)
        tally.sentences += whole and line.ends_sentence
        tally.documents.add(document.id)
        if site:
            tally.sites.add(site)
        tally.samples.offer(line.text, lambda: passage(document, line, line.text if whole else marked(line, spans)))  # noqa: B023 - called at once
    result.changed += changed
    result.emptied += bool(was.text.strip()) - bool(now.text.strip())


def differences(text: str, was: Sequence[Edit], now: Sequence[Edit]) -> Iterator[tuple[Line, Key, list[Span]]]:
    """Where two cleanings of a text differ: for each line and each kind of change on it, the stretches (offsets of the text)."""
    lines = Page(text).lines
    starts = [line.start for line in lines]
    found: dict[tuple[int, Key], list[Span]] = {}
    points = sorted({at for edit in {*was} ^ {*now} for at in (edit.start, edit.end)})
    owners = _Owners(was), _Owners(now)
    for start, end in pairwise(points):
        old, new = (owner.at(start) for owner in owners)
        if old == new:
            continue
        key = Key(TAKEN_OVER, new, old) if old and new else Key(NEWLY, new) if new else Key(NO_LONGER, old)
        for index in range(max(0, bisect_right(starts, start) - 1), len(lines)):
            line = lines[index]
            if line.start >= end:
                break
            span = Span(max(start, line.start), min(end, line.end))
            if span.start < span.end and not text[span.start : span.end].isspace():
                spans = found.setdefault((index, key), [])
                if spans and spans[-1].end == span.start:
                    span = Span(spans.pop().start, span.end)
                spans.append(span)
    for index, key in sorted(found):
        yield lines[index], key, found[index, key]


class _Owners:
    """Which rule takes the character at an offset; "" for none."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self._starts = [edit.start for edit in edits]

    def at(self, offset: int) -> str:
        place = bisect_right(self._starts, offset) - 1
        return self._edits[place].rule if place >= 0 and offset < self._edits[place].end else ""


# --- ways to write it ---------------------------------------------------------------------------------------------


def rows(of: Impact) -> list[tuple[Key, Tally]]:
    """The rows as they are shown: by kind of change, the largest first."""
    return sorted(of.rows.items(), key=lambda row: (CHANGES.index(row[0].change), -row[1].chars, row[0]))


def as_text(of: Impact) -> Iterator[str]:
    """A table of the changes, and samples of each."""
    how = "in place of the shipped file of its name" if of.replaced else "beside the shipped rules"
    gone = f", {len(of.gone):,} gone" if of.gone else ""
    yield f"{visible(of.file)}, {how}: {counted(len(of.rules), 'rule')} new or changed{gone}"
    yield f"on {counted(of.documents, 'document')}{_of_sites(of.sites)}, {counted(of.chars, 'character')}"
    for category in of.turned_on:
        yield f"rules of the category {category} are kept by default; here they are on, before and after"
    ordered = rows(of)
    for change in CHANGES:
        mine = [(key, tally) for key, tally in ordered if key.change == change]
        if mine:
            yield from _table(change, mine)
    yield ""
    yield _total(of)
    if of.quiet():
        yield f"nothing changes by {', '.join(of.quiet())}"
    for key, tally in ordered:
        for number, one in enumerate(tally.samples.passages()):
            if not number:
                yield from ("", f"{_named(key)}: {key.change}")
            yield from ("", *one.shown())


def _table(change: str, mine: Sequence[tuple[Key, Tally]]) -> Iterator[str]:
    width = max(24, *(len(_named(key)) for key, _ in mine))
    yield ""
    yield f"{change:<{width + 4}}{'lines':>8}{'parts':>8}{'characters':>12}{'documents':>11}{'sites':>7}{'sentences':>11}"
    for key, tally in mine:
        cells = (
            f"{tally.lines:>8,}{tally.parts:>8,}{tally.chars:>12,}{len(tally.documents):>11,}{len(tally.sites):>7,}{tally.sentences:>11,}"
        )
        yield f"    {_named(key):<{width}}{cells}"


def _named(key: Key) -> str:
    return f"{key.instead_of} -> {key.rule}" if key.instead_of else key.rule


def _of_sites(sites: set[str]) -> str:
    return f" ({counted(len(sites), 'site')} known)" if sites else ""


def totals(of: Impact) -> dict[str, dict[str, int]]:
    """For each kind of change its lines, parts of lines and characters."""
    return {
        change: {
            name: sum(getattr(tally, name) for key, tally in of.rows.items() if key.change == change)
            for name in ("lines", "parts", "chars")
        }
        for change in CHANGES
    }


def _total(of: Impact) -> str:
    if not of.rows:
        return "nothing changes"
    said = [
        f"{counted(of_change['lines'], 'line')}{_parts(of_change['parts'])} ({of_change['chars']:,} characters) {change}"
        for change, of_change in totals(of).items()
        if of_change["chars"]
    ]
    if of.emptied:
        word = "with nothing left" if of.emptied > 0 else "no longer emptied"
        said.append(f"{counted(abs(of.emptied), 'document')} {'more ' if of.emptied > 0 else ''}{word}")
    return f"in all: {'; '.join(said)}; in {counted(of.changed, 'document')}"


def _parts(parts: int) -> str:
    return f" and {counted(parts, 'part')} of lines" if parts else ""


def as_json(of: Impact) -> str:
    """The same for machines: one object."""
    from cleaner.audit import shown

    changes = []
    for key, tally in rows(of):
        row: dict[str, Any] = {**key._asdict(), "lines": tally.lines, "parts": tally.parts, "chars": tally.chars}
        row |= {"documents": len(tally.documents), "sites": len(tally.sites), "sentences": tally.sentences}
        changes.append(row | {"samples": [_shown(one) for one in tally.samples.passages()]})
    return shown(
        {
            "file": of.file,
            "replaced": of.replaced,
            "rules": of.rules,
            "gone": of.gone,
            "documents": of.documents,
            "changed": of.changed,
            "emptied": of.emptied,
            "sites": len(of.sites),
            "chars": of.chars,
            "totals": totals(of),
            "changes": changes,
            "unchanged": of.quiet(),
            "failures": of.failures,
        },
        indent=2,
    )


def _shown(one: Passage) -> dict[str, Any]:
    return {name: visible(value) if isinstance(value, str) else value for name, value in one._asdict().items()}
