"""What all formats share: a record on its way through, and how it is to be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Protocol

from cleaner.document import CleanerError, Document


class RecordError(CleanerError):
    """A record that cannot be cleaned, and why."""


class Options(NamedTuple):
    """How records are read: the fields (of a table: columns) that hold their text and their id.

    ``encoding``: of a table in text, where it is known and not to be found out.
    ``column``: what becomes of the text's column where a table of pages is written: it is "added" if there is none, or "dropped".
    """

    text_field: str = "text"
    id_field: str = "id"
    encoding: str | None = None
    column: Literal["kept", "added", "dropped"] = "kept"


class Raw(NamedTuple):
    """A record as it lies in its file: its number (from 1) and what a worker has to know of it, as one line.

    In JSON Lines the line's number and the line, in a table those of the row; a file that is one document has none.
    ``failure``: the file breaks here, and how; reading goes on behind it.
    ``damage``: the record can be read, but not for certain all of it, and why.
    """

    number: int
    line: bytes | None
    failure: str = ""
    damage: str = ""


class Record(NamedTuple):
    """A document and what is needed to write it back.

    ``extracted``: the text was not in the source but was taken from a page.
    ``line`` and ``span``: the line of a JSON record and the place of its text in it.
    """

    document: Document
    extracted: bool = False
    line: str | None = None
    span: tuple[int, int] | None = None
    text_field: str = "text"


META = ("url", "site", "title", "lang")
DATES = ("date", "published", "date_published", "published_at", "timestamp")


def describe(document: Document, fields: Mapping[str, str]) -> None:
    """Gives a document what the fields of its record say of it, where it does not know better from its page."""
    for name in META:
        if name in fields and getattr(document, name) is None:
            setattr(document, name, fields[name])
    for name in DATES:
        if name in fields:
            document.meta.setdefault("date", fields[name])


class Rewriting(Protocol):
    """A file being written from the records of another (or of several: ``of`` says from which), in their order there.

    ``added``: its records are rows that have got a column for their text.
    """

    added: bool

    def has(self, number: int, of: int = 0) -> bool:
        """Reads on to the record of this number; whether it is there."""
        ...

    def keep(self, number: int, unit: str | None, of: int = 0) -> None:
        """Writes a record: what `Format.render` made of it, or, None, the record as it was read.

        Raises:
            ReadError: when it is not there.
        """
        ...


class Format(Protocol):
    """A reader and its writer."""

    suffixes: ClassVar[tuple[str, ...]]
    target: ClassVar[str | None]
    many: ClassVar[bool]

    def raws(self, path: Path, options: Options) -> Iterator[Raw]:
        """The records of a file, unread, in order. Raises ReadError where the file breaks off.

        A generator may have a value: how many records it passed over that are no documents, by kind.
        """
        ...

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """A record read. Raises ReadError, RecordError."""
        ...

    def render(self, record: Record, text: str) -> str:
        """What is written for a record whose text is now this."""
        ...

    def rewriting(self, sources: Sequence[Path], target: Path, options: Options) -> AbstractContextManager[Rewriting]:
        """Writes a file of this format, whole at the context's end: the records of the sources that are kept, in the order of the calls.

        What belongs to no record (a header, a schema) is that of the first source. Raises ReadError where that cannot be read.
        """
        ...
