"""Weak signs, weighed together: ``cues``, for what no wording can name (the bare headline of another story, a bare caption).

No single sign decides. A line is described by what it looks like, what it says, where it stands and what stands around it; each
cue has a weight, fitted on labelled lines and kept in the rule file, and the sum decides against the rule's threshold. It goes
two ways over the page, as jusText (Pomikálek 2011) does: first each line is judged alone, then again with the standing that this
gave its neighbours. Shape never decides: a line is weighed only if a word, a neighbour, a repetition speaks too
(`Sheet.speaks`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self

from cleaner.detectors.base import Detector, Found, Hit
from cleaner.features import Tests, holds
from cleaner.segment import Line, Page, is_wide

PARAGRAPH = 100
"""Characters (see `Line.is_paragraph`) from which on a line counts as running text of the page."""
LEAST_TEXT = 0.4
"""The share of running text below which an extracted text is no article that a line could be strange to."""
LEAST_MAIN, LEAST_IN_MAIN = 1_500, 0.6
"""The characters of running text, and the share of all of it, that must stand in one place for a whole web page to be one of an article."""
NEAR, AROUND = 3, 20
OFF_TEXT = 60
"""Characters of running text that one line of anything else takes away from a stretch of it."""
FURNITURE = frozenset(
    "navigation footer share social comment cookie contact newsletter paywall notice form forum shop wiki byline source disclaimer".split()
)
"""Categories of which a whole web page shows several and an extracted article few."""
PICTURES = frozenset({"caption", "credit", "markup"})
MUCH = 0.2
"""The share of a run of lines that rules take from which on it speaks for the rest of the run."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_RARE = re.compile(r"[^\W\d_]{4,}")
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\b(?:19|20)\d\d-\d\d-\d\d\b|\d{4}年"
    r"|\b\d{1,2}\.? [^\W\d_]{3,12}\.?,? (?:19|20)\d\d\b|\b[^\W\d_]{3,12}\.? \d{1,2}(?:st|nd|rd|th)?, (?:19|20)\d\d\b"
)
_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}\b")
_ADDRESS = re.compile(r"https?://|www\.|\w@\w|\w\.(?:com|org|net|info|eu)\b")
_POST = re.compile(r"(?:^|[\s.(])@\w|\bt\.co/|pic\.twitter\.com|(?:^|\s)#\w")
_SEPARATOR = re.compile(r"[|•·›▸►→]|(?<=\s)[/>](?=\s)")
_LABEL = re.compile(r"[^\s:.]{2,20}(?: [^\s:.]{1,20}){0,2} ?[:|] \S")
_INITIALS = re.compile(r"\b[^\W\d_]\.(?:[^\W\d_]\.)+$")
_BROKEN = re.compile(r"[.?!] [^\W\d_A-Z]")
_CUT = ("…", "...", "[…]", "[...]")
_QUOTES = "\"'“„«‘‚»”「『"
_STEM = 6
"""Letters of a word that are compared: enough to tell words apart, few enough to let endings differ."""

Signs = dict[str, float]
"""Cue -> how much of it there is, mostly 0 to 1; what is not there is left out."""


class Standing(NamedTuple):
    """What rules have said of a page's lines: category of those that go, and the lines that weak rules found."""

    taken: Mapping[int, str]
    weak: frozenset[int]


class Cues(Detector):
    """Weights and what they are used for.

    ``pages``: "text", the extracted text of an article, or "whole", all the text of a web page, menus included (see
    `Sheet.whole`). A line that is a paragraph of ``paragraph`` characters is not weighed. ``labels``: the labelled categories
    that it is fitted to find, all if none are named. ``loss``: strictness -> share of the weighed lines that stay which may be lost.
    What the fit writes: ``threshold``: strictness -> least sum; ``alone`` and ``together``: cue -> weight, first without and
    then with the neighbours' standing ("bias" is always added); ``fitted``: where they come from.
    ``words``: list's name -> words, from the rule file's ``[words]``.
    """

    pages: str = "text"
    paragraph: int = 140
    labels: Sequence[str] = []
    loss: Mapping[str, float] = {}
    threshold: Mapping[str, float] = {}
    alone: Mapping[str, float] = {}
    together: Mapping[str, float] = {}
    fitted: Mapping[str, Any] = {}
    words: Mapping[str, Sequence[str]] = {}

    STRICTNESS: ClassVar[tuple[str, ...]] = ("low", "normal", "high")

    @classmethod
    def read(cls, keys: Mapping[str, Any]) -> Self:
        for name in ("loss", "threshold", "alone", "together"):
            for key, value in dict(keys.get(name, {})).items():
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise ValueError(f"'{name}.{key}' takes a number, not {value!r}")
        made = super().read({"labels": [], "loss": {}, "threshold": {}, "alone": {}, "together": {}, **keys})
        if made.pages not in ("text", "whole"):
            raise ValueError("'pages' takes text or whole")
        for name in ("loss", "threshold"):
            if (given := getattr(made, name)) and set(given) != set(cls.STRICTNESS):
                raise ValueError(f"{name!r} takes {', '.join(cls.STRICTNESS)}")
        if bool(made.together) is not bool(made.threshold):
            raise ValueError("'together' and 'threshold' go together; 'cleaner rules fit' writes both")
        return made

    def detect(self, page: Page, found: Found) -> Iterator[Hit]:
        """Nothing: what is weighed depends on what other rules have found; the engine asks `weigh`."""
        return iter(())


class Sheet:
    """The cues of a page's lines, given what rules have said of it.

    Args:
        page: the page.
        standing: what rules have said of its lines.
        words: list's name -> its words; lists that are used: function, past, present, said, call, you, media.
    """

    def __init__(self, page: Page, standing: Standing, words: Mapping[str, frozenset[str]]) -> None:
        self.page = page
        self.taken = standing.taken
        self.weak = standing.weak
        self._words = words
        lines = page.lines
        self.text = [index not in self.taken and line.is_paragraph(PARAGRAPH) for index, line in enumerate(lines)]
        self.first = self.text.index(True) if any(self.text) else len(lines)
        self.last = len(lines) - 1 - self.text[::-1].index(True) if any(self.text) else -1

    @cached_property
    def whole(self) -> bool:
        """Whether this is all the text of a web page rather than an article's: many lines, most of them open, several taken by rules."""
        lines = self.page.lines
        if len(lines) < 50 or sum(self.text) * 3 > len(lines) or len(self.taken) < 6:
            return False
        return len(FURNITURE.intersection(self.taken.values())) >= 2

    @cached_property
    def article(self) -> bool:
        """Whether the page holds an article that a line could be strange to, and not a list, a table or a program alone."""
        text, chars, _gone = self._sums
        if not self.whole:
            return text[-1] >= LEAST_TEXT * chars[-1]
        first, end = self.main
        return text[end] - text[first] >= max(LEAST_MAIN, LEAST_IN_MAIN * text[-1])

    @cached_property
    def headline(self) -> int | None:
        """The first line that stays, if it has the words of a headline (4 to 30)."""
        for line in self.page.lines[:6]:
            if line.index not in self.taken:
                words = line.chars // 2 if is_wide(line.text) else len(line.words)
                return line.index if 4 <= words <= 30 else None
        return None

    @cached_property
    def _runs(self) -> dict[int, tuple[int, int]]:
        """Line -> (first, behind the last) of the run of lines without running text it stands in."""
        runs = {}
        start = 0
        for index, text in enumerate([*self.text, True]):
            if text:
                runs.update(dict.fromkeys(range(start, index), (start, index)))
                start = index + 1
        return runs

    @cached_property
    def main(self) -> tuple[int, int]:
        """(first line, line behind the last) of the stretch with the most running text: maximum subsequence, Pasternack and Roth 2009.

        A line of running text counts its characters for, any other line `OFF_TEXT` against the stretch.
        """
        best, found = 0, (0, 0)
        sum_, start = 0, 0
        for index, line in enumerate(self.page.lines):
            if sum_ <= 0:
                sum_, start = 0, index
            sum_ += line.chars if self.text[index] else -OFF_TEXT
            if sum_ > best:
                best, found = sum_, (start, index + 1)
        return found

    @cached_property
    def _bullets(self) -> list[int]:
        """For each line the length of the run of lines around it that begin with the same sign."""
        lines = self.page.lines
        lengths = [0] * len(lines)
        start = 0
        for index in range(1, len(lines) + 1):
            sign = lines[start].text[0]
            if index == len(lines) or lines[index].text[0] != sign:
                if not sign.isalnum() and sign not in _QUOTES:
                    lengths[start:index] = [index - start] * (index - start)
                start = index
        return lengths

    @cached_property
    def _body(self) -> str:
        """The running text, folded."""
        return "\n".join(line.folded for line, is_text in zip(self.page.lines, self.text, strict=True) if is_text)

    @cached_property
    def _title(self) -> frozenset[str]:
        return frozenset(_stems(" ".join(self.page.titles)))

    @cached_property
    def _sums(self) -> tuple[list[int], list[int], list[int]]:
        """Of the lines before each index: characters of running text, characters, lines taken."""
        text, chars, taken = [0], [0], [0]
        for line, is_text in zip(self.page.lines, self.text, strict=True):
            text.append(text[-1] + (line.chars if is_text else 0))
            chars.append(chars[-1] + line.chars + 3)
            taken.append(taken[-1] + (line.index in self.taken))
        return text, chars, taken

    @cached_property
    def _of_page(self) -> Signs:
        """Cues that all lines of the page share."""
        lines = self.page.lines
        stay = [line for line in lines if line.index not in self.taken]
        texts = sum(self.text)
        return _there(
            {
                "open page": sum(not line.ends_sentence for line in stay) / max(1, len(stay)),
                "few paragraphs": texts < 4,
                "no paragraph": texts == 0,
                "page much taken": min(0.5, len(self.taken) / len(lines)),
                "long page": math.log1p(len(lines)) / 6,
                "list in the text": min(1.0, sum(not line.ends_sentence for line in stay if self.first < line.index < self.last) / 20),
            }
        )

    def candidates(self, gates: Sequence[tuple[Tests, int]]) -> list[int]:
        """The lines that at least one of the gates (features asked for, characters of a paragraph) lets through."""
        if not self.article:
            return []
        told = self.page.titles[:1] if self.page.told else ()
        return [
            line.index
            for line in self.page.lines
            if line.index not in self.taken
            and any(not line.is_paragraph(chars) and holds(line, asked) for asked, chars in gates)
            and line.folded not in told
        ]

    def speaks(self, index: int) -> bool:
        """Whether more than shape speaks for the line's going: a word, a neighbour, a repetition.

        In a list most lines may look strange, so that there only a line's own words, or rules that take much of the list, speak.
        Never for a post: those that an article quotes are the article's.
        """
        line = self.page.lines[index]
        text = line.text
        if _POST.search(text):
            return False
        words = self._words_of(line)
        if index in self.weak or text.endswith(_CUT) or not self._listed("call").isdisjoint(words) or _ADDRESS.search(text):
            return True
        start, end = self._runs.get(index, (index, index + 1))
        gone = self._sums[2]
        if gone[end] - gone[start] >= (MUCH * (end - start) if not self.whole else 1):
            return True
        if end - start > 2 and not self.whole:
            return False
        return (
            index - 1 in self.weak
            or index + 1 in self.weak
            or line.repeats > 1
            or not self._listed("media").isdisjoint(words)
            or _LABEL.match(text) is not None
            or (line.chars < 30 and _DATE.search(text) is not None)
            or (not _closed(line) and self._foreign(line))
        )

    def _listed(self, name: str) -> frozenset[str]:
        return self._words.get(name, frozenset())

    def _words_of(self, line: Line) -> list[str]:
        return _WORD.findall(line.folded)

    def _foreign(self, line: Line) -> bool:
        """Whether the line has three rarer words and the running text none of them."""
        stems = _stems(line.folded)
        return len(stems) >= 3 and not any(stem in self._body for stem in stems)

    def signs(self, index: int) -> Signs:
        """The cues of one line."""
        line = self.page.lines[index]
        signs = self._look(line)
        self._say(line, signs)
        self._place(index, signs)
        self._cross(signs)
        signs.update(self._of_page)
        return signs

    def _look(self, line: Line) -> Signs:
        """What the line looks like."""
        text = line.text
        words = line.chars // 2 if is_wide(text) else len(line.words)
        letters = sum(map(str.isalpha, text)) or 1
        first = text[0]
        tokens = [word for word in text.split() if word[0].isalpha()]
        signs = {
            "closed end" if _closed(line) else "open end": 1.0,
            "one word" if words <= 1 else "2-3 words" if words <= 3 else "4-6 words" if words <= 6
            else "7-12 words" if words <= 12 else "13-20 words" if words <= 20 else "over 20 words": 1.0,
        }  # fmt: skip
        signs |= _there(
            {
                "cut short": text.endswith(_CUT),
                "question": text.rstrip(_QUOTES).endswith(("?", "？")),
                "exclamation": text.endswith(("!", "！")),
                "colon at end": text.endswith((":", "：")),
                "comma at end": text.endswith((",", ";")),
                "bracket at end": text.endswith((")", "]")),
                "small first letter": first.islower(),
                "digit first": first.isdigit(),
                "sign first": not first.isalnum() and first not in _QUOTES + "¿¡([",
                "quote first": first in _QUOTES,
                "title case": sum(word[0].isupper() for word in tokens[1:]) / (len(tokens) - 1) if len(tokens) > 2 else 0,
                "capitals": letters > 3 and sum(map(str.isupper, text)) > 0.6 * letters,
                "digits": sum(map(str.isdigit, text)) / len(text),
                "separators": min(3, len(_SEPARATOR.findall(text))),
                "commas": min(1.0, text.count(",") / max(1, words) * 3),
                "quoted": line.quoted,
                "small letter behind a sentence": (broken := _BROKEN.search(text)) is not None and broken[0][-1].islower(),
                "over 200 characters": line.chars > 200,
            }
        )
        return signs

    def _say(self, line: Line, signs: Signs) -> None:
        """What the line says, as far as word lists and the page's own words tell."""
        text, folded = line.text, line.folded
        words = self._words_of(line)
        count = max(1, len(words))
        held = {name: sum(word in listed for word in words) for name, listed in self._words.items()}
        stems = _stems(folded)
        known = sum(stem in self._body for stem in stems)
        dated = _DATE.search(text)
        signs |= _there(
            {
                "function words": held.get("function", 0) / count,
                "no function word": count > 3 and not held.get("function"),
                "past tense": min(2, held.get("past", 0)),
                "present tense": min(2, held.get("present", 0)),
                "says who": min(2, held.get("said", 0)),
                "called": min(2, held.get("call", 0)),
                "addressed": min(2, held.get("you", 0)),
                "pictured": min(2, held.get("media", 0)),
                "known words": known / len(stems) if stems else 0.5,
                "unknown words": min(6, len(stems) - known) / 6,
                "foreign": len(stems) >= 3 and known == 0,
                "words of the title": sum(stem in self._title for stem in stems) / len(stems) if stems else 0,
                "date": dated is not None,
                "date alone": dated is not None and line.chars < 30,
                "clock time": _CLOCK.search(text) is not None,
                "address": _ADDRESS.search(text) is not None,
                "post": _POST.search(text) is not None,
                "label": _LABEL.match(text) is not None,
                "repeated": line.repeats > 1,
            }
        )

    def _place(self, index: int, signs: Signs) -> None:
        """Where the line stands, and what stands around it."""
        lines, taken = self.page.lines, self.taken
        last = len(lines) - 1
        before, after = index - 1, index + 1
        start, end = self._runs.get(index, (index, after))
        run = end - start
        near = [taken[i] for i in range(max(0, index - NEAR), min(last, index + NEAR) + 1) if i in taken]
        text, chars, gone = self._sums
        a, b = max(0, index - 8), min(last, index + 8) + 1
        total = text[-1] or 1
        main_first, main_end = self.main
        beside = [lines[i].chars for i in (before, index, after) if 0 <= i <= last and not self.text[i]]
        signs |= _there(
            {
                "above the text": index < self.first,
                "below the text": index > self.last,
                "first line": index == 0,
                "in the headline's place": index == self.headline,
                "second line": index == 1,
                "last line": index == last,
                "alone in the text": run == 1 and self.first < index < self.last,
                "pair": run == 2,
                "run of 3-5": 3 <= run <= 5,
                "run of 6 or more": run > 5,
                "behind a colon": index > 0 and lines[before].text.endswith(":"),
                "behind text": index > 0 and self.text[before],
                "before text": index < last and self.text[after],
                "taken before": before in taken,
                "taken after": after in taken,
                "taken on both sides": before in taken and after in taken,
                "taken run": (gone[end] - gone[start]) / run,
                "taken around": (gone[min(last, index + AROUND) + 1] - gone[max(0, index - AROUND)]) / (2 * AROUND + 1),
                "picture before": taken.get(before) in PICTURES,
                "picture after": taken.get(after) in PICTURES,
                "picture near": any(category in PICTURES for category in near),
                "teaser near": "teaser" in near,
                "other near": any(category != "teaser" and category not in PICTURES for category in near),
                "weak": index in self.weak,
                "weak beside": before in self.weak or after in self.weak,
                "even": len(beside) == 3 and max(beside) < 2 * min(beside),
                "text around": (text[b] - text[a]) / (chars[b] - chars[a]),
                "off the main text": not main_first <= index < main_end,
                "far from the main text": math.log1p(max(main_first - index, index - main_end + 1, 0)) / 5,
                "in a bulleted list": math.log1p(self._bullets[index]) / 4,
                "outside": text[index] < 0.03 * total or text[index + 1] > 0.97 * total,
            }
        )

    def _cross(self, signs: Signs) -> None:
        """Cues that mean more together than they add up to."""
        get = signs.get
        is_open, unknown = "open end" in signs, get("unknown words", 0)
        headline = unknown if is_open and ("4-6 words" in signs or "7-12 words" in signs or "13-20 words" in signs) else 0
        below, alone = "below the text" in signs, "alone in the text" in signs
        signs |= _there(
            {
                "above, open": is_open and "above the text" in signs,
                "below, open": is_open and below,
                "below, cut short": below and "cut short" in signs,
                "below, in a run": below and "run of 6 or more" in signs,
                "alone, open": is_open and alone,
                "alone, unknown words": unknown if alone else 0,
                "headline": headline,
                "headline in a run": headline if "run of 3-5" in signs or "run of 6 or more" in signs else 0,
                "headline below": headline if below else 0,
                "open, known words": get("known words", 0) if is_open else 0,
                "closed, past tense": "past tense" in signs and not is_open,
                "present tense near a picture": "present tense" in signs and "picture near" in signs,
                "closed near a picture": not is_open and "picture near" in signs,
                "open, no text around": 1 - get("text around", 0) if is_open else 0,
                "off the main text, open": is_open and "off the main text" in signs,
                "off the main text, closed": not is_open and "off the main text" in signs,
                "in the main text, closed": not is_open and "off the main text" not in signs,
                "in a bulleted list off the main text": get("in a bulleted list", 0) if "off the main text" in signs else 0,
                "outside, open": is_open and "outside" in signs,
                "names": get("title case", 0) * unknown,
                "called and addressed": "called" in signs and "addressed" in signs,
            }
        )


def _closed(line: Line) -> bool:
    """Whether the line closes a sentence, and not just with the dots of an abbreviation (D.C., U.S.)."""
    return line.ends_sentence and not _INITIALS.search(line.text)


def _there(signs: Mapping[str, float]) -> Signs:
    return {name: float(value) for name, value in signs.items() if value}


def _stems(folded: str) -> list[str]:
    """The beginnings of the rarer words; pairs of characters in scripts without spaces."""
    if is_wide(folded):
        solid = "".join(_WORD.findall(folded))
        return [solid[i : i + 2] for i in range(len(solid) - 1)]
    return [word[:_STEM] for word in _RARE.findall(folded)]


def around(index: int, standing: Sequence[float]) -> Signs:
    """The cues of the second pass: how the lines around stand (1 goes, 0 stays) after the first."""
    last = len(standing) - 1
    near = [standing[i] for i in range(max(0, index - NEAR), min(last, index + NEAR) + 1) if i != index]
    return _there(
        {
            "standing before": standing[index - 1] if index else 0.5,
            "standing after": standing[index + 1] if index < last else 0.5,
            "standing around": sum(near) / len(near) if near else 0.5,
        }
    )


def total(weights: Mapping[str, float], signs: Signs) -> float:
    """The sum of the weights of the cues that are there."""
    return weights.get("bias", 0.0) + sum(value * weights[name] for name, value in signs.items() if name in weights)


def chance(weighed: float) -> float:
    """A sum as a number from 0 (stays) to 1 (goes)."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, weighed))))


def strongest(weights: Mapping[str, float], signs: Signs, count: int = 4) -> list[tuple[str, float]]:
    """The cues that spoke loudest for the line's going, with what each added."""
    spoke = [(name, round(value * weights[name], 2)) for name, value in signs.items() if name in weights]
    return sorted((pair for pair in spoke if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))[:count]
