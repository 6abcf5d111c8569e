"""The cues of a page's lines: what ``cues`` weighs.

What a line looks like and says is worked out once for a text, however many times it is read; where it stands, once for a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import NamedTuple

from cleaner.detectors.body import AROUND, Body
from cleaner.detectors.said import CUT, LABEL, QUOTES, Said, Signs, stems_of, there
from cleaner.features import Tests, holds
from cleaner.lazy import lazy
from cleaner.segment import Line, Page, is_wide

PARAGRAPH = 100
"""Characters (see `Line.is_paragraph`) from which on a line counts as running text of the page."""
LEAST_TEXT = 0.4
"""The share of running text below which an extracted text is no article that a line could be strange to."""
NEAR = 3
OFF_TEXT = 60
"""Characters of running text that one line of anything else takes away from a stretch of it."""
LONG = 1 << 16
"""Characters from which on a text's words are looked for among its distinct words."""
FURNITURE = frozenset(
    "navigation footer share social comment cookie contact newsletter paywall notice form forum shop wiki byline source disclaimer".split()
)
"""Categories of which a whole web page shows several and an extracted article few."""
PICTURES = frozenset({"caption", "credit", "markup"})
MUCH = 0.2
"""The share of a run of lines that rules take from which on it speaks for the rest of the run."""


class Standing(NamedTuple):
    """What rules have said of a page's lines: category of those that go, and the lines that weak rules found."""

    taken: Mapping[int, str]
    weak: frozenset[int]


class Sheet:
    """The cues of a page's lines, given what rules have said of it.

    Args:
        page: the page.
        standing: what rules have said of its lines.
        words: list's name -> its words; lists that are used: function, past, present, said, call, you, media.
        known: text of a line -> what it shows, from an earlier reading with the same words; what is new is added.
    """

    def __init__(self, page: Page, standing: Standing, words: Mapping[str, frozenset[str]], known: dict[str, Said] | None = None) -> None:
        self.page = page
        self.taken = taken = standing.taken
        self.weak = standing.weak
        self._words = words
        self._known = {} if known is None else known
        self._stems_known: dict[str, bool] = {}
        self.text = [index not in taken and line.is_paragraph(PARAGRAPH) for index, line in enumerate(page.lines)]

    @lazy
    def first(self) -> int:
        """The first line of running text; behind the last line if there is none."""
        return self.text.index(True) if True in self.text else len(self.text)

    @lazy
    def last(self) -> int:
        """The last line of running text; -1 if there is none."""
        return len(self.text) - 1 - self.text[::-1].index(True) if True in self.text else -1

    @lazy
    def whole(self) -> bool:
        """Whether this is all the text of a web page rather than an article's: many lines, most of them open, several taken by rules."""
        lines = self.page.lines
        if len(lines) < 50 or len(self.taken) < 6 or sum(self.text) * 3 > len(lines):
            return False
        return len(FURNITURE.intersection(self.taken.values())) >= 2

    @lazy
    def article(self) -> bool:
        """Whether the page holds an article that a line could be strange to, and not a list, a table or a program alone."""
        sizes = [line.chars for line in self.page.lines]
        text = sum(compress(sizes, self.text))
        return self.body.article if self.whole else text >= LEAST_TEXT * (sum(sizes) + 3 * len(sizes))

    @lazy
    def headline(self) -> int | None:
        """The first line that stays, if it has the words of a headline (4 to 30)."""
        for line in self.page.lines[:6]:
            if line.index not in self.taken:
                words = line.chars // 2 if is_wide(line.text) else len(line.words)
                return line.index if 4 <= words <= 30 else None
        return None

    @lazy
    def _runs(self) -> dict[int, tuple[int, int]]:
        """Line -> (first, behind the last) of the run of lines without running text it stands in."""
        runs = {}
        start = 0
        for index, text in enumerate([*self.text, True]):
            if text:
                runs.update(dict.fromkeys(range(start, index), (start, index)))
                start = index + 1
        return runs

    @lazy
    def _dialog(self) -> frozenset[int]:
        """The lines near those of a dialog about cookies: it may hold more running text than the article."""
        if not self.whole:
            return frozenset()
        cookies = [index for index, category in self.taken.items() if category == "cookie"]
        return frozenset(near for index in cookies for near in range(index - NEAR, index + NEAR + 1))

    @lazy
    def main(self) -> tuple[int, int]:
        """(first line, line behind the last) of the stretch with the most running text: maximum subsequence, Pasternack and Roth 2009.

        A line of running text counts its characters for, any other line `OFF_TEXT` against the stretch.
        """
        best, found = 0, (0, 0)
        sum_, start = 0, 0
        dialog = self._dialog
        for index, line in enumerate(self.page.lines):
            if sum_ <= 0:
                sum_, start = 0, index
            sum_ += line.chars if self.text[index] and index not in dialog else -OFF_TEXT
            if sum_ > best:
                best, found = sum_, (start, index + 1)
        return found

    @lazy
    def body(self) -> Body:
        """The body of a whole web page."""
        return Body(self.page.lines, self.text, self.main, self.taken, self._said)

    @lazy
    def _bullets(self) -> list[int]:
        """For each line the length of the run of lines around it that begin with the same sign."""
        lines = self.page.lines
        lengths = [0] * len(lines)
        start = 0
        for index in range(1, len(lines) + 1):
            sign = lines[start].text[0]
            if index == len(lines) or lines[index].text[0] != sign:
                if not sign.isalnum() and sign not in QUOTES:
                    lengths[start:index] = [index - start] * (index - start)
                start = index
        return lengths

    @lazy
    def _body(self) -> str:
        """The running text, folded; of a long one each word once: where a word is looked for, all of it is gone through."""
        body = "\n".join(line.folded for line, is_text in zip(self.page.lines, self.text, strict=True) if is_text)
        return " ".join(set(body.split())) if len(body) > LONG else body

    @lazy
    def _title(self) -> frozenset[str]:
        return frozenset(stems_of(" ".join(self.page.titles)))

    @lazy
    def _sums(self) -> tuple[list[int], list[int], list[int]]:
        """Of the lines before each index: characters of running text, characters, lines taken."""
        text, chars, taken = [0], [0], [0]
        for line, is_text in zip(self.page.lines, self.text, strict=True):
            text.append(text[-1] + (line.chars if is_text else 0))
            chars.append(chars[-1] + line.chars + 3)
            taken.append(taken[-1] + (line.index in self.taken))
        return text, chars, taken

    @lazy
    def _of_page(self) -> Signs:
        """Cues that all lines of the page share."""
        lines = self.page.lines
        stay = [line for line in lines if line.index not in self.taken]
        texts = sum(self.text)
        return there(
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
        return [line.index for line in self.page.lines if line.index not in self.taken and line.folded not in told and _passes(line, gates)]

    def speaks(self, index: int) -> bool:
        """Whether more than shape speaks for the line's going: a word, a neighbour, a repetition.

        In a list most lines may look strange, so that there only a line's own words, or rules that take much of the list, speak.
        Never for a post: those that an article quotes are the article's. Off the body of a whole page, lines that rules take nearby speak.
        """
        line = self.page.lines[index]
        text = line.text
        said = self._said(line)
        if said.post:
            return False
        if index in self.weak or text.endswith(CUT) or said.holds("call") or said.address:
            return True
        start, end = self._runs.get(index, (index, index + 1))
        gone = sum(map(self.taken.__contains__, range(start, end)))
        if gone >= (MUCH * (end - start) if not self.whole else 1):
            return True
        if self.whole and self.body.cut_off(index):
            return True
        if end - start > 2 and not self.whole:
            return False
        return (
            index - 1 in self.weak
            or index + 1 in self.weak
            or line.repeats > 1
            or said.holds("media")
            or LABEL.match(text) is not None
            or (line.chars < 30 and said.dated)
            or (not said.closed and self._foreign(said))
        )

    def _said(self, line: Line) -> Said:
        said = self._known.get(line.text)
        if said is None:
            said = self._known[line.text] = Said(line, self._words)
        return said

    def _told(self, stem: str) -> bool:
        """Whether a word of the running text has this beginning, or holds it."""
        told = self._stems_known.get(stem)
        if told is None:
            told = self._stems_known[stem] = stem in self._body
        return told

    def _foreign(self, said: Said) -> bool:
        """Whether the line has three rarer words and the running text none of them."""
        return len(said.stems) >= 3 and not any(map(self._told, said.stems))

    def signs(self, index: int) -> Signs:
        """The cues of one line."""
        line = self.page.lines[index]
        said = self._said(line)
        signs = dict(said.signs)
        self._compare(line, said, signs)
        self._place(index, signs)
        self._cross(signs)
        signs.update(self._of_page)
        if self.whole:
            signs |= self.body.line(index) | self.body.page
        return signs

    def _compare(self, line: Line, said: Said, signs: Signs) -> None:
        """What the line says, beside what the page says."""
        stems = said.stems
        known = sum(map(self._told, stems))
        signs |= there(
            {
                "known words": known / len(stems) if stems else 0.5,
                "unknown words": min(6, len(stems) - known) / 6,
                "foreign": len(stems) >= 3 and known == 0,
                "words of the title": sum(map(self._title.__contains__, stems)) / len(stems) if stems else 0,
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
        signs |= there(
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
        signs |= there(
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


def _passes(line: Line, gates: Sequence[tuple[Tests, int]]) -> bool:
    for asked, chars in gates:  # noqa: SIM110 - see `holds`
        if not line.is_paragraph(chars) and holds(line, asked):
            return True
    return False
