"""A compressed file member by member (gzip) or frame by frame (zstd), past those that are damaged.

A crawl's file is a chain of compressed records: the damage of one is no reason to leave the others unread.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator, Iterator
from typing import IO, Any, NamedTuple

from cleaner.formats import compression

_BLOCK = 1 << 18
_PIECE = 1 << 20  # bytes that are unpacked at once
_FEW = 4096  # of zstd: a few bytes may stand for very many
_GZIP, _ZSTD, _DICTIONARY = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18"
_RECORD = re.compile(rb"\s{0,4}(?:WARC/\d|[A-Za-z][A-Za-z0-9+.-]{0,20}:[^\n]{0,4000}? \d{8,18} )")
"""How what is unpacked begins, where reading may go on behind damage: compressed bytes look like any magic number."""


class Piece(NamedTuple):
    """Some content; ``start``: a member begins before it, at this byte of the file; ``broken``: how it breaks off here.

    ``doubtful``: what came before the break may be wrong: nothing in a gzip member says so before its end.
    """

    content: bytes
    start: int | None = None
    broken: str = ""
    doubtful: bool = False


def kind(name: str, beginning: bytes) -> str:
    """The suffix that a crawl with these first bytes should have: it may begin with damage, or with a dictionary."""
    if beginning.startswith(_DICTIONARY):
        return ".zst"
    return compression.kind(name, beginning) or ("" if _RECORD.match(beginning) else compression.split(name)[1].lower())


class _Gzip:
    """One gzip member."""

    magic, word = _GZIP, "gzip member"

    def __init__(self, dictionary: Any) -> None:
        self._unpacker = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._unpacker.eof

    def feed(self, block: bytes) -> tuple[bytes, bytes]:
        """What it unpacks to, and the bytes that are still to be given."""
        content = self._unpacker.decompress(block, _PIECE)
        return content, self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail


class _Zstd:
    """One zstd frame."""

    magic, word = _ZSTD, "zstd frame"

    def __init__(self, dictionary: Any) -> None:
        import zstandard

        self._unpacker = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=2**31).decompressobj()

    @property
    def eof(self) -> bool:
        return self._unpacker.eof

    def feed(self, block: bytes) -> tuple[bytes, bytes]:
        """What it unpacks to, and the bytes that are still to be given."""
        import zstandard

        try:
            content = self._unpacker.decompress(block[:_FEW])
        except zstandard.ZstdError as error:
            raise zlib.error(str(error)) from None
        return content, (self._unpacker.unused_data if self._unpacker.eof else b"") + block[_FEW:]


def pieces(file: IO[bytes], form: str, start: int) -> Iterator[Piece]:
    """The content of a file of this kind from the member on that begins at ``start``; of other kinds than gzip and zstd all is one."""
    if form not in (".gz", ".zst"):
        yield from _whole(file, form)
        return
    member = _Gzip if form == ".gz" else _Zstd
    dictionary = _dictionary(file) if form == ".zst" else None
    begins = _behind_zeros(file, start)
    while begins is not None:
        at = begins
        yield Piece(b"", at)
        try:
            begins = _behind_zeros(file, (yield from _member(file, at, member(dictionary))))
        except (EOFError, zlib.error) as error:
            said = "cut off" if isinstance(error, EOFError) else f"damaged ({error})"
            yield Piece(b"", None, f"the {member.word} at byte {at:,} is {said}", isinstance(error, zlib.error))
            begins = _next(file, at + 1, member, dictionary)


def _whole(file: IO[bytes], form: str) -> Iterator[Piece]:
    file.seek(0)
    yield Piece(b"", 0)
    try:
        yield from map(Piece, compression.unpacked(file, form))
    except compression.ReadError as error:
        yield Piece(b"", None, str(error))


def _member(file: IO[bytes], at: int, unpacker: _Gzip | _Zstd) -> Generator[Piece, None, int]:
    """The content of one member; its value is the byte behind it. Raises EOFError, zlib.error."""
    rest = b""
    place = at  # the file may be read elsewhere in between
    while not unpacker.eof:
        if not rest:
            file.seek(place)
            rest = file.read(_BLOCK)
            place += len(rest)
        ended = not rest
        content, rest = unpacker.feed(rest)
        if content:
            yield Piece(content)
        elif ended and not unpacker.eof:
            raise EOFError
    return place - len(rest)


def _behind_zeros(file: IO[bytes], at: int) -> int | None:
    """The first byte from here on that is not padding; None at the end."""
    file.seek(at)
    while block := file.read(_FEW):
        solid = block.lstrip(b"\0")
        if solid:
            return at + len(block) - len(solid)
        at += len(block)
    return None


def _next(file: IO[bytes], at: int, member: type[_Gzip | _Zstd], dictionary: Any) -> int | None:
    """Where the next member begins that begins with a record; None if none does."""
    while True:
        file.seek(at)
        block = file.read(_BLOCK)
        for found in re.finditer(re.escape(member.magic), block):
            file.seek(at + found.start())
            try:
                content, _ = member(dictionary).feed(file.read(_FEW))
            except zlib.error:
                continue
            if _RECORD.match(content):
                return at + found.start()
        if len(block) < _BLOCK:
            return None
        at += len(block) - len(member.magic)


def _dictionary(file: IO[bytes]) -> Any:
    """The dictionary that a crawl's zstd file may carry in its first frame."""
    import zstandard

    file.seek(0)
    head = file.read(8)
    if not head.startswith(_DICTIONARY):
        return None
    content = file.read(min(int.from_bytes(head[4:], "little"), 1 << 24))
    if content.startswith(_ZSTD):
        try:
            content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        except zstandard.ZstdError:
            return None
    return zstandard.ZstdCompressionDict(content)
