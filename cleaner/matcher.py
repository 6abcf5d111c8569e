"""All wordings of a rulebook looked for at once.

One scan over the folded lines finds the literals without which no pattern can match and so nominates (pattern, line) pairs;
`regex` confirms each on that line alone. Phrases are one dictionary look-up a line. The answers are those of trying every
pattern on every line: `OneByOne` does just that and is the measure in the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cleaner.document import CleanerError, Span
from cleaner.features import Tests, holds, tests
from cleaner.rulebook import Rulebook
from cleaner.segment import Line, Page
from cleaner.wording import phrase_key

if TYPE_CHECKING:
    import regex

LONGEST_LINE = 2_000
"""Patterns for whole lines are not tried on longer ones: no boilerplate wording spans that much, and time grows with it."""
LONGEST_PHRASE = 160
JUDGED = ("line", "opener")
"""The roles whose lines a rule's features are asked of; the other roles only speak for a block."""
CONFIRM_SECONDS = 2.0
_SMALL = 2_000
"""Characters up to which looking up every stretch of a text takes less time than building the automaton."""

Scan = dict[str, dict[str, dict[int, tuple[Span, ...]]]]
"""rule -> role of the wording -> line's index -> the parts named (none: the whole line)"""


class RuleTimeoutError(CleanerError):
    """A pattern that did not end on a line in `CONFIRM_SECONDS`."""


class _Pattern:
    """One pattern of a rule; compiled when a line first asks for it."""

    def __init__(self, rule: str, role: str, source: str, whole: bool, case: bool) -> None:
        self.rule = rule
        self.role = role
        self.source = source
        self.whole = whole
        self.case = case

    @cached_property
    def compiled(self) -> regex.Pattern[str]:
        import regex

        return regex.compile(self.source, 0 if self.case else regex.IGNORECASE)

    def on(self, line: Line) -> tuple[Span, ...] | None:
        """The parts of the line (page offsets) the pattern names, () for the whole line, None for no match."""
        try:
            if self.whole:
                if line.chars > LONGEST_LINE:
                    return None
                match = self.compiled.fullmatch(line.plain, timeout=CONFIRM_SECONDS)
                if match is None:
                    return None
                return tuple(_spans(match, line)) if "cut" in self.compiled.groupindex else ()
            # a line may be a whole book: time grows with it, but for a pattern that explodes
            seconds = CONFIRM_SECONDS * max(1, line.chars / 100_000)
            matches = self.compiled.finditer(line.plain, timeout=seconds)
            return tuple(span for match in matches for span in _spans(match, line)) or None
        except TimeoutError:
            raise RuleTimeoutError(
                f"rule {self.rule} did not end on line {line.number} in {CONFIRM_SECONDS:g} s; bound its repeats, or --ignore it"
            ) from None


def _spans(match: regex.Match[str], line: Line) -> Iterator[Span]:
    group = "cut" if "cut" in match.re.groupindex else 0
    for start, end in match.spans(group):
        if start < end:
            yield Span(line.start + start, line.start + end)


class OneByOne:
    """Every pattern on every line. Slow and plain: what the fast matchers must equal."""

    def __init__(self, book: Rulebook) -> None:
        self.index = book.index
        self._rules = {rule.id: rule for rule in book.rules}
        self._asks: dict[str, Tests | None] = {}
        self._patterns: dict[int, _Pattern] = {}

    def pattern(self, number: int) -> _Pattern | None:
        """The pattern of this number; None if its rule is off."""
        known = self._patterns.get(number)
        if known is None:
            rule, role, source, whole, case = self.index.patterns[number]
            if rule in self._rules:
                known = self._patterns[number] = _Pattern(rule, role, source, whole, case)
        return known

    def _asked(self, rule: str, role: str, line: Line) -> bool:
        """Whether the rule is on and, if it judges lines by this wording, the line has the features it asks for."""
        try:
            asked = self._asks[rule]
        except KeyError:
            asked = self._asks[rule] = tests(self._rules[rule].when) if rule in self._rules else None
        return asked is not None and (not asked or role not in JUDGED or holds(line, asked))

    def scan(self, page: Page) -> Scan:
        """Where on the page each wording stands, on lines that have the features its rule asks for.

        Features are cheaper than patterns, so they are asked first; and a line that is a phrase of a rule that needs no more is
        not tried against patterns that could only say so again.
        """
        result: Scan = {}
        settled = set()
        phrases = self.index.phrases
        for line in page.lines:
            if line.chars <= LONGEST_PHRASE:
                for rule, role in phrases.get(phrase_key(line.folded), ()):
                    if self._asked(rule, role, line):
                        result.setdefault(rule, {}).setdefault(role, {})[line.index] = ()
                        if role == "line" and not self._rules[rule].contextual:
                            settled.add(line.index)
        for number, line in self._nominated(page):
            pattern = self.pattern(number)
            if pattern is None or (pattern.role == "line" and line.index in settled):
                continue
            if not self._asked(pattern.rule, pattern.role, line):
                continue
            parts = pattern.on(line)
            if parts is None:
                continue
            lines = result.setdefault(pattern.rule, {}).setdefault(pattern.role, {})
            # a whole line outdoes parts of it; parts of several patterns add up
            before = lines.get(line.index)
            whole = parts == () or before == ()
            lines[line.index] = () if whole else tuple(sorted({*(before or ()), *parts}))
        return result

    def _nominated(self, page: Page) -> Iterator[tuple[int, Line]]:
        for number in range(len(self.index.patterns)):
            for line in page.lines:
                yield number, line


class AhoCorasick(OneByOne):
    """Only the patterns whose literals stand on a line are tried on it."""

    def __init__(self, book: Rulebook) -> None:
        super().__init__(book)
        self._seen = 0

    @cached_property
    def _automaton(self) -> Any:
        from ahocorasick_rs import AhoCorasick as Automaton

        return Automaton(self.index.literals, store_patterns=False)

    def _nominated(self, page: Page) -> Iterator[tuple[int, Line]]:
        lines = page.lines
        for number in self.index.always:
            for line in lines:
                yield number, line
        if not lines or not self.index.literals:
            return
        text = "\n" + "\n".join([line.folded for line in lines]) + "\n"
        self._seen += len(text)
        matches = self._few(text) if self._seen <= _SMALL else self._automaton.find_matches_as_indexes(text, overlapping=True)
        ends = []  # offset of the newline behind each line
        at = 0
        for line in lines:
            at += 1 + line.chars
            ends.append(at)
        pairs = set()
        owner = 0
        wanted, limits = self.index.wanted, self._limits
        for literal, _start, end in matches:
            # matches come in the order of their ends; a literal may end with the newline behind its line
            while end - 1 > ends[owner]:
                owner += 1
            chars = lines[owner].chars
            for number in wanted[literal]:
                limit = limits[number]
                if limit is None:
                    limit = limits[number] = self._limit(number)
                if chars <= limit:
                    pairs.add((number, owner))
        for number, owner in sorted(pairs):
            yield number, lines[owner]

    @cached_property
    def _limits(self) -> list[int | None]:
        """Of each pattern its limit, once it has been asked for."""
        return [None] * len(self.index.patterns)

    def _limit(self, number: int) -> int:
        """The length of the longest line the pattern is worth trying on; -1 where its rule is off."""
        name, role, _source, whole, _case = self.index.patterns[number]
        rule = self._rules.get(name)
        if rule is None:
            return -1
        limit: int = LONGEST_LINE if whole else sys.maxsize
        return min(limit, rule.when.get("max_chars", limit)) if role in JUDGED else limit

    def _few(self, text: str) -> list[tuple[int, int, int]]:
        """What the automaton would find, without it."""
        numbers, lengths = self._numbers
        found = []
        for end in range(1, len(text) + 1):
            for length in lengths:
                if length > end:
                    break
                number = numbers.get(text[end - length : end])
                if number is not None:
                    found.append((number, end - length, end))
        return found

    @cached_property
    def _numbers(self) -> tuple[dict[str, int], list[int]]:
        """(literal -> its number, all lengths of literals)."""
        numbers = dict(zip(self.index.literals, range(len(self.index.literals)), strict=True))
        return numbers, sorted(set(map(len, numbers)))


MATCHERS = {"ahocorasick": AhoCorasick, "regex": OneByOne}
