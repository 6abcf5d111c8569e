"""CSV and TSV: a row is a record, its text one of its cells.

Only the cell of the text is replaced, in the row as it stands (or put behind it, in a table of pages): every other character,
quotes and line ends included, is written as it was read, in UTF-8. Bytes that are no text in the file's encoding travel as lone
surrogates and come out as they were.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ClassVar, NamedTuple

from cleaner.formats import compression, encoding, table
from cleaner.formats.compression import ReadError
from cleaner.formats.record import Options, Raw, Record, Rewriting

_HEAD = 1 << 20
_LONGEST = 1 << 26  # characters of a row: a quote that is open for longer was never meant as one
_SEPARATORS = {".tsv": "\t", ".csv": ","}
_STRAY = re.compile("[\udc80-\udcff]")
_BLANK = re.compile("\ufeff?[\r\n]*")


class Row(NamedTuple):
    """A row as it stands, its line end included, the places of its cells in it, and why it cannot be read."""

    number: int
    source: str
    cells: Sequence[tuple[int, int]]
    problem: str = ""


class Csv:
    """.csv and .tsv: the text's column is cleaned, all else is kept."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")
    target: ClassVar[str | None] = None
    many: ClassVar[bool] = True

    def raws(self, path: Path, options: Options) -> Iterator[Raw]:
        """The rows below the header, numbered from 1. Raises ReadError."""
        reader = _Reader(path, options)
        meta = {} if reader.encoding == "utf-8" else {"encoding": reader.encoding}
        for row in reader.rows():
            if row.problem:
                yield table.raw(row.number, {}, {}, row.problem)
                continue
            fields: dict[str, str | None] = {}
            for name, column in reader.columns.items():
                fields[name] = _value(row, column) or None
            text, stray = _read(fields.get(options.text_field))
            page = _read(fields.get(table.PAGE))[0]
            fields |= {table.PAGE: page or None, options.text_field: text if text or not page else None}
            yield table.raw(row.number, fields, {**meta, "replaced": str(stray)} if stray else meta)

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """Raises RecordError."""
        return table.record(raw, relative, options)

    def render(self, record: Record, text: str) -> str:
        return text

    @contextmanager
    def rewriting(self, sources: Sequence[Path], target: Path, options: Options) -> Iterator[Rewriting]:
        """Raises ReadError."""
        readers = [_Reader(source, options) for source in sources]
        with compression.writing(target) as stream:
            yield _Rows(readers, options, stream)


class _Reader:
    """A file's header, and its rows.

    Raises:
        ReadError: where it is no table of text, or has no column for the text.
    """

    def __init__(self, path: Path, options: Options) -> None:
        self._chunks = self._decoded(path, options.encoding)
        self._text = next(self._chunks, "")
        named = _SEPARATORS.get(Path(compression.split(path.name)[0]).suffix.lower(), ",")
        self.separator, self.header, names = self._begun((named, *(mark for mark in _STOPS if mark != named)), options.text_field)
        self._text = self._text[len(self.header.source) :]
        if "\0" in self.header.source:
            raise ReadError("no table of text: its first line holds zero bytes; save it as CSV in UTF-8")
        self.columns = table.places(names, options) if self.header.cells else {}
        self.text = self.columns.get(options.text_field)
        self.loose = any(_needless(cell, self.separator) for cell in _cells(self.header))

    def _decoded(self, path: Path, known: str | None) -> Iterator[str]:
        blocks = compression.blocks(path)
        head = b""
        for block in blocks:
            head += block
            if len(head) >= _HEAD:
                break
        # cut behind a line, or a character in two halves would pass for a damaged one
        sample = head[: head.rfind(b"\n") + 1 or len(head)] if len(head) >= _HEAD else head
        self.encoding = known or encoding.decode(sample).encoding
        errors = "replace" if self.encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        decoder = codecs.getincrementaldecoder(self.encoding)(errors)
        yield decoder.decode(head)
        for block in blocks:
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)

    def _begun(self, separators: Sequence[str], text_field: str) -> tuple[str, Row, list[str]]:
        """The separator, the header and its names: as the file's name has it, or as finds the text, or pages, where the name lies."""
        best: tuple[str, Row, list[str]] | None = None
        most = (False, 0)
        for mark in separators:
            header = self._header(mark)
            names = [_value(header, i).strip() for i in range(len(header.cells))]
            if text_field in names:
                return mark, header, names
            if best is None or (table.PAGE in names, len(names)) > most:
                best, most = (mark, header, names), (table.PAGE in names, len(names))
        if best is None:
            raise ValueError("no separators")
        return best

    def _header(self, separator: str) -> Row:
        while True:
            blank = _BLANK.match(self._text)
            start = blank.end() if blank else 0
            found = _scan(self._text, start, separator, final=False)
            if found or not (more := self._more()):
                break
            self._text += more
        if not found:
            found = _scan(self._text, start, separator, final=True) if start < len(self._text) else (start, [])
        if not found:
            raise ReadError("no table: a quote in its header is never closed")
        return Row(0, self._text[: found[0]], found[1])

    def _more(self) -> str:
        """The next piece, as long as what there is already: a long row is not looked at once for each block."""
        pieces: list[str] = []
        while sum(map(len, pieces)) <= len(self._text) and (piece := next(self._chunks, None)) is not None:
            pieces.append(piece)
        return "".join(pieces)

    def rows(self) -> Iterator[Row]:
        at = number = 0
        final = False
        while at < len(self._text) or not final:
            found = _scan(self._text, at, self.separator, final=final) if at < len(self._text) else None
            open_quote = ""
            if not found and (final or len(self._text) - at > _LONGEST):
                open_quote = "a quote in it is never closed"
                end = self._text.find("\n", at) + 1 or len(self._text)
                found = end, []
            if not found:
                self._text, at = self._text[at:], 0
                more = self._more()
                self._text += more
                final = not more
                continue
            number += 1
            source = self._text[at : found[0]]
            wrong = len(found[1]) != len(self.header.cells)
            problem = open_quote or (f"has {len(found[1])} cells where the header has {len(self.header.cells)}" if wrong else "")
            yield Row(number, source, [(start - at, end - at) for start, end in found[1]], problem)
            at = found[0]


def _scan(text: str, at: int, separator: str, *, final: bool) -> tuple[int, list[tuple[int, int]]] | None:
    """Where the row that begins here ends, blank lines behind it included, and where its cells stand; None if it does not end."""
    stop = _STOPS[separator]
    cells = []
    while True:
        start = at
        if text.startswith('"', at):
            at = _closing(text, at)
            if at < 0 or (at + 1 == len(text) and not final):
                return None
        match = stop.search(text, at)
        if not match and not final:
            return None
        end = match.start() if match else len(text)
        cells.append((start, end))
        if match and match[0] == separator:
            at = match.end()
            continue
        while text.startswith(("\r", "\n"), end):
            end += 1
        return None if end == len(text) and not final else (end, cells)


_STOPS = {mark: re.compile(f"[{re.escape(mark)}\r\n]") for mark in (",", "\t", ";", "|")}


def _closing(text: str, at: int) -> int:
    """Where the quote that opens here is closed; -1 if it is not."""
    at = text.find('"', at + 1)
    while at >= 0 and text.startswith('"', at + 1):
        at = text.find('"', at + 2)
    return at


def _cells(row: Row) -> Iterator[str]:
    """The cells as they stand."""
    return (row.source[start:end] for start, end in row.cells)


def _value(row: Row, column: int) -> str:
    start, end = row.cells[column]
    return _unquoted(row.source[start:end])


def _read(value: str | None) -> tuple[str, int]:
    """A cell's value as a text, and how many of its bytes are none."""
    return _STRAY.subn("\ufffd", value) if value and not value.isascii() else (value or "", 0)


def _unquoted(cell: str) -> str:
    if not cell.startswith('"'):
        return cell
    closing = _closing(cell, 0)
    # what stands behind the closing quote belongs to the cell, as in Python's csv
    return cell[1:closing].replace('""', '"') + cell[closing + 1 :]


def _must(text: str, separator: str) -> bool:
    """Whether a cell of this text has to stand in quotes."""
    return any(mark in text for mark in (separator, '"', "\r", "\n"))


def _needless(cell: str, separator: str) -> bool:
    return cell.startswith('"') and not _must(_unquoted(cell), separator)


def _encoded(source: str) -> bytes:
    try:
        return source.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that is no byte of the source
        return re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", source).encode("utf-8", "surrogateescape")


class _Rows:
    """A table being written."""

    def __init__(self, readers: Sequence[_Reader], options: Options, stream: IO[bytes]) -> None:
        self._readers = readers
        self._rows = [reader.rows() for reader in readers]
        self._current = [Row(0, "", []) for _ in readers]
        self._options = options
        self._stream = stream
        self.added = options.column == "added" and table.PAGE in readers[0].columns and readers[0].text is None
        header = self._changed(readers[0].header, readers[0], options.text_field if self.added else None)
        stream.write(_encoded(header))

    def has(self, number: int, of: int = 0) -> bool:
        while self._current[of].number < number:
            try:
                self._current[of] = next(self._rows[of])
            except (StopIteration, ReadError):
                return False
        return self._current[of].number == number

    def keep(self, number: int, unit: str | None, of: int = 0) -> None:
        if not self.has(number, of):
            raise ReadError(f"row {number} is not there")
        self._stream.write(_encoded(self._changed(self._current[of], self._readers[of], unit)))

    def _changed(self, row: Row, reader: _Reader, text: str | None) -> str:
        """A row with this text in it, in the cell of the text or in a new last one; without that cell where it is to be dropped."""
        source = row.source
        if row.problem:
            return source
        if self.added:
            end = row.cells[-1][1]
            return source[:end] + reader.separator + self._cell(text or "", row, reader) + source[end:]
        if reader.text is None:
            return source
        start, end = row.cells[reader.text]
        if self._options.column == "dropped":
            return source[: max(start - 1, 0)] + source[end:]
        if text is None or text == _read(_value(row, reader.text))[0]:
            return source
        return source[:start] + self._cell(text, row, reader, source[start:end]) + source[end:]

    def _cell(self, text: str, row: Row, reader: _Reader, old: str = '"') -> str:
        """A text as a cell: in quotes where it must be, or where the table quotes its texts whether they must be or not."""
        quoted = _must(text, reader.separator) or not (text or len(row.cells) > 1)
        if not quoted and old.startswith('"'):
            loose = reader.loose or any(_needless(cell, reader.separator) for cell in _cells(row))
            quoted = loose
        return '"' + text.replace('"', '""') + '"' if quoted else text


def recode(path: Path, name: str, target: Path) -> None:
    """Writes a table, which is in UTF-8, in another encoding."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with compression.writing(target) as stream:
        for block in compression.blocks(path):
            text = decoder.decode(block)
            try:
                stream.write(text.encode(name, "surrogateescape"))
            except UnicodeEncodeError:  # what could not be read stands for itself: the record says so
                stream.write(text.encode(name, "replace"))
        stream.write(decoder.decode(b"", final=True).encode(name, "surrogateescape"))
