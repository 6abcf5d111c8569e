"""WARC, ARC and WET: pages and texts as crawlers store them; what is written is their text, as JSON Lines.

Documents are responses that hold HTML or plain text, and conversion records (WET). All other records are skipped and
counted by kind: requests, metadata, redirects, images, empty bodies.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple

from cleaner.document import Document
from cleaner.extract import extract
from cleaner.formats import compression, encoding
from cleaner.formats.compression import ReadError
from cleaner.formats.record import Options, Raw, Record, RecordError, Rewriting
from cleaner.formats.records import LARGEST, cuts

_HTML, _TEXT = ("text/html", "application/xhtml+xml"), ("text/plain",)
_BLANK = re.compile(rb"\r?\n\r?\n")
_PAGE = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]{0,4096})?\r?\n")
_ARC = re.compile(rb"(?P<url>.*?) (?P<ip>[0-9A-Fa-f.:-]{1,45}) (?P<date>\d{8,18}) (?P<type>[^ ]{1,200})(?: .*)? (?P<length>-?\w+)\r?\n\Z")
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\Z")


class _Entry(NamedTuple):
    """What a record says of itself; ``skip``: why it is no document; ``type``: its media type."""

    id: str
    url: str
    date: str
    type: str
    charset: str
    headers: dict[str, str]
    body: bytes
    skip: str = ""


class Warc:
    """.warc, .arc and .wet: their pages extracted, their texts cleaned, written as .jsonl."""

    suffixes: ClassVar[tuple[str, ...]] = (".warc", ".arc", ".wet")
    target: ClassVar[str | None] = ".jsonl"
    many: ClassVar[bool] = True

    def raws(self, path: Path, options: Options) -> Generator[Raw, None, dict[str, int]]:
        """The documents, with their records' numbers; a break is one that fails. Its value: the others, counted by kind.

        What can be read of the record that a break is in is a document before it, with a number of its own.
        """
        skipped: dict[str, int] = {}
        number = 0
        for cut in cuts(path):
            record = cut.head + cut.block
            if cut.failure and _readable(record):
                number += 1
                yield Raw(number, record, damage=cut.failure)
            number += 1
            if cut.failure:
                yield Raw(number, b"", cut.failure)
            elif skip := _entry(record).skip:
                skipped[skip] = skipped.get(skip, 0) + 1
            else:
                yield Raw(number, record)
        return skipped

    def parse(self, path: Path, relative: str, raw: Raw, options: Options) -> Record:
        """Raises RecordError."""
        if raw.failure or raw.line is None:
            raise RecordError(raw.failure)
        entry = _entry(raw.line)
        body = _decoded(entry)
        if entry.type in _HTML:
            decoded = encoding.decode(body, _first_known(body, entry.charset, encoding.in_head(body, page=True)))
            document = extract(decoded.text, entry.url or None)
        else:
            decoded = encoding.decode(body, entry.charset or None)
            document = Document("", decoded.text)
        document.id = entry.id or f"{entry.url or relative}#{raw.number}"
        document.url = entry.url or None
        document.site = _host(entry.url) or document.site
        if "date" in document.meta and entry.date:
            document.meta["published"] = document.meta["date"]
        if entry.date:
            document.meta["date"] = entry.date
        document.meta.update(decoded.meta)
        if raw.damage:
            document.meta["damage"] = raw.damage
        if raw.number == 1:
            document.meta.update(compression.note(path))
        known = {options.id_field: document.id, "url": document.url, "date": entry.date, "title": document.title}
        line = _dumps({name: value for name, value in known.items() if value})
        return Record(document, extracted=True, line=line, text_field=options.text_field)

    def render(self, record: Record, text: str) -> str:
        """The record as a JSON line with this text."""
        import json

        return _dumps({**json.loads(record.line or "{}"), record.text_field: text})

    @contextmanager
    def rewriting(self, sources: Sequence[Path], target: Path, options: Options) -> Iterator[Rewriting]:
        with compression.writing(target) as stream:
            yield _Pages(stream)


class _Pages:
    """A file of what was taken from pages: of the crawl itself nothing is written."""

    added = False

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def has(self, number: int, of: int = 0) -> bool:
        return True

    def keep(self, number: int, unit: str | None, of: int = 0) -> None:
        if unit is None:
            raise ReadError(f"nothing was taken from record {number}")
        self._stream.write(unit.encode("utf-8") + b"\n")


def _dumps(fields: dict[str, Any]) -> str:
    import json

    line = json.dumps(fields, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: only an escape can hold it
        return json.dumps(fields)
    return line


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


# --- what a record is --------------------------------------------------------------------------------------------


def _entry(record: bytes) -> _Entry:
    arc = None if record.startswith(b"WARC/") else _ARC.match(record[: record.find(b"\n") + 1])
    if arc:
        said = {name: _text(value).strip() for name, value in arc.groupdict().items()}
        kind = "response" if said["url"].partition(":")[0].lower() in ("http", "https") else "filedesc"
        date = _DATE.sub(r"\1-\2-\3T\4:\5:\6Z", said["date"])
        return _judged(kind, "", said["url"], date, said["type"], record[arc.end() :])
    blank = _BLANK.search(record)
    end = blank.end() if blank else len(record)
    headers = _headers(record[:end])
    url = headers.get("warc-target-uri", "").removeprefix("<").removesuffix(">")
    kind = headers.get("warc-type", "").lower() or "a record without a type"
    date = headers.get("warc-date", "")
    return _judged(kind, headers.get("warc-record-id", ""), url, date, headers.get("content-type", ""), record[end:])


def _judged(kind: str, name: str, url: str, date: str, given: str, block: bytes) -> _Entry:
    """A record, and whether it is a document: ``given`` is the type its own header names."""
    headers: dict[str, str] = {}
    skip, body, content = "", block, given
    if kind == "response":
        if block.startswith(b"HTTP/"):
            blank = _BLANK.search(block)
            end = blank.end() if blank else len(block)
            headers, body = _headers(block[:end]), block[end:]
            content = headers.get("content-type", "")
            status = block.split(b"\n", 1)[0].split()[1:2]
            skip = "response: redirect" if status and status[0].startswith(b"3") else ""
        elif given.startswith("application/http"):
            content = ""
    elif kind != "conversion":
        skip = kind
    media, _, rest = content.partition(";")
    media = media.strip().lower()
    if not media:
        media = "text/plain" if kind == "conversion" else "text/html" if _PAGE.match(body) else ""
    if not skip and media not in _HTML + _TEXT:
        skip = f"{kind}: {media.partition('/')[0] or 'unknown type'}"
    if not skip and body.strip() in (b"", b"0"):
        skip = f"{kind}: empty"
    charset = re.search(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", rest, re.IGNORECASE)
    return _Entry(name, url, date, media, charset[1] if charset else "", headers, body, skip)


def _headers(head: bytes) -> dict[str, str]:
    """Header lines by their names in lower case; of several of one name the first, lines that go on in one."""
    found: dict[str, str] = {}
    for line in re.sub(rb"\r?\n[ \t]+", b" ", head).splitlines()[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(_text(name).strip().lower(), _text(value).strip())
    return found


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _readable(record: bytes) -> bool:
    """Whether what is there of a broken record is a document."""
    if not record:
        return False
    entry = _entry(record)
    try:
        return not entry.skip and bool(_decoded(entry).strip())
    except RecordError:
        return False


# --- what it holds -----------------------------------------------------------------------------------------------


def _decoded(entry: _Entry) -> bytes:
    """The body as it was before it was sent. Raises RecordError."""
    body = entry.body
    if "chunked" in entry.headers.get("transfer-encoding", "").lower():
        body = _joined(body)
    for name in reversed(re.split(r"[\s,]+", entry.headers.get("content-encoding", "").lower())):
        if name in ("gzip", "x-gzip") and body.startswith(b"\x1f\x8b"):  # crawlers unpack a page and leave the header
            body = _inflated(body, 31)
        elif name == "deflate" and not _PAGE.match(body):
            # some servers send it with zlib's header, as the standard says, some without
            body = _inflated(body, 15 if len(body) > 1 and body[0] & 15 == 8 and (body[0] * 256 + body[1]) % 31 == 0 else -15)
        elif name == "br" and not _PAGE.match(body):
            body = _brotli(body)
        elif name == "zstd" and body.startswith(b"\x28\xb5\x2f\xfd"):
            raise RecordError("a page compressed with zstd, which is not read")
    return body


def _joined(body: bytes) -> bytes:
    """The chunks of a body in one; as it is where it is not in chunks, as crawlers leave the header."""
    parts: list[bytes] = []
    at = 0
    while chunk := _CHUNK.match(body, at):
        size = int(chunk[1], 16)
        if not size:
            return b"".join(parts)
        parts.append(body[chunk.end() : chunk.end() + size])
        at = chunk.end() + size
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    if not parts:
        return body
    if body[at:].strip():
        raise RecordError("damaged chunks: a chunk does not end where its size says")
    return b"".join(parts)  # the connection was closed early, as a browser would take it


def _inflated(body: bytes, bits: int) -> bytes:
    unpacker = zlib.decompressobj(bits)
    try:
        content = unpacker.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise RecordError(f"damaged compressed page: {error}") from None
    return _limited(content)


def _brotli(body: bytes) -> bytes:
    import brotli

    unpacker = brotli.Decompressor()
    parts, size = [], 0
    try:
        for at in range(0, len(body), 1024):  # a few bytes may stand for very many
            parts.append(unpacker.process(body[at : at + 1024]))
            size += len(parts[-1])
            if size > LARGEST:
                break
    except brotli.error as error:
        raise RecordError(f"damaged compressed page: {error}") from None
    return _limited(b"".join(parts))


def _limited(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise RecordError(f"a compressed page that unpacks to more than {LARGEST >> 20} MB")
    return content


def _first_known(body: bytes, *names: str | None) -> str | None:
    """The first encoding that reads all of a body; if none does, the first that was named."""
    for name in names:
        try:
            if name:
                str(body, name)
                return name
        except (LookupError, ValueError):
            pass
    return next((name for name in names if name), None)
