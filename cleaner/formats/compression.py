"""Compressed files: which suffix says so, and how their content is read and written."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cleaner.document import CleanerError

SUFFIXES = (".gz", ".zst")
_BLOCK = 1 << 18


class ReadError(CleanerError):
    """A file, or the rest of one, that cannot be read."""


def split(name: str) -> tuple[str, str]:
    """("a.jsonl", ".gz") of "a.jsonl.gz"; the second is empty for a file that is not compressed."""
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], name[-len(suffix) :]
    return name, ""


def blocks(path: Path) -> Iterator[bytes]:
    """The file's content, decompressed, block by block. Raises ReadError, at the place where reading ended."""
    suffix = split(path.name)[1].lower()
    try:
        with path.open("rb") as file:
            if suffix == ".gz":
                yield from _gzip(file)
            elif suffix == ".zst":
                yield from _zstd(file)
            else:
                yield from iter(lambda: file.read(_BLOCK), b"")
    except OSError as error:
        raise ReadError(f"cannot be read: {error.strerror or error}") from None


def _gzip(file: IO[bytes]) -> Iterator[bytes]:
    import gzip

    try:
        with gzip.GzipFile(fileobj=file) as stream:
            yield from iter(lambda: stream.read(_BLOCK), b"")
    except EOFError:
        raise ReadError("truncated gzip file: it ends before its end marker") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ReadError(f"damaged gzip file: {error}") from None


def _zstd(file: IO[bytes]) -> Iterator[bytes]:
    """Frame by frame: zstandard's own stream reader ends a truncated file in silence."""
    import zstandard

    frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
    begun = False
    try:
        while block := file.read(_BLOCK):
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


def lines(path: Path) -> Iterator[bytes]:
    """The file's lines without their newlines. Raises ReadError behind the last one that could be read whole."""
    rest: list[bytes] = []
    for block in blocks(path):
        first, *others = block.split(b"\n")
        rest.append(first)
        if others:
            yield b"".join(rest)
            yield from others[:-1]
            rest = [others[-1]]
    last = b"".join(rest)
    if last:
        yield last


def content(path: Path) -> bytes:
    """All of a file, decompressed. Raises ReadError."""
    return b"".join(blocks(path))


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
        else:
            yield file
