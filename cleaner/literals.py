"""What a pattern cannot match without: the literal strings of which each matching line holds at least one.

They let one multi-pattern scan of a text nominate the few lines on which a pattern is worth trying. The
pattern is read with the standard library's own parser; `regex` accepts more than that parser (``\\p{L}``,
repeated group names), so these are rewritten to something wider before it reads them.
"""

from __future__ import annotations

import math
import re
import sys
import warnings
from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parse  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from cleaner.segment import fold

_PROPERTY = re.compile(r"\\[pP]\{[^}]*\}")
_GROUP_NAME = re.compile(r"\(\?P?<[A-Za-z_]\w*>")
_MOST = 64  # strings in one set: more do not sharpen the scan, and a product of alternatives grows fast
_LONGEST = 256  # characters of such a string: more say no more, and a pattern of thousands took seconds
_OFTEN = 0.01  # hits a character of a set that stands on every second line: not worth looking for
_BEGINS = (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
_ENDS = (sre.AT_END, sre.AT_END_STRING)
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)

Literals = frozenset[str]


Width = tuple[int, int]
"""(fewest, most) characters; `ANY_WIDTH` where nothing is known"""
ANY_WIDTH = (0, sys.maxsize)


class Needs(NamedTuple):
    """What a line must show before a pattern is worth trying on it.

    ``literals``: the set the scan looks for; each matching line holds one of them with ``before`` characters before it and ``behind``
    behind it, with ``apart`` no letter or digit of ASCII directly before it; one of each set in ``also`` anywhere; with ``digit`` a digit.
    """

    literals: Literals
    before: Width
    behind: Width
    also: tuple[tuple[str, ...], ...]
    digit: bool
    apart: bool


def parse(pattern: str) -> Any:
    """The syntax tree of a pattern, as the standard library sees it. Raises re.error."""
    pattern = _GROUP_NAME.sub("(", _PROPERTY.sub(r"\\w", pattern))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "possible nested set": only `regex` V1 means it
        return sre_parse.parse(pattern)


def needs(pattern: str, *, whole: bool) -> Needs:
    """What a line must show for a pattern; with ``whole`` the pattern must match a whole line.

    A literal at the rim of a line carries the newline beside it, which makes it rare.
    """
    around = (0, 0) if whole else ANY_WIDTH
    run = _Run("\n" if whole else "", around, apart=whole)
    tree = parse(pattern)
    _sequence(tree, run, around)
    if whole:
        run.cross({"\n"})
    run.flush()
    best = run.best
    return Needs(frozenset(best.strings), best.before, best.behind, run.also(), _has_digit(tree), best.apart)


def required(pattern: str, *, whole: bool) -> Literals:
    """The best set of folded strings of which every match holds at least one; empty if there is none."""
    return needs(pattern, whole=whole).literals


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


# How rare a character is beside the one before it, in bits: counted in 3 MB of the press in English, German, Spanish, Portuguese and
# Vietnamese. What is not named has 12.
_BITS = dict.fromkeys("abcdefghijklmnopqrstuvwxyz", 5.0) | dict.fromkeys("aeinorst", 3.5) | dict.fromkeys("0123456789", 5.5)
_BITS |= {" ": 2.5, "\n": 6.0, ",": 6.5, ".": 6.5, "'": 8.0, '"': 8.0, "-": 8.5, ":": 10.0, "/": 10.0, "(": 10.5, ")": 10.5}


def hits(literals: Iterable[str]) -> float:
    """About how often one of the strings stands in a text, per character: what looking for them costs."""
    return sum(math.exp2(-_bits(literal)) for literal in literals)


def _bits(literal: str) -> float:
    most = 22.0
    if literal.strip(" ,.\n") in _COMMON:
        most = 12.0 if "\n" in literal else 8.0
    return min(most, sum(_BITS.get(c, 12.0) for c in literal))


class _Offer(NamedTuple):
    """Strings of which each match holds one, with so many characters of the line before and behind it."""

    strings: set[str]
    before: Width = ANY_WIDTH
    behind: Width = ANY_WIDTH
    apart: bool = False

    @property
    def cost(self) -> float:
        """What looking for them costs: a hit a little, one at a place where a match may have it more."""
        room = min(80, self.before[1] - self.before[0], self.behind[1] - self.behind[0]) + 1
        return hits(self.strings) * (20 + room)


class _Run:
    """A growing set of strings that stand next to each other, where it began, and the sets offered so far."""

    def __init__(self, start: str, at: Width, *, apart: bool) -> None:
        self.strings: set[str] = {start}
        self.began = self.at = at
        self.began_apart = self.apart = apart
        self.rest = ANY_WIDTH  # characters from here to the end of the line
        self.offers: list[_Offer] = []

    @property
    def best(self) -> _Offer:
        return min(self.offers, key=lambda offer: offer.cost, default=_Offer(set()))

    def also(self) -> tuple[tuple[str, ...], ...]:
        """The best two other sets that say more than the best one and are quickly looked for."""
        chosen = [self.best.strings]
        for cost, strings in sorted((hits(offer.strings), offer.strings) for offer in self.offers):
            implied = any(all(any(s in one for s in strings) for one in other) for other in chosen)
            if cost < _OFTEN and len(strings) <= _MOST // 2 and not implied:
                chosen.append(strings)
        return tuple(tuple(sorted(strings)) for strings in sorted(chosen[1:3], key=len))

    def cross(self, tails: set[str]) -> None:
        if len(self.strings) * len(tails) > _MOST or max(map(len, self.strings)) > _LONGEST:
            self.flush()
        self.strings = {(s + t).replace("\n\n", "\n") for s in self.strings for t in tails}

    def flush(self) -> None:
        strings = {s for s in self.strings if not any(o != s and o in s for o in self.strings)}
        if all(s.strip() for s in strings):
            # a string that stands for a longer one may stand that much further in
            more = max(map(len, self.strings)) - min(map(len, self.strings))
            longer = [o[: o.index(s)] for s in strings for o in self.strings if s in o] if self.began_apart and more else []
            apart = self.began_apart and not any(map(_ends_in_word, longer))
            self.offers.append(_Offer(strings, _plus(self.began, (0, more)), _plus(self.rest, (0, more)), apart))
        self.strings = {""}
        self.began, self.began_apart = self.at, self.apart


def _sequence(items: Any, run: _Run, behind: Width) -> None:
    """Lets the run pass over the items, with ``behind`` characters of the line behind them."""
    widths = [_bounded(sre_parse.SubPattern(items.state, [item]).getwidth()) for item in items]
    rests = [behind]
    for (op, value), width in zip(reversed(list(items)), reversed(widths), strict=True):
        rests.append((0, 0) if op is sre.AT and value in _ENDS else _plus(rests[-1], width))
    for op, value in items:
        run.rest = rests.pop()
        here, width, apart = run.at, widths.pop(0), run.apart
        exact = _exact(op, value)
        if op is sre.AT and value in _BEGINS:
            run.at = run.began = (0, 0)
            run.began_apart = True
        if exact is not None:
            run.cross(exact)
        elif op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
            _sequence(value[-1] if op is sre.SUBPATTERN else value, run, rests[-1])
        elif op is sre.ASSERT:
            run.offers += [_Offer(offer.strings) for offer in _inner(value[1], ANY_WIDTH, ANY_WIDTH, apart=False).offers]
        elif op is not sre.AT:
            run.flush()
            if op is sre.BRANCH:
                parts = [_inner(branch, here, rests[-1], apart=apart).best for branch in value[1]]
                if all(part.strings for part in parts):
                    run.offers.append(_union(parts))
            elif op in _REPEATS and value[0] > 0:
                # the first round stands here, and the others behind it
                low, high = _bounded(value[2].getwidth())
                others = _bounded(((value[0] - 1) * low, (value[1] - 1) * high))
                run.offers += _inner(value[2], here, _plus(rests[-1], others), apart=apart).offers
            run.began, run.began_apart = _plus(here, width), _apart(op, value, before=apart)
        run.apart = _apart(op, value, before=apart)
        if op is not sre.AT:
            run.at = _plus(here, width)
    run.rest = behind


def _inner(items: Any, at: Width, behind: Width, *, apart: bool) -> _Run:
    inner = _Run("", at, apart=apart)
    _sequence(items, inner, behind)
    inner.flush()
    return inner


def _union(parts: list[_Offer]) -> _Offer:
    """What holds of a match that one of the parts holds of."""
    before, behind = zip(*(part.before for part in parts), strict=True), zip(*(part.behind for part in parts), strict=True)
    (low, high), (fewest, most) = before, behind
    apart = all(part.apart for part in parts)
    return _Offer(set().union(*(part.strings for part in parts)), (min(low), max(high)), (min(fewest), max(most)), apart)


def _plus(one: Width, other: Width) -> Width:
    return _bounded((one[0] + other[0], one[1] + other[1]))


def _bounded(width: Width) -> Width:
    return min(width[0], sys.maxsize), sys.maxsize if width[1] >= sre.MAXREPEAT else width[1]


def _exact(op: Any, value: Any) -> set[str] | None:
    """The few strings the item matches, folded, when they can be listed; else None."""
    if op is sre.LITERAL:
        return {fold(chr(value))}
    if op is sre.AT:
        return {"\n"} if value in _BEGINS + _ENDS else {""}
    if op is sre.ASSERT_NOT:
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
    if op in _REPEATS and value[1] <= 3:
        part = _exact_sequence(value[2])
        if part is None or len(part) ** value[1] > _MOST // 2:
            return None
        rounds = [{""}]
        for _ in range(value[1]):
            rounds.append({s + t for s in rounds[-1] for t in part})
        return set().union(*rounds[value[0] :])
    return None


def _exact_sequence(items: Any) -> set[str] | None:
    strings = {""}
    for op, value in items:
        part = _exact(op, value)
        if part is None or len(strings) * len(part) > _MOST:
            return None
        strings = {(s + t).replace("\n\n", "\n") for s in strings for t in part}
    return strings


def _ends_in_word(folded: str) -> bool:
    return folded[-1:].isascii() and folded[-1:].isalnum()


def _all_apart(items: Any, *, before: bool) -> bool:
    for op, value in items:
        before = _apart(op, value, before=before)
    return before


def _apart(op: Any, value: Any, *, before: bool) -> bool:
    """Whether no letter or digit of ASCII stands directly before what follows the item, given that none or one does ``before`` it."""
    if op is sre.AT:
        return before or value in _BEGINS
    if op in (sre.ASSERT, sre.ASSERT_NOT):
        return before
    if op is sre.LITERAL:
        return not _ends_in_word(fold(chr(value)))
    if op is sre.IN:
        return all(one is sre.CATEGORY_SPACE or (kind is sre.LITERAL and _apart(kind, one, before=before)) for kind, one in value)
    if op is sre.BRANCH:
        return all(_all_apart(branch, before=before) for branch in value[1])
    if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        return _all_apart(value[-1] if op is sre.SUBPATTERN else value, before=before)
    if op in _REPEATS:
        once = _all_apart(value[2], before=before)
        return (before or value[0] > 0) and once and _all_apart(value[2], before=once)
    return False


def _has_digit(items: Any) -> bool:
    """Whether each match holds a digit."""
    return any(_is_digit(op, value) for op, value in items)


def _is_digit(op: Any, value: Any) -> bool:
    if op is sre.LITERAL:
        return chr(value) in "0123456789"
    if op is sre.IN:
        return all(one is sre.CATEGORY_DIGIT or _is_digit(kind, one) for kind, one in value)
    if op is sre.RANGE:
        return bool(value[0] >= ord("0") and value[1] <= ord("9"))
    if op is sre.BRANCH:
        return all(map(_has_digit, value[1]))
    if op is sre.ATOMIC_GROUP:
        return _has_digit(value)
    return (op is sre.SUBPATTERN or (op in _REPEATS and value[0] > 0)) and _has_digit(value[-1])


def size(items: Any) -> int:
    """The characters that a parsed pattern is made of, when each repeat is written out as often as it must match."""
    total = 0
    for op, value in items:
        if op in _REPEATS:
            total += max(1, value[0]) * size(value[2])
        elif op in (sre.SUBPATTERN, sre.ASSERT, sre.ASSERT_NOT):
            total += size(value[-1])
        elif op is sre.ATOMIC_GROUP:
            total += size(value)
        elif op is sre.BRANCH:
            total += sum(map(size, value[1]))
        elif op is sre.GROUPREF_EXISTS:
            total += size(value[1]) + size(value[2] or ())
        else:
            total += 1
    return total


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
