"""Text to lines: an offset table, the title, and features of a line that are computed when asked for.

A line is what stands between two newlines, without the white space around it. Hard-wrapped paragraphs
stay lines: nothing is joined. For matching, a page also holds two views of the same length as the text,
so that an offset in one is an offset in all: ``plain`` (typographic variants made one) and ``folded``
(``plain`` in lower case).
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from cleaner.lazy import lazy

# Variants of the same sign; a rule is written once, with the sign on the right. One to one, so that offsets hold.
_PLAIN = {
    "\u00a0": " ", "\u202f": " ", "\u2007": " ", "\u2009": " ", "\u200a": " ", "\u3000": " ", "\t": " ",
    "‘": "'", "’": "'", "‛": "'", "ʼ": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "″": '"',
    "–": "-", "—": "-", "‒": "-", "―": "-", "‐": "-", "‑": "-", "−": "-",
    "\uff1a": ":", "\uff01": "!", "\uff1f": "?", "\uff08": "(", "\uff09": ")", "\uff5c": "|", "\uff0c": ",", "\uff0f": "/",
    "\uff1b": ";", "\uff1e": ">", "\uff1c": "<", "\uff20": "@", "\uff3b": "[", "\uff3d": "]", "\uff0a": "*", "\uff0b": "+",
}  # fmt: skip
# Characters that `regex` takes for one another when case is ignored but that lower() leaves apart
# (found by trying all of Unicode; tests/test_segment.py does it again). Kept apart, the literal
# scan would miss lines that the pattern matches.
_UNFOLDED = dict(
    zip(
        "İıſµςϐϑϕϖϰϱϵͅᲀᲁᲂᲃᲄᲅᲆᲇᲈẛ\u1fbe\u1fd3\u1fe3ﬆ",
        "iisμσβθφπκρειвдостт" + "ъѣꙋṡι\u0390\u03b0ﬅ",
        strict=True,
    )
)
_UNFOLDED_CHARS = "[" + "".join(_UNFOLDED) + "]"
_UNFOLDED_TABLE = str.maketrans(_UNFOLDED)

# Decimal digits of other scripts: from each of these zeros ten in a row; and whatever the years may make a digit (or is none) among
# the scripts of the astral planes, with those of screens. In UTF-8 they begin with one of the bytes below.
_ZEROS = "٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐᥆᧐᪀᪐᭐᮰᱀᱐꘠꣐꤀꧐꧰꩐꯰０"
_OTHER_DIGITS = f"[{''.join(f'{zero}-{chr(ord(zero) + 9)}' for zero in _ZEROS)}]|[\U000104a0-\U0001efff\U0001fbf0-\U0001fbf9]"
_DIGIT_LEADS = tuple(bytes([lead]) for lead in b"\xd9\xdb\xdf\xe0\xe1\xea\xef\xf0")
_BULLETS = "•✓✔→·"
_SHAPE = bytes.maketrans(b"123456789*>+", b"000000000---")

_SENTENCE_END = r"""[.!?…。！？؟।۔։።៕‽\u037e][)\]"'”’»«›“„‟」』）】\s*_]*$|[.!?…。！？؟।۔]\s*\([^()]{1,40}\)$"""
_SENTENCES = r"[^\W\d_]{3}\.[\"”’»)]? +[\"“„‘«(¿¡]?[^\W\d_]"
_QUOTE = r"[\"“”„«»「『‹›]|(?<!\w)['‘’](?=\w)|(?<=[\w.,!?])['’](?!\w)"
_WIDE = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_CODE = (
    r"[{};]\)*;?$|[{(\[]$|\{\{|\$\{|\w\(.*\)[;,{]?$|^['\"]?[\w-]+['\"]?: .*[,{\[]$"
    r"|^(?:</?\w|//|/\*|#include|>>> |\$ \w|(?:async )?(?:function|def|class|const|let|var|import|return)\b.*[({=:;])"
)
_MARKDOWN = r"^(?:#{1,6} \S|[-*+] \S|\d+\. \S|> |```|\|.*\|$)"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled when it is first needed: most texts need few of them."""
    return re.compile(pattern)


def plain(text: str) -> str:
    """The text with typographic variants of a sign made one (curly quotes, dashes, full-width punctuation); same length."""
    if text.isascii():
        return text.replace("\t", " ").replace("`", "'")
    for variant, sign in _PLAIN.items():
        text = text.replace(variant, sign)
    return text


def fold(text: str) -> str:
    """The text in lower case, by the equivalence `regex` uses when it ignores case; same length."""
    if text.isascii():
        return text.lower()
    if _compiled(_UNFOLDED_CHARS).search(text):
        text = text.translate(_UNFOLDED_TABLE)
    text = text.lower()
    # lower() makes a capital sigma at a word's end a final sigma
    return text.replace("ς", "σ")


def shape(folded: str) -> str:
    """A folded text with every digit a 0 and every bullet a hyphen, as the scan for literals reads it; same length."""
    if folded.isascii():
        return folded.encode().translate(_SHAPE).decode()
    for bullet in _BULLETS:
        folded = folded.replace(bullet, "-")
    source = folded.encode("utf-8", "surrogatepass")
    if any(lead in source for lead in _DIGIT_LEADS):
        source = _compiled(_OTHER_DIGITS).sub("0", folded).encode("utf-8", "surrogatepass")
    return source.translate(_SHAPE).decode("utf-8", "surrogatepass")


def ends_sentence(text: str) -> bool:
    """Whether the line closes a sentence: a full stop, question or exclamation mark, in any of the scripts, also inside quotes."""
    last = text[-1:]
    if last in ".!?" or last.isalnum() or last in ",;:":  # nearly all lines
        return last != "" and last in ".!?"
    return _compiled(_SENTENCE_END).search(text[-80:]) is not None


def is_wide(text: str) -> bool:
    """Whether the text is mostly in a script that says in one or two characters what Latin says in a word."""
    return not text.isascii() and len(_compiled(_WIDE).findall(text)) * 3 > len(text)


_WIDTH = 40
"""Characters that a line has at least where a text is broken at a width."""


class Line:
    """One line of a page: ``page.text[start:end]``; ``next`` is where the following line begins."""

    __slots__ = ("__dict__", "chars", "end", "folded", "index", "next", "number", "page", "start", "text")

    def __init__(self, page: Page, index: int, number: int, start: int, text: str, following: int) -> None:
        self.page = page
        self.index = index  # among the lines that are not blank
        self.number = number  # in the file, from 1
        self.start = start
        self.text = text
        self.chars = len(text)
        self.end = end = start + len(text)
        self.next = following
        self.folded = page.folded[start:end]

    @lazy
    def plain(self) -> str:
        return self.page.plain[self.start : self.end]

    @lazy
    def words(self) -> list[str]:
        """The words, in lower case: what stands between spaces and holds a letter or digit (marks of Indic scripts split no word)."""
        return [word for word in self.folded.split() if word.isalnum() or not word.isascii() or any(map(str.isalnum, word))]

    @lazy
    def has_digit(self) -> bool:
        """Whether a digit stands on the line, in any of the scripts."""
        return "0" in shape(self.folded)

    @lazy
    def ends_sentence(self) -> bool:
        return ends_sentence(self.text)

    @lazy
    def quoted(self) -> bool:
        """Whether the line holds a quotation mark (an apostrophe inside a word is none)."""
        return _compiled(_QUOTE).search(self.text) is not None

    @lazy
    def repeats(self) -> int:
        """How often this very line (case aside) stands on the page, this one included."""
        return self.page.counts[self.folded]

    @lazy
    def upper(self) -> float:
        """The share of its letters that are capitals."""
        letters = [c for c in self.text if c.isalpha()]
        return sum(c.isupper() for c in letters) / len(letters) if letters else 0.0

    @lazy
    def digits(self) -> float:
        """The share of its characters, spaces aside, that are digits."""
        solid = [c for c in self.text if not c.isspace()]
        return sum(c.isdigit() for c in solid) / len(solid) if solid else 0.0

    @lazy
    def position(self) -> float:
        """Where on the page the line stands: 0 for the first line, 1 for the last."""
        return self.index / max(1, len(self.page.lines) - 1)

    @lazy
    def runs_on(self) -> bool:
        """Whether its sentence goes on in the line directly below, as in a text that was broken at a width."""
        if self.chars < _WIDTH or self.ends_sentence or self.index + 1 == len(self.page.lines):
            return False
        below = self.page.lines[self.index + 1]
        return below.number == self.number + 1 and below.text.lstrip()[:1].islower()

    def is_paragraph(self, min_chars: int) -> bool:
        """Whether this looks like running text: it closes a sentence and is long enough.

        Seven tenths of ``min_chars`` suffice where several sentences follow each other in an even tone, a third in scripts without spaces.
        """
        if self.chars * 3 < min_chars or not self.ends_sentence:
            return False
        if self.chars >= min_chars or is_wide(self.text):
            return True
        return self.chars * 10 >= min_chars * 7 and "!" not in self.text and _compiled(_SENTENCES).search(self.text) is not None


class Page:
    """A text cut into lines."""

    def __init__(self, text: str, title: str | None = None, *, markdown: bool = False) -> None:
        self.text = text
        self._title = title
        self._markdown = markdown

    @lazy
    def source(self) -> bytes:
        """The text in UTF-8."""
        return self.text.encode("utf-8", "surrogatepass")

    @lazy
    def plain(self) -> str:
        return plain(self.text)

    @lazy
    def folded(self) -> str:
        return fold(self.plain)

    @lazy
    def lines(self) -> list[Line]:
        """The lines that are not blank, in order."""
        lines: list[Line] = []
        at = 0
        # a space for the return before a newline goes with the white space around the line
        for number, piece in enumerate(self.text.replace("\r\n", " \n").replace("\r", "\n").split("\n"), 1):
            following = at + len(piece) + 1
            solid = piece.strip()
            if solid:
                start = at if len(solid) == len(piece) else at + len(piece) - len(piece.lstrip())
                lines.append(Line(self, len(lines), number, start, solid, min(following, len(self.text))))
            at = following
        return lines

    @lazy
    def counts(self) -> Counter[str]:
        return Counter(line.folded for line in self.lines)

    @lazy
    def markdown(self) -> bool:
        """Whether the text is Markdown rather than showing a leftover of it: it says so, or three lines have its marks."""
        mark = _compiled(_MARKDOWN).match
        return self._markdown or sum(mark(line.text) is not None for line in self.lines) >= 3

    @lazy
    def code(self) -> int:
        """How many of the lines look like program code."""
        mark = _compiled(_CODE).search
        return sum(mark(line.text) is not None for line in self.lines)

    @property
    def told(self) -> bool:
        """Whether the source told the title."""
        return bool(self._title and self._title.strip())

    @lazy
    def titles(self) -> list[str]:
        """The titles, folded: the one the source tells, and the first line if it looks like one.

        Both, so that a text cleaned with its title and cleaned again without it is cleaned alike. A line looks like a title when it
        is among the first three, has 4 to 30 words (8 to 60 characters in scripts without spaces), and does not end in a full stop,
        comma, colon or semicolon.
        """
        told = [fold(plain(self._title.strip()))] if self._title and self._title.strip() else []
        for line in self.lines[:3]:
            text = line.folded.strip("#* ")
            if text.endswith((",", ";", ":", ".", "。")) and not text.endswith("..."):
                continue
            if (8 <= line.chars <= 60) if is_wide(text) else (4 <= len(line.words) <= 30 and line.chars <= 220):
                return [*told, text] if text not in told else told
        return told
