"""Where the records of WARC and ARC files begin and end, also where the file is damaged.

The readers of the field stop at the first break, or pass a cut record for a whole one. Here a break is one record that
says so, with what is there of the record that it broke, and reading goes on where the next record begins. A record is held in
memory, a file never is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cleaner.formats.stream import Stream

LARGEST = 64 << 20
"""Bytes of a record that is read; crawlers cut pages at 1 to 20 MB, what is larger is no text."""

_HEAD = 64 << 10  # bytes of a record's own header
_BREAKS = 10_000  # a file that is nothing but breaks is no archive, and looking for the next record has its price

_WARC = rb"WARC/\d{1,4}\.\d{1,4}[ \t]*\r?\n"
_ARC = rb"[A-Za-z][A-Za-z0-9+.-]{0,20}:[^\n]{0,8000}? [0-9A-Fa-f.:-]{1,45} \d{8,18} [^ \n]{1,200}(?: [^\n]{0,500}?)? -?\w+\r?\n"
_RECORD = re.compile(rb"^(?:%b|%b)" % (_WARC, _ARC), re.MULTILINE)
_BLANK = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"\nContent-Length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?\n", re.IGNORECASE)
_ARC_LENGTH = re.compile(rb" (\d{1,18})\r?\n\Z")


class Cut(NamedTuple):
    """A record as it lies in its file. ``failure``: where the file breaks, and how.

    Of a record broken only in its length, or in its end, head and block are all that is there; of others they are empty.
    """

    head: bytes
    block: bytes
    failure: str = ""


def cuts(path: Path) -> Iterator[Cut]:
    """The records of a file in order. Raises ReadError where it cannot be opened."""
    with Stream(path) as stream:
        breaks = 0
        while cut := _next(stream):
            yield cut
            breaks += bool(cut.failure)
            if breaks > _BREAKS:
                yield Cut(b"", b"", f"more than {_BREAKS:,} breaks before {stream.where()}; the rest is not read")
                return


def _next(stream: Stream) -> Cut | None:
    """The next record, or None at the end."""
    _skip_blank(stream)
    where = stream.where()
    start = stream.peek(_HEAD)
    if not start:
        reason = stream.resume()
        return Cut(b"", b"", reason) if reason else None
    if not _RECORD.match(start):
        found = stream.find(_RECORD, bytearray(), 0)
        return _broken(stream, found, f"no record begins at {where}, where one should" + ("" if found else ", nor behind it"))
    arc = not start.startswith(b"WARC/")
    end = start.find(b"\n") + 1 if arc else _header_end(start)
    length = (_ARC_LENGTH if arc else _LENGTH).search(start[:end])
    if not length:
        return _endless(stream, start[: start.find(b"\n")], where, ended=bool(end))
    size = int(length[1])
    stream.drop(end)
    if size > LARGEST:
        return _large(stream, start[:end], size, where, arc=arc)
    if stream.holds(size) and _ends(stream, size, arc=arc):
        block = stream.peek(size)
        stream.drop(size)
        return Cut(start[:end], block)
    return _wrong(stream, start[:end], size, where)


def _endless(stream: Stream, line: bytes, where: str, *, ended: bool) -> Cut:
    """Passes over a record of which nothing says how long it is; ``line`` is its first one."""
    stream.drop(len(line))
    passed = bytearray()
    found = stream.find(_RECORD, passed, LARGEST)
    block = b"" if stream.doubtful and not found else _left(passed)
    cut = _broken(stream, found, f"the record at {where} " + ("has no length" if ended else "has a header that does not end"))
    return Cut(line, block, cut.failure) if ended and block else cut


def _left(passed: bytearray) -> bytes:
    """What was passed over, where it is no more than is read of a record."""
    return bytes(passed).rstrip(b"\r\n") if len(passed) <= LARGEST else b""


def _large(stream: Stream, head: bytes, size: int, where: str, *, arc: bool) -> Cut:
    """Passes over a record that is too large; one whose length is wrong may hide others."""
    if stream.lied or (stream.left is not None and size > stream.left):
        return _wrong(stream, head, size, where)
    stream.mark()
    whole = stream.skip(size)
    if whole and _ends(stream, 0, arc=arc):
        return Cut(b"", b"", f"the record at {where} is {size:,} bytes long, and none above {LARGEST >> 20} MB is read")
    stream.lied = True
    stream.back()
    return _wrong(stream, head, size, where)


def _wrong(stream: Stream, head: bytes, size: int, where: str) -> Cut:
    """Passes over a record that does not end where it says."""
    passed = bytearray()
    if stream.find(_RECORD, passed, LARGEST):
        return Cut(head, _left(passed), f"the record at {where} does not end where its length ({size:,} bytes) says")
    block = b"" if stream.doubtful else _left(passed)
    return Cut(head, block, f"the record at {where} is cut off: {stream.resume() or f'its {size:,} bytes are not there'}")


def _broken(stream: Stream, found: bool, reason: str) -> Cut:
    """A break; one more that ended the search behind it is told with it."""
    more = "" if found else stream.resume()
    return Cut(b"", b"", f"{reason}; {more}" if more else reason)


def _header_end(start: bytes) -> int:
    blank = _BLANK.search(start)
    return blank.end() if blank else 0


def _ends(stream: Stream, size: int, *, arc: bool) -> bool:
    """Whether a record may end ``size`` bytes on: before a blank line, the next record, a new member, the end of the file."""
    tail = stream.peek(_HEAD, size)
    rest = tail.lstrip(b"\r\n")
    if stream.begins(size, size + len(tail) - len(rest)):
        return True
    if not rest:
        return not stream.broken
    return bool(_RECORD.match(rest) or (not arc and _BLANK.match(tail)))


def _skip_blank(stream: Stream) -> None:
    while start := stream.peek(4096):
        solid = start.lstrip(b"\r\n")
        stream.drop(len(start) - len(solid))
        if solid:
            return
