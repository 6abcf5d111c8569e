"""All wordings of a rulebook looked for at once.

One scan over the folded lines finds the literals without which no pattern can match and so nominates (pattern, line) pairs;
`regex` confirms each on that line alone. Phrases are one dictionary look-up a line. What the wordings say of a line is a
function of the line, so it is remembered: the next pass over a page, and the next page of a site, consist of lines that are known.
The answers are those of trying every pattern on every line: `OneByOne` does just that and is the measure in the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cleaner.document import CleanerError, Span
from cleaner.features import Tests, holds, tests
from cleaner.patterns import compiled
from cleaner.rulebook import Rulebook
from cleaner.segment import Line, Page
from cleaner.wording import HEAD, Index, Stored, phrase_key

if TYPE_CHECKING:
    import regex

    from cleaner.hyper import Database
    from cleaner.lazy import Shelf

LONGEST_LINE = 2_000
"""Patterns for whole lines are not tried on longer ones: no boilerplate wording spans that much, and time grows with it."""
LONGEST_PHRASE = 160
JUDGED = ("line", "opener")
"""The roles whose lines a rule's features are asked of; the other roles only speak for a block."""
CONFIRM_SECONDS = 2.0
_OF_THE_LINE = frozenset("max_chars min_chars max_words min_words ends_sentence quoted min_upper max_upper min_digits max_digits".split())
"""The features that the line's own text decides; all others are asked again on every page."""
_LONG = 300
"""Lines with more characters are scanned for the patterns that can match such lines only: a quarter of the literals."""
_SMALL = 2_000
"""Characters up to which looking up every stretch of a text takes less time than building the automaton."""
_REMEMBERED = 1_000_000
"""Characters of lines after which the memory is renewed; it holds up to twice as many."""
_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
"""What no literal that stands ``apart`` has directly before it (see `literals.Needs`)."""

Scan = dict[str, dict[str, dict[int, tuple[Span, ...]]]]
"""rule -> role of the wording -> line's index -> the parts named (none: the whole line)"""


class RuleTimeoutError(CleanerError):
    """A pattern that did not end on a line in `CONFIRM_SECONDS`."""


class _Answer(NamedTuple):
    """What a wording says of a line, on pages that pass the ``asked`` tests: the parts it names (none: the whole line)."""

    rule: str
    role: str
    parts: tuple[tuple[int, int], ...]
    asked: Tests
    phrase: bool = False


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
        return compiled(self.source, case=self.case)

    @cached_property
    def _group(self) -> str | int:
        """The group that names what goes."""
        return "cut" if "cut" in self.compiled.groupindex else 0

    def on(self, line: Line) -> tuple[tuple[int, int], ...] | None:
        """The parts of the line (from its start on) the pattern names, () for the whole line, None for no match."""
        try:
            if self.whole:
                if line.chars > LONGEST_LINE:
                    return None
                match = self.compiled.fullmatch(line.plain, timeout=CONFIRM_SECONDS)
                if match is None:
                    return None
                return tuple(_spans(match, self._group)) if self._group else ()
            # a line may be a whole book: time grows with it, but for a pattern that explodes
            seconds = CONFIRM_SECONDS * max(1, line.chars / 100_000)
            matches = self.compiled.finditer(line.plain, timeout=seconds)
            return tuple(span for match in matches for span in _spans(match, self._group)) or None
        except TimeoutError:
            raise RuleTimeoutError(
                f"rule {self.rule} did not end on line {line.number} in {CONFIRM_SECONDS:g} s; bound its repeats, or --ignore it"
            ) from None


def _spans(match: regex.Match[str], group: str | int) -> Iterator[tuple[int, int]]:
    return (span for span in match.spans(group) if span[0] < span[1])


class OneByOne:
    """Every pattern on every line. Slow and plain: what the fast matchers must equal."""

    def __init__(self, book: Rulebook, index: Index | Stored | None = None) -> None:
        self.index = index or book.index
        self._rules = {rule.id: rule for rule in book.rules}
        self._asks: dict[tuple[str, str], tuple[Tests, Tests]] = {}
        self._patterns: dict[int, _Pattern] = {}

    @cached_property
    def _on(self) -> list[int]:
        """The numbers of the patterns whose rules are on."""
        return [number for number, pattern in enumerate(self.index.patterns) if pattern[0] in self._rules]

    def pattern(self, number: int) -> _Pattern | None:
        """The pattern of this number; None if its rule is off."""
        known = self._patterns.get(number)
        if known is None:
            rule, role, source, whole, case = self.index.patterns[number]
            if rule in self._rules:
                known = self._patterns[number] = _Pattern(rule, role, source, whole, case)
        return known

    def _asked(self, rule: str, role: str) -> tuple[Tests, Tests]:
        """What the rule asks of a line that this wording finds: (of its text, of its place on the page)."""
        known = self._asks.get((rule, role))
        if known is None:
            when = self._rules[rule].when if role in JUDGED else {}
            known = self._asks[rule, role] = (
                tests({name: value for name, value in when.items() if name in _OF_THE_LINE}),
                tests({name: value for name, value in when.items() if name not in _OF_THE_LINE}),
            )
        return known

    def forget(self) -> None:
        """Empties what is remembered of lines: for measuring, as it changes no answer."""

    def scan(self, page: Page) -> Scan:
        """Where on the page each wording stands, on lines that have the features its rule asks for."""
        result: Scan = {}
        for line, answers in zip(page.lines, self._answers(page), strict=True):
            settled = False
            for rule, role, parts, asked, phrase in answers:
                if (settled and not phrase and role == "line") or not holds(line, asked):
                    continue
                settled = settled or (phrase and self._settles(rule, role))
                lines = result.setdefault(rule, {}).setdefault(role, {})
                # a whole line outdoes parts of it; parts of several patterns add up
                before = lines.get(line.index)
                if parts == () or before == ():
                    lines[line.index] = ()
                else:
                    spans = (Span(line.start + start, line.start + end) for start, end in parts)
                    lines[line.index] = tuple(sorted({*(before or ()), *spans}))
        return result

    def _settles(self, rule: str, role: str) -> bool:
        """Whether a phrase of the rule is the last word on a line: patterns for lines could only say so again."""
        return role == "line" and not self._rules[rule].contextual

    def _answers(self, page: Page) -> Iterable[Sequence[_Answer]]:
        """What the wordings say of each line of the page."""
        return [self._judged(line, self._on) for line in page.lines]

    def _judged(self, line: Line, numbers: Iterable[int]) -> tuple[_Answer, ...]:
        """What the phrases, and the patterns of these numbers, say of the line."""
        answers: list[_Answer] = []
        settled = False
        if line.chars <= LONGEST_PHRASE:
            for rule, role in self.index.owners(phrase_key(line.folded)):
                if rule not in self._rules:
                    continue
                local, asked = self._asked(rule, role)
                if holds(line, local):
                    answers.append(_Answer(rule, role, (), asked, phrase=True))
                    settled = settled or (not asked and self._settles(rule, role))
        for number in numbers:
            pattern = self.pattern(number)
            if pattern is None or (settled and pattern.role == "line"):
                continue
            # features are cheaper than patterns
            local, asked = self._asked(pattern.rule, pattern.role)
            if holds(line, local):
                parts = pattern.on(line)
                if parts is not None:
                    answers.append(_Answer(pattern.rule, pattern.role, parts, asked))
        return tuple(answers)


class Nominating(OneByOne):
    """A scan tells which patterns are worth trying on a line, and a line that was seen before is not looked at again."""

    def __init__(self, book: Rulebook, index: Index | Stored | None = None) -> None:
        super().__init__(book, index)
        self.forget()

    def forget(self) -> None:
        self._known: dict[str, tuple[_Answer, ...]] = {}
        self._older: dict[str, tuple[_Answer, ...]] = {}
        self._size = 0

    def _answers(self, page: Page) -> Iterable[Sequence[_Answer]]:
        texts = [line.text for line in page.lines]
        known, older = self._known, self._older
        new: dict[str, Line] = {}
        for text, line in zip(texts, page.lines, strict=True):
            if text not in known:
                if text in older:
                    known[text] = older[text]
                else:
                    new[text] = line
        lines = list(new.values())
        nominated = self._nominated(lines)
        for place, line in enumerate(lines):
            numbers = nominated.get(place, ())
            # nearly all lines are neither nominated nor short enough for a phrase
            known[line.text] = self._judged(line, numbers) if numbers or line.chars <= LONGEST_PHRASE else ()
        answers = [known[text] for text in texts]
        self._size += sum(map(len, new))
        if self._size > _REMEMBERED:
            self._known, self._older, self._size = {}, known, 0
        return answers

    def _nominated(self, lines: list[Line]) -> dict[int, list[int]]:
        """Of each line, by its place, the numbers of the patterns worth trying on it, in order; lines without any are left out."""
        raise NotImplementedError

    def _wanting(
        self, found: Iterable[tuple[int, int, int]], wanted: list[list[int]] | Shelf[list[int]], lines: list[str]
    ) -> dict[int, set[int]]:
        """Of each line the numbers of the patterns of which it holds a literal where a match may have it.

        ``found``: (place of a literal in ``wanted``, start, end) in the order of the ends, in the text of the lines with a newline
        before and behind each.
        """
        needs = self.index.needs
        numbers: dict[int, set[int]] = {}
        owner, first, last = -1, 0, 0  # the line, its first character, the newline behind it
        mine: set[int] = set()
        for literal, start, end in found:
            # a literal may begin or end with the newline beside its line
            if end - 1 > last:
                while end - 1 > last:
                    owner += 1
                    first, last = last + 1, last + 1 + len(lines[owner])
                mine = numbers[owner] = set()
            before, behind = start - first, last - end
            for number in wanted[literal]:
                low, high, fewest, most, _also, _digit, apart = needs[number]
                if low <= before + 1 and before <= high and fewest <= behind + 1 and behind <= most:
                    if apart and before > 0 and lines[owner][before - 1] in _WORD:
                        continue
                    mine.add(number)
        return numbers

    def _worth(self, line: Line, numbers: set[int]) -> list[int]:
        """Those of the numbers whose patterns find all that they need on the line, in order."""
        text = f"\n{line.folded}\n"
        needs = self.index.needs
        worth: list[int] = []
        for number in sorted(numbers):
            need = needs[number]
            if (not need[5] or line.has_digit) and _holds_all(text, need[4]):
                worth.append(number)
        return worth


def _holds_all(text: str, also: tuple[tuple[str, ...], ...]) -> bool:
    """Whether the text holds a string of each set."""
    for strings in also:
        for string in strings:
            if string in text:
                break
        else:
            return False
    return True


class AhoCorasick(Nominating):
    """Only the patterns whose literals stand on a line, where a match may have them, are tried on it."""

    def __init__(self, book: Rulebook) -> None:
        super().__init__(book, book.few)
        self._book = book
        self._seen = 0

    @cached_property
    def _all(self) -> _Literals:
        index = self._book.index
        return _Literals(index.literals, index.wanted)

    @cached_property
    def _far(self) -> _Literals:
        """The literals of the patterns that can match long lines."""
        far = {number for number in self._on if self._longest(number) > _LONG}
        kept = {
            literal: [number for number in wanted if number in far]
            for literal, wanted in zip(self._all.literals, self._all.wanted, strict=True)
            if not far.isdisjoint(wanted)
        }
        return _Literals(list(kept), list(kept.values()))

    def _longest(self, number: int) -> int:
        """The length of the longest line the pattern is worth trying on."""
        name, role, _source, whole, _case = self.index.patterns[number]
        longest: int = LONGEST_LINE if whole else sys.maxsize
        return min(longest, self._rules[name].when.get("max_chars", longest)) if role in JUDGED else longest

    def _nominated(self, lines: list[Line]) -> dict[int, list[int]]:
        self._seen += sum(line.chars for line in lines)
        if self._seen <= _SMALL:
            folded = [line.folded for line in lines]
            numbers = self._wanting(_few(self.index, folded), self.index.wanted, folded)
        else:
            self.index = self._book.index
            numbers = {}
            for long in (False, True):
                places = [place for place, line in enumerate(lines) if (line.chars > _LONG) is long]
                if places:
                    literals = self._far if long else self._all
                    folded = [lines[place].folded for place in places]
                    wanting = self._wanting(self._found(literals, folded), literals.wanted, folded)
                    numbers |= {places[place]: found for place, found in wanting.items()}
        if self.index.always:
            numbers = {place: numbers.get(place, set()).union(self.index.always) for place in range(len(lines))}
        return {place: self._worth(lines[place], wanting) for place, wanting in numbers.items() if wanting}

    def _found(self, literals: _Literals, lines: list[str]) -> Iterable[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = literals.automaton.find_matches_as_indexes(_joined(lines), overlapping=True)
        return found


def _joined(lines: list[str]) -> str:
    return "\n" + "\n".join(lines) + "\n"


def _few(index: Index | Stored, lines: list[str]) -> list[tuple[int, int, int]]:
    """What the automaton would find, without it."""
    text = _joined(lines)
    found: list[tuple[int, int, int]] = []
    for start in range(len(text)):
        for size in range(1, min(HEAD, len(text) - start) + 1):
            for literal, place in index.beginning(text[start : start + size]).items():
                if text.startswith(literal, start):
                    found.append((place, start, start + len(literal)))
    return sorted(found, key=lambda one: one[2])


class _Literals:
    """Literals, for each the numbers of the patterns that want it, and the ways to find them on lines."""

    def __init__(self, literals: list[str], wanted: list[list[int]]) -> None:
        self.literals = literals
        self.wanted = wanted

    @cached_property
    def automaton(self) -> Any:
        from ahocorasick_rs import AhoCorasick as Automaton

        return Automaton(self.literals, store_patterns=False)

    @cached_property
    def database(self) -> Database:
        from cleaner.hyper import Database
        from cleaner.kept import cache_folder

        return Database(self.literals, cache_folder())


class Hyperscan(AhoCorasick):
    """The same, with Hyperscan for the automaton once there is enough to scan: the extra ``fast``."""

    after = 500_000
    """Characters that are scanned before: in that time the database is not read, and still less compiled."""

    def _found(self, literals: _Literals, lines: list[str]) -> Iterable[tuple[int, int, int]]:
        if self._seen <= self.after or not literals.literals:
            return super()._found(literals, lines)
        return literals.database.found(lines)


MATCHERS: dict[str, Callable[[Rulebook], OneByOne]] = {
    "ahocorasick": AhoCorasick,
    "hyperscan": Hyperscan,
    "regex": OneByOne,
}
