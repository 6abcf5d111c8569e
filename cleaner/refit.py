"""A rule of weighed cues fitted anew: which rule, on which files, and the rule file that comes of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cleaner import audit, rulebook
from cleaner.document import CleanerError
from cleaner.engine import Cleaner
from cleaner.fitting import Fit, digest, fit, labelled, learning, read, written
from cleaner.impact import joined
from cleaner.rulebook import Rule


class Subject(NamedTuple):
    """A rule to be fitted: the book it stands in, the file it is written in, and whether that is the user's own."""

    rule: Rule
    book: rulebook.Rulebook
    file: Path
    own: bool


def subject(name: str, files: Sequence[str]) -> Subject:
    """The rule of this id, of the shipped rules or the user's ``files``. Raises CleanerError if there is none that can be fitted."""
    book, _instead = joined(files)
    rule = book[name]
    if rule.kind != "cues":
        fitted = ", ".join(one.id for one in book.rules if one.kind == "cues")
        raise CleanerError(f"rule {rule.id} is of kind {rule.kind!r}, which has no weights; fitted are those of kind 'cues': {fitted}")
    for path in map(Path, files):
        if path.name == rule.page["file"] and any(one.id == name for one in rulebook.load([path], shipped_too=False).rules):
            return Subject(rule, book, path, own=True)
    return Subject(rule, book, next(path for path in rulebook.shipped() if path.name == rule.page["file"]), own=False)


def target(of: Subject, output: str | None) -> Path | None:
    """The file to write, None for standard output: what was named, else the rule's own file if it is the user's.

    Raises CleanerError for one that is there and does not hold the rule.
    """
    if output == "-" or (output is None and not of.own):
        return None
    path = Path(output) if output is not None else of.file
    if path.exists():
        try:
            held = {one.id.partition(".")[2] for one in rulebook.load([path], shipped_too=False).rules}
        except CleanerError:
            held = set()
        if of.rule.id.partition(".")[2] not in held:
            raise CleanerError(f"{path}: is there already and does not hold rule {of.rule.id}; name another file with -o")
    return path


def refit(of: Subject, files: Sequence[Path], noisy: Sequence[Path] = (), date: str | None = None) -> tuple[Fit, str]:
    """(what a fit of the rule on labelled files has found, the text of its rule file with that).

    Args:
        of: the rule.
        files: labelled documents.
        noisy: documents whose labels were guessed by a program.
        date: the day the file shall name (YYYY-MM-DD); by default today.
    Raises:
        CleanerError: for a file that cannot be read or is no labelled data, too little of it, or a missing library.
    """
    try:
        day = datetime.date.fromisoformat(date) if date is not None else datetime.datetime.now().astimezone().date()
    except ValueError:
        raise CleanerError(f"a date is written YYYY-MM-DD, not {date!r}") from None
    for path in files:
        if path in noisy:
            raise CleanerError(f"{path}: is named as labelled and as noisy")
    learning()  # before the documents are read, which takes long
    # the loudest mistakes are in the data: it is looked over whole before the first document is cleaned
    documents, guessed = list(labelled(files)), list(labelled(noisy))
    found = fit(*read(documents, Cleaner.of(of.book.choose()), of.rule, noisy=guessed), of.rule)
    try:
        source = of.file.read_bytes().decode("utf-8")
        origin = {"data": digest([*files, *noisy]), "date": day.isoformat()}
    except OSError as error:
        raise CleanerError(f"{error.filename}: cannot be read: {error.strerror}") from None
    try:
        return found, written(source, of.rule.id.partition(".")[2], found, origin)
    except CleanerError as error:
        raise CleanerError(f"{of.file}: {error}") from None


def as_text(of: Subject, found: Fit) -> Iterator[str]:
    """What a fit has found, as a table."""
    yield f"{of.rule.id}: {found.documents:,} documents of {found.sites:,} sites; lines weighed: {found.goes:,} go, {found.stays:,} stay"
    yield f"{'strictness':<12}{'threshold':>10}{'rightly':>10}{'wrongly':>10}   (lines taken in cross-validation)"
    for name, threshold in found.threshold.items():
        right, wrong = found.figures[name]
        yield f"  {name:<10}{threshold:>10.2f}{right:>10,}{wrong:>10,}"


def write(path: Path, text: str) -> None:
    """Writes a rule file, at once or not at all. Raises CleanerError."""
    path = path.resolve()  # a link stays a link
    try:
        with audit.replacing(path) as temporary:
            temporary.write_bytes(text.encode("utf-8"))
            if path.exists():
                temporary.chmod(path.stat().st_mode & 0o7777)
    except OSError as error:
        raise CleanerError(f"{path}: cannot be written: {error.strerror}") from None
