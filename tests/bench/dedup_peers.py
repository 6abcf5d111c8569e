"""The candidates of `dedup.py`: what each does from texts to signatures, and from texts to pairs.

Each is made before it is measured, so that imports and models are loaded, and is then given the texts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import regex

from cleaner import find_duplicates
from cleaner.minhash import signatures

Pairs = set[tuple[int, int]]
Side = Callable[[list[str]], Any]
JACCARD, PERMUTATIONS, SEED = 0.8, 128, 42
BANDS = 16
"""Of 8 rows: the number that divides 128 and nominates 95 % of the pairs at 0.8."""
_words = regex.compile(r"\w+")


def words_of(text: str) -> list[str]:
    found: list[str] = _words.findall(text.lower())
    return found


def shingles(text: str) -> list[str]:
    words = words_of(text)
    return list(map(" ".join, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False))) or [" ".join(words)]


def coded(text: str) -> list[bytes]:
    return [shingle.encode("utf-8", "surrogatepass") for shingle in shingles(text)]


# from texts to signatures


def datasketch_update() -> Side:
    from datasketch import MinHash

    def sketch(texts: list[str]) -> None:
        for text in texts:
            minhash = MinHash(num_perm=PERMUTATIONS)
            for shingle in coded(text):
                minhash.update(shingle)

    return sketch


def datasketch_bulk() -> Side:
    from datasketch import MinHash

    return lambda texts: MinHash.bulk(map(coded, texts), num_perm=PERMUTATIONS)


def rensa_full() -> Side:
    from rensa import RMinHash

    return lambda texts: [RMinHash.digest_matrix_from_token_sets(list(map(shingles, part)), PERMUTATIONS, SEED) for part in parts(texts)]


def rensa_circulant() -> Side:
    from rensa import CMinHash

    return lambda texts: [CMinHash.digests64_from_token_sets(list(map(shingles, part)), PERMUTATIONS, SEED) for part in parts(texts)]


def rensa_sampled() -> Side:
    from rensa import RMinHash

    return lambda texts: [
        RMinHash.digest_matrix_from_token_sets_rho(list(map(shingles, part)), PERMUTATIONS, SEED) for part in parts(texts)
    ]


def gaoya_sketch() -> Side:
    from gaoya.minhash import MinHashStringIndex

    def sketch(texts: list[str]) -> None:
        # its signatures are not to be had without its index; two bands are the least to file
        index = MinHashStringIndex(32, JACCARD, 2, PERMUTATIONS // 2, None, "word", lowercase=True, ngram_range=(5, 5))
        for number, text in enumerate(texts):
            index.insert_document(number, text)

    return sketch


def datatrove_step() -> Any:
    from datatrove.pipeline.dedup.minhash import MinhashDedupSignature

    return MinhashDedupSignature(tempfile.gettempdir())  # 14 buckets of 8 hashes, 5-grams, xxhash of 64 bits; writes only when it is run


def datatrove_own() -> Side:
    step = datatrove_step()
    return lambda texts: [step.get_signature(step.get_shingles(text)) for text in texts]


def datatrove_words() -> Side:
    import numpy as np

    step = datatrove_step()
    hashed = step._hash_func
    return lambda texts: [
        step.get_signature(np.array([hashed(shingle) for shingle in shingles(text)], np.uint64)[:, None]) for text in texts
    ]


def parts(texts: list[str]) -> Iterator[list[str]]:
    """Five hundred at a time: lists of a whole corpus's shingles fit into no memory."""
    return (texts[at : at + 500] for at in range(0, len(texts), 500))


SKETCHES: dict[str, Callable[[], Side]] = {
    "cleaner": lambda: signatures,
    "cleaner, not folded": lambda: lambda texts: signatures(texts, fold=False),
    "cleaner, sha1": lambda: lambda texts: signatures(texts, "sha1"),
    "datasketch update": datasketch_update,
    "datasketch bulk": datasketch_bulk,
    "rensa RMinHash (full)": rensa_full,
    "rensa CMinHash (full)": rensa_circulant,
    "rensa rho (sampled)": rensa_sampled,
    "gaoya, own words": gaoya_sketch,
    "datatrove 14x8, own words": datatrove_own,
    "datatrove 14x8": datatrove_words,
}


# from texts to pairs


def ours(**settings: Any) -> Side:
    def find(texts: list[str]) -> Any:
        return find_duplicates(texts, JACCARD, **settings)

    return find


def datasketch_lsh() -> Side:
    from datasketch import MinHash, MinHashLSH

    def find(texts: list[str]) -> Pairs:
        index = MinHashLSH(threshold=JACCARD, num_perm=PERMUTATIONS)
        found = set()
        for number, minhash in enumerate(MinHash.generator(map(coded, texts), num_perm=PERMUTATIONS)):
            found |= {(other, number) for other in index.query(minhash)}
            index.insert(number, minhash, check_duplication=False)
        return found

    return find


def rensa_lsh(bands: int) -> Side:
    from rensa import RMinHash, RMinHashLSH

    def find(texts: list[str]) -> Pairs:
        index = RMinHashLSH(JACCARD, PERMUTATIONS, bands)
        minhashes = [m for part in parts(texts) for m in RMinHash.from_token_sets(list(map(shingles, part)), PERMUTATIONS, SEED)]
        index.insert_many(minhashes)
        return {(other, number) for number, near in enumerate(index.query_all(minhashes)) for other in near if other < number}

    return find


def gaoya_index() -> Side:
    from gaoya.minhash import MinHashStringIndex

    def find(texts: list[str]) -> Pairs:
        index = MinHashStringIndex(32, JACCARD, lowercase=True, ngram_range=(5, 5))  # 20 bands of 5; it compares what shares a band
        found = set()
        for number, text in enumerate(texts):
            found |= {(other, number) for other in index.query(text)}
            index.insert_document(number, text)
        return found

    return find


def datatrove_buckets() -> Side:
    import numpy as np

    sketch = datatrove_words()

    def find(texts: list[str]) -> Pairs:
        rows = np.array([made for part in parts(texts) for made in sketch(part)], np.uint64)
        found: Pairs = set()
        for bucket in rows.transpose(1, 2, 0):
            # as its second step: sorted by signature and document, each is paired with the one before if the signature is the same
            order = np.lexsort(bucket[::-1])
            same = np.flatnonzero((bucket[:, order[1:]] == bucket[:, order[:-1]]).all(axis=0))
            found.update(zip(order[same].tolist(), order[same + 1].tolist(), strict=True))
        return found

    return find


ENDS: dict[str, Callable[[], Side]] = {
    "cleaner, Jaccard only": lambda: ours(containment=False, templates="merge", fold=False),
    "cleaner, defaults": ours,
    "datasketch bulk + LSH": datasketch_lsh,
    "rensa, 16 bands": lambda: rensa_lsh(BANDS),
    "rensa, 8 bands": lambda: rensa_lsh(8),  # as its deduplicator takes by itself
    "gaoya 20x5, own words": gaoya_index,
    "datatrove 14x8": datatrove_buckets,
}
