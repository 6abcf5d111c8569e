"""Broken characters mended: mojibake, entities left in the text, control and invisible characters, lone surrogates.

Every mend is an edit, so that the text as it was can be had back. `ftfy` knows how text breaks; here its
plan is cut into small edits and given names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from cleaner.segment import Page

_CONTROL = "\x1b\\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufff9-\ufffc]+"
_SURROGATE = "[\ud800-\udfff]"
# A zero-width space separates words in Thai, Lao, Khmer and Burmese, a zero-width non-joiner belongs to Persian
# spelling, joiners build Indic letters and emoji: only the ones that mean nothing where they stand are taken.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_INVISIBLE = f"\ufeff+|\u2060+|\u00ad+|(?<![{_SPACELESS}])\u200b+(?![{_SPACELESS}])"
_ENTITY = r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[A-Za-z][A-Za-z0-9]{1,30});"
# What UTF-8 looks like when it is read as cp1252, cp1251 or MacRoman: the letter of a leading byte before a sign of a following one;
# or a C1 control. ftfy looks closely, at a hundred times the cost, so it is shown such lines only.
_SUSPECT = "[\u00c2-\u00f4РСГв][\u0080-\u00bfŒœŠšŸŽžƒˆ˜\u2013-\u203a€™ЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЁЄЇІіґё№єјЅѕї]|[√¬‚][^\x00-\x7f]|[\x80-\x9f]"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def mend_surrogates(text: str) -> str:
    """A surrogate pair becomes its character, a lone surrogate U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Repair:
    """Mends one kind of broken characters; ``fix`` names it."""

    FIXES: ClassVar[tuple[str, ...]] = ("surrogate", "control", "invisible", "entity", "mojibake")

    def __init__(self, fix: str) -> None:
        if fix not in self.FIXES:
            raise ValueError(f"no fix {fix!r}; there are {', '.join(self.FIXES)}")
        self.fix = fix

    def mends(self, page: Page) -> Iterator[tuple[int, str, str]]:
        """(offset, what stands there, what belongs there) for each mend, in order."""
        text = page.text
        if self.fix == "surrogate":
            if not text.isascii():
                for m in re.finditer("[\ud800-\udfff]+", text):
                    yield m.start(), m[0], mend_surrogates(m[0])
        elif self.fix == "control":
            yield from ((m.start(), m[0], "") for m in _compiled(_CONTROL).finditer(text))
        elif self.fix == "invisible":
            if not text.isascii() and any(sign in text for sign in "\ufeff\u2060\u00ad\u200b"):
                yield from ((m.start(), m[0], "") for m in _compiled(_INVISIBLE).finditer(text))
        elif self.fix == "entity":
            if "&" in text:
                yield from self._entities(text)
        elif not text.isascii() and _compiled(_SUSPECT).search(text):
            yield from self._mojibake(page)

    def _entities(self, text: str) -> Iterator[tuple[int, str, str]]:
        import html
        from html.entities import html5

        for m in _compiled(_ENTITY).finditer(text):
            # Only whole names: "&notit;" is no "&not". &lt; and &gt; stay: a text about markup means them, and undone they would
            # read as tags; so do newlines and halves of pairs, which would be broken text of another kind.
            mended = html.unescape(m[0]) if m[0][1] == "#" else html5.get(m[0][1:], m[0])
            if set(mended) & set("<>\r\n\ufffd"):
                continue
            if mended != m[0] and mended not in "<>" and not _compiled(_CONTROL).match(mended) and not _compiled(_SURROGATE).match(mended):
                yield m.start(), m[0], mended

    def _mojibake(self, page: Page) -> Iterator[tuple[int, str, str]]:
        from ftfy import fix_encoding
        from ftfy.badness import is_bad

        for line in page.lines:
            old = line.text
            if old.isascii() or not _compiled(_SUSPECT).search(old) or not is_bad(old):
                continue
            new = fix_encoding(old)
            if new != old and "\n" not in new and "\r" not in new:
                yield from ((line.start + at, a, b) for at, a, b in differences(old, new))


def differences(old: str, new: str) -> Iterator[tuple[int, str, str]]:
    """(offset in old, part of old, part of new) for each place where the two differ."""
    if len(old) > 3000:  # difflib takes the square of the length
        head = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        tail = next(
            (i for i, (a, b) in enumerate(zip(reversed(old[head:]), reversed(new[head:]), strict=False)) if a != b),
            min(len(old), len(new)) - head,
        )
        yield head, old[head : len(old) - tail], new[head : len(new) - tail]
        return
    import difflib

    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield i, old[i:j], new[k:m]
