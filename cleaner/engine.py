"""A rulebook on a document: judge, then cut.

Rules are asked again on what is left until none has anything to say: a line that a removal has brought to light is
judged like any other, and so cleaning twice changes nothing. Every step shortens the text or mends a character, so it ends.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

from cleaner import rulebook
from cleaner.detectors import Hit
from cleaner.detectors.cues import WIDE, Cues, around, chance, strongest, total
from cleaner.detectors.said import Said
from cleaner.detectors.sheet import NEAR, Sheet, Standing
from cleaner.document import Cleaned, CleanerError, Document, Edit, Span, apply, compose
from cleaner.features import holds, tests
from cleaner.matcher import MATCHERS, OneByOne
from cleaner.rulebook import Rule, Rulebook
from cleaner.segment import Page

ROUNDS = 25
"""How often a text is gone over at least before it is given up. Of 23,000 news articles none took more than four."""
WORK = 1_000_000
"""Characters to go over, all rounds together: a short text may take more rounds. A line in which a rule finds the next of thousands of
credits only when the one before has gone would take minutes otherwise, and hours if it were ten times as long."""


PIECE = 1 << 20
"""Characters of a text that are looked at as one page: all that is known of a page's lines takes a hundred times their room."""
_PIECES_END = re.compile(r"[^\n]{150}[.!?…。！？][\"'”’»)]*\r?\n+")


class UnsettledError(CleanerError):
    """A text in which there was something to remove each time it was gone over, too often."""


class Mark(NamedTuple):
    """A rule's word on a line or a part of it."""

    rule: Rule
    evidence: str


class Cleaner:
    """Rules, chosen and ready to clean with.

    Args:
        rules: files of rules of your own, beside those that come with the package.
        select: ids of rules, or families, that alone are on. Default: all.
        ignore: ids of rules, or families, that are off.
        keep: categories that are not removed.
        remove: categories that are kept by default and shall go too: ``byline``.
        strictness: how much evidence rules of weighed cues need: "low" takes least, "normal", or "high" takes most.

    Cleaning changes nothing in it that a result depends on, and it can be pickled: the same text gives the same result in any
    process and order.
    Raises RuleError for a rule file, a rule or a name that is wrong.

    >>> from cleaner import Cleaner
    >>> Cleaner(keep=["ad"]).clean("Advertisement\\nThe bridge opened on Monday.").text
    'Advertisement\\nThe bridge opened on Monday.'
    """

    def __init__(
        self,
        rules: Iterable[str | Path] = (),
        *,
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
        keep: Iterable[str] = (),
        remove: Iterable[str] = (),
        strictness: str = "normal",
        matcher: str = "ahocorasick",
    ) -> None:
        if strictness not in Cues.STRICTNESS:
            raise CleanerError(f"strictness takes {', '.join(Cues.STRICTNESS)}, not {strictness!r}")
        chosen = {"rules": rules, "select": select, "ignore": ignore, "keep": keep, "remove": remove}
        for name, choice in chosen.items():
            if isinstance(choice, str | Path):
                raise CleanerError(f"{name!r} takes a list, not {str(choice)!r} alone")
        self.chosen = {name: [str(one) for one in choice] for name, choice in chosen.items()}
        self.book = rulebook.load(self.chosen["rules"]).choose(*(self.chosen[name] for name in ("select", "ignore", "keep", "remove")))
        self.strictness = strictness
        self.matcher = matcher

    @classmethod
    def of(cls, book: Rulebook, matcher: str = "ahocorasick", strictness: str = "normal") -> Cleaner:
        """A cleaner with just these rules."""
        made = cls.__new__(cls)
        made.book, made.matcher, made.strictness, made.chosen = book, matcher, strictness, {}
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {"book": self.book, "matcher": self.matcher, "strictness": self.strictness, "chosen": self.chosen}

    @cached_property
    def _repairs(self) -> list[Rule]:
        return [rule for rule in self.book.rules if rule.kind == "repair"]

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where in the book each rule stands."""
        return {rule.id: place for place, rule in enumerate(self.book.rules)}

    @cached_property
    def _wordless(self) -> frozenset[int]:
        """The places of the rules that look at every page, whatever its words."""
        return frozenset(place for place, rule in enumerate(self.book.rules) if rule.kind == "repeat")

    @cached_property
    def _cues(self) -> list[Rule]:
        return [rule for rule in self.book.rules if rule.kind == "cues"]

    @cached_property
    def _words(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(words) for rule in self._cues for name, words in rule.settings.get("words", {}).items()}

    @cached_property
    def _scanner(self) -> OneByOne:
        return MATCHERS[self.matcher](self.book)

    def clean(self, document: Document | str) -> Cleaned:
        """What is left of a document, and every edit that led there.

        Args:
            document: a `Document`, or a text.
        Raises:
            RuleTimeoutError: a rule did not end on a line.
            UnsettledError: what goes brings to light what goes, and so on without end in sight.
        """
        if isinstance(document, str):
            document = Document("", document)
        edits: list[Edit] = []
        text = document.text
        known: dict[str, Said] = {}
        rounds = 0
        while text:
            step = [edit for start, piece in pieces(text) for edit in self._step(document, piece, start, known)]
            if not step:
                break
            rounds += 1
            if rounds > max(ROUNDS, WORK // len(document.text)):
                raise UnsettledError(f"gone over {rounds} times, and rule {step[0].rule} still takes something; left as it is")
            edits = compose(document.text, edits, step)
            text = apply(text, step)
        return Cleaned(document, tuple(edits))

    def _step(self, document: Document, piece: str, start: int, known: dict[str, Said]) -> list[Edit]:
        """The next edits of a piece of a document's text, which begins at ``start``."""
        page = Page(piece, document.title, markdown=document.meta.get("markup") == "markdown")
        edits = self._mends(page) or cut(page, *self._marks(page, document.lang, known))
        if start:
            known.clear()  # of a text of many pieces no more is held than of one
        return [edit._replace(start=start + edit.start) for edit in edits] if start else edits

    def _mends(self, page: Page) -> list[Edit]:
        """The edits of the first repair rule that has any."""
        for rule in self._repairs:
            mends = [Edit(at, old, new, rule.id, rule.category) for at, old, new in rule.repair.mends(page)]
            if mends:
                return mends
        return []

    def _marks(self, page: Page, lang: str | None, known: dict[str, Said]) -> tuple[dict[int, Mark], list[tuple[Span, Mark]]]:
        """(lines that go, parts of lines that go), each with the rule that says so; the first rule that does."""
        lines, parts, weak = self.judged(page, lang)
        rules = [rule for rule in self._cues if not (rule.lang and lang and rule.lang != lang)]
        if rules and page.lines:
            self._weigh(rules, Sheet(page, Standing(taken(page, lines, parts), frozenset(weak)), self._words, known), lines)
        return lines, parts

    def judged(
        self, page: Page, lang: str | None = None, off: Container[str] = ()
    ) -> tuple[dict[int, Mark], list[tuple[Span, Mark]], set[int]]:
        """(lines that go, parts that go, lines that only weak rules found) by all rules but cues and those ``off``."""
        scan = self._scanner.scan(page)
        lines: dict[int, Mark] = {}
        parts: list[tuple[Span, Mark]] = []
        weak: dict[int, list[Mark]] = {}
        kinds: dict[int, set[str]] = {}
        for place in sorted(self._wordless.union(self._places[name] for name in scan)):
            rule = self.book.rules[place]
            if (rule.lang and lang and rule.lang != lang) or rule.id in off:
                continue
            for hit in _hits(rule, page, scan.get(rule.id, {})):
                mark = Mark(rule, hit.evidence)
                if rule.contextual:
                    weak.setdefault(hit.line, []).append(mark)
                elif hit.parts:
                    parts += ((span, mark) for span in hit.parts)
                else:
                    lines.setdefault(hit.line, mark)
                    kinds.setdefault(hit.line, set()).add(rule.category)
        if weak:
            support(lines, weak, kinds)
        return lines, parts, {index for index in weak if index not in lines}

    def _weigh(self, rules: Sequence[Rule], sheet: Sheet, lines: dict[int, Mark]) -> None:
        """Adds to ``lines`` those that the rules of weighed cues take, given what the other rules have said."""
        page = sheet.page
        kind = "whole" if sheet.whole else "text"
        weighed = [(rule, cues) for rule in rules if (cues := cast(Cues, rule.detector)).pages == kind and cues.together]
        lines_weighed = sheet.candidates([(tests(rule.when), cues.paragraph) for rule, cues in weighed])
        speaking = [index for index in lines_weighed if sheet.speaks(index)]
        if not speaking:
            return
        reach = WIDE if sheet.whole else NEAR
        near = {other for index in speaking for other in range(index - reach, index + reach + 1)}
        signs = {index: sheet.signs(index) for index in lines_weighed if index in near}
        standing = [float(index in sheet.taken) for index in range(len(page.lines))]
        for index, found in signs.items():
            standing[index] = max(chance(total(cues.alone, found)) for _rule, cues in weighed)
        for index in speaking:
            found = signs[index] | around(index, standing, wide=sheet.whole)
            for rule, cues in weighed:
                weight = total(cues.together, found)
                if weight >= cues.threshold[self.strictness] and holds(page.lines[index], tests(rule.when)):
                    cause = ", ".join(f"{name} {added:+.1f}" for name, added in strongest(cues.together, found))
                    lines[index] = Mark(rule, f"{cause}; in all {weight:+.1f}")
                    break


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """(where it begins, a piece) of a text: one, but for a very long text. A piece ends behind a paragraph where it can."""
    start = 0
    while len(text) - start > PIECE:
        found = _PIECES_END.search(text, start + PIECE, start + 2 * PIECE)
        end = found.end() if found else text.find("\n", start + PIECE) + 1
        if not end:
            break
        yield start, text[start:end]
        start = end
    if start < len(text):
        yield start, text[start:] if start else text


def taken(page: Page, lines: Mapping[int, Mark], parts: Sequence[tuple[Span, Mark]]) -> dict[int, str]:
    """The category of each line that goes, whole or in parts that leave little of it."""
    found = {index: mark.rule.category for index, mark in lines.items()}
    starts = [line.start for line in page.lines] if parts else []
    cuts: dict[int, int] = {}
    for span, mark in parts:
        index = bisect_right(starts, span.start) - 1
        cuts[index] = cuts.get(index, 0) + span.end - span.start
        if cuts[index] * 5 >= page.lines[index].chars * 4:
            found.setdefault(index, mark.rule.category)
    return found


def _hits(rule: Rule, page: Page, found: Mapping[str, Mapping[int, tuple[Span, ...]]]) -> Iterable[Hit]:
    """What a rule's detector says; one that looks for no wording is held to the rule's features here."""
    roles = rule.detector.roles
    if not roles:
        return (hit for hit in rule.detector.detect(page, {}) if holds(page.lines[hit.line], tests(rule.when)))
    if roles[0] not in found:
        return ()
    return rule.detector.detect(page, {role: found.get(role, {}) for role in roles})


def support(lines: dict[int, Mark], weak: dict[int, list[Mark]], kinds: dict[int, set[str]]) -> None:
    """Adds to ``lines`` those of the weak hits that their neighbours bear out; ``kinds``: all categories by which a line goes.

    A weak hit stands when a line directly beside it goes by a category the rule names (``beside``), or when it is one of
    ``min_run`` lines in a row that go already or that weak rules of its category have found.
    """

    def found(index: int, category: str) -> bool:
        return index in lines or any(mark.rule.category == category for mark in weak.get(index, ()))

    def run(index: int, category: str) -> int:
        first = last = index
        while found(first - 1, category):
            first -= 1
        while found(last + 1, category):
            last += 1
        return last - first + 1

    def stands(index: int, mark: Mark) -> str:
        when = mark.rule.when
        for beside in (index - 1, index + 1):
            wanted = when.get("beside", ())
            if beside in lines and ("*" in wanted or not kinds[beside].isdisjoint(wanted)):
                return f"beside a line that {lines[beside].rule.id} takes"
        length = run(index, mark.rule.category) if "min_run" in when else 0
        return f"one of {length} such lines in a row" if length >= when.get("min_run", length + 1) else ""

    moved = True
    while moved:
        moved = False
        for index in sorted(weak):
            if index in lines:
                continue
            for mark in weak[index]:
                evidence = stands(index, mark)
                if evidence:
                    lines[index] = Mark(mark.rule, "; ".join(filter(None, (mark.evidence, evidence))))
                    kinds.setdefault(index, set()).add(mark.rule.category)
                    moved = True
                    break


def cut(page: Page, marked: dict[int, Mark], parts: Sequence[tuple[Span, Mark]]) -> list[Edit]:
    """The edits that take the marked lines and parts out of the page's text.

    A line goes with its newline; of blank lines around what goes the larger gap stays, and none at the top or the end.
    A part goes with the space it would leave double; a line of which only white space would stay goes whole.
    """
    text = page.text
    lines = dict(marked)
    inside: dict[int, list[tuple[Span, Mark]]] = {}
    owner = 0
    for span, mark in sorted(parts, key=lambda part: part[0]):
        while page.lines[owner].end < span.end:
            owner += 1
        if owner not in lines:
            inside.setdefault(owner, []).append((span, mark))
    edits: list[Edit] = []
    for index, spans in inside.items():
        line = page.lines[index]
        merged = _merged(text, line.start, line.end, spans)
        if sum(edit.end - edit.start for edit in merged) >= line.chars:
            lines[index] = spans[0][1]
        else:
            edits += merged
    edits += _line_cuts(page, lines)
    return sorted(edits)


def _merged(text: str, first: int, last: int, spans: Sequence[tuple[Span, Mark]]) -> list[Edit]:
    """One edit for each stretch that goes inside the line ``text[first:last]``."""
    edits: list[Edit] = []
    for (start, end), mark in spans:
        if edits and start < edits[-1].end:
            start = edits[-1].end
        if start >= end:
            continue
        if end < last and text[end].isspace() and (start == first or text[start - 1].isspace()):
            while end < last and text[end].isspace():
                end += 1
        elif end == last:
            floor = edits[-1].end if edits else first
            while start > floor and text[start - 1].isspace():
                start -= 1
        edits.append(Edit(start, text[start:end], "", mark.rule.id, mark.rule.category, mark.evidence))
    return edits


def _line_cuts(page: Page, marked: dict[int, Mark]) -> list[Edit]:
    text, lines = page.text, page.lines
    edits: list[Edit] = []
    for index in sorted(marked):
        if index - 1 in marked:
            continue
        last = index
        while last + 1 in marked:
            last += 1
        at_top, at_end = index == 0, last == len(lines) - 1
        start = 0 if at_top else lines[index - 1].next
        end = len(text) if at_end else _line_start(text, lines[last + 1].start)
        if at_end:
            # what stands before keeps its own newline, if the text ends with one
            if not at_top and not text.endswith(("\n", "\r")):
                start = lines[index - 1].end
        elif not at_top:
            # of the blank lines before and after, the larger gap stays
            block = _line_start(text, lines[index].start)
            before, after = text[start:block], text[lines[last].next : end]
            if before.count("\n") >= after.count("\n"):
                start = block
            else:
                end = lines[last].next
        bounds = [start, *(_line_start(text, lines[i].start) for i in range(index + 1, last + 1)), end]
        for i in range(index, last + 1):
            mark = marked[i]
            a, b = bounds[i - index], bounds[i - index + 1]
            edits.append(Edit(a, text[a:b], "", mark.rule.id, mark.rule.category, mark.evidence))
    return edits


def _line_start(text: str, at: int) -> int:
    """Where the line begins on which ``at`` stands, its white space included."""
    while at and text[at - 1] not in "\n\r":
        at -= 1
    return at
