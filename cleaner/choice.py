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
        if self.way not in WAYS and not self.way.startswith(_SOURCE):
            raise CleanerError(f"no --prefer {self.way!r}; there are {', '.join(WAYS)} and source:NAME,NAME")

    def __call__(self, document: Facts) -> tuple[Any, ...]:
        rest = (-document.length, document.id)
        if self.way == "first":
            return (document.id,)
        if self.way == "earliest":
            return (not document.date, document.date, *rest)
        if self.way.startswith(_SOURCE):
            names = [name.strip() for name in self.way.removeprefix(_SOURCE).split(",")]
            places = [i for i, name in enumerate(names) if name and (document.site == name or document.source.startswith(name))]
            return (min(places, default=len(names)), *rest)
        return rest


class Copy(NamedTuple):
    """A document that is a copy of one that stays, and what it was found by."""

    of: int
    similarity: float
    kind: Kind


def copies(
    groups: Iterable[Sequence[int]],
    pairs: Iterable[Pair],
    rank: Callable[[int], tuple[Any, ...]],
    compare: Callable[[int, int], Pair | None],
) -> tuple[dict[int, Copy], list[Pair]]:
    """Which documents are copies, and of which.

    In each group those of least rank are asked first, parts of longer texts last; and a document is a copy only of one that
    stays and that it has been compared with: a chain of near-copies may lead from one text to quite another, which stays too.

    Args:
        groups: documents that hang together by pairs.
        pairs: what was found; ones that do not join are not looked at.
        rank: of a document; no two are equal.
        compare: for two documents that like a third one and have not been compared.
    Returns:
        The copies, and the pairs that were found on the way.
    """
    same: dict[int, int] = {}  # exact copy -> the document of its class that was compared with others in the stead of all
    like: dict[int, dict[int, Pair]] = {}
    parts = set()
    pairs = list(pairs)
    for pair in pairs:
        if pair.kind != "exact":
            like.setdefault(pair.a, {})[pair.b] = like.setdefault(pair.b, {})[pair.a] = pair
            parts.add(pair.part)
    for pair in pairs:
        if pair.kind == "exact":
            stands = pair.b if pair.b in like or pair.b in same.values() else pair.a
            same[pair.a] = same[pair.b] = stands
    made: dict[int, Copy] = {}
    met: list[Pair] = []
    for group in groups:
        classes: dict[int, list[int]] = {}
        for doc in sorted(group, key=rank):
            classes.setdefault(same.get(doc, doc), []).append(doc)
        stays: dict[int, int] = {}  # the document of a class that was compared -> the one that stays
        goes: dict[int, int] = {}  # the same of a class that goes -> of the class that it is a copy of
        for one in sorted(classes, key=lambda one: (one in parts, rank(classes[one][0]))):
            found = _like(one, like.get(one, {}), stays, goes, compare, met, rank)
            first, *others = classes[one]
            if found:
                goes[one] = other = found.b if found.a == one else found.a
                made |= dict.fromkeys((first, *others), Copy(stays[other], found.similarity, found.kind))
            else:
                stays[one] = first
                made |= dict.fromkeys(others, Copy(first, 1.0, "exact"))
    return made, met


def _like(
    one: int,
    like: Mapping[int, Pair],
    stays: Mapping[int, int],
    goes: Mapping[int, int],
    compare: Callable[[int, int], Pair | None],
    met: list[Pair],
    rank: Callable[[int], tuple[Any, ...]],
) -> Pair | None:
    """The pair by which a document is a copy of one that stays; one that had to be compared for it is noted in ``met``."""
    there = [other for other, pair in like.items() if other in stays and pair.joins and pair.part != other]
    if there:
        return like[min(there, key=lambda other: rank(stays[other]))]
    further = {goes[other] for other, pair in like.items() if pair.joins and other in goes} - set(like)
    for other in sorted(further, key=lambda other: rank(stays[other]))[:_TRIES]:
        pair = compare(one, other)
        if pair:
            met.append(pair)
            if pair.joins and pair.part != other:
                return pair
    return None
