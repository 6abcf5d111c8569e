"""Lines, or parts of lines, that are boilerplate by their wording alone: ``phrase`` and ``pattern``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cleaner.detectors.base import Detector, Found, Hit
from cleaner.segment import Page


class Pattern(Detector):
    """A wording found on a line is a hit."""

    roles: ClassVar[tuple[str, ...]] = ("line",)

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        for line, parts in found["line"].items():
            yield Hit(line, parts)
