"""Tokens, signatures, and every pair verified."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleaner
from cleaner import minhash
from cleaner.dedup import Copy, Dedup, Pair, clusters, copies, find_duplicates
from cleaner.document import CleanerError

WORDS = "the bridge river mayor council town opened closed built monday spring water stone road plan vote money school rain night".split()


def texts(seed: int, count: int = 120) -> list[str]:
    """Texts among which there are copies, near-copies of every degree, and strangers."""
    rng = random.Random(seed)
    made: list[str] = []
    for _ in range(count):
        if made and rng.random() < 0.5:
            words = rng.choice(made).split()
            for _ in range(rng.choice([0, 1, 1, 2, 4, 8, 30])):
                words[rng.randrange(len(words))] = rng.choice(WORDS)
            made.append(" ".join(words))
        else:
            made.append(" ".join(rng.choice(WORDS) for _ in range(rng.randrange(6, 300))))
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Bridge, opened!", ["the", "bridge", "opened"]),
        ("新しい橋 2 本", ["新", "し", "い", "橋", "2", "本"]),
        ("สะพาน", list("สะพาน")),
        ("naïve café_3", ["naïve", "café_3"]),
        ("...", []),
        ("한국어 문장", ["한국어", "문장"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert minhash.tokens(text) == expected


def test_signatures_are_those_of_datasketch() -> None:
    from datasketch import MinHash

    made = MinHash(num_perm=128, seed=1)
    for shingle in ("a b c d e", "b c d e f"):
        made.update(shingle.encode())
    assert (minhash.signature({"a b c d e", "b c d e f"}) == made.hashvalues).all()


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_bands_nominate_nearly_all_pairs_at_the_threshold(threshold: float) -> None:
    count, rows = minhash.bands(threshold)
    assert count * rows <= minhash.PERMUTATIONS
    assert 1 - (1 - threshold**rows) ** count >= minhash.RECALL


def exact_pairs(given: list[str], threshold: float) -> set[tuple[int, int]]:
    sets = [minhash.shingles(minhash.tokens(text)) for text in given]
    return {(a, b) for a, b in combinations(range(len(given)), 2) if minhash.jaccard(sets[a], sets[b]) >= threshold}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_the_clusters_are_those_of_comparing_everything(seed: int, threshold: float) -> None:
    given = texts(seed)
    found = find_duplicates(given, threshold)
    truth = exact_pairs(given, threshold)
    assert {(pair.a, pair.b) for pair in found} <= truth  # none is invented
    everything = [Pair(a, b, "near", 1.0, 1.0) for a, b in truth]
    assert clusters(found) == clusters(everything)


def test_a_pair_tells_its_exact_similarity() -> None:
    given = texts(3)
    for pair in find_duplicates(given, 0.5):
        a, b = (minhash.shingles(minhash.tokens(given[i])) for i in (pair.a, pair.b))
        assert pair.jaccard == minhash.jaccard(a, b)
        assert pair.containment == minhash.containment(a, b)
        assert (pair.kind == "exact") == (minhash.tokens(given[pair.a]) == minhash.tokens(given[pair.b]))


def test_texts_without_a_word_are_no_copies_of_each_other() -> None:
    assert find_duplicates(["", "...", "", "!?"]) == []


def test_many_copies_are_a_star() -> None:
    given = [f"The council approved the new bridge over the river on Monday{'.' * n}" for n in range(300)]
    assert [(pair.a, pair.b) for pair in find_duplicates(given)] == [(0, n) for n in range(1, 300)]


def test_a_crowd_of_near_copies_is_one_cluster() -> None:
    body = " ".join(random.Random(5).choices(WORDS, k=200))
    given = [f"{body} {n} {n}" for n in range(150)]
    assert clusters(find_duplicates(given)) == [list(range(150))]


def test_exact_mode_finds_copies_only() -> None:
    given = [
        "The bridge opened on Monday after two years.",
        "the bridge opened on monday, after two years",
        "The bridge opened on Monday after two long years.",
    ]
    assert [(pair.a, pair.b) for pair in find_duplicates(given, 0.3, "exact")] == [(0, 1)]


@pytest.mark.parametrize(
    ("mode", "threshold", "message"), [("nearly", 0.8, "there are none, exact, near"), ("near", 0, "above 0"), ("near", 1.5, "above 0")]
)
def test_wrong_settings_are_refused(mode: str, threshold: float, message: str) -> None:
    with pytest.raises(CleanerError, match=message):
        find_duplicates(["a"], threshold, mode)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda p: p[0] < p[1]), max_size=15),
    st.randoms(use_true_random=False),
)
def test_clusters_do_not_depend_on_the_order_of_pairs(edges: list[tuple[int, int]], rng: random.Random) -> None:
    pairs = [Pair(a, b, "near", 0.9, 0.9) for a, b in edges]
    shuffled = pairs[:]
    rng.shuffle(shuffled)
    groups = clusters(pairs)
    assert groups == clusters(shuffled)
    assert sorted(doc for group in groups for doc in group) == sorted({doc for edge in edges for doc in edge})
    owner = {doc: i for i, group in enumerate(groups) for doc in group}
    assert all(owner[a] == owner[b] for a, b in edges)


def test_the_longest_stays_then_the_smallest_name() -> None:
    given = {0: "a b c d e f", 1: "a b c d e f", 2: "a b c d e f g"}
    names = {0: "z", 1: "b", 2: "c"}
    pairs = [Pair(0, 1, "exact", 1.0, 1.0), Pair(0, 2, "near", 0.8, 1.0)]
    result = copies([[0, 1, 2]], pairs, lambda doc: (-len(given[doc]), names[doc]))
    assert result == {0: Copy(2, 0.8, "near"), 1: Copy(2, 0.8, "near")}
    result = copies([[0, 1]], pairs[:1], lambda doc: (-len(given[doc]), names[doc]))
    assert result == {0: Copy(1, 1.0, "exact")}


def test_a_chain_of_near_copies_does_not_make_one_text_of_two() -> None:
    words = [f"w{n}" for n in range(600)]
    given = [" ".join(words[8 * n : 8 * n + 120]) for n in range(40)]
    pairs = find_duplicates(given)
    (group,) = clusters(pairs)
    found = copies([group], pairs, lambda doc: (-len(given[doc]), str(doc)))
    linked = {(pair.a, pair.b) for pair in pairs}
    assert len(found) < len(group) - 5
    for doc, copy in found.items():
        assert copy.of not in found
        assert (min(doc, copy.of), max(doc, copy.of)) in linked
        assert copy.similarity >= 0.8


def test_it_can_be_asked_from_the_package() -> None:
    assert cleaner.find_duplicates(["A bridge.", "a bridge"]) == [Pair(0, 1, "exact", 1.0, 1.0)]


def test_no_fingerprint_without_need() -> None:
    assert Dedup("none").fingerprint("The bridge.") is None
    exact = Dedup("exact").fingerprint("The bridge.")
    assert exact is not None
    assert exact.keys == []
