"""Duplicates: exact copies, near-duplicates, and which copy stays.

Bands only nominate. Every pair that is reported has been compared, shingle by shingle, from the texts themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from cleaner import minhash
from cleaner.document import CleanerError
from cleaner.store import Store

Mode = Literal["none", "exact", "near"]
MODES: tuple[Mode, ...] = ("none", "exact", "near")


class Fingerprint(NamedTuple):
    """What is needed to find a text's copies without the text."""

    digest: bytes
    keys: list[int]


class Pair(NamedTuple):
    """Two documents found to be the same: by their numbers, ``a`` before ``b``.

    ``jaccard`` and ``containment`` (the share of the smaller text's shingles that lie in the other) are exact.
    """

    a: int
    b: int
    kind: Literal["exact", "near"]
    jaccard: float
    containment: float


class Copy(NamedTuple):
    """A document that is a copy of one that stays, and its Jaccard similarity to it."""

    of: int
    similarity: float
    kind: Literal["exact", "near"]


@dataclass(frozen=True)
class Dedup:
    """What counts as a duplicate: texts of the same tokens ("exact"), or also those of Jaccard similarity >= threshold ("near")."""

    mode: Mode = "near"
    threshold: float = 0.8

    @classmethod
    def read(cls, mode: str, threshold: float) -> Dedup:
        """From a person's words. Raises CleanerError for a mode or threshold that is none."""
        for known in MODES:
            if mode == known:
                return cls(known, threshold)
        raise CleanerError(f"no way to deduplicate {mode!r}; there are {', '.join(MODES)}")

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise CleanerError(f"a threshold is above 0 and at most 1, not {self.threshold:g}")

    def fingerprint(self, text: str) -> Fingerprint | None:
        """None for a text without a word, and where nothing is to be found."""
        found = minhash.tokens(text) if self.mode != "none" else []
        if not found:
            return None
        keys = minhash.band_keys(minhash.signature(minhash.shingles(found)), self.threshold) if self.mode == "near" else []
        return Fingerprint(minhash.digest(found), keys)

    def pairs(self, store: Store, text: Callable[[int], str]) -> list[Pair]:
        """All pairs of duplicates among the documents of a store, in order.

        Of a group of exact copies each is paired with the first; only the first is compared with other texts.

        Args:
            text: gives the text of a document by its number.
        """
        found = [Pair(group[0], other, "exact", 1.0, 1.0) for group in store.copies() for other in group[1:]]
        if self.mode == "near":
            shingles = lru_cache(maxsize=4096)(lambda doc: minhash.shingles(minhash.tokens(text(doc))))
            for a, b in store.candidates():
                similarity = minhash.jaccard(shingles(a), shingles(b))
                if similarity >= self.threshold:
                    found.append(Pair(a, b, "near", similarity, minhash.containment(shingles(a), shingles(b))))
        return sorted(found)


def clusters(pairs: Iterable[Pair]) -> list[list[int]]:
    """The connected components of the pairs, each in order, by their first document."""
    parent: dict[int, int] = {}

    def root(doc: int) -> int:
        while parent.setdefault(doc, doc) != doc:
            parent[doc] = parent[parent[doc]]
            doc = parent[doc]
        return doc

    for pair in pairs:
        a, b = sorted((root(pair.a), root(pair.b)))
        parent[b] = a
    groups: dict[int, list[int]] = {}
    for doc in sorted(parent):
        groups.setdefault(root(doc), []).append(doc)
    return list(groups.values())


def copies(groups: Iterable[Sequence[int]], pairs: Iterable[Pair], rank: Callable[[int], tuple[int, str]]) -> dict[int, Copy]:
    """Which documents are copies, and of which.

    In each group those of smaller rank are asked first, and a document is a copy only of one that stays and that it has been
    compared with: a chain of near-copies may lead from one text to quite another, which stays too.
    """
    first: dict[int, int] = {}  # exact copy -> the document that was compared with others in its stead
    near: dict[int, dict[int, float]] = {}
    for pair in pairs:
        if pair.kind == "exact":
            first[pair.b] = pair.a
        else:
            near.setdefault(pair.a, {})[pair.b] = near.setdefault(pair.b, {})[pair.a] = pair.jaccard
    result: dict[int, Copy] = {}
    for group in groups:
        stays: dict[int, int] = {}  # the document compared -> the one of its copies that stays
        for doc in sorted(group, key=rank):
            compared = first.get(doc, doc)
            if compared in stays:
                result[doc] = Copy(stays[compared], 1.0, "exact")
                continue
            like = [other for other in near.get(compared, ()) if other in stays]
            if like:
                best = min(like, key=lambda other: rank(stays[other]))
                result[doc] = Copy(stays[best], near[compared][best], "near")
            else:
                stays[compared] = doc
    return result


def find_duplicates(texts: Sequence[str], threshold: float = 0.8, mode: Mode = "near") -> list[Pair]:
    """The pairs of duplicates among some texts, by their indices.

    Args:
        texts: any number of strings; ones without a word are no duplicates of anything.
        threshold: the least Jaccard similarity of word 5-grams, 0 to 1.
        mode: "exact" for texts that differ in case, punctuation and spacing only; "near" for all above the threshold.
    Returns:
        `Pair`s in order; of exact copies each is paired with the first.
    Raises:
        CleanerError: for a mode or threshold that is none.

    >>> from cleaner import find_duplicates
    >>> a = "The council approved the new bridge over the river on Monday after a long debate about its cost."
    >>> [(p.a, p.b, p.kind) for p in find_duplicates([a, "Rain is expected.", a.upper()])]
    [(0, 2, 'exact')]
    """
    dedup = Dedup.read(mode, threshold)
    store = Store()
    try:
        for doc, text in enumerate(texts):
            fingerprint = dedup.fingerprint(text)
            if fingerprint:
                store.add(doc, *fingerprint)
        return dedup.pairs(store, texts.__getitem__)
    finally:
        store.close()
