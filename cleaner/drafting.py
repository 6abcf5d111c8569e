"""A first draft of a rule, from lines that should go.

What the lines share becomes the wording (see `frames`), their common features the ``when``, the lines themselves ``catches``. A
corpus gives the other side: the lines that come nearest without being taken are proposed as ``spares``, and what the draft takes
there is counted and shown. A person decides: a draft says in two places that it is none of a person's work yet. Its ``why`` begins
with TODO, which loads, so that the draft can be tried, but does not pass `cleaner rules test`; and where no look-alike was found
its ``spares`` are empty, which does not load.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cleaner import examples, findings, frames, rulebook
from cleaner.document import Cleaned, CleanerError, visible
from cleaner.engine import Cleaner
from cleaner.formats import Options, compression, encoding
from cleaner.lookalikes import LookAlikes
from cleaner.rulebook import OFF_BY_DEFAULT, Rulebook, RuleError
from cleaner.samples import Passage, Samples, counted, excerpt, passage, site_of
from cleaner.segment import Line, Page
from cleaner.walk import find

TODO = "TODO"
MOST_LINES = 1_000
"""A draft is made of at most this many lines: each is compared with each."""
_SPARES = 5  # look-alikes that are proposed for a rule
_SAMPLES = 5
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Draft(NamedTuple):
    """What was drafted. ``text`` is the rule file ("" if there is nothing to draft), ``notes`` what a person should know."""

    text: str
    notes: list[str]


class Corpus(NamedTuple):
    """Articles: directories, files or globs, the fields of their JSON records, and the format to read them in if not by their names."""

    near: Sequence[str | Path] = ()
    options: Options = Options()
    form: str | None = None


@dataclass
class Entry:
    """One rule on its way: its wording, its two sides, and what it takes in the corpus."""

    id: str
    kind: str
    lines: list[Line]
    wordings: list[frames.Pattern]
    catches: list[str] = field(default_factory=list)
    spares: list[Passage] = field(default_factory=list)
    taken: int = 0
    sentences: int = 0
    documents: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    samples: Samples = field(default_factory=lambda: Samples(_SAMPLES))

    @property
    def when(self) -> dict[str, int | bool]:
        """The features that all lines have: for patterns only, as a phrase is its own bound."""
        if self.kind == "phrase":
            return {}
        asked: dict[str, int | bool] = {"max_chars": -(-max(line.chars for line in self.lines) * 13 // 100) * 10}
        if not any(line.ends_sentence for line in self.lines):
            asked["ends_sentence"] = False
        if not any(line.quoted for line in self.lines):
            asked["quoted"] = False
        return asked


def draft(
    source: Path,
    *,
    name: str | None = None,
    family: str | None = None,
    file: Path | None = None,
    corpus: Corpus = Corpus(),  # noqa: B008 - cannot be changed
    called: str | None = None,
) -> Draft:
    """Drafts a rule file, of one rule or (where some lines share a frame and some do not) of two.

    Args:
        source: a text file with a line for each line that should go.
        name: the rule's id; by default made of its words.
        family: the category; by default that of the file it will be saved in.
        file: where the draft will be saved.
        corpus: what look-alikes are taken from, and what the draft is tried on.
        called: what a person calls the source.
    Raises:
        CleanerError: the source cannot be read or holds no line, the corpus is not there or holds no text.
        RuleError: a name that no rule can have.
    """
    for given, what in ((name, "an id"), (family, "a family")):
        if given is not None and not _NAME.fullmatch(given):
            raise RuleError(f"{given!r} is not {what}: these take small letters, digits and hyphens")
    notes: list[str] = []
    shipped = rulebook.load()
    names = {rule.id for rule in shipped.rules}
    stem = file.name.removesuffix(".toml") if file else ""
    if f"{stem}.{name}" in names:
        raise RuleError(f"the id {stem}.{name} is taken by a shipped rule; name another with --id")
    everything = Cleaner.of(shipped)
    fresh = list(_fresh(_pasted(source, called or str(source), notes), everything, notes))
    if not fresh:
        return Draft("", [*notes, "nothing to draft: shipped rules take every line"])
    entries = _entries(fresh, name)
    for entry in entries:
        entry.id += "-too" * (f"{stem}.{entry.id}" in names)
    book = _loaded(entries, family)
    _show_what_is_caught(entries, book, notes)
    if corpus.near:
        reading = _Reading(entries, Cleaner.of(book), everything)
        reading.read(corpus)
        notes += reading.failures
        header = f"# In {', '.join(visible(str(one)) for one in corpus.near)} ({reading.size()}):"
    else:
        header = ""
    return Draft(render(entries, family, header), notes)


def unfinished(book: Rulebook) -> Iterator[examples.Failure]:
    """The rules whose reason is still a draft's."""
    for rule in book.rules:
        why = str(rule.page["why"])
        if why.lstrip().startswith(TODO):
            yield examples.Failure(rule.id, "why", why, "is still the draft's; say why these lines are no part of the article")


# --- the lines ----------------------------------------------------------------------------------------------------


def _pasted(source: Path, called: str, notes: list[str]) -> list[Line]:
    """The lines of the source, each once."""
    try:
        decoded = encoding.decode(compression.content(source))
    except OSError as error:
        raise CleanerError(f"{called}: cannot be read: {error.strerror}") from None
    except CleanerError as error:
        raise CleanerError(f"{called}: {error}") from None
    if decoded.replaced:
        notes.append(f"{called}: not all of its bytes are text; what could not be read is '\ufffd' now")
    lines = list({line.folded: line for line in Page(decoded.text).lines}.values())
    if not lines:
        raise CleanerError(f"{called}: holds no line; paste the lines that should go, one a line")
    if len(lines) > MOST_LINES:
        raise CleanerError(f"{called}: {len(lines):,} lines; a rule is drafted from at most {MOST_LINES:,}: give those of one kind")
    return lines


def _fresh(lines: Iterable[Line], everything: Cleaner, notes: list[str]) -> Iterator[Line]:
    """The lines that no shipped rule takes, each as a page of its own; the others are noted."""
    from cleaner.matcher import LONGEST_LINE

    off = {rule.id for rule in everything.book.rules if rule.category in OFF_BY_DEFAULT}
    for line in lines:
        if line.chars > LONGEST_LINE:
            notes.append(f"too long for a rule of lines ({line.chars:,} characters): {excerpt(line.text)}")
            continue
        cleaned = everything.clean(line.text)
        names = list(dict.fromkeys(edit.rule for edit in cleaned.edits))
        if names and not cleaned.text.strip():
            hint = " (off by default: --remove byline)" if off.intersection(names) else ""
            notes.append(f"{', '.join(names)} takes it already{hint}: {excerpt(line.text)}")
            continue
        if names:
            notes.append(f"{', '.join(names)} changes a part of it already: {excerpt(line.text)}")
        yield Page(line.text).lines[0]


def _entries(lines: list[Line], name: str | None) -> list[Entry]:
    found = frames.sort(lines)
    entries: list[Entry] = []
    if found.patterns:
        stem = name or _slug(max(found.patterns, key=lambda pattern: len(pattern.stretch)).words)
        entries.append(Entry(stem, "pattern", [line for pattern in found.patterns for line in pattern.lines], found.patterns))
    if found.phrases:
        stem = name or _slug(frames.words_of(found.phrases[0].folded))
        wordings = list(map(frames.phrase, found.phrases))
        taken = any(entry.id == stem for entry in entries)
        entries.append(Entry(f"{stem}-phrases" if taken else stem, "phrase", found.phrases, wordings))
    return entries


def _slug(words: Iterable[str]) -> str:
    return "-".join([word for word in words if word.isascii()][:4]) or "draft"


def _loaded(entries: list[Entry], family: str | None) -> Rulebook:
    """The draft as rules, read as any rule file is; its sides are not looked at yet."""
    import tempfile

    for entry in entries:
        entry.catches = [line.text for line in entry.lines]
    with tempfile.TemporaryDirectory(prefix="cleaner-") as folder:
        path = Path(folder) / "draft.toml"
        path.write_text(render(entries, family, "", stand_in=True), encoding="utf-8")
        return rulebook.load([path], shipped_too=False)


def _show_what_is_caught(entries: list[Entry], book: Rulebook, notes: list[str]) -> None:
    """Leaves out of ``catches`` the lines that cannot stand there: signs that examples are written with, a repair that comes first."""
    missed = {(one.rule, one.example) for one in examples.failures(book) if one.side == "catches"}
    for entry in entries:
        kept = [text for text in entry.catches if (f"draft.{entry.id}", text) not in missed]
        notes += [
            f"not listed under 'catches', where its signs have a meaning: {excerpt(text)}" for text in entry.catches if text not in kept
        ]
        entry.catches = kept


# --- the corpus ---------------------------------------------------------------------------------------------------


class _Reading:
    """What a draft does to a corpus, and the lines of it that come near."""

    def __init__(self, entries: list[Entry], drafted: Cleaner, everything: Cleaner) -> None:
        self._entries = {f"draft.{entry.id}": entry for entry in entries}
        self._drafted = drafted
        self._everything = everything
        self._looks = [(entry, LookAlikes(entry.wordings)) for entry in entries]
        self.failures: list[str] = []
        self._documents = 0
        self._sites: set[str] = set()

    def read(self, corpus: Corpus) -> None:
        """Raises CleanerError for a corpus that is not there, or holds no text."""
        solid = False
        for source in find(corpus.near, corpus.form).sources:
            for number, one in findings.cleaned(source, self._drafted, corpus.options):
                if isinstance(one, str):
                    self.failures.append(f"failed: {visible(str(source.path), name=True)}{f':{number}' if number else ''}: {one}")
                    continue
                solid = solid or bool(one[0].document.text.strip())
                self._add(one[1])
        if not solid:
            raise CleanerError("\n".join([*self.failures, f"{', '.join(map(str, corpus.near))}: no text to look for look-alikes in"]))
        for entry, look in self._looks:
            entry.spares = look.chosen(_SPARES, self._spared)

    def _add(self, cleaned: Cleaned) -> None:
        document = cleaned.document
        site = site_of(document)
        self._documents += 1
        if site:
            self._sites.add(site)
        lines = Page(document.text).lines
        taken = {}
        for edit in cleaned.edits:
            start = edit.start + len(edit.old) - len(edit.old.lstrip())
            taken[start] = self._entries[edit.rule]
        for line in lines:
            entry = taken.get(line.start)
            if entry is None:
                for _, look in self._looks:
                    look.offer(document, line)
                continue
            entry.taken += 1
            entry.sentences += line.ends_sentence
            entry.documents.add(document.id)
            if site:
                entry.sites.add(site)
            entry.samples.offer(line.text, lambda: passage(document, line))  # noqa: B023 - called at once

    def _spared(self, text: str) -> bool:
        """Whether the line, as an example stands, survives the draft and all shipped rules."""
        example = examples.read(text, catches=False)
        return example.text == text and not self._drafted.clean(text).edits and not self._everything.clean(text).edits

    def size(self) -> str:
        """ "12 documents, 3 sites known"."""
        sites = f", {counted(len(self._sites), 'site')} known" if self._sites else ""
        return counted(self._documents, "document") + sites


def new_file(name: str) -> Path:
    """The path of a rule file that is yet to be. Raises RuleError."""
    path = Path(name)
    if path.suffix != ".toml" or not path.stem:
        raise RuleError(f"{name}: a rule file is named after its family: FAMILY.toml")
    if path.exists() or path.is_symlink():
        raise RuleError(f"{name}: is there already; a draft overwrites nothing. Name a new file with -o")
    return path


def write(path: Path, text: str) -> None:
    """Writes a new file; raises RuleError where it cannot be, or has come to be there meanwhile."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise RuleError(f"{path}: cannot be written: {error.strerror}") from None


# --- the file -----------------------------------------------------------------------------------------------------


def render(entries: Sequence[Entry], family: str | None, header: str, *, stand_in: bool = False) -> str:
    """The draft as a rule file; ``stand_in`` gives it spares that say nothing, so that it loads."""
    blocks = []
    for entry in entries:
        comment = [*_todo(entry), *([header, *_counts(entry)] if header else [])]
        blocks.append("\n".join([*comment, "[[rule]]", *_keys(entry, family), *_sides(entry, stand_in=stand_in), ""]))
    return "\n".join(blocks)


def _todo(entry: Entry) -> Iterator[str]:
    yield f"# Draft of {counted(len(entry.lines), 'line')}. To do: the reason (why); look over the pattern and what it takes;"
    yield "# of the spares keep what must stay and delete the rest, or write your own. Then: cleaner rules test FILE"


def _counts(entry: Entry) -> Iterator[str]:
    if not entry.taken:
        yield "# takes no line there"
        return
    sites = f" ({counted(len(entry.sites), 'site')} known)" if entry.sites else ""
    yield f"# takes {counted(entry.taken, 'line')} in {counted(len(entry.documents), 'document')}{sites}"
    if entry.sentences:
        yield f"# {entry.sentences:,} of them close a sentence: see that they are no part of an article"
    for one in entry.samples.passages():
        yield "#"
        yield from (f"# {line}" for line in one.shown())


def _keys(entry: Entry, family: str | None) -> Iterator[str]:
    yield f"id = {quoted(entry.id)}"
    yield f"kind = {quoted(entry.kind)}"
    if family:
        yield f"category = {quoted(family)}"
    yield f'why = "{TODO}: say why these lines are no part of the article."'
    sources = list(dict.fromkeys(wording.source for wording in entry.wordings))
    if entry.kind == "phrase":
        yield from _list("phrases", map(quoted, sources))
    elif len(sources) == 1:
        yield f"line = {literal(sources[0])}"
    else:
        yield from _list("line", map(literal, sources))
    if entry.when:
        asked = ", ".join(f"{name} = {str(value).lower()}" for name, value in entry.when.items())
        yield f"when = {{ {asked} }}"


def _sides(entry: Entry, *, stand_in: bool) -> Iterator[str]:
    yield from _list("catches", map(quoted, entry.catches))
    if stand_in:
        yield 'spares = ["-"]'
    elif entry.spares:
        yield "spares = ["
        for one in entry.spares:
            yield f"  # keep or delete: {visible(one.document)}:{one.line}"
            yield f"  {quoted(one.text)},"
        yield "]"
    else:
        yield "spares = ["
        yield f"  # {TODO}: a line of a real article that looks like these and must stay; none was found. The rule does not load without."
        yield "]"


def _list(key: str, values: Iterable[str]) -> Iterator[str]:
    yield f"{key} = ["
    yield from (f"  {value}," for value in values)
    yield "]"


def quoted(text: str) -> str:
    """A TOML string in double quotes."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def literal(source: str) -> str:
    """A pattern as a TOML string, in which a backslash is a backslash where that can be."""
    if "'''" in source or source.endswith("'") or not source.isprintable():
        return quoted(source)
    return f"'''{source}'''"
