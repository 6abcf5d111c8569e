"""Duplicates: exact copies, near-duplicates, parts of longer texts, revised copies; and templates, which are none of these.

Keys and samples only nominate. Every pair that is reported has been compared, shingle by shingle, from the texts themselves.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice, pairwise
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple, TypeVar

from cleaner import minhash
from cleaner.document import CleanerError
from cleaner.likeness import Body, Judge, Kind
from cleaner.minhash import Sketcher
from cleaner.store import Candidates, Fingerprint, Store

Mode = Literal["none", "exact", "near"]
Templates = Literal["keep", "merge"]
MODES: tuple[Mode, ...] = ("none", "exact", "near")
TEMPLATES: tuple[Templates, ...] = ("keep", "merge")
Choice = TypeVar("Choice", bound=str)
Watched = Callable[[Candidates], Iterable[tuple[int, int]]]
Work = Callable[[list[tuple[int, int]]], "list[Pair | None]"]
Run = Callable[[Work, Iterable[list[tuple[int, int]]], Callable[[tuple[int, int], str], None]], "Iterator[list[Pair | None]]"]

WORTH = 1 << 22
"""Bytes of text from which on it pays to load the compiled loops, half a second."""
_ROOM = 1 << 26
"""Bytes of tables that are held in memory; larger ones lie on disk."""
_BATCH = 64
"""Pairs that a worker compares at a time."""
_CACHED = 1 << 19
"""Characters of texts that are held ready for further comparisons."""


class Pair(NamedTuple):
    """Two documents that were compared and found to be copies, or fillings of one template: by their numbers, ``a`` before ``b``.

    Attributes:
        kind: "exact": the same words; "near": Jaccard similarity >= threshold; "contained": one is a part of the other;
            "revised": nearly all words of one stand in the other, in order; "template": they differ in figures and names only.
        jaccard: the similarity of the sets of word 5-grams, 0 to 1, exact.
        containment: the share of the smaller set that lies in the other, exact.
        aligned: the share of a revised copy's words that stand in the other in order, at least the threshold.
        evidence: what was replaced in a template.
        part: the document that is a part of the other, where one is.
    """

    a: int
    b: int
    kind: Kind
    jaccard: float
    containment: float
    aligned: float | None = None
    evidence: str = ""
    part: int | None = None

    @property
    def joins(self) -> bool:
        """Whether the two are copies."""
        return self.kind != "template"

    @property
    def similarity(self) -> float:
        """The measure that made them copies: containment, words aligned, or Jaccard."""
        if self.kind == "contained":
            return self.containment
        return self.jaccard if self.aligned is None else self.aligned


def _here(work: Work, batches: Iterable[list[tuple[int, int]]], _: object) -> Iterator[list[Pair | None]]:
    """The way to run work in this process."""
    return map(work, batches)


@dataclass(frozen=True)
class Dedup:
    """What counts as a duplicate.

    Args:
        mode: "exact": texts of the same words; "near": also the ones below; "none".
        threshold: the least Jaccard similarity of near-duplicates, 0 to 1.
        containment: parts of longer texts, and revised copies, are duplicates.
        templates: "keep" texts that differ in figures and names only; "merge" judges by the two measures alone, so that
            revised copies, which only their words tell from templates, are not looked for either.
        fold: compare without what does not change the words (see `cleaner.charmap.folded`).
        compiled: hash with numba, which pays from some megabytes on. The results are the same.
    """

    mode: Mode = "near"
    threshold: float = 0.8
    containment: bool = True
    templates: Templates = "keep"
    fold: bool = True
    compiled: bool = True

    @classmethod
    def read(cls, mode: str, threshold: float, *, containment: bool = True, templates: str = "keep", fold: bool = True) -> Dedup:
        """From a person's words. Raises CleanerError for a word or number that is none."""
        return cls(_chosen("way to deduplicate", mode, MODES), threshold, containment, _chosen("--templates", templates, TEMPLATES), fold)

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise CleanerError(f"a threshold is above 0 and at most 1, not {self.threshold:g}")

    def sized(self, size: int) -> Dedup:
        """The same, for about so many bytes of text."""
        return replace(self, compiled=self.compiled and size >= WORTH)

    @property
    def sketcher(self) -> Sketcher:
        return Sketcher(self.fold, self.compiled)

    @property
    def bands(self) -> int:
        """How many band keys a fingerprint has."""
        return minhash.bands(self.threshold)[0] if self.mode == "near" else 0

    @property
    def _alike(self) -> float:
        """The share of two signatures that agrees for all but one in 300,000 pairs at the threshold: 4.5 deviations below it."""
        return self.threshold - 4.5 * math.sqrt(self.threshold * (1 - self.threshold) / minhash.PERMUTATIONS)

    @cached_property
    def judge(self) -> Judge:
        """Compares two texts."""
        return Judge(self.threshold, self.containment, self.templates == "keep", self.sketcher)

    def fingerprints(self, texts: Sequence[str]) -> list[Fingerprint | None]:
        """The fingerprints of some texts; None for one without a word, and where nothing is to be found."""
        import numpy as np

        if self.mode == "none" or not texts:
            return [None] * len(texts)
        near = self.mode == "near"
        made = self.sketcher.sketches(texts, signed=near, sampled=near and self.containment)
        keys = minhash.band_keys(made.signatures, self.threshold) if near else made.signatures
        short = made.signatures[:, : 0 if self.containment else None].astype(np.uint8)
        content = made.samples.tobytes()
        samples = [content[8 * start : 8 * end] for start, end in pairwise([0, *made.ends.tolist()])]
        rows = zip(made.words.tolist(), _rows(made.digests), _rows(keys), samples, _rows(short), strict=True)
        return [Fingerprint(*row) if row[0] else None for row in rows]

    def pairs(
        self,
        store: Store,
        text: Callable[[int], str],
        *,
        earlier: bool = False,
        watched: Watched = attrgetter("pairs"),
        run: Run = _here,
    ) -> list[Pair]:
        """All pairs among the documents of a store that were found to be something to each other, in order.

        Of a group of exact copies each is paired with the one of least id; only that one is compared with other texts.

        Args:
            text: gives the text of a document by its number.
            earlier: documents of earlier runs are attached to the store: their pairs with those of this run too.
            watched: lets pairs through, and counts them.
            run: has batches of pairs compared, in order; a pair that nobody can compare is nothing.
        """
        found = [Pair(min(one, two), max(one, two), "exact", 1.0, 1.0) for one, *rest in store.copies() for two in rest]
        known: set[tuple[int, int]] = set()
        if earlier:
            known = set(store.earlier_copies())
            found += [Pair(one, two, "exact", 1.0, 1.0) for one, two in known]
        if self.mode == "near":
            compare = Comparer(self, text)
            met = watched(store.candidates(contained=self.containment, alike=self._alike))
            if earlier:
                across = watched(store.earlier_candidates(contained=self.containment))
                met = chain(met, (pair for pair in across if pair not in known))
            found += filter(None, chain.from_iterable(run(compare.batch, _batches(met), lambda pair, reason: None)))
        return sorted(found)


def _rows(table: Any) -> list[bytes]:
    """The bytes of each row of an array."""
    content = table.tobytes()
    width = len(content) // len(table)
    return [content[i * width : (i + 1) * width] for i in range(len(table))]


def _batches(pairs: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    rest = iter(pairs)
    while batch := list(islice(rest, _BATCH)):
        yield batch


class Comparer:
    """Compares documents by number, with the texts that were asked for last held ready."""

    def __init__(self, dedup: Dedup, text: Callable[[int], str]) -> None:
        self._dedup = dedup
        self._text = text
        self._bodies: OrderedDict[int, Body] = OrderedDict()
        self._held = 0

    def __call__(self, a: int, b: int) -> Pair | None:
        """What two documents are to each other, if anything."""
        a, b = sorted((a, b))
        one, two = self._body(a), self._body(b)
        found = self._dedup.judge(one, two)
        if not found.kind:
            return None
        part = None
        if found.kind in ("contained", "revised"):
            shorter = (one.shingles.size, one.text) < (two.shingles.size, two.text)
            part = a if shorter else b
        return Pair(a, b, found.kind, found.jaccard, found.containment, found.aligned, found.evidence, part)

    def batch(self, pairs: list[tuple[int, int]]) -> list[Pair | None]:
        """What the documents of some pairs are to each other."""
        return [self(a, b) for a, b in pairs]

    def _body(self, doc: int) -> Body:
        if doc in self._bodies:
            self._bodies.move_to_end(doc)
        else:
            body = self._bodies[doc] = Body(self._text(doc), self._dedup.sketcher)
            self._held += len(body.text)
            while self._held > _CACHED and len(self._bodies) > 2:
                _, old = self._bodies.popitem(last=False)
                self._held -= len(old.text)
        return self._bodies[doc]


def _chosen(what: str, word: str, known: tuple[Choice, ...]) -> Choice:
    for choice in known:
        if word == choice:
            return choice
    raise CleanerError(f"no {what} {word!r}; there are {', '.join(known)}")


def find_duplicates(
    texts: Sequence[str],
    threshold: float = 0.8,
    mode: Mode = "near",
    *,
    containment: bool = True,
    templates: Templates = "keep",
    fold: bool = True,
) -> list[Pair]:
    """The pairs of duplicates among some texts, by their indices.

    Args:
        texts: any number of strings; ones without a word are no duplicates of anything.
        threshold: the least Jaccard similarity of word 5-grams, 0 to 1.
        mode: "exact" for texts that differ in case, punctuation and spacing only; "near" for all above the threshold.
        containment: also texts that are a part of a longer one, or that repeat nearly all its words in order.
        templates: "merge" takes texts that differ in figures and names only for duplicates.
        fold: see `cleaner.charmap.folded`.
    Returns:
        `Pair`s in order; of exact copies each is paired with the first.
    Raises:
        CleanerError: for a mode or threshold that is none.

    >>> from cleaner import find_duplicates
    >>> a = "The council approved the new bridge over the river on Monday after a long debate about its cost."
    >>> [(p.a, p.b, p.kind) for p in find_duplicates([a, "Rain is expected.", a.upper()])]
    [(0, 2, 'exact')]
    """
    size = sum(map(len, texts))
    dedup = Dedup.read(mode, threshold, containment=containment, templates=templates, fold=fold).sized(size)
    with ExitStack() as stack:
        tables = len(texts) * 8 * (dedup.bands + 5) + dedup.containment * size // 3  # a word has six letters, a sample sixteen bytes
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="cleaner-"))) if tables > _ROOM else None
        store = Store(folder, dedup.bands)
        stack.callback(store.close)
        fingerprints = chain.from_iterable(map(dedup.fingerprints, minhash.batched(texts)))
        for doc, fingerprint in enumerate(fingerprints):
            if fingerprint:
                store.add(doc, f"{doc:012}", fingerprint)
        return [pair for pair in dedup.pairs(store, texts.__getitem__) if pair.joins]
