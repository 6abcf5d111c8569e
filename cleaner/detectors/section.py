"""A heading and what hangs below it: ``section`` ("Related stories" and the list of them)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from cleaner.detectors.base import Detector, Found, Hit
from cleaner.segment import Page

_LONGEST = 300
"""Lines that a box at the end of a page may have; where more stand below its heading, they are what the page is about."""
_BROKEN = 2
"""Lines below a heading that may run on in the next without being running text."""
_OFTEN = 12
"""How often a box may stand on a page; a heading that stands more often is one of the text's own, as in a manual."""


class Section(Detector):
    """An opener and the lines below it, unless running text stands there.

    ``reach = "end"``  all lines to the end of the page; a real paragraph among them (beyond ``allow`` of them)
    vetoes the whole section, as do text that was broken at a width and more lines than a box has. ``reach = "list"``:
    the lines directly below, up to ``max_lines``, ending before running text or a line longer than ``max_entry``. A real
    paragraph closes a sentence and has ``paragraph`` characters or more. Fewer than ``min_entries`` lines below: no section.
    """

    reach: str = "end"
    paragraph: int = 140
    max_entry: int = 300
    max_lines: int = 12
    min_entries: int = 1
    allow: int = 0

    roles: ClassVar[tuple[str, ...]] = ("opener",)

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> Self:
        made = super().read(keys)
        if made.reach not in ("end", "list"):
            raise ValueError("'reach' takes end or list")
        return made

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        covered = -1
        for opener in sorted(found["opener"]):
            if opener <= covered or page.lines[opener].repeats > _OFTEN:
                continue
            last = self._end(page, opener) if self.reach == "end" else self._list(page, opener)
            if last - opener < self.min_entries:
                continue
            evidence = f"below {page.lines[opener].text[:60]!r} (line {page.lines[opener].number})"
            yield Hit(opener, evidence="opens the section")
            yield from (Hit(i, evidence=evidence) for i in range(opener + 1, last + 1))
            covered = last

    def _end(self, page: Page, opener: int) -> int:
        below = page.lines[opener + 1 :]
        if len(below) > _LONGEST or sum(line.runs_on for line in below) > _BROKEN:
            return opener
        paragraphs = sum(line.is_paragraph(self.paragraph) for line in below)
        return len(page.lines) - 1 if paragraphs <= self.allow else opener

    def _list(self, page: Page, opener: int) -> int:
        last = opener
        for line in page.lines[opener + 1 : opener + 1 + self.max_lines]:
            if line.chars > self.max_entry or line.is_paragraph(self.paragraph) or line.runs_on:
                break
            last = line.index
        return last
