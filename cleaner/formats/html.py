"""HTML pages: a file is a document; what is written is its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from cleaner.extract import extract
from cleaner.formats import compression, encoding
from cleaner.formats.record import Options, Raw, Record

_DECLARED = rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})|<\?xml[^>]{0,100}encoding=["']([A-Za-z0-9_:.-]{2,40})"""


class Html:
    """.html: extracted, cleaned, written as .txt."""

    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm", ".xhtml")
    target: ClassVar[str | None] = ".txt"
    many: ClassVar[bool] = False

    def raws(self, path: Path) -> Iterator[Raw]:
        yield Raw(0, None)

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """Raises ReadError."""
        source = compression.content(path)
        declared = re.search(_DECLARED, source[:4096], re.IGNORECASE)
        name = (declared[1] or declared[2]).decode("ascii") if declared else None
        decoded = encoding.decode(source, name)
        document = extract(decoded.text)
        document.id = relative
        document.meta["encoding"] = decoded.encoding
        if decoded.replaced:
            document.meta["replaced"] = str(decoded.replaced)
        return Record(document, extracted=True)

    def render(self, record: Record, text: str) -> str:
        return text
