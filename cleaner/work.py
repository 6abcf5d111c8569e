"""What a worker does with a record: read it, clean it, render it; a pure function of the files."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from cleaner.dedup import Dedup
from cleaner.document import CleanerError, Document, Edit
from cleaner.engine import Cleaner
from cleaner.formats import Options, Raw, Record
from cleaner.review import MOST_REMOVED, too_much, walled
from cleaner.sources import Source
from cleaner.staging import Outcome, Staged
from cleaner.store import Fingerprint


class Task(NamedTuple):
    """A record that nobody has read yet, or the reason why it could not be reached."""

    source: int
    raw: Raw
    size: int
    failure: str = ""


class Done(NamedTuple):
    """What the run holds of a record for as long as it is at hand, and its outcome as it is to be staged, if it is not yet.

    ``fingerprint``: None where copies of it are not looked for. ``length``: characters of its text.
    """

    source: int
    number: int
    id: str
    failure: str
    length: int
    date: str
    site: str
    fingerprint: Fingerprint | None
    staged: bytes


@dataclass(frozen=True)
class Work:
    """What a worker does with a batch of tasks; a pure function of the files."""

    sources: Sequence[Source]
    cleaner: Cleaner | None
    dedup: Dedup
    options: Options
    max_removed: float = MOST_REMOVED

    def __call__(self, batch: list[Task]) -> list[Done]:
        return self._done([(outcome, outcome.staged()) for outcome in map(self._outcome, batch)])

    def lost(self, task: Task, reason: str) -> Done:
        """A task that nobody could finish."""
        outcome = Outcome(task.source, task.raw.number, self._name(task), reason)
        return self._done([(outcome, outcome.staged())])[0]

    def again(self, staged: Staged) -> Done:
        """What was done and staged before."""
        return self._done([(staged, b"")])[0]

    def _done(self, outcomes: Sequence[tuple[Outcome | Staged, bytes]]) -> list[Done]:
        asked = [not (outcome.failure or outcome.walled) for outcome, _ in outcomes]
        prints = iter(self.dedup.fingerprints([outcome.text for outcome, _ in itertools.compress(outcomes, asked)]))
        done = []
        for (outcome, row), matters in zip(outcomes, asked, strict=True):
            meta = outcome.meta or {}
            known = outcome.id, outcome.failure, len(outcome.text), meta.get("date", ""), meta.get("site", "")
            done.append(Done(outcome.source, outcome.number, *known, next(prints) if matters else None, row))
        return done

    def _name(self, task: Task) -> str:
        source = self.sources[task.source]
        return f"{source.relative}#{task.raw.number}" if source.reader.many else source.relative

    def _outcome(self, task: Task) -> Outcome:
        source = self.sources[task.source]
        name = self._name(task)
        if task.failure:
            return Outcome(task.source, task.raw.number, name, task.failure)
        try:
            record = source.reader.parse(source.path, source.relative, task.raw, self.options)
            document = record.document
            cleaned = self.cleaner.clean(document) if self.cleaner else None
            wall = cleaned is not None and walled(cleaned)
            proposed: Sequence[Edit] = ()
            if cleaned and not wall and too_much(cleaned, self.max_removed):
                proposed, cleaned = cleaned.edits, None
            text, edits = (cleaned.text, cleaned.edits) if cleaned else (document.text, ())
            unit = source.reader.render(record, text)
            as_read = task.raw.line is not None and unit.encode("utf-8", "surrogatepass") == task.raw.line
            return Outcome(
                task.source,
                task.raw.number,
                document.id,
                "",
                len(document.text),
                text,
                None if as_read or unit == text else unit,
                _aside(source, record) if record.extracted else None,
                edits,
                _meta(document),
                wall,
                proposed,
                as_read,
            )
        except CleanerError as error:
            return Outcome(task.source, task.raw.number, name, str(error))
        except Exception as error:  # a document that breaks a library must not take the others with it
            return Outcome(task.source, task.raw.number, name, f"{type(error).__name__}: {error}")


def counting(raws: Iterator[Raw], skipped: dict[str, int]) -> Iterator[Raw]:
    """The records of a file; those that it passes over as no documents are added to the counts."""
    told = cast("Generator[Raw, None, dict[str, int] | None]", raws)
    for kind, count in ((yield from told) or {}).items():
        skipped[kind] = skipped.get(kind, 0) + count


def _aside(source: Source, record: Record) -> str:
    """What is put aside of a page that is left out: its text, as it would be written."""
    return source.reader.render(record, record.document.text) if source.reader.target else record.document.text


def _meta(document: Document) -> dict[str, str]:
    known = {"title": document.title, "site": document.site, "url": document.url, "lang": document.lang, **document.meta}
    return {name: value for name, value in known.items() if value}


def by_source(sources: Sequence[Source], outcomes: Iterable[Staged]) -> Iterator[tuple[Source, Iterable[Staged]]]:
    """Each source with its outcomes, which are in the order of the sources; with none where it is a file of no records."""
    at = 0
    for index, own in itertools.groupby(outcomes, key=lambda outcome: outcome.source):
        yield from ((source, ()) for source in sources[at:index])
        yield sources[index], own
        at = index + 1
    yield from ((source, ()) for source in sources[at:])
