"""A file's content as one stream with places in it, whatever it is compressed with, past what is damaged."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from cleaner.formats import members
from cleaner.formats.compression import ReadError
from cleaner.formats.members import Piece

_BLOCK = 1 << 18
_OVERLAP = 1 << 14  # a match may hang on so many bytes behind it


class Stream:
    """A file's content, read forward; the place that was marked last can be gone back to.

    ``broken`` says how the content breaks off behind what is held; nothing more comes until ``resume``. ``doubtful``: what
    is held before the break may be wrong. ``lied``: a large
    record's length was wrong, which cost a second reading of the file; no other's is worth one.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb")
            self._kind = members.kind(path.name, self._file.read(4096))
            self._size = self._file.seek(0, 2)
        except OSError as error:
            raise ReadError(f"cannot be read: {error.strerror or error}") from None
        self.lied = False
        self._begin(0)
        self._marked = (0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _begin(self, start: int) -> None:
        self._pieces = members.pieces(self._file, self._kind, start) if self._kind else self._plain(start)
        self._held = bytearray()
        self._at = 0  # what of it is read
        self._gone = 0  # bytes that were held before
        self._starts = deque([(0, start)])  # of members: (offset in the content, byte of the file)
        self.broken, self.doubtful = "", False

    def _plain(self, start: int) -> Iterator[Piece]:
        self._file.seek(start)
        yield from (Piece(content) for content in iter(lambda: self._file.read(_BLOCK), b""))

    def _more(self) -> bool:
        """Holds more of the content, if there is any."""
        if self.broken:
            return False
        try:
            piece = next(self._pieces, None)
        except OSError as error:
            piece = Piece(b"", None, f"the file cannot be read: {error.strerror or error}")
        if piece is None:
            return False
        if piece.start is not None:
            here = self._gone + self._at
            while len(self._starts) > 1 and self._starts[1][0] <= here:
                self._starts.popleft()
            self._starts.append((self._gone + len(self._held), piece.start))
        self._held += piece.content
        self.broken, self.doubtful = piece.broken, piece.doubtful
        return not piece.broken

    def holds(self, size: int) -> bool:
        """Whether there are so many bytes before the content ends or breaks off."""
        while len(self._held) - self._at < size and self._more():
            pass
        return len(self._held) - self._at >= size

    def peek(self, size: int, start: int = 0) -> bytes:
        """The next bytes, from ``start`` bytes on; fewer where the content ends or breaks off."""
        self.holds(start + size)
        return bytes(memoryview(self._held)[self._at + start : self._at + start + size])

    def drop(self, size: int) -> None:
        """Leaves behind bytes that were seen."""
        self._at += size
        if self._at > _BLOCK:
            del self._held[: self._at]
            self._gone += self._at
            self._at = 0

    def skip(self, size: int) -> bool:
        """Leaves behind bytes without holding them; whether there were so many."""
        while size > 0 and (seen := len(self.peek(min(size, _BLOCK)))):
            self.drop(seen)
            size -= seen
        return not size

    def find(self, line: re.Pattern[bytes], passed: bytearray, most: int) -> bool:
        """Reads on to the next line, or member, that begins so, or as far as there is anything; whether it was found.

        What lies before it is added to ``passed``, until that holds more than ``most`` bytes.
        """
        while True:
            seen = self.peek(_BLOCK)
            last = len(seen) < _BLOCK
            found = line.search(seen)
            at = [found.start()] if found else []
            behind = (start for start in self._members(0, len(seen)) if line.match(seen[start : start + _OVERLAP]))
            at += itertools.islice(behind, 1)
            found_here = bool(at) and (last or min(at) < _BLOCK - _OVERLAP)
            size = min(at) if found_here else len(seen) if last else _BLOCK - _OVERLAP
            if len(passed) <= most:
                passed += seen[:size]
            self.drop(size)
            if found_here or last:
                return found_here

    def resume(self) -> str:
        """Goes on behind a break; how it broke, or nothing where nothing did."""
        reason, self.broken, self.doubtful = self.broken, "", False
        return reason

    @property
    def left(self) -> int | None:
        """How many bytes there are still, where nothing is compressed."""
        return None if self._kind else self._size - self._starts[0][1] - self._gone - self._at

    def _place(self) -> tuple[int, int]:
        """Of what is read next: its member's first byte in the file, and how far in its content it is."""
        here = self._gone + self._at
        offset, start = next(place for place in reversed(self._starts) if place[0] <= here)
        return start, here - offset

    def where(self) -> str:
        """The place of what is read next, for a person."""
        start, inside = self._place()
        if not self._kind:
            return f"byte {start + inside:,}"
        return f"byte {start:,}" + (f" (byte {inside:,} of what is compressed there)" if inside else "")

    def _members(self, start: int, end: int) -> Iterator[int]:
        here = self._gone + self._at
        return (offset - here for offset, _ in itertools.islice(self._starts, 1, None) if start <= offset - here <= end)

    def begins(self, start: int, end: int) -> bool:
        """Whether a member begins so far on, in what was seen."""
        return next(self._members(start, end), None) is not None

    def mark(self) -> None:
        """Remembers the place of what is read next."""
        self._marked = self._place()

    def back(self) -> None:
        """Goes back to the place that was marked."""
        start, inside = self._marked
        self._begin(start if self._kind else start + inside)
        self.skip(inside if self._kind else 0)
