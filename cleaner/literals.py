"""What a pattern cannot match without: the literal strings of which each matching line holds at least one.

They let one multi-pattern scan of a text nominate the few lines on which a pattern is worth trying. The
pattern is read with the standard library's own parser; `regex` accepts more than that parser (``\\p{L}``,
repeated group names), so these are rewritten to something wider before it reads them.
"""

from __future__ import annotations

import math
import re
import warnings
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parse  # type: ignore[attr-defined]
from typing import Any

from cleaner.segment import fold

_PROPERTY = re.compile(r"\\[pP]\{[^}]*\}")
_GROUP_NAME = re.compile(r"\(\?P?<[A-Za-z_]\w*>")
_MOST = 64  # strings in one set: more do not sharpen the scan, and a product of alternatives grows fast
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)

Literals = frozenset[str]


def parse(pattern: str) -> Any:
    """The syntax tree of a pattern, as the standard library sees it. Raises re.error."""
    pattern = _GROUP_NAME.sub("(", _PROPERTY.sub(r"\\w", pattern))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "possible nested set": only `regex` V1 means it
        return sre_parse.parse(pattern)


def required(pattern: str, *, whole: bool) -> Literals:
    """The best set of folded strings of which every match holds at least one; empty if there is none.

    With ``whole`` the pattern must match a whole line: a literal at its rim then carries the newline
    beside it, which makes it rare.
    """
    run = _Run("\n" if whole else "")
    _sequence(parse(pattern), run)
    if whole:
        run.cross({"\n"})
    run.flush()
    return frozenset(run.best)


# Strings that stand in every second sentence keep no line out, whatever their length.
_COMMON = frozenset(
    "of at is for on with are by this from in the to and a an as was that it more end app also people time new one two first "
    "der die das und in von mit den im für auf de la el en que los las del por con para le les des et du un une il di che per da do "
    "dos das em um uma com".split()
)


def strength(literals: Literals) -> float:
    """How well a set keeps lines out: the length of its weakest string, signs and other scripts counting double."""
    return min(map(_weight, literals), default=0.0)


def _weight(literal: str) -> float:
    return sum(1 if c.isascii() and (c.isalnum() or c == " ") else 2 for c in literal)


class _Run:
    """A growing set of strings that stand next to each other, and the best set seen so far."""

    def __init__(self, start: str = "") -> None:
        self.strings: set[str] = {start}
        self.best: set[str] = set()
        self.score = 0.0

    def cross(self, tails: set[str]) -> None:
        if len(self.strings) * len(tails) > _MOST:
            self.flush()
        self.strings = {s + t for s in self.strings for t in tails}

    def flush(self) -> None:
        self.offer(self.strings)
        self.strings = {""}

    def offer(self, strings: set[str]) -> None:
        strings = {s for s in strings if not any(o != s and o in s for o in strings)}
        if not strings or any(not s.strip() for s in strings):
            return
        rarity = min(_weight(s) - (2 if s.strip(" ,.") in _COMMON else 0) for s in strings)
        score = min(rarity, 14.0) - math.log2(len(strings)) / 2
        if not self.best or score > self.score:
            self.best, self.score = strings, score


def _sequence(items: Any, run: _Run) -> None:
    for op, value in items:
        exact = _exact(op, value)
        if exact is not None:
            run.cross(exact)
        elif op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
            _sequence(value[-1] if op is sre.SUBPATTERN else value, run)
        elif op is sre.BRANCH:
            run.flush()
            parts = [_inner(branch) for branch in value[1]]
            if all(part.best for part in parts):
                run.offer(set().union(*(part.best for part in parts)))
        elif op in _REPEATS and value[0] > 0:
            run.flush()
            inner = _inner(value[2])
            run.offer(inner.best)
        elif op is not sre.AT and op not in (sre.ASSERT, sre.ASSERT_NOT):
            run.flush()


def _inner(items: Any) -> _Run:
    inner = _Run()
    _sequence(items, inner)
    inner.flush()
    return inner


def _exact(op: Any, value: Any) -> set[str] | None:
    """The few strings the item matches, folded, when they can be listed; else None."""
    if op is sre.LITERAL:
        return {fold(chr(value))}
    if op in (sre.AT, sre.ASSERT_NOT):
        return {""}
    if op is sre.IN:
        if all(kind is sre.LITERAL for kind, _ in value) and len(value) <= 6:
            return {fold(chr(c)) for _, c in value}
        return None
    if op is sre.SUBPATTERN:
        return _exact_sequence(value[-1])
    if op is sre.ATOMIC_GROUP:
        return _exact_sequence(value)
    if op is sre.BRANCH:
        strings: set[str] = set()
        for branch in value[1]:
            part = _exact_sequence(branch)
            if part is None or len(strings := strings | part) > _MOST:
                return None
        return strings
    if op in _REPEATS and value[1] <= 1:
        part = _exact_sequence(value[2])
        return None if part is None else part | ({""} if value[0] == 0 else set())
    return None


def _exact_sequence(items: Any) -> set[str] | None:
    strings = {""}
    for op, value in items:
        part = _exact(op, value)
        if part is None or len(strings) * len(part) > _MOST:
            return None
        strings = {s + t for s in strings for t in part}
    return strings


def unbounded_nests(pattern: str) -> bool:
    """Whether an unbounded repeat holds another one: the shape that makes a backtracking matcher explode."""

    def look(items: Any, *, inside: bool) -> bool:
        for op, value in items:
            if op in _REPEATS:
                unbounded = value[1] is sre.MAXREPEAT or value[1] > 1000
                possessive = op is sre.POSSESSIVE_REPEAT
                if unbounded and inside and not possessive:
                    return True
                if look(value[2], inside=inside or (unbounded and not possessive)):
                    return True
            elif op is sre.SUBPATTERN:
                if look(value[-1], inside=inside):
                    return True
            elif op is sre.BRANCH:
                if any(look(branch, inside=inside) for branch in value[1]):
                    return True
            elif op in (sre.ASSERT, sre.ASSERT_NOT) and look(value[1], inside=inside):
                return True
        return False

    return look(parse(pattern), inside=False)
