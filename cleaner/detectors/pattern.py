"""Lines, or parts of lines, that are boilerplate by their wording alone: ``phrase`` and ``pattern``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cleaner.detectors.base import Found, Hit, Wording
from cleaner.segment import Page


@dataclass(frozen=True)
class Pattern:
    """A wording found on a line is a hit."""

    wording: Wording

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> Pattern:
        wording = Wording.read(keys)
        if wording.phrases:
            raise ValueError("'phrases' belong to kind = \"phrase\"")
        return cls(wording)

    @property
    def wordings(self) -> dict[str, Wording]:
        return {"line": self.wording}

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        for line, parts in found["line"].items():
            yield Hit(line, parts)


@dataclass(frozen=True)
class Phrase(Pattern):
    """A whole line out of a list."""

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> Phrase:
        unknown = set(keys) - {"phrases"}
        if unknown:
            raise ValueError(f"unknown key {sorted(unknown)[0]!r}; this kind has phrases")
        return cls(Wording.read(keys))
