"""What each code point is to a token: part of a word, a word by itself, nothing, or to be left out; and how it is folded.

Everything here is said twice: plainly, for a text (`lowered`, `folded`, `tokens`), and as a table of all code points, which
is what the compiled tokenisers read. Both say the same of every text; a test holds them to it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.kept import cache_folder, keep, kept

if TYPE_CHECKING:
    import regex

BREAK, LETTER, ALONE, DROPPED, HARD = range(5)
"""Classes of a code point: between tokens; in a token; a token of its own, in scripts that write no spaces; as if it were not
there; or not to be judged without its neighbours, so that the whole text is to be rewritten first."""

CLASS_SHIFT = 24
"""A table entry is ``class << CLASS_SHIFT | code point it counts as``."""

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_ALL = 0x110000

_SAME_LETTER = {
    **dict.fromkeys("أإآٱ", "ا"),
    **dict.fromkeys("ؤئ", "ء"),
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ة": "ه",
    "ς": "σ",
    "İ": "i",
}
"""Spellings that writers of one language mix: carriers of the hamza, Persian and Arabic forms, a sigma at the end of a word."""

_LEFT_OUT = (
    "\u00ad\u034f\u0640\u0670"  # soft hyphen, grapheme joiner, tatweel, dagger alef
    + "".join(map(chr, range(0x064B, 0x0653)))  # short vowels of Arabic
    + "".join(map(chr, range(0x06D6, 0x06DD)))
    + "".join(map(chr, range(0x0591, 0x05BE)))  # points and accents of Hebrew
    + "\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    + "".join(map(chr, range(0x200B, 0x2010)))  # zero width
    + "".join(map(chr, range(0x2060, 0x2065)))
    + "".join(map(chr, range(0xFE00, 0xFE10)))  # variation selectors
    + "\ufeff"
)
"""Characters that do not change a word."""


@cache
def _pattern(what: str) -> regex.Pattern[str]:
    import regex

    return regex.compile(what, regex.V1)


def _found(text: str) -> list[str]:
    """The tokens of a text as they stand in it. Most texts are of scripts with spaces, for which simpler patterns do."""
    found: list[str]
    if text.isascii():
        found = re.findall(r"\w+", text, re.ASCII)
    elif _spaceless().search(text) is None:
        found = _pattern(r"\w+").findall(text)
    else:
        found = _pattern(rf"[{_SPACELESS}]|[\w--[{_SPACELESS}]]+").findall(text)
    return found


def _any_of(codes: Iterable[int]) -> re.Pattern[str]:
    """Finds one of some characters, or any beyond the first 65,536: sets of that plane alone are looked up in a table."""
    plane = sorted(code for code in codes if code < 0x10000)
    starts = [code for before, code in pairwise([-2, *plane]) if code != before + 1]
    ends = [code for code, after in pairwise([*plane, 0x10001]) if after != code + 1]
    runs = "".join(f"\\u{start:04x}-\\u{end:04x}" for start, end in zip(starts, ends, strict=True))
    return re.compile(f"[{runs}]|[\U00010000-\U0010ffff]")


@cache
def _spaceless() -> re.Pattern[str]:
    plane = _pattern(f"[{_SPACELESS}]+").finditer(_every(), 0, 0x10000)
    return _any_of(code for run in plane for code in range(*run.span()))


@cache
def _unusual() -> re.Pattern[str]:
    """Finds what `folded` does more to than to put it into lower case."""
    every = _every()
    return _any_of({ord("Σ")} | {code for code, new in _rewriting().items() if new != every[code].lower()})


@cache
def _every() -> str:
    """All code points in order, with blanks for surrogates: they are in no word."""
    return "".join(map(chr, range(0xD800))) + " " * 0x800 + "".join(map(chr, range(0xE000, _ALL)))


@cache
def _rewriting() -> dict[int, str]:
    """What `folded` makes of single characters, for `str.translate`; characters that it leaves alone are not in it."""
    rewriting: dict[int, str] = _kept("rewriting", _rewritten)
    return rewriting


def _rewritten() -> dict[int, str]:
    made = {}
    for run in _pattern(r"\w+").finditer(_every()):
        word = run[0]
        if len(word) > 1000 and unicodedata.is_normalized("NFKC", word) and word.lower() == word:
            continue  # ideographs and syllables by the ten thousand
        for character in word:
            digit = unicodedata.decimal(character, None)
            new = str(digit) if digit is not None else unicodedata.normalize("NFKC", character)
            new = "".join(_SAME_LETTER.get(c) or _SAME_LETTER.get(c.lower(), c.lower()) for c in new)
            if new != character:
                made[ord(character)] = new
    made.update(dict.fromkeys(map(ord, _LEFT_OUT), ""))
    return made


def _neighbourly() -> list[int]:
    """Characters that composition may join to, or move past, the one before."""
    second = {
        int(parts[1], 16)
        for parts in (unicodedata.decomposition(c).split() for c in _every())
        if len(parts) == 2 and not parts[0].startswith("<")
    }
    jamo = {*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}
    marks = {code for code, c in enumerate(_every()) if unicodedata.combining(c)}
    return sorted((second | jamo | marks) - set(map(ord, _LEFT_OUT)))


def lowered(text: str) -> str:
    """The text as `--no-fold` compares it: in lower case."""
    return text.lower()


def folded(text: str) -> str:
    """The text without what does not change its words.

    Composed (NFC), each word character in its compatibility form (NFKC) and lower case, digits as ASCII, Arabic without
    tatweel, short vowels and differences of hamza, Hebrew without points, nothing invisible.
    """
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFC", text)
    if _unusual().search(text) is None:
        return text.lower()
    return unicodedata.normalize("NFC", text.translate(_rewriting()))


def tokens(text: str, *, fold: bool = True) -> list[str]:
    r"""The tokens of a text in order: words as `regex` sees them (``\w+``); in scripts without spaces, each character."""
    return _found(folded(text) if fold else lowered(text))


def written(text: str) -> list[str]:
    """The tokens of a text in order, as they are written, but for what does not change a word."""
    if not text.isascii():
        text = re.sub(f"[{_LEFT_OUT}]", "", unicodedata.normalize("NFC", text))
    return _found(text)


@cache
def table(kind: str) -> Any:
    """The class and the counted-as code point of each code point.

    Args:
        kind: "folded" or "lowered" for texts as they are, in which a HARD character asks for the text to be rewritten by the
            function of that name; "plain" for a text so rewritten.
    Returns:
        A uint32 array of 1,114,112 entries, read only.
    """
    import numpy as np

    return np.frombuffer(_kept(kind, lambda: _table(kind).tobytes()), np.uint32)  # which nobody can write to


def _kept(name: str, make: Callable[[], Any]) -> Any:
    """What is made of the tables of Python and of `regex`, and of this file, and is the same until these change."""
    import regex

    state = f"{unicodedata.unidata_version}-{regex.__version__}-{zlib.crc32(Path(__file__).read_bytes()):08x}"
    path = cache_folder() / f"characters-{name}-{state}.bin"
    made = kept(path)
    if made is None:
        made = make()
        keep(path, made)
    return made


def _table(kind: str) -> Any:
    import numpy as np

    every = _every()
    classes = np.zeros(_ALL, np.uint32)
    for run in _pattern(r"\w+").finditer(every):
        classes[run.start() : run.end()] = LETTER
    for run in _pattern(rf"[{_SPACELESS}]+").finditer(every):
        classes[run.start() : run.end()] = ALONE
    same = np.arange(_ALL, dtype=np.uint32)
    if kind == "lowered":
        hard = [ord("İ"), ord("Σ")]  # two characters in lower case; one that looks at its neighbours
        every = every.translate(dict.fromkeys(hard, " "))
        same = np.frombuffer(every.lower().encode("utf-32-le"), np.uint32).copy()
        same[0xD800:0xE000] = range(0xD800, 0xE000)
        classes = classes[same]
        classes[hard] = HARD
    elif kind == "folded":
        source: list[int] = []
        target: list[int] = []
        dropped: list[int] = []
        hard = _neighbourly()
        joining = {chr(code) for code in hard}
        for code, new in _rewriting().items():
            if len(new) == 1 and new not in joining:
                source.append(code)
                target.append(ord(new))
            else:
                (hard if new else dropped).append(code)
        same[source] = target
        classes = classes[same]
        classes[dropped] = DROPPED
        classes[hard] = HARD
    return classes << np.uint32(CLASS_SHIFT) | same
