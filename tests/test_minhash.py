"""Signatures: the same bits from compiled loops, from NumPy, from datasketch, and from the definition in plain Python."""

from __future__ import annotations

import hashlib
import json
import random
import sys
import unicodedata
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, tree
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st
from test_charmap import LETTERS

from cleaner import charmap, minhash
from cleaner.minhash import LETTER, SAMPLED, SHINGLE, STRETCH, TOKEN, Sketcher

WORD = 2**64


def fmix64(h: int) -> int:
    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h ^= h >> 33
        h = h * multiplier % WORD
    return h ^ h >> 33


def polynomial(values: list[int], at: int) -> int:
    return reduce(lambda h, value: (h * at + value) % WORD, values, 0)


def token_hash(token: str) -> int:
    h = letters = 0
    for c in token:
        letters += 1
        h += (ord(c) + 1) * LETTER**letters
        if letters == STRETCH:
            h, letters = fmix64(h % WORD), 1
    return fmix64(h % WORD)


def by_definition(text: str, *, fold: bool) -> tuple[bytes, list[int], list[int]]:
    """The digest, the shingle hashes and the sample of a text, as the docstring of `minhash` says."""
    tokens = [token_hash(token) for token in charmap.tokens(text, fold=fold)]
    width = min(SHINGLE, len(tokens))
    shingles = [fmix64(polynomial(tokens[i : i + width], TOKEN)) for i in range(len(tokens) - width + 1)] if tokens else []
    digest = b"".join(fmix64(polynomial(tokens, at)).to_bytes(8, "little") for at in (LETTER, TOKEN))
    return digest, shingles, sorted({s for s in shingles if s < WORD // SAMPLED})


def datasketch_of(text: str, *, fold: bool) -> MinHash:
    tokens = charmap.tokens(text, fold=fold)
    made = MinHash(num_perm=128, seed=1)
    width = min(SHINGLE, len(tokens))
    shingles = {" ".join(tokens[i : i + width]) for i in range(len(tokens) - width + 1)} if tokens else set()
    made.update_batch([s.encode("utf-8", "surrogatepass") for s in shingles])
    return made


@given(LETTERS, st.booleans(), st.booleans())
@settings(deadline=None)
def test_sketches_are_what_the_definition_says(text: str, fold: bool, compiled: bool) -> None:
    digest, shingles, sample = by_definition(text, fold=fold)
    sketcher = Sketcher(fold, compiled)
    sketch = sketcher.sketches([text])
    assert sketcher.shingles(sketcher.words(text)).tolist() == shingles
    assert sketcher.shingle_set(text).tolist() == sorted(set(shingles))
    assert sketch.words.tolist() == [len(charmap.tokens(text, fold=fold))]
    assert sketch.digests.tobytes() == digest
    assert sketch.samples.view(np.uint64).tolist() == sample
    by_numbers = MinHash(num_perm=128, seed=1, hashfunc=lambda data: int(data) % 2**32)
    by_numbers.update_batch([str(s).encode() for s in shingles])
    assert (sketch.signatures[0] == by_numbers.hashvalues).all()


@pytest.mark.parametrize("length", [62, 63, 64, 65, 126, 127, 128, 189, 190, 191, 1000])
@pytest.mark.parametrize("compiled", [True, False])
def test_long_tokens_are_hashed_in_stretches(length: int, compiled: bool) -> None:
    token = "".join(random.Random(length).choices("abcdefghijé", k=length))
    words = Sketcher(compiled=compiled).words(f"a {token} b {token}")
    assert words.tolist() == [token_hash(t) for t in ("a", token, "b", token)]


@given(st.lists(LETTERS, min_size=1, max_size=8), st.booleans())
@settings(deadline=None)
def test_compiled_loops_and_numpy_agree(texts: list[str], fold: bool) -> None:
    for one, two in zip(Sketcher(fold).sketches(texts), Sketcher(fold, compiled=False).sketches(texts), strict=True):
        assert one.dtype == two.dtype
        assert one.tolist() == two.tolist()
    assert (Sketcher(fold).signatures(texts) == Sketcher(fold, compiled=False).signatures(texts)).all()


@given(st.lists(LETTERS, max_size=5), st.booleans(), st.booleans())
@settings(deadline=None)
def test_sha1_signatures_are_those_of_datasketch(texts: list[str], fold: bool, compiled: bool) -> None:
    for text, row in zip(texts, minhash.signatures(texts, "sha1", fold=fold, compiled=compiled), strict=True):
        assert (row == datasketch_of(text, fold=fold).hashvalues).all()


def alphabet() -> list[str]:
    """Every assigned letter, mark and number, some of each script."""
    rng = random.Random(7)
    every = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c)[0] in "LMN"]
    return rng.sample(every, 4000) + list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789İΣßéñüø") * 20


def test_a_hundred_thousand_documents_without_a_mismatch() -> None:
    rng = random.Random(11)
    letters = alphabet()
    fixtures = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "fixtures").rglob("*.tsv"))]
    lines = [line for text in fixtures for line in text.splitlines() if line]

    def made(n: int) -> str:
        if n % 3 == 0:  # real lines, in the cases people type
            return rng.choice((str, str.upper, str.title))(" ".join(rng.sample(lines, 2))[: rng.randrange(10, 300)])
        words = ("".join(rng.choices(letters, k=rng.randrange(1, 7))) for _ in range(rng.randrange(0, 14)))
        return rng.choice((" ", ", ", "\n", "\u3000")).join(words)

    batch = 5000
    for _ in range(20):
        texts = [made(n) for n in range(batch)]
        rows = minhash.signatures(texts, "sha1", fold=False)
        shingles = []
        for text in texts:
            tokens = charmap.tokens(text, fold=False)
            width = min(SHINGLE, len(tokens))
            shingles.append([" ".join(tokens[i : i + width]).encode() for i in range(len(tokens) - width + 1)] if tokens else [])
        expected = np.stack([m.hashvalues for m in MinHash.bulk(shingles, num_perm=128, seed=1)])
        assert (rows == expected).all()


def test_a_row_becomes_a_minhash_of_datasketch() -> None:
    one, two = "the council opened the new bridge on monday", "the council opened the new bridge on tuesday"
    rows = [minhash.to_datasketch(row) for row in minhash.signatures([one, two], "sha1")]
    assert rows[0].jaccard(datasketch_of(two, fold=True)) == datasketch_of(one, fold=True).jaccard(rows[1])
    assert rows[0] == datasketch_of(one, fold=True)


def test_the_permutations_are_those_of_datasketch() -> None:
    for ours, theirs in zip(minhash._permutations(), MinHash(num_perm=minhash.PERMUTATIONS, seed=1).permutations, strict=True):
        assert ours.dtype == theirs.dtype
        assert (ours == theirs).all()


def test_the_sha1_of_long_messages() -> None:
    for length in (1, 54, 55, 56, 63, 64, 65, 119, 120, 500):
        token = "x" * length
        expected = MinHash(num_perm=128, seed=1)
        expected.update(token.encode())
        assert (minhash.signatures([token], "sha1")[0] == expected.hashvalues).all(), length
    assert hashlib.sha1(b"abc", usedforsecurity=False).hexdigest().startswith("a9993e36")


def test_a_text_without_a_token_has_the_signature_of_an_empty_minhash() -> None:
    for hashing in ("fast", "sha1"):
        assert (minhash.signatures(["...", ""], hashing) == 2**32 - 1).all()  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_bands_nominate_nearly_all_pairs_at_the_threshold(threshold: float) -> None:
    count, rows = minhash.bands(threshold)
    assert count * rows <= minhash.PERMUTATIONS
    assert 1 - (1 - threshold**rows) ** count >= minhash.RECALL


def test_equal_bands_have_equal_keys_and_others_do_not() -> None:
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 2**32, (2, 128), dtype=np.uint32)
    count, width = minhash.bands(0.8)
    rows[1, 5 * width : 6 * width] = rows[0, 5 * width : 6 * width]
    keys = minhash.band_keys(rows, 0.8)
    assert keys.shape == (2, count)
    assert np.flatnonzero(keys[0] == keys[1]).tolist() == [5]


def test_without_numba_the_same(tmp_path: Path) -> None:
    """The real command in a process that cannot import numba: the same record, byte for byte."""
    import subprocess

    source = tmp_path / "in.jsonl"
    rng = random.Random(5)
    words = [f"w{n}" for n in range(300)]
    body = [rng.choices(words, k=200) for _ in range(40)]
    texts = [" ".join(b[: rng.randrange(40, 200)]) for b in body for _ in range(3)]
    source.write_text("".join(json.dumps({"id": str(n), "text": t}) + "\n" for n, t in enumerate(texts)))
    code = "import sys; from cleaner import dedup; dedup.WORTH = {}; sys.modules.update({}); from cleaner.__main__ import main; main()"
    for name, worth, missing in (("with", 0, {}), ("without", 0, {"numba": None})):
        command = [sys.executable, "-c", code.format(worth, missing), "dedup", str(source), "-o", str(tmp_path / name), "-j", "1"]
        subprocess.run(command, check=True, capture_output=True)
    assert tree(tmp_path / "with/_cleaner") == tree(tmp_path / "without/_cleaner")
