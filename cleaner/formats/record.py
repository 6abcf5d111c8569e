"""What all formats share: a record on its way through, and how it is to be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from cleaner.document import CleanerError, Document


class RecordError(CleanerError):
    """A record that cannot be cleaned, and why."""


class Options(NamedTuple):
    """How records are read: the fields of a JSON record that hold its text and its id."""

    text_field: str = "text"
    id_field: str = "id"


class Raw(NamedTuple):
    """A record as it lies in its file: its line and the line's number (from 1); a file that is one document has none."""

    number: int
    line: bytes | None


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


class Format(Protocol):
    """A reader and its writer."""

    suffixes: ClassVar[tuple[str, ...]]
    target: ClassVar[str | None]
    many: ClassVar[bool]

    def raws(self, path: Path) -> Iterator[Raw]:
        """The records of a file, unread, in order. Raises ReadError where the file breaks off."""
        ...

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """A record read. Raises ReadError, RecordError."""
        ...

    def render(self, record: Record, text: str) -> str:
        """What is written for a record whose text is now this."""
        ...
