"""The loops of `minhash`, compiled by numba: packed UTF-8 in, token hashes, signatures and set sizes out.

Each does what the function of the same name in `arrays` does, bit for bit. The first call on a machine compiles (five to
six seconds; later processes load in one); what was compiled is kept beside this file, or in the user's
cache folder where that cannot be written.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from cleaner.charmap import ALONE, CLASS_SHIFT, DROPPED, HARD, LETTER

_compiled = nb.njit(cache=True, nogil=True, error_model="numpy")

_LETTER, _ALONE, _DROPPED, _HARD = (np.uint32(c) for c in (LETTER, ALONE, DROPPED, HARD))
_SHIFT = np.uint32(CLASS_SHIFT)
_CODE = np.uint32((1 << CLASS_SHIFT) - 1)
_LOW = np.uint32(0x3F)


@_compiled
def _fmix64(h: Any) -> Any:
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@_compiled
def _fmix32(h: Any) -> Any:
    h = np.uint32(h ^ (h >> np.uint32(16)))
    h = np.uint32(h * np.uint32(0x85EBCA6B))
    h = np.uint32(h ^ (h >> np.uint32(13)))
    h = np.uint32(h * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@_compiled
def _decoded(data: Any, i: Any) -> Any:
    """(the code point that begins at a place of UTF-8, the place behind it)"""
    b = np.uint32(data[i])
    if b < 0x80:
        return b, i + 1
    c = np.uint32(data[i + 1]) & _LOW
    if b < 0xE0:
        return (b & np.uint32(0x1F)) << np.uint32(6) | c, i + 2
    d = np.uint32(data[i + 2]) & _LOW
    if b < 0xF0:
        return (b & np.uint32(0x0F)) << np.uint32(12) | c << np.uint32(6) | d, i + 3
    e = np.uint32(data[i + 3]) & _LOW
    return (b & np.uint32(0x07)) << np.uint32(18) | c << np.uint32(12) | d << np.uint32(6) | e, i + 4


@_compiled
def _ascii(table: Any) -> Any:
    """What each ASCII character counts in a token's hash; 0 for one between tokens. ASCII has no other classes."""
    made = np.zeros(128, np.uint64)
    for code in range(128):
        if table[code] >> _SHIFT == _LETTER:
            made[code] = (table[code] & _CODE) + np.uint32(1)
    return made


@_compiled
def _token_hashes(data: Any, start: Any, end: Any, table: Any, plain: Any, powers: Any, found: Any) -> Any:
    """Puts the hashes of the tokens of a stretch of UTF-8 into ``found``, which has room for one more than there can be.

    Their number, or -1 where a character cannot be judged without its neighbours. What a character ends or begins is reckoned
    without branches: where words end cannot be foreseen, and a wrong guess costs as much as five characters.
    """
    nothing, one = np.uint64(0), np.uint64(1)
    count, h, letters = nothing, nothing, nothing
    i = np.uint64(start)
    stop = np.uint64(end)
    while i < stop:
        if data[i] < 0x80:
            value = plain[np.uint64(data[i])]
            i += one
        else:
            code, behind = _decoded(data, np.int64(i))
            i = np.uint64(behind)
            entry = table[np.uint64(code)]
            kind = entry >> _SHIFT
            if kind == _DROPPED:
                continue
            if kind == _HARD:
                return -1
            value = np.uint64((entry & _CODE) + np.uint32(1))
            if kind == _ALONE:
                found[count] = h
                count += np.uint64(letters != nothing)
                found[count] = value * powers[0]
                count += one
                h = letters = nothing
                continue
            if kind != _LETTER:
                value = nothing
        found[count] = h
        inside = nothing - np.uint64(value != nothing)  # all bits or none
        count += np.uint64(letters != nothing) & ~inside
        h = (h + value * powers[letters]) & inside
        letters = (letters + one) & inside
        if letters == np.uint64(powers.size):
            h = _fmix64(h)
            letters = one
    if letters:
        found[count] = h
        count += one
    for at in range(count):
        found[at] = _fmix64(found[at])
    return np.int64(count)


@_compiled
def token_hashes(data: Any, table: Any, powers: Any) -> Any:
    """The hashes of the tokens of UTF-8 text in order; None where a character cannot be judged without its neighbours."""
    found = np.empty(data.size // 2 + 2, np.uint64)
    count = _token_hashes(data, 0, data.size, table, _ascii(table), powers, found)
    if count < 0:
        return None
    return found[:count].copy()


@_compiled
def _encoded(code: Any, out: Any, at: Any) -> Any:
    """Writes a code point as UTF-8; the place behind it."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at] = np.uint32(0xC0) | code >> np.uint32(6)
    else:
        if code < 0x10000:
            out[at] = np.uint32(0xE0) | code >> np.uint32(12)
        else:
            out[at] = np.uint32(0xF0) | code >> np.uint32(18)
            at += 1
            out[at] = np.uint32(0x80) | (code >> np.uint32(12) & _LOW)
        at += 1
        out[at] = np.uint32(0x80) | (code >> np.uint32(6) & _LOW)
    out[at + 1] = np.uint32(0x80) | (code & _LOW)
    return at + 2


@_compiled
def token_bytes(data: Any, table: Any) -> Any:
    """The tokens of UTF-8 text: (UTF-8 with a blank behind each, where each begins and the length at the end), or None."""
    joined = np.empty(2 * data.size + 2, np.uint8)
    starts = np.empty(data.size // 2 + 2, np.int64)
    starts[0] = 0
    count = 0
    at = 0
    i = 0
    while i < data.size:
        code, i = _decoded(data, i)
        entry = table[code]
        kind = entry >> _SHIFT
        if kind == _LETTER:
            at = _encoded(entry & _CODE, joined, at)
        elif kind != _DROPPED:
            if at > starts[count]:
                joined[at] = 32
                at += 1
                count += 1
                starts[count] = at
            if kind == _ALONE:
                at = _encoded(entry & _CODE, joined, at)
                joined[at] = 32
                at += 1
                count += 1
                starts[count] = at
            elif kind == _HARD:
                return None
    if at > starts[count]:
        joined[at] = 32
        at += 1
        count += 1
        starts[count] = at
    return joined[:at].copy(), starts[: count + 1].copy()


@_compiled
def _shingle_hashes(tokens: Any, n: Any, size: Any, token: Any, made: Any) -> Any:
    """Puts the hashes of the shingles of ``n`` tokens into ``made``; their number."""
    if n == 0:
        return 0
    width = min(size, n)
    count = n - width + 1
    for i in range(count):
        made[i] = tokens[i]
    for j in range(1, width):
        for i in range(count):
            made[i] = made[i] * token + tokens[i + j]
    for i in range(count):
        made[i] = _fmix64(made[i])
    return count


@_compiled
def shingle_hashes(tokens: Any, size: Any, token: Any) -> Any:
    """The hashes of every ``size`` tokens in a row; of all of them where they are fewer."""
    made = np.empty(tokens.size, np.uint64)
    return made[: _shingle_hashes(tokens, tokens.size, size, token, made)].copy()


@_compiled
def text_shingles(data: Any, table: Any, powers: Any, size: Any, token: Any) -> Any:
    """The hashes of the shingles of UTF-8 text in order; None where a character cannot be judged without its neighbours."""
    found = np.empty(data.size // 2 + 2, np.uint64)
    count = _token_hashes(data, 0, data.size, table, _ascii(table), powers, found)
    if count < 0:
        return None
    made = np.empty(count, np.uint64)
    return made[: _shingle_hashes(found, count, size, token, made)]


@_compiled
def _least(hashes: Any, n: Any, a: Any, b: Any, made: Any) -> None:
    """Lowers a signature by the lower 32 bits of ``n`` hashes."""
    i = 0
    while i + 4 <= n:
        h0, h1 = _fmix32(np.uint32(hashes[i])), _fmix32(np.uint32(hashes[i + 1]))
        h2, h3 = _fmix32(np.uint32(hashes[i + 2])), _fmix32(np.uint32(hashes[i + 3]))
        for p in range(a.size):
            v0 = np.uint32(a[p] * h0 + b[p])
            v1 = np.uint32(a[p] * h1 + b[p])
            v2 = np.uint32(a[p] * h2 + b[p])
            v3 = np.uint32(a[p] * h3 + b[p])
            made[p] = min(made[p], min(min(v0, v1), min(v2, v3)))
        i += 4
    while i < n:
        h0 = _fmix32(np.uint32(hashes[i]))
        for p in range(a.size):
            made[p] = min(made[p], np.uint32(a[p] * h0 + b[p]))
        i += 1


@_compiled
def least(hashes: Any, a: Any, b: Any) -> Any:
    """The MinHash signature: for each permutation the least ``a * fmix32(h) + b`` mod 2**32 of the hashes' lower 32 bits."""
    made = np.full(a.size, np.uint32(0xFFFFFFFF), np.uint32)
    _least(hashes, hashes.size, a, b, made)
    return made


@_compiled
def _distinct(values: Any, start: Any, end: Any) -> Any:
    """Moves the distinct of some sorted values to their front; the place behind them."""
    at = start
    for i in range(start, end):
        if i == start or values[i] != values[at - 1]:
            values[at] = values[i]
            at += 1
    return at


@_compiled
def distinct(values: Any) -> Any:
    """The distinct of some sorted values, which are moved for that."""
    return values[: _distinct(values, 0, values.size)]


@_compiled
def sketches(data: Any, ends: Any, table: Any, size: Any, powers: Any, token: Any, a: Any, b: Any, limit: Any, names: Any) -> Any:
    """Everything that is kept of some texts, laid one behind the other.

    Args:
        data: their UTF-8; ``ends``: where each ends.
        a, b: the permutations; empty for no signatures.
        limit: the hashes of shingles below it are sampled.
        names: the two multipliers of a digest; empty for no digests.
    Returns:
        (tokens of each or -1, digests, signatures, the sorted samples, where each text's samples end)
    """
    n = ends.size
    counts = np.empty(n, np.int64)
    digests = np.zeros((n, 2), np.uint64)
    made = np.full((n, a.size), np.uint32(0xFFFFFFFF), np.uint32)
    longest = 0
    start = 0
    for doc in range(n):
        longest = max(longest, ends[doc] - start)
        start = ends[doc]
    found = np.empty(longest // 2 + 2, np.uint64)
    hashes = np.empty(longest // 2 + 2, np.uint64)
    samples = np.empty(data.size // 2 + n if limit else 0, np.uint64)
    sampled = np.empty(n, np.int64)
    plain = _ascii(table)
    start = 0
    taken = 0
    for doc in range(n):
        count = _token_hashes(data, start, ends[doc], table, plain, powers, found)
        counts[doc] = count
        start = ends[doc]
        if count > 0:
            if names.size:
                one, two = np.uint64(0), np.uint64(0)
                for i in range(count):
                    one = one * names[0] + found[i]
                    two = two * names[1] + found[i]
                digests[doc, 0] = _fmix64(one)
                digests[doc, 1] = _fmix64(two)
            shingles = _shingle_hashes(found, count, size, token, hashes)
            if a.size:
                _least(hashes, shingles, a, b, made[doc])
            if limit:
                first = taken
                for i in range(shingles):
                    samples[taken] = hashes[i]
                    taken += hashes[i] < limit
                samples[first:taken].sort()
                taken = _distinct(samples, first, taken)
        sampled[doc] = taken
    return counts, digests, made, samples[:taken].copy().view(np.int64), sampled


@_compiled
def common(a: Any, b: Any) -> Any:
    """How many values two sorted arrays have in common; one that stands twice in both counts twice."""
    i = j = n = 0
    while i < a.size and j < b.size:
        if a[i] == b[j]:
            n += 1
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return n


@_compiled
def _rotated(x: Any, n: Any) -> Any:
    return np.uint32(x << np.uint32(n) | x >> np.uint32(32 - n))


@_compiled
def _sha1_32(message: Any, size: Any, w: Any) -> Any:
    """The first four bytes of the SHA-1 of a message, little endian (FIPS 180-4). ``w``: room for 80 words."""
    h0, h1, h2, h3, h4 = (np.uint32(0x67452301), np.uint32(0xEFCDAB89), np.uint32(0x98BADCFE), np.uint32(0x10325476), np.uint32(0xC3D2E1F0))
    blocks = (size + 8) // 64 + 1
    for block in range(blocks):
        for t in range(16):
            word = np.uint32(0)
            for k in range(4):
                at = block * 64 + t * 4 + k
                byte = np.uint32(0)
                if at < size:
                    byte = np.uint32(message[at])
                elif at == size:
                    byte = np.uint32(0x80)
                word = np.uint32(word << np.uint32(8) | byte)
            w[t] = word
        if block == blocks - 1:
            w[14] = np.uint32((size * 8) >> 32)
            w[15] = np.uint32((size * 8) & 0xFFFFFFFF)
        for t in range(16, 80):
            w[t] = _rotated(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1)
        a, b, c, d, e = h0, h1, h2, h3, h4
        for t in range(80):
            if t < 20:
                f = np.uint32(b & c | ~b & d)
                k32 = np.uint32(0x5A827999)
            elif t < 40:
                f = np.uint32(b ^ c ^ d)
                k32 = np.uint32(0x6ED9EBA1)
            elif t < 60:
                f = np.uint32(b & c | b & d | c & d)
                k32 = np.uint32(0x8F1BBCDC)
            else:
                f = np.uint32(b ^ c ^ d)
                k32 = np.uint32(0xCA62C1D6)
            new = np.uint32(_rotated(a, 5) + f + e + k32 + w[t])
            e, d, c, b, a = d, c, _rotated(b, 30), a, new
        h0, h1, h2, h3, h4 = np.uint32(h0 + a), np.uint32(h1 + b), np.uint32(h2 + c), np.uint32(h3 + d), np.uint32(h4 + e)
    swapped = np.uint32(0)
    for _ in range(4):
        swapped = np.uint32(swapped << np.uint32(8) | h0 & np.uint32(0xFF))
        h0 = np.uint32(h0 >> np.uint32(8))
    return swapped


@_compiled
def sha1_hashes(joined: Any, starts: Any, size: Any) -> Any:
    """The 32-bit SHA-1 hashes of shingles.

    Args:
        joined: UTF-8 of the tokens, a blank behind each.
        starts: where each token begins in it, and its length at the end.
        size: tokens in a shingle.
    """
    n = starts.size - 1
    if n == 0:
        return np.empty(0, np.uint32)
    width = min(size, n)
    made = np.empty(n - width + 1, np.uint32)
    w = np.empty(80, np.uint32)
    for i in range(made.size):
        start = starts[i]
        made[i] = _sha1_32(joined[start:], starts[i + width] - 1 - start, w)
    return made
