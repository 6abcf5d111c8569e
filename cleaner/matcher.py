"""All wordings of a rulebook looked for at once.

One Aho-Corasick scan over the folded lines finds the literals without which no pattern can match and so nominates
(pattern, line) pairs; `regex` confirms each on that line alone. Phrases are one dictionary look-up a line. The answers are
those of trying every pattern on every line: `OneByOne` does just that and is the measure in the tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from cleaner.document import CleanerError, Span
from cleaner.rulebook import Rule
from cleaner.segment import Line, Page, fold, plain

if TYPE_CHECKING:
    import regex

LONGEST_LINE = 2_000
"""Patterns for whole lines are not tried on longer ones: no boilerplate wording spans that much, and time grows with it."""
LONGEST_PHRASE = 160
CONFIRM_SECONDS = 2.0
_RIM = " .:;,|*#_-+=~<>»«›‹•·●○■□▪►▶→←↓↑▼▲…!\"'()[]{}/\\\u200b"

Scan = dict[int, dict[str, dict[int, tuple[Span, ...]]]]
"""rule's index -> role of the wording -> line's index -> the parts named (none: the whole line)"""


class RuleTimeoutError(CleanerError):
    """A pattern that did not end on a line in `CONFIRM_SECONDS`."""


def phrase_key(folded: str) -> str:
    """A line as phrases are compared: folded, spaces squeezed, without the signs around it; "x x" is "x"."""
    words = folded.strip(_RIM).split()
    count = len(words)
    for times in (2, 3, 4):
        size, odd = divmod(count, times)
        if size and not odd and all(words[i] == words[i % size] for i in range(size, count)):
            words = words[:size]
            break
    return " ".join(words).strip(_RIM)


class _Pattern:
    """One pattern of a rule; compiled when a line first asks for it."""

    def __init__(self, rule: int, role: str, name: str, source: str, *, whole: bool, case: bool) -> None:
        self.rule = rule
        self.role = role
        self.name = name
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
            parts = [span for match in self.compiled.finditer(line.plain, timeout=CONFIRM_SECONDS) for span in _spans(match, line)]
            return tuple(parts) or None
        except TimeoutError:
            raise RuleTimeoutError(
                f"rule {self.name} did not end on line {line.number} in {CONFIRM_SECONDS:g} s; bound its repeats, or --ignore it"
            ) from None


def _spans(match: regex.Match[str], line: Line) -> Iterator[Span]:
    group = "cut" if "cut" in match.re.groupindex else 0
    for start, end in match.spans(group):
        if start < end:
            yield Span(line.start + start, line.start + end)


class OneByOne:
    """Every pattern on every line. Slow and plain: what the fast matchers must equal."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.phrases: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.patterns: list[_Pattern] = []
        self.literals: list[Sequence[str]] = []
        for index, rule in enumerate(rules):
            if rule.kind == "repair":
                continue
            for role, wording in rule.detector.wordings.items():
                for phrase in wording.phrases:
                    self.phrases[phrase_key(fold(plain(phrase)))].append((index, role))
                found = iter((rule.literals or {}).get(role, ()))
                for whole, sources in ((True, wording.line), (False, wording.part)):
                    for source in sources:
                        self.patterns.append(_Pattern(index, role, rule.id, source, whole=whole, case=wording.case))
                        self.literals.append(next(found, ()))

    def scan(self, page: Page) -> Scan:
        """Where on the page each wording stands."""
        result: Scan = {}
        for line in page.lines:
            if line.chars <= LONGEST_PHRASE:
                for rule, role in self.phrases.get(phrase_key(line.folded), ()):
                    result.setdefault(rule, {}).setdefault(role, {})[line.index] = ()
        for pattern, line in self._nominated(page):
            parts = pattern.on(line)
            if parts is not None:
                lines = result.setdefault(pattern.rule, {}).setdefault(pattern.role, {})
                # a whole line outdoes parts of it; parts of several patterns add up
                before = lines.get(line.index)
                whole = parts == () or before == ()
                lines[line.index] = () if whole else tuple(sorted({*(before or ()), *parts}))
        return result

    def _nominated(self, page: Page) -> Iterator[tuple[_Pattern, Line]]:
        for pattern in self.patterns:
            for line in page.lines:
                yield pattern, line


class AhoCorasick(OneByOne):
    """Only the patterns whose literals stand on a line are tried on it."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        super().__init__(rules)
        from ahocorasick_rs import AhoCorasick as Automaton

        wanted: dict[str, list[int]] = defaultdict(list)
        self._always = [p for p, literals in zip(self.patterns, self.literals, strict=True) if not literals]
        for number, literals in enumerate(self.literals):
            for literal in literals:
                wanted[literal].append(number)
        self._wanted = list(wanted.values())
        self._automaton = Automaton(list(wanted), store_patterns=False) if wanted else None

    def _nominated(self, page: Page) -> Iterator[tuple[_Pattern, Line]]:
        lines = page.lines
        for pattern in self._always:
            for line in lines:
                yield pattern, line
        if not lines or self._automaton is None:
            return
        text = "\n" + "\n".join([line.folded for line in lines]) + "\n"
        ends = []  # offset of the newline behind each line
        at = 0
        for line in lines:
            at += 1 + line.chars
            ends.append(at)
        pairs = set()
        number = 0
        wanted = self._wanted
        for literal, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            # matches come in the order of their ends; the last sign before a newline tells the line
            while end - 1 > ends[number]:
                number += 1
            owner = number
            while owner and start < ends[owner - 1]:
                owner -= 1
            for pattern_number in wanted[literal]:
                pairs.add((pattern_number, owner))
        for pattern_number, owner in sorted(pairs):
            yield self.patterns[pattern_number], lines[owner]


MATCHERS = {"ahocorasick": AhoCorasick, "regex": OneByOne}
