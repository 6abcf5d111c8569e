"""Text to tokens, shingles, a MinHash signature and the band keys that nominate near-duplicates.

Tokens are words as `regex` sees them (``\\w+``), in lower case; in scripts that write no spaces, each character. Shingles
are five tokens in a row; a shorter text is one shingle. Signatures are datasketch's (Broder 1997), 128 permutations.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import regex

PERMUTATIONS = 128
SHINGLE = 5
RECALL = 0.999
"""The share of pairs at the threshold that bands must nominate: a candidate too many costs a comparison, one too few a duplicate."""

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"


@cache
def _token() -> regex.Pattern[str]:
    import regex

    return regex.compile(rf"[{_SPACELESS}]|[\w--[{_SPACELESS}]]+", regex.V1)


def tokens(text: str) -> list[str]:
    """The tokens of a text, in lower case and in order."""
    found: list[str] = _token().findall(text.lower())
    return found


def digest(found: list[str]) -> bytes:
    """16 bytes that name a text by its tokens: equal for texts that differ in punctuation, case and spacing only."""
    return hashlib.blake2b(" ".join(found).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def shingles(found: list[str]) -> set[str]:
    """The distinct shingles of a list of tokens; empty if there is none."""
    if not found:
        return set()
    if len(found) <= SHINGLE:
        return {" ".join(found)}
    return {" ".join(found[i : i + SHINGLE]) for i in range(len(found) - SHINGLE + 1)}


def jaccard(a: set[str], b: set[str]) -> float:
    """The exact Jaccard similarity of two sets of shingles, 0 to 1."""
    both = len(a & b)
    union = len(a) + len(b) - both
    return both / union if union else 0.0


def containment(a: set[str], b: set[str]) -> float:
    """The share of the smaller set that lies in the other, 0 to 1."""
    smaller = min(len(a), len(b))
    return len(a & b) / smaller if smaller else 0.0


def signature(of: set[str]) -> Any:
    """The MinHash signature of a set of shingles: an array of 128 integers, as datasketch computes it (seed 1)."""
    from datasketch import MinHash

    made = MinHash(num_perm=PERMUTATIONS, seed=1)
    made.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in sorted(of)])
    return made.hashvalues


def bands(threshold: float) -> tuple[int, int]:
    """(number of bands, rows to a band) that nominate at least `RECALL` of the pairs at the threshold, with the fewest false ones.

    A pair of Jaccard similarity s shares a band of r rows with probability s**r (Leskovec, Rajaraman and Ullman, chapter 3).
    """
    for rows in range(PERMUTATIONS, 0, -1):
        count = PERMUTATIONS // rows
        if 1 - (1 - threshold**rows) ** count >= RECALL:
            return count, rows
    return PERMUTATIONS, 1


def band_keys(values: Any, threshold: float) -> list[int]:
    """A signed 64-bit key for each band of a signature; two texts with an equal key at one place are candidates."""
    count, rows = bands(threshold)
    keys = []
    for band in range(count):
        block = values[band * rows : (band + 1) * rows].astype("<u8").tobytes()
        keys.append(int.from_bytes(hashlib.blake2b(block, digest_size=8, salt=band.to_bytes(2, "little")).digest(), "little", signed=True))
    return keys
