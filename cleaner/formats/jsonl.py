"""JSON Lines: a line is a record, its text one of its fields.

Only the value of the text field is replaced, in the line as it stands: every other character of the line, numbers and
their spelling included, is written as it was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple

from cleaner.document import Document
from cleaner.extract import extract
from cleaner.formats import compression, encoding
from cleaner.formats.record import Options, Raw, Record, RecordError, Rewriting, describe

_SPACE = re.compile(r"[ \t\r\n]*")
_BOM = b"\xef\xbb\xbf"
_BEYOND, _ENOUGH = bytes(range(0x80, 0x100)), 8


class _Number(str):
    """A number as it is spelled."""


class _Field(NamedTuple):
    value: Any
    start: int
    end: int


class Jsonl:
    """.jsonl: each record's text field is cleaned, all its other fields are kept."""

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    target: ClassVar[str | None] = None
    many: ClassVar[bool] = True

    def raws(self, path: Path, options: Options) -> Iterator[Raw]:
        """The lines that are not blank, with their numbers. Raises ReadError."""
        for number, line in enumerate(compression.lines(path), 1):
            if number == 1:
                line = line and line.removeprefix(_BOM)
            line = line and line.removesuffix(b"\r")
            if line is None or line.strip():
                yield Raw(number, line)

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """Raises RecordError."""
        if raw.line is None:
            raise RecordError(f"a line of more than {compression.LONGEST_LINE >> 20} MB; records of this size are not read")
        line, meta = _decoded(raw.line)
        fields = _fields(line)
        document, extracted = self._document(fields, options)
        given = fields.get(options.id_field)
        named = given is not None and isinstance(given.value, str) and str(given.value).strip()
        document.id = str(given.value) if given and named else f"{relative}#{raw.number}"
        describe(document, {name: field.value for name, field in fields.items() if isinstance(field.value, str)})
        document.meta.update(meta)
        if raw.number == 1:
            document.meta.update(compression.note(path))
        return Record(document, extracted, line, _span(fields, options.text_field), options.text_field)

    def _document(self, fields: dict[str, _Field], options: Options) -> tuple[Document, bool]:
        text, page = fields.get(options.text_field), fields.get("html")
        if text is not None and isinstance(text.value, str) and not isinstance(text.value, _Number):
            return Document("", text.value), False
        if text is not None and text.value is not None:
            raise RecordError(
                f"field {options.text_field!r} holds {_kind(text.value)}, not a string; name the text's field with --text-field"
            )
        if page is not None and isinstance(page.value, str):
            url = fields["url"].value if "url" in fields and isinstance(fields["url"].value, str) else None
            return extract(page.value, url), True
        names = ", ".join(fields) or "none"
        raise RecordError(
            f"no field {options.text_field!r} (and no 'html'); its fields are: {names}. Name the text's field with --text-field"
        )

    def render(self, record: Record, text: str) -> str:
        """The record's line with this text in it."""
        import json

        line = record.line or ""
        if record.span and text == record.document.text:
            return line
        value = _dumps(text, ascii_only=line.isascii())
        if record.span:
            start, end = record.span
            return line[:start] + value + line[end:]
        # extracted from its html: the text goes in as the last field
        head = line.rstrip()[:-1].rstrip()
        name = json.dumps(record.text_field, ensure_ascii=False)
        return f"{head}{'' if head.endswith('{') else ', '}{name}: {value}}}"

    @contextmanager
    def rewriting(self, sources: Sequence[Path], target: Path, options: Options) -> Iterator[Rewriting]:
        with compression.writing(target) as stream:
            yield Lines([self.raws(source, options) for source in sources], stream)


class Lines:
    """A file of records that are lines."""

    added = False

    def __init__(self, raws: Sequence[Iterator[Raw]], stream: IO[bytes]) -> None:
        self._raws = raws
        self._current = [Raw(-1, None) for _ in raws]
        self._stream = stream

    def has(self, number: int, of: int = 0) -> bool:
        while self._current[of].number < number:
            try:
                self._current[of] = next(self._raws[of])
            except (StopIteration, compression.ReadError):
                return False
        return self._current[of].number == number and self._current[of].line is not None

    def keep(self, number: int, unit: str | None, of: int = 0) -> None:
        if unit is not None:
            line = unit.encode("utf-8")
        elif self.has(number, of):
            line = self._current[of].line or b""
        else:
            raise compression.ReadError(f"record {number} is not there")
        self._stream.write(line + b"\n")


def _kind(value: Any) -> str:
    return "a number" if isinstance(value, _Number) else {"list": "a list", "dict": "an object"}.get(type(value).__name__, "true or false")


def _dumps(text: str, *, ascii_only: bool) -> str:
    import json

    value = json.dumps(text, ensure_ascii=ascii_only)
    return value if ascii_only or value.isprintable() or _storable(value) else json.dumps(text)


def _storable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: only an escape can hold it
        return False
    return True


def _decoded(line: bytes) -> tuple[str, dict[str, str]]:
    """A line's text, and what its record says of that. Each line is read for itself: files are put together from others."""
    try:
        return line.decode("utf-8"), {}
    except UnicodeDecodeError:
        # a few bytes say nothing of their encoding: in a file of UTF-8 they are damage
        if len(line) - len(line.translate(None, _BEYOND)) >= _ENOUGH:
            read = encoding.decode(line)
            return read.text, read.meta
        text = line.decode("utf-8", "replace")
        return text, {"replaced": str(text.count("\ufffd"))}


def _fields(line: str) -> dict[str, _Field]:
    """The fields of a JSON object with the places of their values. Raises RecordError."""
    import json
    from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]

    # numbers are never written back, so they are not read: a long one would fail
    decoder = JSONDecoder(parse_int=_Number, parse_float=_Number)
    fields: dict[str, _Field] = {}
    try:
        at = _skip(line, 0)
        if line[at : at + 1] != "{":
            raise RecordError("not a JSON object: a record begins with '{'")
        at = _skip(line, at + 1)
        while line[at : at + 1] != "}":
            if line[at : at + 1] != '"':
                raise json.JSONDecodeError("Expecting a field name in double quotes", line, at)
            name, at = scanstring(line, at + 1)
            at = _skip(line, at)
            if line[at : at + 1] != ":":
                raise json.JSONDecodeError("Expecting ':'", line, at)
            start = _skip(line, at + 1)
            value, end = decoder.raw_decode(line, start)
            fields[name] = _Field(value, start, end)
            at = _skip(line, end)
            if line[at : at + 1] == ",":
                at = _skip(line, at + 1)
                if line[at : at + 1] == "}":
                    raise json.JSONDecodeError("Expecting a field name in double quotes", line, at)
            elif line[at : at + 1] != "}":
                raise json.JSONDecodeError("Expecting ',' or '}'", line, at)
        if _skip(line, at + 1) != len(line):
            raise json.JSONDecodeError("Extra data behind the record", line, at + 1)
    except json.JSONDecodeError as error:
        raise RecordError(f"broken JSON: {error.msg} at column {error.pos + 1}") from None
    except RecursionError:
        raise RecordError("broken JSON: nested too deeply") from None
    except ValueError as error:
        raise RecordError(f"broken JSON: {error}") from None
    return fields


def _skip(line: str, at: int) -> int:
    match = _SPACE.match(line, at)
    return match.end() if match else at


def _span(fields: dict[str, _Field], name: str) -> tuple[int, int] | None:
    return (fields[name].start, fields[name].end) if name in fields else None
