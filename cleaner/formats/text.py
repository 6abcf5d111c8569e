"""Plain text and Markdown: a file is a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ClassVar

from cleaner.document import Document
from cleaner.formats import compression, encoding
from cleaner.formats.record import Options, Raw, Record, Rewriting


class Text:
    """.txt and .md: decoded, cleaned, written in UTF-8."""

    suffixes: ClassVar[tuple[str, ...]] = (".txt", ".text", ".md", ".markdown")
    target: ClassVar[str | None] = None  # the suffix of what is written; None: as read
    many: ClassVar[bool] = False  # records to a file

    def raws(self, path: Path, options: Options) -> Iterator[Raw]:
        yield Raw(0, None)

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """Raises ReadError."""
        decoded = encoding.decode(compression.content(path))
        meta = decoded.meta | compression.note(path)
        if decoded.bom:
            meta["bom"] = "yes"
        if compression.split(relative)[0].lower().endswith((".md", ".markdown")):
            meta["markup"] = "markdown"
        return Record(Document(relative, decoded.text, meta=meta))

    def render(self, record: Record, text: str) -> str:
        """What is written for a document whose text is now this."""
        return text

    @contextmanager
    def rewriting(self, sources: Sequence[Path], target: Path, options: Options) -> Iterator[Rewriting]:
        with compression.writing(target) as stream:
            yield Whole(stream)


class Whole:
    """A file that is one document."""

    added = False

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def has(self, number: int, of: int = 0) -> bool:
        return True

    def keep(self, number: int, unit: str | None, of: int = 0) -> None:
        self._stream.write((unit or "").encode("utf-8", "surrogatepass"))
