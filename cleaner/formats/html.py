"""HTML pages: a file is a document; what is written is its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from cleaner.extract import extract
from cleaner.formats import compression, encoding
from cleaner.formats.record import Options, Raw, Record, Rewriting
from cleaner.formats.text import Whole


class Html:
    """.html: extracted, cleaned, written as .txt."""

    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm", ".xhtml")
    target: ClassVar[str | None] = ".txt"
    many: ClassVar[bool] = False

    def raws(self, path: Path, options: Options) -> Iterator[Raw]:
        yield Raw(0, None)

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """Raises ReadError."""
        source = compression.content(path)
        decoded = encoding.decode(source, encoding.in_head(source, page=True))
        document = extract(decoded.text)
        document.id = relative
        document.meta.update(decoded.meta | compression.note(path))
        return Record(document, extracted=True)

    def render(self, record: Record, text: str) -> str:
        return text

    @contextmanager
    def rewriting(self, sources: Sequence[Path], target: Path, options: Options) -> Iterator[Rewriting]:
        with compression.writing(target) as stream:
            yield Whole(stream)
