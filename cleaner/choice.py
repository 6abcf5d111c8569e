"""Which of some copies stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cleaner.dedup import Pair
from cleaner.document import CleanerError
from cleaner.likeness import Kind

WAYS = ("longest", "first", "earliest")
_SOURCE = "source:"
_TRIES = 16
"""With how many documents that stay one is compared that was found to be like a copy of theirs."""


class Facts(NamedTuple):
    """What a choice may look at."""

    id: str
    length: int
    """Characters of clean text."""
    date: str = ""
    """As the record gives it; ISO 8601 sorts by time."""
    site: str = ""
    source: str = ""
    """The file's name."""


@dataclass(frozen=True)
class Prefer:
    """A rank of documents: the least stays. Ties go to the longest text, then to the least id.

    Args:
        way: "longest" text; "first" in the order of ids; "earliest" by the record's date, ones without one last;
            "source:A,B,..." the first that is from site A, or from a file whose name begins with it, then B, then others.
    Raises:
        CleanerError: for a way that is none.
    """

    way: str = "longest"

    def __post_init__(self) -> None:
        if self.way not in WAYS and not (self.way.startswith(_SOURCE) and any(self._names)):
            raise CleanerError(f"no --prefer {self.way!r}; there are {', '.join(WAYS)} and source:NAME,NAME")

    @property
    def _names(self) -> list[str]:
        return [name.strip() for name in self.way.removeprefix(_SOURCE).split(",")]

    @property
    def asks(self) -> bool:
        """Whether it looks at more than id and length."""
        return self.way not in ("longest", "first")

    def __call__(self, document: Facts) -> tuple[Any, ...]:
        rest = (-document.length, document.id)
        if self.way == "first":
            return (document.id,)
        if self.way == "earliest":
            return (not document.date, document.date, *rest)
        if self.way.startswith(_SOURCE):
            names = self._names
            places = [i for i, name in enumerate(names) if name and (document.site == name or document.source.startswith(name))]
            return (min(places, default=len(names)), *rest)
        return rest


class Copy(NamedTuple):
    """A document that is a copy of one that stays, and what it was found by."""

    of: int
    similarity: float
    kind: Kind


Rank = Callable[[int], tuple[Any, ...]]
Compare = Callable[[int, int], Pair | None]


def copies(groups: Iterable[Sequence[int]], pairs: Iterable[Pair], rank: Rank, compare: Compare) -> tuple[dict[int, Copy], list[Pair]]:
    """Which documents are copies, and of which.

    In each group those of least rank are asked first, parts of longer texts last; and a document is a copy only of one that
    stays and that it has been compared with: a chain of near-copies may lead from one text to quite another, which stays too.

    Args:
        groups: documents that hang together by pairs. Those with negative numbers were kept by an earlier run, and stay.
        pairs: what was found; those that do not join say who has been compared.
        rank: of a document; no two are equal.
        compare: for two documents that are like a third one and have not been compared.
    Returns:
        The copies, and the pairs that were found on the way.
    """
    choosing = _Choosing(pairs, rank, compare)
    for group in groups:
        choosing.choose(group)
    return choosing.copies, choosing.met


class _Choosing:
    """Goes through the groups. Exact copies are one class, named by its least number; classes are like each other or not."""

    def __init__(self, pairs: Iterable[Pair], rank: Rank, compare: Compare) -> None:
        self.rank = rank
        self.compare = compare
        self.copies: dict[int, Copy] = {}
        self.met: list[Pair] = []
        self._same: dict[int, int] = {}
        self._like: dict[int, dict[int, Pair]] = {}
        self._parts: set[int] = set()
        others = []
        for pair in pairs:
            if pair.kind != "exact":
                others.append(pair)
                continue
            a, b = sorted((self._class(pair.a), self._class(pair.b)))
            if a != b:
                self._same[b] = a
        for pair in others:
            a, b = self._class(pair.a), self._class(pair.b)
            self._like.setdefault(a, {})[b] = self._like.setdefault(b, {})[a] = pair
            if pair.part is not None and pair.part >= 0:
                self._parts.add(self._class(pair.part))

    def _class(self, doc: int) -> int:
        while doc in self._same:
            doc = self._same[doc]
        return doc

    def choose(self, group: Sequence[int]) -> None:
        """Decides for a group."""
        classes: dict[int, list[int]] = {}
        for doc in sorted(group, key=lambda doc: (doc >= 0, self.rank(doc))):
            classes.setdefault(self._class(doc), []).append(doc)
        stays: dict[int, int] = {}  # class -> the one of it that stays
        goes: dict[int, int] = {}  # class -> the class that it is a copy of

        def order(one: int) -> tuple[Any, ...]:
            return one >= 0, one in self._parts, self.rank(classes[one][0])

        for one in sorted(classes, key=order):
            first, *others = classes[one]
            found = None if one < 0 else self._found(one, stays, goes)
            if found:
                other = self._other(found, one)
                goes[one] = other
                self.copies |= dict.fromkeys((first, *others), Copy(stays[other], found.similarity, found.kind))
            else:
                stays[one] = first
                self.copies |= dict.fromkeys(others, Copy(first, 1.0, "exact"))

    def _found(self, one: int, stays: Mapping[int, int], goes: Mapping[int, int]) -> Pair | None:
        """The pair by which a class is a copy of one that stays, if there is one or a comparison finds one."""
        like = self._like.get(one, {})

        def order(other: int) -> tuple[Any, ...]:
            return other >= 0, self.rank(stays[other])

        there = [other for other, pair in like.items() if other in stays and self._copy(pair, one)]
        if there:
            return like[min(there, key=order)]
        further = {goes[other] for other, pair in like.items() if pair.joins and other in goes} - set(like)
        for other in sorted(further, key=order)[:_TRIES]:
            pair = self.compare(one, other)
            if pair:
                self.met.append(pair)
                if self._copy(pair, one):
                    return pair
        return None

    def _other(self, pair: Pair, one: int) -> int:
        a, b = self._class(pair.a), self._class(pair.b)
        return b if a == one else a

    def _copy(self, pair: Pair, one: int) -> bool:
        """Whether a pair makes a class a copy of the other: not if the other is a part of it."""
        return pair.joins and (pair.part is None or self._class(pair.part) == one)
