"""A block of prose from an opener to a sign-off, with votes in between: ``run`` (a donation letter)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cleaner.detectors.base import Detector, Found, Hit
from cleaner.segment import Page


class Run(Detector):
    """The lines from an opener to the last line that votes or signs off.

    A line that matches ``vote`` (or the opener, or ``signoff``) speaks for the block; at least ``min_votes`` lines
    must. More than ``max_silent`` lines in a row without a vote end the block, so does a silent line of
    ``max_silent_chars`` or more; silent lines behind the last vote are not part of it. With ``closed``, a block
    that no ``signoff`` ends is none.
    """

    min_votes: int = 3
    max_silent: int = 2
    max_silent_chars: int = 250
    max_lines: int = 30
    closed: bool = False

    roles: ClassVar[tuple[str, ...]] = ("opener", "vote", "signoff")
    optional: ClassVar[tuple[str, ...]] = ("signoff",)

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        speaking = set(found["opener"]) | set(found["vote"]) | set(found.get("signoff", ()))
        covered = -1
        for opener in sorted(found["opener"]):
            if opener <= covered:
                continue
            last, votes = self._extent(page, opener, speaking)
            if self.closed:
                closers = [i for i in found.get("signoff", ()) if opener < i <= last]
                if not closers:
                    continue
            if votes < self.min_votes:
                continue
            evidence = f"block from line {page.lines[opener].number} to {page.lines[last].number}, {votes} lines speak for it"
            yield from (Hit(i, evidence=evidence) for i in range(opener, last + 1))
            covered = last

    def _extent(self, page: Page, opener: int, speaking: set[int]) -> tuple[int, int]:
        """(last line that speaks, lines that speak) of the block that begins at the opener."""
        last, votes, silent = opener, 1, 0
        for line in page.lines[opener + 1 : opener + self.max_lines]:
            if line.index in speaking:
                last, votes, silent = line.index, votes + 1, 0
                continue
            silent += 1
            if silent > self.max_silent or line.chars >= self.max_silent_chars:
                break
        return last, votes
