"""A line that says again what the page has said: ``repeat``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from cleaner.detectors.base import Detector, Found, Hit
from cleaner.segment import Line, Page, is_wide

_SLUG = re.compile(r"^(?:\d+[ _-]+)+|^[#*]+ |[ _-]+\d+$|\.(?:jpe?g|png|gif|webp)$")
_LETTERS = re.compile(r"\w")
_AROUND = "#*_- .…0123456789"
"""The signs that may stand around a title that is said again."""
_ENDINGS = ("jp", "png", "gif", "webp")


class Repeat(Detector):
    """Repetition of one kind.

    ``of`` is what is said again:
    ``title``    a later copy of the title, whole, cut short at a word, or as an image's file name;
    ``next``     the line after begins with the whole line, and goes on for at most ``max_rest`` characters;
    ``previous`` the same line stands directly before;
    ``earlier``  the same line stands anywhere before;
    ``self``     the line is one text twice without a space between ("Send by e-mailSend by e-mail").
    """

    of: str = ""
    min_chars: int = 20
    min_words: int = 4
    max_rest: int = 60

    KINDS: ClassVar[tuple[str, ...]] = ("title", "next", "previous", "earlier", "self")

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> Self:
        made = super().read(keys)
        if made.of not in cls.KINDS:
            raise ValueError(f"'of' takes one of {', '.join(cls.KINDS)}")
        return made

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        return {
            "title": self._title,
            "next": self._next,
            "previous": self._previous,
            "earlier": self._earlier,
            "self": self._self,
        }[self.of](page)

    def _long(self, line: Line) -> bool:
        if is_wide(line.text):
            return line.chars * 3 >= self.min_chars
        return line.chars >= self.min_chars and len(line.words) >= self.min_words

    def _title(self, page: Page) -> Iterator[Hit]:
        for title in page.titles:
            yield from self._again(page, title.strip("#* "))

    def _again(self, page: Page, title: str) -> Iterator[Hit]:
        seen = False
        first, longest = title.lstrip(_AROUND)[:1], len(title) + 40
        for line in page.lines:
            if line.chars > longest:
                continue
            # nearly all lines begin with another letter
            head = line.folded.lstrip(_AROUND)
            if head and head[0] != first and not head[0].isdecimal() and not head.startswith(_ENDINGS):
                continue
            text = _SLUG.sub("", _SLUG.sub("", line.folded)).strip("#* .…")
            if text == title.rstrip(".…") or (self._long(line) and _is_start(text, title)):
                # the first copy is the headline itself, also where the metadata's title is longer
                if seen and self._long(line):
                    yield Hit(line.index, evidence="repeats the title")
                seen = True

    def _next(self, page: Page) -> Iterator[Hit]:
        for line, after in zip(page.lines, page.lines[1:], strict=False):
            rest = after.chars - line.chars
            if 0 < rest <= self.max_rest and after.folded.startswith(line.folded) and self._long(line):
                yield Hit(line.index, evidence="the next line says it again and more")

    def _previous(self, page: Page) -> Iterator[Hit]:
        for before, line in zip(page.lines, page.lines[1:], strict=False):
            if line.chars == before.chars and line.folded == before.folded and self._long(line):
                yield Hit(line.index, evidence="the line before says the same")

    def _earlier(self, page: Page) -> Iterator[Hit]:
        seen: dict[str, int] = {}
        for line in page.lines:
            if line.repeats == 1 or not self._long(line):
                continue
            first = seen.setdefault(line.folded, line.number)
            if first != line.number:
                yield Hit(line.index, evidence=f"line {first} says the same")

    def _self(self, page: Page) -> Iterator[Hit]:
        for line in page.lines:
            half, odd = divmod(line.chars, 2)
            if odd or line.chars > 200:
                continue
            text = line.text
            if text[:half] == text[half:] and self._long(line) and _LETTERS.match(text[-1]) and _LETTERS.match(text):
                yield Hit(line.index, evidence=f"{text[:half]!r} twice")


def _is_start(text: str, title: str) -> bool:
    """Whether the text is the title cut short at the end of a word."""
    return len(text) < len(title) and title.startswith(text) and not _LETTERS.match(title[len(text)])
