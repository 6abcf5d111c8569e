"""How alike two texts are, and in what they differ: measured on the texts, not on sketches of them.

Jaccard similarity and containment are taken from the sets of word 5-grams. Where they do not settle the matter the texts'
words are aligned (longest common subsequence), and the places where one has other words than the other are looked at: a
template filled in twice differs in figures and names, a copy in how some words are spelled and in what was added or cut.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from cleaner import charmap
from cleaner.minhash import Sketcher

Kind = Literal["exact", "near", "contained", "revised", "template"]

CONTAINED = 0.9
"""The share of the shorter text's shingles that lie in the longer, from which on it is a part of it."""
LEAST = 20
"""Texts of fewer shingles are not looked for in longer ones: a sentence stands in many."""
REPLACED, REVISED_LEAST = 0.15, 75
"""A revised copy has other words in the place of at most this share of the shorter text's words, which are at least so many."""
PASSAGE, GAP = 4, 3
"""Words that stand in both texts count as aligned in runs of at least the first number; in runs of fewer than the second they
do not end a change: a sentence that was replaced by another has its articles in common with it."""
FACTS, FACT_SHARE, FACT_RATE, FILLED_ALIKE = 2, 0.6, 0.01, 2 / 3
"""A template: at least so many facts were replaced by others, or nothing else was changed; they are this share of all words
that were replaced by others, and this share of the shorter text's words; and the shorter has at least this share of the
longer's words."""
_DIGIT = re.compile(r"\d")
_CELLS = 4 << 30
"""Texts whose lengths have a greater product are not aligned: their difference is taken from the bags of their words."""

ALIGN_FROM = 0.4
"""Texts of a containment below this are no revised copies of each other: one word in six would have been replaced."""


class Likeness(NamedTuple):
    """What a comparison found.

    Attributes:
        kind: None where the texts are not copies of each other.
        jaccard: of the sets of word 5-grams, 0 to 1.
        containment: the share of the smaller set that lies in the other, 0 to 1.
        aligned: the share of the shorter text's words that stand in the other in order, where it decided.
        evidence: what was replaced in a template.
    """

    kind: Kind | None
    jaccard: float
    containment: float
    aligned: float | None = None
    evidence: str = ""


class Body:
    """A text to be compared; what is asked of it is worked out once."""

    def __init__(self, text: str, sketcher: Sketcher) -> None:
        self.text = text
        self.sketcher = sketcher

    @cached_property
    def shingles(self) -> Any:
        """Its distinct shingle hashes, sorted."""
        return self.sketcher.shingle_set(self.text)

    @cached_property
    def words(self) -> Any:
        """The hashes of its words, sorted."""
        import numpy as np

        return np.sort(self.sketcher.words(self.text))

    @cached_property
    def written(self) -> list[str]:
        """Its words as they are written."""
        return charmap.written(self.text)

    @cached_property
    def tokens(self) -> list[str]:
        """Its words as they are compared, one for each that is written."""
        joined = "\0".join(self.written)
        return (charmap.folded(joined) if self.sketcher.fold else charmap.lowered(joined)).split("\0") if joined else []

    @cached_property
    def bag(self) -> Counter[str]:
        """How often each of its words stands in it."""
        return Counter(self.tokens)

    @cached_property
    def facts(self) -> frozenset[str]:
        """Its figures, and the words that are written with a capital wherever they stand: names, in most languages with capitals."""
        upper: set[str] = set()
        others: set[str] = set()
        for word, token in set(zip(self.written, self.tokens, strict=True)):
            (upper if word[0].isupper() else others).add(token)
        return frozenset(upper - others | {token for token in others if not token.isalpha() and figure(token)})


class Change(NamedTuple):
    """A place where one text has other words than the other; one of the sides may be empty."""

    old: Sequence[str]
    new: Sequence[str]


@dataclass(frozen=True)
class Judge:
    """What counts as a copy.

    Args:
        threshold: the least Jaccard similarity of near-duplicates, and the least share of aligned words of revised copies.
        containment: whether parts of longer texts, and revised copies, are copies.
        templates: whether to tell templates and revised copies by their words; without, only the two measures speak.
    """

    threshold: float = 0.8
    containment: bool = True
    templates: bool = True
    sketcher: Sketcher = field(default_factory=Sketcher)

    def __call__(self, a: Body, b: Body) -> Likeness:
        """Compares two texts, whichever comes first."""
        both = self.sketcher.common(a.shingles, b.shingles)
        small, large = sorted((a.shingles.size, b.shingles.size))
        jaccard = both / (small + large - both) if both else 0.0
        containment = both / small if both else 0.0
        kind: Kind | None = None
        if jaccard >= self.threshold:
            kind = "near"
        elif self.containment and containment >= CONTAINED and small >= LEAST:
            kind = "contained"
        hopeful = self.containment and containment >= ALIGN_FROM and small >= LEAST
        if not self.templates or jaccard == 1 or not (kind or hopeful):
            return Likeness(kind, jaccard, containment)
        a, b = sorted((a, b), key=lambda body: (len(body.text), body.text))  # the same alignment, whichever comes first
        shorter, longer = sorted((a.words.size, b.words.size))
        shared = self.sketcher.common(a.words, b.words)  # in whatever order
        if kind:
            fillable = shorter >= FILLED_ALIKE * longer and shared <= shorter - max(1, FACT_RATE * shorter)
            if not (fillable and _own_facts(a, b) and _own_facts(b, a)):
                return Likeness(kind, jaccard, containment)  # no template
        elif shorter < REVISED_LEAST or shared < self.threshold * shorter:
            return Likeness(None, jaccard, containment)  # no revised copy
        found = align(a.tokens, b.tokens)
        facts = _replaced_facts(found.changes, a, b)
        if facts:
            return Likeness("template", jaccard, containment, None, "; ".join(f"{' '.join(c.old)} / {' '.join(c.new)}" for c in facts[:5]))
        if not kind and found.aligned >= self.threshold * shorter and found.replaced <= REPLACED * shorter:
            return Likeness("revised", jaccard, containment, found.aligned / shorter)
        return Likeness(kind, jaccard, containment)


def _own_facts(a: Body, b: Body) -> bool:
    """Whether a text tells a fact more often than the other does."""
    return any(a.bag[word] > b.bag[word] for word in a.facts)


class Alignment(NamedTuple):
    """Two texts laid beside each other, word by word.

    Attributes:
        aligned: words that stand in both, in order and in runs of at least `PASSAGE`.
        replaced: words of which there are others in their place.
        changes: the places where they differ.
    """

    aligned: int
    replaced: int
    changes: list[Change]


def align(a: Sequence[str], b: Sequence[str]) -> Alignment:
    """Aligns two texts by their longest common subsequence of words."""
    if len(a) * len(b) > _CELLS:
        more, less = Counter(a), Counter(b)
        change = Change(sorted((more - less).elements()), sorted((less - more).elements()))
        return Alignment((more & less).total(), min(map(len, change)), [change])
    aligned = replaced = old = new = 0
    found = []
    for kind, i, j, k, n in opcodes(a, b):
        if kind == "equal":
            aligned += j - i if j - i >= PASSAGE else 0
            if j - i >= GAP:
                replaced += min(old, new)
                old = new = 0
            elif old or new:
                old, new = old + j - i, new + j - i
        else:
            found.append(Change(a[i:j], b[k:n]))
            old, new = old + j - i, new + n - k
    return Alignment(aligned, replaced + min(old, new), found)


def opcodes(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    from rapidfuzz.distance import Indel

    i = k = 0  # what differs is told in deletions and insertions: put together what lies between equal words
    for op in Indel.opcodes(a, b):
        if op.tag == "equal":
            if i < op.src_start or k < op.dest_start:
                yield "replace", i, op.src_start, k, op.dest_start
            yield "equal", op.src_start, op.src_end, op.dest_start, op.dest_end
            i, k = op.src_end, op.dest_end
    if i < len(a) or k < len(b):
        yield "replace", i, len(a), k, len(b)


def _replaced_facts(found: Sequence[Change], a: Body, b: Body) -> list[Change]:
    """The changes of facts, if they make the two texts fillings of a template; else none."""
    facts = []
    filled = replaced = 0
    for change in found:
        weight = min(len(change.old), len(change.new))
        if not weight:
            continue
        replaced += weight
        told = min(_told(change.old, change.new, a), _told(change.new, change.old, b))
        if told * 2 >= weight:
            facts.append(change)
            filled += min(told, weight)
    shorter, longer = sorted((len(a.tokens), len(b.tokens)))
    enough = filled >= FACTS or len(facts) == len(found)
    filling = enough and filled >= FACT_RATE * shorter and filled >= FACT_SHARE * replaced and shorter >= FILLED_ALIKE * longer
    return facts if filling else []


def _told(words: Sequence[str], others: Sequence[str], body: Body) -> int:
    """How many of some words tell a fact that the others do not; figures that are the others', written otherwise, do not."""
    told = [word for word in words if word in body.facts and word not in others]
    if told and _digits(words) == _digits(others):
        return sum(not figure(word) for word in told)
    return len(told)


def figure(word: str) -> bool:
    """Whether there is a digit in a word."""
    return _DIGIT.search(word) is not None


def _digits(words: Sequence[str]) -> list[str]:
    return sorted(_DIGIT.findall("".join(words)))
