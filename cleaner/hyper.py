"""Hyperscan behind the matcher: the extra ``fast``.

One database holds the literals of all patterns, and nothing else. Wider forms of the patterns (look-arounds dropped, repeats made
endless) would nominate half as many lines, but Hyperscan 5.4 misses matches of them: an alternation of agencies with an optional
bracket before it was found behind a line of ten characters, and not behind one of sixty. Literals it finds exactly.

For the shipped rules (2,200 patterns, 25,000 literals) a database takes 0.5 s to compile and 3 MB, on disk and in memory; both grow
with the literals. It is kept in the cache folder under the digest of what it was made of.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cleaner.document import CleanerError

_KEPT = 4  # databases on disk; older ones are of rules that have changed since


class Database:
    """Literals compiled for Hyperscan, or read from the cache ``folder``. Raises CleanerError if it is not installed."""

    def __init__(self, literals: Sequence[str], folder: Path) -> None:
        try:
            import hyperscan
        except ImportError:
            raise CleanerError("the matcher 'hyperscan' needs the extra: pip install 'corpus-cleaner[fast]'") from None
        self._hyperscan = hyperscan
        self._literals = literals
        made_of = repr((version("hyperscan"), platform.machine(), literals)).encode("utf-8", "surrogatepass")
        stored = folder / f"scan-{hashlib.sha256(made_of).hexdigest()[:24]}.bin"
        self._database = self._read(stored)
        if self._database is None:
            self._database = self._compiled()
            self._store(stored)
        self._database.scratch = hyperscan.Scratch(self._database)

    def found(self, lines: Sequence[str]) -> list[tuple[int, int, int]]:
        """(place of the literal, start, end) of each that stands on the lines, in the order of the ends.

        The offsets are in characters of the lines with a newline before and behind each.
        """
        sources = [line.encode("utf-8", "surrogatepass") for line in lines]
        text = b"\n" + b"\n".join(sources) + b"\n"
        literals: list[tuple[int, int, int]] = []
        owner, first, last, char = -1, 0, 0, 0  # the line, its first byte, the newline behind it, its first character
        for end, number in self._scan(text):
            while end - 1 > last:
                char += 1 if owner < 0 else len(lines[owner]) + 1
                owner += 1
                first, last = last + 1, last + 1 + len(sources[owner])
            even = last - first == len(lines[owner])
            stop = char + (end - first if even else len(text[first:end].decode("utf-8", "surrogatepass")))
            literals.append((number, stop - len(self._literals[number]), stop))
        return literals

    def _scan(self, source: bytes) -> list[tuple[int, int]]:
        """(end in the source, place of the literal) of all that is found, in order."""
        found: list[tuple[int, int]] = []

        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end, number))

        self._database.scan(source, match_event_handler=note)
        return sorted(found)

    def _compiled(self) -> Any:
        database = self._hyperscan.Database(mode=self._hyperscan.HS_MODE_BLOCK)
        sources = ["".join(f"\\x{byte:02x}" for byte in literal.encode("utf-8", "surrogatepass")).encode() for literal in self._literals]
        database.compile(expressions=sources, ids=list(range(len(sources))), flags=[0] * len(sources))
        return database

    def _read(self, stored: Path) -> Any:
        """The database as it was stored; None if there is none, or not all of it, or for another processor."""
        try:
            content = stored.read_bytes()
            if hashlib.sha256(content[32:]).digest() == content[:32]:
                return self._hyperscan.loadb(content[32:], self._hyperscan.HS_MODE_BLOCK)
        except (OSError, self._hyperscan.error):
            pass
        return None

    def _store(self, stored: Path) -> None:
        content = self._hyperscan.dumpb(self._database)
        try:
            stored.parent.mkdir(parents=True, exist_ok=True)
            temporary = stored.with_suffix(f".{os.getpid()}.tmp")
            temporary.write_bytes(hashlib.sha256(content).digest() + content)
            temporary.replace(stored)
            for stale in sorted(stored.parent.glob("scan-*"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
                stale.unlink(missing_ok=True)
        except OSError:
            pass
