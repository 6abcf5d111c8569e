"""Broken characters mended: mojibake, entities left in the text, control and invisible characters, lone surrogates.

Every mend is an edit, so that the text as it was can be had back. `ftfy` knows how text breaks; here its
plan is cut into small edits and given names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import ClassVar

from cleaner.segment import Page

_CONTROL = "\x1b\\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufff9-\ufffc]+"
_CONTROL_BYTES = bytes({*range(0x20), 0x7F} - set(b"\t\n\f\r"))
_CONTROL_SIGNS = "\u206a\u206b\u206c\u206d\u206e\u206f\ufff9\ufffa\ufffb\ufffc"
_WORDS = re.compile(r"\s+|\S+")
_SURROGATE = "[\ud800-\udfff]"
# A zero-width space separates words in Thai, Lao, Khmer and Burmese, a zero-width non-joiner belongs to Persian
# spelling, joiners build Indic letters and emoji: only the ones that mean nothing where they stand are taken.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_INVISIBLE = f"\ufeff+|\u2060+|\u00ad+|(?<![{_SPACELESS}])\u200b+(?![{_SPACELESS}])"
_ENTITY = r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[A-Za-z][A-Za-z0-9]{1,30});"
# What UTF-8 looks like when it is read as cp1252, cp1251 or MacRoman: the letter of a leading byte before a sign of a following one;
# or a C1 control. ftfy looks closely, at a hundred times the cost, so it is shown such lines only.
_SUSPECT = "[\u00c2-\u00f4РСГв][\u0080-\u00bfŒœŠšŸŽžƒˆ˜\u2013-\u203a€™ЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЁЄЇІіґё№єјЅѕї]|[√¬‚][^\x00-\x7f]|[\x80-\x9f]"
# The same in UTF-8, each with the bytes it begins with: the letter, then a byte of the sign behind it.
_SUSPECT_BYTES = (
    (b"\xc3", b"[\x82-\xb4][\xc2-\xe2]"),
    (b"\xd0", b"[\x93\xa0\xa1\xb2][\xc2-\xe2]"),
    (b"\xe2\x88\x9a", b"[\xc2-\xf4]"),
    (b"\xe2\x80\x9a", b"[\xc2-\xf4]"),
    (b"\xc2\xac", b"[\xc2-\xf4]"),
    (b"\xc2", b"[\x80-\x9f]"),
)

# ftfy takes the square of a line's length, so long lines are shown in pieces of so many characters, cut between plain words.
_PIECE, _BETWEEN = 3000, r"[0-9A-Za-z] (?=[0-9A-Za-z])"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def _suspect_bytes() -> list[tuple[bytes, re.Pattern[bytes]]]:
    return [(lead, re.compile(lead + tail)) for lead, tail in _SUSPECT_BYTES]


def mend_surrogates(text: str) -> str:
    """A surrogate pair becomes its character, a lone surrogate U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_NEAR = 2_500
"""The product of two lengths up to which difflib aligns them, which reads best: of signs that repeat it takes the cube of the length."""


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
        if not self.suspects(page):
            return
        if self.fix == "surrogate":
            for m in re.finditer("[\ud800-\udfff]+", text):
                yield m.start(), m[0], mend_surrogates(m[0])
        elif self.fix == "control":
            yield from ((m.start(), m[0], "") for m in _compiled(_CONTROL).finditer(text))
        elif self.fix == "invisible":
            yield from ((m.start(), m[0], "") for m in _compiled(_INVISIBLE).finditer(text))
        elif self.fix == "entity":
            yield from self._entities(text)
        else:
            yield from self._mojibake(page)

    def suspects(self, page: Page) -> bool:
        """Whether the text may hold something to mend: a look at its bytes, in a fraction of the time that the patterns take."""
        text, source = page.text, page.source
        if self.fix == "entity":
            return b"&" in source
        if self.fix == "control" and len(source.translate(None, _CONTROL_BYTES)) < len(source):
            return True
        if text.isascii():
            return False
        if self.fix == "invisible":
            return "\ufeff" in text or "\u2060" in text or "\u00ad" in text or "\u200b" in text
        if self.fix == "control":
            # all of them begin with one of these in UTF-8
            return (b"\xe2\x81" in source or b"\xef\xbf" in source) and any(sign in text for sign in _CONTROL_SIGNS)
        if self.fix == "surrogate":
            return b"\xed" in source
        return any(lead in source and pattern.search(source) for lead, pattern in _suspect_bytes())

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
            if line.text.isascii() or not _compiled(_SUSPECT).search(line.text):
                continue
            for start, old in _pieces(line.text):
                if old.isascii() or not is_bad(old):
                    continue
                new = fix_encoding(old)
                if new != old and "\n" not in new and "\r" not in new:
                    yield from ((line.start + start + at, a, b) for at, a, b in differences(old, new))


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """(offset, piece) of a long line, cut where no broken sign is, if there is such a place."""
    start = 0
    while len(text) - start > _PIECE:
        between = [m.end() for m in _compiled(_BETWEEN).finditer(text, start + _PIECE // 2, start + _PIECE)]
        end = between[-1] if between else start + _PIECE
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def differences(old: str, new: str) -> Iterator[tuple[int, str, str]]:
    """(offset in old, part of old, part of new) for each place where the two differ."""
    # word by word first, then the words that differ: character by character alone takes three times as long
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    at = 0
    for tag, i, j, k, m in _opcodes(words, others):
        before, after = "".join(words[i:j]), "".join(others[k:m])
        if tag != "equal":
            yield from ((at + a, before[a:b], after[c:d]) for kind, a, b, c, d in _opcodes(before, after) if kind != "equal")
        at += len(before)


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    if len(old) * len(new) > _NEAR:
        from rapidfuzz.distance import Levenshtein

        return [tuple(step) for step in Levenshtein.opcodes(old, new)]  # type: ignore[misc]
    import difflib

    return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
