"""The loops of `minhash` in NumPy: slower than `kernels`, the same bits, and nothing to compile.

Arithmetic on unsigned integers wraps around, which is meant.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np


def fmix64(h: Any) -> Any:
    """The finaliser of MurmurHash3 for 64 bits: a bijection in which each bit depends on all."""
    h = h ^ (h >> np.uint64(33))
    h = h * np.uint64(0xFF51AFD7ED558CCD)
    h = h ^ (h >> np.uint64(33))
    h = h * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


def fmix32(h: Any) -> Any:
    """The finaliser of MurmurHash3 for 32 bits."""
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def token_hashes(found: list[str], powers: Any) -> Any:
    """The hashes of tokens: the sum of their code points plus one, each by a power, mixed; longer tokens in stretches."""
    if not found:
        return np.empty(0, np.uint64)
    lengths = np.fromiter(map(len, found), np.int64, len(found))
    codes = np.frombuffer("".join(found).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64) + np.uint64(1)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(codes.size) - np.repeat(starts, lengths)
    sums = np.add.reduceat(codes * powers[np.minimum(place, powers.size - 1)], starts)
    for i in np.flatnonzero(lengths >= powers.size):
        sums[i] = _stretched(codes[starts[i] : starts[i] + lengths[i]], powers)
    return fmix64(sums)


def _stretched(codes: Any, powers: Any) -> Any:
    """The sum for a token of so many code points that the powers are used up."""
    h = fmix64(codes[: powers.size] @ powers.reshape(-1, 1))
    for start in range(powers.size, codes.size, powers.size - 1):
        stretch = codes[start : start + powers.size - 1]
        h += stretch @ powers[1 : 1 + stretch.size, None]
        if stretch.size == powers.size - 1:
            h = fmix64(h)
    return h[0]


def shingle_hashes(tokens: Any, size: int, token: Any) -> Any:
    """The hashes of every ``size`` tokens in a row; of all of them where they are fewer."""
    width = min(size, tokens.size)
    if not width:
        return np.empty(0, np.uint64)
    n = tokens.size - width + 1
    made = np.zeros(n, np.uint64)
    for j in range(width):
        made = made * token + tokens[j : j + n]
    return fmix64(made)


def distinct(values: Any) -> Any:
    """The distinct of some values, sorted."""
    return np.unique(values)


def least(hashes: Any, a: Any, b: Any) -> Any:
    """The MinHash signature: for each permutation the least ``a * fmix32(h) + b`` mod 2**32 of the hashes' lower 32 bits."""
    made = np.full(a.size, np.uint32(0xFFFFFFFF), np.uint32)
    mixed = fmix32(hashes.astype(np.uint32))
    for start in range(0, mixed.size, 1024):
        np.minimum(made, (mixed[start : start + 1024, None] * a + b).min(axis=0), out=made)
    return made


def common(a: Any, b: Any) -> int:
    """How many values two sorted arrays have in common; one that stands twice in both counts twice."""
    one, counts = np.unique(a, return_counts=True)
    two, others = np.unique(b, return_counts=True)
    _, i, j = np.intersect1d(one, two, assume_unique=True, return_indices=True)
    return int(np.minimum(counts[i], others[j]).sum())


def sha1_hashes(joined: Any, starts: Any, size: int) -> Any:
    """The 32-bit SHA-1 hashes of shingles, as `kernels.sha1_hashes` takes them."""
    text = joined.tobytes()
    width = min(size, starts.size - 1)
    if not width:
        return np.empty(0, np.uint32)
    shingles = (text[start : end - 1] for start, end in zip(starts[:-width].tolist(), starts[width:].tolist(), strict=True))
    return np.frombuffer(b"".join(hashlib.sha1(s, usedforsecurity=False).digest()[:4] for s in shingles), "<u4")


def polynomial(values: Any, at: Any) -> Any:
    """``sum(vi * at ** (n - i))`` of some values, modulo 2**64."""
    powers = np.full(values.size, at, np.uint64)
    powers[:1] = 1
    return np.multiply.accumulate(powers)[::-1] @ values
