"""Compressed files: how their content is read and written.

A file is read as what it is, told by its first bytes, whatever its name says; it is written as its name says.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cleaner.document import CleanerError

SUFFIXES = (".gz", ".zst", ".bz2", ".xz")
MOST_CONTENT = 1 << 30
"""Bytes of a file that is one document. Nobody writes such a text, but some kilobytes decompress to it."""
LONGEST_LINE = 512 << 20
"""Bytes of a record. Longer ones are passed over, and never held."""
_BLOCK = 1 << 18
_MAGIC = (
    (b"\x1f\x8b\x08", ".gz"),
    (b"\x28\xb5\x2f\xfd", ".zst"),
    *((b"BZh%d%b" % (level, mark), ".bz2") for level in range(1, 10) for mark in (b"1AY&SY", b"\x17rE8P\x90")),
    (b"\xfd7zXZ\x00", ".xz"),
)
_LONGEST_MAGIC = 10
_NO_TEXT = bytes({*range(0x20)} - set(b"\t\n\f\r\x1b"))


class ReadError(CleanerError):
    """A file, or the rest of one, that cannot be read."""


def split(name: str) -> tuple[str, str]:
    """("a.jsonl", ".gz") of "a.jsonl.gz"; the second is empty for a file that is not compressed."""
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], name[-len(suffix) :]
    return name, ""


def kind(name: str, head: bytes) -> str:
    """The suffix that a file with these first bytes should have."""
    named = split(name)[1].lower()
    for magic, suffix in _MAGIC:
        if head.startswith(magic):
            return suffix
    if not head:
        return named
    # cut off within its first bytes, a skippable frame, or damaged: to be read as its name says, and to fail there
    begun = any(magic.startswith(head) for magic, suffix in _MAGIC if suffix == named)
    return named if begun or len(head) - len(head.translate(None, _NO_TEXT)) else ""


def note(path: Path) -> dict[str, str]:
    """What the record says of a file that is not compressed as its name says: {"compression": "gz"}, or "none"."""
    try:
        with path.open("rb") as file:
            found = kind(path.name, file.read(_LONGEST_MAGIC))
    except OSError:
        return {}
    return {} if found == split(path.name)[1].lower() else {"compression": found.removeprefix(".") or "none"}


def blocks(path: Path) -> Iterator[bytes]:
    """The file's content, decompressed, block by block. Raises ReadError, at the place where reading ended."""
    try:
        with path.open("rb") as file:
            suffix = kind(path.name, file.read(_LONGEST_MAGIC))
            file.seek(0)
            yield from unpacked(file, suffix)
    except OSError as error:
        raise ReadError(f"cannot be read: {error.strerror or error}") from None


def unpacked(file: IO[bytes], suffix: str) -> Iterator[bytes]:
    """What is behind this place of a file that should have this suffix. Raises ReadError."""
    return _READERS[suffix](file) if suffix else iter(lambda: file.read(_BLOCK), b"")


def _gzip(file: IO[bytes]) -> Iterator[bytes]:
    import gzip

    try:
        with gzip.GzipFile(fileobj=file) as stream:
            yield from iter(lambda: stream.read(_BLOCK), b"")
    except EOFError:
        raise ReadError("truncated gzip file: it ends before its end marker") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ReadError(f"damaged gzip file: {error}") from None


_ZSTD_BITE = 1 << 11
"""Bytes given to zstd at a time: four of them may stand for 128 kB, so that these become 64 MB at most."""


def _zstd(file: IO[bytes]) -> Iterator[bytes]:
    """Frame by frame: zstandard's own stream reader ends a truncated file in silence."""
    import zstandard

    frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
    begun = False
    try:
        while block := file.read(_ZSTD_BITE):
            while block:
                begun = True
                yield frame.decompress(block)
                block = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame, begun = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj(), False
    except zstandard.ZstdError as error:
        raise ReadError(f"damaged zstd file: {error}") from None
    if begun:
        raise ReadError("truncated zstd file: it ends inside a frame")


def _bzip2(file: IO[bytes]) -> Iterator[bytes]:
    import bz2

    return _streams(file, bz2.BZ2Decompressor, "bzip2", (OSError,))


def _xz(file: IO[bytes]) -> Iterator[bytes]:
    import lzma

    # the largest dictionary that xz itself makes takes 65 MB
    return _streams(file, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 30), "xz", (lzma.LZMAError,))


def _streams(file: IO[bytes], new: Callable[[], Any], name: str, faults: tuple[type[Exception], ...]) -> Iterator[bytes]:
    """The content of streams that stand one behind the other, block by block, however much a block stands for."""
    stream, begun = new(), False
    rest = b""
    while True:
        if not rest and (not begun or stream.needs_input):
            rest = file.read(_BLOCK)
            if not rest:
                break
        if not begun:
            rest = rest.lstrip(b"\0")  # padding between streams
            begun = bool(rest)
            if not begun:
                continue
        try:
            block = stream.decompress(rest, _BLOCK)
        except faults as error:
            raise ReadError(f"damaged {name} file: {error}") from None
        rest = b""
        yield block
        if stream.eof:
            rest = stream.unused_data
            stream, begun = new(), False
    if begun:
        raise ReadError(f"truncated {name} file: it ends before its end marker")


_READERS: dict[str, Callable[[IO[bytes]], Iterator[bytes]]] = {".gz": _gzip, ".zst": _zstd, ".bz2": _bzip2, ".xz": _xz}


def lines(path: Path, longest: int = LONGEST_LINE) -> Iterator[bytes | None]:
    """The file's lines without their newlines; None for one of more than ``longest`` bytes, of which no more is held.

    Raises ReadError behind the last one that could be read whole.
    """
    rest: list[bytes] = []
    size = 0
    for block in blocks(path):
        first, *others = block.split(b"\n")
        size += len(first)
        if size <= longest:
            rest.append(first)
        else:
            rest.clear()
        if others:
            yield b"".join(rest) if size <= longest else None
            yield from others[:-1]
            rest = [others[-1]]
            size = len(others[-1])
    if size:
        yield b"".join(rest) if size <= longest else None


def content(path: Path, most: int | None = MOST_CONTENT) -> bytes:
    """All of a file, decompressed. Raises ReadError, also for more than ``most`` bytes, before more are held."""
    found: list[bytes] = []
    size = 0
    for block in blocks(path):
        size += len(block)
        if most is not None and size > most:
            raise ReadError(f"more than {most:,} bytes of content, the most that is read of a file that is one document")
        found.append(block)
    return b"".join(found)


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A binary stream into the file, compressed as its suffix says; the same bytes for the same content."""
    suffix = split(path.name)[1].lower()
    with path.open("wb") as file:
        if suffix == ".gz":
            import gzip

            # no name and no time in the header: they would make each run's bytes differ
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as stream:
                yield stream  # type: ignore[misc]
        elif suffix == ".zst":
            import zstandard

            with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as stream:
                yield stream
        elif suffix == ".bz2":
            import bz2

            with bz2.BZ2File(file, "wb") as stream:
                yield stream
        elif suffix == ".xz":
            import lzma

            with lzma.LZMAFile(file, "wb") as stream:
                yield stream
        else:
            yield file
