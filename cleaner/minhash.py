"""Text to tokens, shingles, a MinHash signature, and the keys by which near-duplicates meet.

The hashes are defined here in plain words, and computed by `kernels` (compiled) or `arrays` (NumPy), which agree bit for bit:

- a token of code points ``c1 .. cn``: ``fmix64(sum((ci + 1) * LETTER ** i))``, all modulo 2**64; of a token of `STRETCH` and
  more, what the first `STRETCH` give is the first summand of the next ``STRETCH - 1``, which begin at ``LETTER ** 2``, and so on;
- a shingle of tokens ``t1 .. tk`` (`SHINGLE` of them; all, in a shorter text): ``fmix64(sum(ti * TOKEN ** (k - i)))``;
- a signature: for each of `PERMUTATIONS` (a, b), the least ``a * fmix32(s) + b`` modulo 2**32 over the lower 32 bits ``s`` of
  the shingles' hashes. That is datasketch's scheme affine32, with its own permutations of seed 1; where ``s`` is the SHA-1
  of the shingle's tokens, joined by blanks, it is bit for bit what ``datasketch.MinHash(num_perm=128, seed=1)`` gives.

- a digest: the same polynomial over all of a text's tokens, at LETTER and at TOKEN, each mixed: 128 bits;
- a sample: the hashes of shingles below ``2**64 / SAMPLED``.

fmix32 and fmix64 are the finalisers of MurmurHash3. MinHash: Broder 1997. Samples: FracMinHash, Irber et al. 2022.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cleaner import charmap

if TYPE_CHECKING:
    from datasketch import MinHash

PERMUTATIONS = 128
SHINGLE = 5
RECALL = 0.999
"""The share of pairs at the threshold that bands must nominate: a candidate too many costs a comparison, one too few a duplicate."""

STRETCH = 64
LETTER = 0x9E3779B97F4A7C15
TOKEN = 0xD6E8FEB86659FD93

SAMPLED = 8
"""One in this many shingle hashes is in a text's sample, by which texts meet that contain one another."""

Hashing = Literal["fast", "sha1"]


@cache
def compiler() -> Any:
    """The module `kernels`, or None where numba cannot be had, or has no folder to keep what it compiles."""
    try:
        from cleaner import kernels
    except (ImportError, RuntimeError):
        return None
    return kernels


@cache
def _permutations() -> tuple[Any, Any]:
    """datasketch's of seed 1, drawn as it draws them: to ask it for them costs each process half a second and 50 MB."""
    import numpy as np

    draw = np.random.RandomState(1).randint  # a stream that NumPy promises not to change
    a = draw(0, 1 << 31, PERMUTATIONS, np.uint32) * np.uint32(2) + np.uint32(1)
    return a, draw(0, 1 << 32, PERMUTATIONS, np.uint32)


@cache
def _powers() -> Any:
    """What the first, the second .. of `STRETCH` letters is multiplied by."""
    import numpy as np

    return np.multiply.accumulate(np.full(STRETCH, LETTER, np.uint64))


@cache
def _multipliers() -> Any:
    """Of a digest's two halves; the second is also that of a shingle's tokens."""
    import numpy as np

    return np.array([LETTER, TOKEN], np.uint64)


class Sketches(NamedTuple):
    """What is kept of some texts to find their copies by.

    Attributes:
        words: how many tokens each has: int64.
        digests: two numbers each, equal for texts of the same tokens: uint64 of shape (texts, 2); 0 for a text without a token.
        signatures: uint32 of shape (texts, 128), or (texts, 0) where they were not asked for.
        samples: the sampled shingle hashes of one text after the other, distinct and sorted in each: int64.
        ends: where each text's samples end.
    """

    words: Any
    digests: Any
    signatures: Any
    samples: Any
    ends: Any


@dataclass(frozen=True)
class Sketcher:
    """How texts are hashed.

    Args:
        fold: compare texts without what does not change their words (`charmap.folded`); else in lower case only.
        compiled: use numba. It pays from some megabytes on; the results are the same.
    """

    fold: bool = True
    compiled: bool = True

    @property
    def _kernels(self) -> Any:
        """The compiled loops, or None."""
        return compiler() if self.compiled else None

    @property
    def _loops(self) -> Any:
        from cleaner import arrays

        return self._kernels or arrays

    @property
    def _table(self) -> str:
        return "folded" if self.fold else "lowered"

    def _rewritten(self, text: str) -> str:
        """A text as the table of kind "plain" reads it."""
        return charmap.folded(text) if self.fold else charmap.lowered(text)

    def words(self, text: str) -> Any:
        """The hashes of a text's tokens in order: a uint64 array."""
        if kernels := self._kernels:
            return self._over_bytes(text, lambda data, table: kernels.token_hashes(data, table, _powers()))
        return self._loops.token_hashes(charmap.tokens(text, fold=self.fold), _powers())

    def _over_bytes(self, text: str, loop: Any) -> Any:
        """What a kernel makes of a text, rewritten first if it holds a character that asks for that."""
        import numpy as np

        made = loop(np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8), charmap.table(self._table))
        if made is None:
            text = self._rewritten(text)
            made = loop(np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8), charmap.table("plain"))
        return made

    def shingles(self, words: Any) -> Any:
        """The hash of each shingle of some tokens, in order, with repetitions: a uint64 array."""
        return self._loops.shingle_hashes(words, SHINGLE, _multipliers()[1])

    def shingle_set(self, text: str) -> Any:
        """The distinct shingle hashes of a text, sorted: a uint64 array."""
        if not (kernels := self._kernels):
            return self._loops.distinct(self.shingles(self.words(text)))
        found = self._over_bytes(text, lambda data, table: kernels.text_shingles(data, table, _powers(), SHINGLE, _multipliers()[1]))
        found.sort()  # NumPy sorts faster than compiled code does
        return kernels.distinct(found)

    def sketches(self, texts: Sequence[str], *, signed: bool = True, sampled: bool = True) -> Sketches:
        """What is kept of texts to find their copies by.

        Args:
            texts: any strings; some megabytes of them at a time.
            signed: compute signatures too.
            sampled: and samples.
        """
        import numpy as np

        return self._sketches(
            texts,
            _permutations() if signed else (np.empty(0, np.uint32),) * 2,
            np.uint64(2**64 // SAMPLED if sampled else 0),
            _multipliers(),
        )

    def signatures(self, texts: Sequence[str]) -> Any:
        """The signatures alone: a uint32 array of shape (texts, 128)."""
        import numpy as np

        return self._sketches(texts, _permutations(), np.uint64(0), np.empty(0, np.uint64)).signatures

    def _sketches(self, texts: Sequence[str], permutations: tuple[Any, Any], limit: Any, names: Any) -> Sketches:
        import numpy as np

        a, b = permutations
        if not self._kernels:
            return _joined([self._sketch(text, a, b, limit) for text in texts])
        made = self._computed(texts, self._table, a, b, limit, names)
        again = np.flatnonzero(made.words < 0).tolist()
        if not again:
            return made
        rest = self._computed([self._rewritten(texts[i]) for i in again], "plain", a, b, limit, names)
        each = list(_each(made))
        for i, row in zip(again, _each(rest), strict=True):
            each[i] = row
        return _joined(each)

    def _computed(self, texts: Sequence[str], kind: str, a: Any, b: Any, limit: Any, names: Any) -> Sketches:
        """The sketches of texts; one that cannot be read by this kind of table has -1 words."""
        import numpy as np

        coded = [text.encode("utf-8", "surrogatepass") for text in texts]
        ends = np.cumsum(np.fromiter(map(len, coded), np.int64, len(coded)))
        data = np.frombuffer(b"".join(coded), np.uint8)
        found = self._kernels.sketches(data, ends, charmap.table(kind), SHINGLE, _powers(), _multipliers()[1], a, b, limit, names)
        return Sketches(*found)

    def _sketch(self, text: str, a: Any, b: Any, limit: Any) -> Sketches:
        import numpy as np

        from cleaner import arrays

        words = self.words(text)
        shingles = self.shingles(words)
        digest = arrays.fmix64(np.stack([arrays.polynomial(words, at) for at in _multipliers()]))
        sample = np.unique(shingles[shingles < limit]).view(np.int64)
        return Sketches(np.array([words.size]), digest[None], arrays.least(shingles, a, b)[None], sample, np.array([sample.size]))

    def common(self, a: Any, b: Any) -> int:
        """How many values two sorted arrays have in common; one that stands twice in both counts twice."""
        return int(self._loops.common(a, b))

    def sha1_signature(self, text: str) -> Any:
        """The signature that datasketch gives to the text's shingles with its defaults: a uint32 array of 128."""
        import numpy as np

        if kernels := self._kernels:
            joined, starts = self._over_bytes(text, kernels.token_bytes)
        else:
            parts = [token.encode("utf-8", "surrogatepass") + b" " for token in charmap.tokens(text, fold=self.fold)]
            joined = np.frombuffer(b"".join(parts), np.uint8)
            starts = np.cumsum([0, *map(len, parts)])
        return self._loops.least(self._loops.sha1_hashes(joined, starts, SHINGLE), *_permutations())


def _each(made: Sketches) -> Iterator[Sketches]:
    """The sketches of each text."""
    start = 0
    for i, end in enumerate(made.ends.tolist()):
        words, digests, signatures = (column[i : i + 1] for column in made[:3])
        yield Sketches(words, digests, signatures, made.samples[start:end], made.ends[i : i + 1] - start)
        start = end


def _joined(each: Sequence[Sketches]) -> Sketches:
    import numpy as np

    made = Sketches._make(map(np.concatenate, zip(*each, strict=True)))
    return made._replace(ends=np.cumsum(made.ends))


def signatures(texts: Iterable[str], hashing: Hashing = "fast", *, fold: bool = True, compiled: bool = True) -> Any:
    """The MinHash signatures of texts.

    Args:
        texts: any strings.
        hashing: "fast", as this module's docstring defines it; "sha1", as datasketch computes it by default.
        fold: see `Sketcher`.
        compiled: see `Sketcher`.
    Returns:
        A uint32 array of shape (texts, 128). A text without a token has 2**32 - 1 everywhere, as an empty MinHash has.
    """
    import numpy as np

    sketcher = Sketcher(fold, compiled)
    if hashing == "sha1":
        made = [sketcher.sha1_signature(text)[None] for text in texts]
    else:
        made = [sketcher.signatures(batch) for batch in batched(texts)]
    return np.concatenate(made) if made else np.empty((0, PERMUTATIONS), np.uint32)


def to_datasketch(signature: Any) -> MinHash:
    """A row of `signatures` as a `datasketch.MinHash`, to be compared with others of the same hashing."""
    from datasketch import MinHash

    return MinHash(num_perm=PERMUTATIONS, seed=1, hashvalues=signature, scheme="affine32")


def batched(texts: Iterable[str], characters: int = 1 << 20) -> Iterator[list[str]]:
    """Texts in lists of about a million characters."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text) + 64
        if size >= characters:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def bands(threshold: float) -> tuple[int, int]:
    """(number of bands, rows to a band) that nominate at least `RECALL` of the pairs at the threshold, with the fewest false ones.

    A pair of Jaccard similarity s shares a band of r rows with probability s**r (Leskovec, Rajaraman and Ullman, chapter 3).
    """
    for rows in range(PERMUTATIONS, 0, -1):
        count = PERMUTATIONS // rows
        if 1 - (1 - threshold**rows) ** count >= RECALL:
            return count, rows
    return PERMUTATIONS, 1


def band_keys(rows: Any, threshold: float) -> Any:
    """The keys by which texts are nominated: two that have an equal key at one place are candidates.

    Args:
        rows: signatures, an array of shape (texts, 128).
    Returns:
        An int64 array of shape (texts, bands).
    """
    import numpy as np

    from cleaner.arrays import fmix64

    count, width = bands(threshold)
    made = np.zeros((len(rows), count), np.uint64)
    for column in range(width):
        made = fmix64(made * np.uint64(TOKEN) + rows[:, column : count * width : width] + np.uint64(1))
    return made.view(np.int64)
