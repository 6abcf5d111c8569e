"""The body of a whole web page: whether there is one, and how a line stands to it.

In all the text of a page a line's looks say little: the steps of a recipe look like a menu. The page tells them apart. jusText
(Pomikálek 2011) and Boilerpipe (Kohlschütter 2010) let the nearest paragraphs speak for a line; here a line is also asked what lies
between it and the body, the densest stretch of running text (see `Sheet.main`), and the body whether it is an article's at all: the
text below a list of products, or of recipes, is dense, too, but tells no story and has no date.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from cleaner.detectors.said import Said, Signs, there
from cleaner.lazy import lazy
from cleaner.segment import Line

LEAST_MAIN, LEAST_IN_MAIN = 1_500, 0.6
"""The characters of the body, and its share of all running text, from which on a page is one of an article."""
LEAST_OF_STORY, LEAST_IN_STORY = 300, 0.35
"""The same for a body that clearly tells a story (`STORY`) under a headline or a date: a short report."""
STORY, NO_STORY = 0.4, 0.1
"""How much a body narrates (1: every twentieth word is a verb in the past tense or says who says) that does, and that does not."""
AROUND = 20
"""Lines above and below that count as a line's surroundings."""
_ABOVE = 15
"""Lines above the body among which its headline, its author and its date stand."""
_PERIODS = range(1, 7)
"""Lines after which a list of cards begins again (headline, blurb, date)."""
_FAR = 99
_SPECIALS = "*+-•"
_PRICE = re.compile(r"[$€£¥₹₽] ?\d|\d ?(?:[$€£¥₹₽]|\b(?:EUR|USD|kr|zł|Kč)\b)")
_KINDS = (
    "byline", "caption", "comment", "cookie", "credit", "footer", "form", "forum", "navigation", "newsletter", "notice", "paywall",
    "player", "share", "shop", "social", "tag", "teaser", "wiki",
)  # fmt: skip
"""Categories of removed lines whose number tells what page this is."""


class Body:
    """The body of a whole web page, and how its lines stand to it.

    Args:
        lines: the page's lines.
        text: for each, whether it is running text that no rule takes.
        main: (first line, line behind the last) of the densest stretch of running text.
        taken: line -> category, of those that rules take.
        said: what a line's text shows.
    """

    def __init__(
        self, lines: Sequence[Line], text: Sequence[bool], main: tuple[int, int], taken: Mapping[int, str], said: Callable[[Line], Said]
    ) -> None:
        self._lines, self._text, self._taken, self._said = lines, text, taken, said
        self._first, self._end = main
        self._prose = [line for line in lines[self._first : self._end] if text[line.index]]

    @lazy
    def _stems(self) -> frozenset[str]:
        return frozenset(stem for line in self._prose for stem in self._said(line).stems)

    def _shared(self, line: Line) -> float:
        """The share of a line's rarer words that the body has."""
        stems = self._said(line).stems
        return sum(map(self._stems.__contains__, stems)) / len(stems) if stems else 0.5

    # --- the page ------------------------------------------------------------------------------------------------------

    @lazy
    def _chars(self) -> tuple[int, int]:
        """Characters of the body, and of all running text."""
        texts = sum(line.chars for line, is_text in zip(self._lines, self._text, strict=True) if is_text)
        return sum(line.chars for line in self._prose), texts

    @lazy
    def article(self) -> bool:
        """Whether the body is an article's: long, most of the running text, with a story or a date; or short, but a story without doubt."""
        page, (chars, texts) = self.page, self._chars
        if "page: no story, no date" in page:
            return False
        if chars >= max(LEAST_MAIN, LEAST_IN_MAIN * texts):
            return True
        headed = page.get("page: headline above the body", 0) >= 0.5 or "page: date above the body" in page
        return headed and page.get("page: body narrates", 0) >= STORY and chars >= max(LEAST_OF_STORY, LEAST_IN_STORY * texts)

    @lazy
    def page(self) -> Signs:
        """Cues that all lines of the page share: whether it is the page of an article."""
        signs = self._shape() | self._tone() | self._head()
        late, elsewhere = signs["page: body late"], signs["page: prose elsewhere"]
        story = signs["page: body narrates"]
        told = signs["page: date above the body"] or signs["page: byline above the body"]
        signs |= {
            "page: no story": story < NO_STORY,
            "page: no story, no date": story < NO_STORY and not told,
            "page: little story, no date": story < 0.3 and not told,
            "page: no story, prose elsewhere": story < NO_STORY and elsewhere,
            "page: no story, body late": story < NO_STORY and late,
            "page: no date, prose elsewhere": not told and elsewhere,
            "page: no date, body late": not told and late,
            "page: story and date": story >= NO_STORY and told,
        }
        kinds = Counter(self._taken.values())
        return there(signs | {f"page: has {kind}": math.log1p(kinds[kind]) / 3 for kind in _KINDS})

    def _shape(self) -> Signs:
        """Where the body is, and how much of the page."""
        lines, first, end = self._lines, self._first, self._end
        count, prose, (chars, texts) = len(lines), len(self._prose), self._chars
        stay = sum(line.chars for line in lines if line.index not in self._taken)
        return {
            "page: body late": first / count,
            "page: body in the last third": first > 0.67 * count,
            "page: much below the body": (count - end) / count,
            "page: body of the text": chars / (texts or 1),
            "page: body of the page": chars / (stay or 1),
            "page: long body": math.log1p(chars) / 9,
            "page: short body": chars < 1000,
            "page: body of few paragraphs": prose < 4,
            "page: tight body": prose / max(1, end - first),
            "page: long paragraphs": min(3.0, chars / max(1, prose) / 200),
            "page: body taken": sum(index in self._taken for index in range(first, end)) / max(1, end - first),
            "page: prose elsewhere": min(1.0, (sum(self._text) - prose) / 30),
        }

    def _tone(self) -> Signs:
        """How the body speaks: as a story does, or as an offer."""
        words = [self._said(line) for line in self._prose]
        spoken = sum(len(said.words) for said in words) or 1
        you, call, past, says = (sum(said.count(name) for said in words) for name in ("you", "call", "past", "said"))
        prices = sum(_PRICE.search(line.text) is not None for line in self._lines if not self._text[line.index])
        return {
            "page: body addresses": min(1.0, 20 * you / spoken),
            "page: body calls": min(1.0, 40 * call / spoken),
            "page: body narrates": min(1.0, 20 * (past + says) / spoken),
            "page: body says who": min(1.0, 80 * says / spoken),
            "page: prices": min(1.0, 10 * prices / len(self._lines)),
        }

    def _head(self) -> Signs:
        """What stands above the body: a headline that shares its words, a date, an author."""
        first = self._first
        top = max(0, first - _ABOVE)
        above = [line for line in self._lines[top:first] if line.index not in self._taken and not self._text[line.index]]
        return {
            "page: headline above the body": max((self._shared(line) for line in above if len(self._said(line).stems) >= 3), default=0.0),
            "page: date above the body": any(self._said(line).dated for line in self._lines[top : first + 2]),
            "page: byline above the body": any(self._taken.get(index) == "byline" for index in range(top, first + 2)),
        }

    # --- a line --------------------------------------------------------------------------------------------------------

    @lazy
    def _sums(self) -> tuple[list[int], list[int], list[int]]:
        """Of the lines before each index: running text, lines taken, lines with a date."""
        text, taken, dated = [0], [0], [0]
        for line in self._lines:
            text.append(text[-1] + self._text[line.index])
            taken.append(taken[-1] + (line.index in self._taken))
            dated.append(dated[-1] + self._said(line).dated)
        return text, taken, dated

    @lazy
    def _nearest(self) -> tuple[list[int], list[int]]:
        """For each line how many lines away the nearest running text above and below it is."""
        count = len(self._lines)
        above, below = [_FAR] * count, [_FAR] * count
        for index in range(1, count):
            above[index] = 1 if self._text[index - 1] else min(_FAR, above[index - 1] + 1)
        for index in range(count - 2, -1, -1):
            below[index] = 1 if self._text[index + 1] else min(_FAR, below[index + 1] + 1)
        return above, below

    def _kind(self, line: Line) -> tuple[int, bool, bool, bool] | None:
        """What a line looks like from afar; None for one that is taken."""
        if line.index in self._taken:
            return None
        size = (line.chars >= 12) + (line.chars >= 40) + (line.chars >= 110)
        return size, line.ends_sentence, self._said(line).dated, line.text[0] in _SPECIALS

    @lazy
    def _rhythm(self) -> list[float]:
        """For each line how regularly lines of its kind come back, in periods of one to six lines: 0 to 1 (six times or more)."""
        kinds = [self._kind(line) for line in self._lines]
        found = [0.0] * len(kinds)
        for period in _PERIODS:
            start = 0
            for index in range(len(kinds) - period + 1):
                if index < len(kinds) - period and kinds[index] == kinds[index + period]:
                    continue
                length = index - start
                if length >= 2 * period and (period == 1 or len(set(kinds[start : start + period])) > 1):
                    for place in range(start, index + period):
                        found[place] = max(found[place], min(1.0, length / (6 * period)))
                start = index + 1
        return found

    def cut_off(self, index: int) -> bool:
        """Whether the line stands outside of the body and rules take lines near it."""
        taken = self._sums[1]
        return not self._first <= index < self._end and taken[min(len(self._lines), index + AROUND + 1)] > taken[max(0, index - AROUND)]

    def line(self, index: int) -> Signs:
        """Cues of one line."""
        over, under = index < self._first, index >= self._end
        signs = self._place(index, over=over, under=under)
        if over or under:
            closed, blurb = self._lines[index].ends_sentence, self._text[index]
            signs |= {
                "body: prose off it": blurb,
                "body: prose above": over and blurb,
                "body: short prose off it": blurb and self._lines[index].chars < 220,
                "body: long, off it": self._lines[index].chars > 300,
                "body: closed, above": over and closed,
                "body: closed, below": under and closed,
                "body: behind an open line, off it": closed and index > 0 and not self._lines[index - 1].ends_sentence,
                "body: its words, off it": signs["body: its words"],
                "body: none of its words, off it": signs["body: its words"] == 0,
                "body: rhythm off it": signs["body: rhythm"],
                "body: dates near, off it": signs["body: dates near"],
                "body: dates around, off it": signs["body: dates around"],
            }
        else:
            signs |= {"body: prose": self._text[index], "body: rhythm in it": signs["body: rhythm"]}
        return there(signs)

    def _place(self, index: int, *, over: bool, under: bool) -> Signs:
        """Where the line stands, and what stands around it."""
        line, first, end, count = self._lines[index], self._first, self._end, len(self._lines)
        text, taken, dated = self._sums
        above, below = self._nearest[0][index], self._nearest[1][index]
        low, high = max(0, index - AROUND), min(count, index + AROUND + 1)
        cut = taken[first] - taken[index] if over else taken[index] - taken[end] if under else 0
        between = text[first] - text[index + 1] if over else text[index] - text[end] if under else 0
        return {
            "body: above": over,
            "body: below": under,
            "body: far above": math.log1p(first - index) / 5 if over else 0,
            "body: far below": math.log1p(index - end + 1) / 5 if under else 0,
            "body: just above": over and first - index <= 6,
            "body: just below": under and index - end < 6,
            "body: prose far above": math.log1p(above) / 5,
            "body: prose far below": math.log1p(below) / 5,
            "body: prose on neither side": above > 3 and below > 3,
            "body: prose between": min(1.0, between / 10),
            "body: taken between": min(1.0, cut / 10),
            "body: none taken between": (over or under) and not cut,
            "body: much taken between": cut > 3,
            "body: prose around": (text[high] - text[low]) / (high - low),
            "body: its words": self._shared(line),
            "body: rhythm": self._rhythm[index],
            "body: dates near": min(3, dated[min(count, index + 4)] - dated[max(0, index - 3)]) / 3,
            "body: dates around": min(1.0, (dated[high] - dated[low]) / 10),
            "body: long": line.chars > 300,
            "body: price": _PRICE.search(line.text) is not None,
        }
