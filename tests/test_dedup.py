"""Tokens, signatures, and every pair verified."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import closing
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleaner
from cleaner import charmap
from cleaner.choice import Copy, copies
from cleaner.dedup import Comparer, Dedup, Pair, find_duplicates
from cleaner.document import CleanerError
from cleaner.store import Fingerprint, Store

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


def shingles(text: str) -> set[str]:
    tokens = charmap.tokens(text)
    return {" ".join(tokens[i : i + 5]) for i in range(max(1, len(tokens) - 4))} if tokens else set()


def jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


def clusters(pairs: Iterable[Pair]) -> list[list[int]]:
    store = Store()
    try:
        return store.components((pair.a, pair.b) for pair in pairs)
    finally:
        store.close()


def exact_pairs(given: list[str], threshold: float) -> set[tuple[int, int]]:
    sets = [shingles(text) for text in given]
    return {(a, b) for a, b in combinations(range(len(given)), 2) if jaccard(sets[a], sets[b]) >= threshold}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_the_clusters_are_those_of_comparing_everything(seed: int, threshold: float) -> None:
    given = texts(seed)
    found = find_duplicates(given, threshold, containment=False, templates="merge")
    truth = exact_pairs(given, threshold)
    assert {(pair.a, pair.b) for pair in found} <= truth  # none is invented
    everything = [Pair(a, b, "near", 1.0, 1.0) for a, b in truth]
    assert clusters(found) == clusters(everything)


def test_a_pair_tells_its_exact_similarity() -> None:
    given = texts(3)
    for pair in find_duplicates(given, 0.5):
        a, b = (shingles(given[i]) for i in (pair.a, pair.b))
        assert pair.jaccard == jaccard(a, b)
        assert pair.containment == len(a & b) / min(len(a), len(b))
        assert (pair.kind == "exact") == (charmap.tokens(given[pair.a]) == charmap.tokens(given[pair.b]))


def cut(seed: int) -> list[str]:
    """Texts, and pieces of them of every length from 24 words on."""
    rng = random.Random(seed)
    whole = [rng.choices([f"w{n}" for n in range(4000)], k=rng.randrange(60, 500)) for _ in range(60)]
    pieces = []
    for words in whole:
        length = rng.randrange(24, len(words))
        start = rng.randrange(len(words) - length + 1)
        pieces.append(words[start : start + length])
    return [" ".join(words) for words in whole + pieces]


def test_parts_of_longer_texts_are_found() -> None:
    found = want = 0
    for seed in range(8):
        given = cut(seed)
        pairs = {(pair.a, pair.b): pair for pair in find_duplicates(given)}
        for whole, piece in enumerate(range(60, 120)):
            want += 1
            pair = pairs.get((whole, piece))
            found += pair is not None
            if pair and pair.kind == "contained":
                assert (pair.part, pair.containment) == (piece, 1.0)
                assert pair.jaccard < 0.8
        assert all(b - a == 60 for a, b in pairs)  # none is invented
    assert found >= 0.99 * want, (found, want)


def test_parts_are_not_looked_for_when_told_so() -> None:
    assert {pair.kind for pair in find_duplicates(cut(1), containment=False)} <= {"near", "exact"}


REPORT = (
    "The regional bank said on {day} that its net profit for the {quarter} quarter came to {a} million pounds against {b} million a "
    "year earlier. Revenue rose to {c} million pounds. The board of {name} proposes a dividend of {d} pence a share, payable to holders "
    "of record at the end of the month, and confirmed its outlook for the whole of the year at the annual meeting in {town}."
)


def report(**told: object) -> str:
    return REPORT.format(
        **{"day": "Monday", "quarter": "first", "a": 12, "b": 9, "c": 140, "name": "Harbour Trust", "d": 4, "town": "Quell"} | told
    )


def test_fillings_of_a_template_are_kept_apart_unless_told_otherwise() -> None:
    one, two = report(), report(a=17, c=158, d=5)
    assert find_duplicates([one, two], 0.5) == []
    assert [pair.kind for pair in find_duplicates([one, two], 0.5, templates="merge")] == ["near"]


def test_a_revised_copy_is_found() -> None:
    rng = random.Random(2)
    words = rng.choices([f"word{n}" for n in range(3000)], k=200)
    other = [word + "s" if n % 11 == 5 else word for n, word in enumerate(words)]
    (pair,) = find_duplicates([" ".join(words), " ".join(other)])
    assert pair.kind == "revised"
    assert pair.jaccard < 0.8
    assert pair.aligned is not None
    assert pair.similarity == pair.aligned >= 0.8


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=15)
def test_the_order_of_texts_does_not_matter(seed: int, rng: random.Random) -> None:
    given = sorted({*texts(seed, 40), *cut(seed)[:20], report(), report(a=3, b=5), report(town="Mere")})
    order = list(range(len(given)))
    rng.shuffle(order)
    shuffled = [given[i] for i in order]

    def named(pairs: list[Pair], texts: list[str]) -> set[object]:
        return {(*sorted((texts[p.a], texts[p.b])), p.kind, p.jaccard, p.containment) for p in pairs if p.kind != "exact"}

    assert named(find_duplicates(given), given) == named(find_duplicates(shuffled), shuffled)


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


def never(a: int, b: int) -> Pair | None:
    raise AssertionError((a, b))


def test_the_longest_stays_then_the_smallest_name() -> None:
    given = {0: "a b c d e f", 1: "a b c d e f", 2: "a b c d e f g"}
    names = {0: "z", 1: "b", 2: "c"}
    pairs = [Pair(0, 1, "exact", 1.0, 1.0), Pair(0, 2, "near", 0.8, 1.0)]
    result, _ = copies([[0, 1, 2]], pairs, lambda doc: (-len(given[doc]), names[doc]), never)
    assert result == {0: Copy(2, 0.8, "near"), 1: Copy(2, 0.8, "near")}
    result, _ = copies([[0, 1]], pairs[:1], lambda doc: (-len(given[doc]), names[doc]), never)
    assert result == {0: Copy(1, 1.0, "exact")}


def test_exact_copies_are_one_class_whichever_of_them_the_others_are_paired_with() -> None:
    pairs = [Pair(2, 5, "exact", 1.0, 1.0), Pair(3, 5, "exact", 1.0, 1.0), Pair(4, 5, "exact", 1.0, 1.0)]
    result, _ = copies([[2, 3, 4, 5]], pairs, lambda doc: (doc,), never)
    assert result == dict.fromkeys((3, 4, 5), Copy(2, 1.0, "exact"))


def test_a_part_goes_even_if_it_is_preferred() -> None:
    pairs = [Pair(0, 1, "contained", 0.3, 0.95, part=0), Pair(0, 2, "near", 0.9, 0.9)]
    result, _ = copies([[0, 1, 2]], pairs, lambda doc: (doc,), lambda a, b: None)
    assert result == {0: Copy(1, 0.95, "contained")}  # 2 is like the part and has not been found in the whole


def test_what_likes_a_copy_is_compared_with_the_one_that_stays() -> None:
    pairs = [Pair(0, 1, "near", 0.9, 0.9), Pair(1, 2, "near", 0.9, 0.9)]
    met = Pair(0, 2, "near", 0.85, 0.9)
    assert copies([[0, 1, 2]], pairs, lambda doc: (doc,), lambda a, b: met) == ({1: Copy(0, 0.9, "near"), 2: Copy(0, 0.85, "near")}, [met])
    template = met._replace(kind="template")
    assert copies([[0, 1, 2]], pairs, lambda doc: (doc,), lambda a, b: template) == ({1: Copy(0, 0.9, "near")}, [template])


def test_a_chain_of_near_copies_does_not_make_one_text_of_two() -> None:
    words = [f"w{n}" for n in range(600)]
    given = [" ".join(words[8 * n : 8 * n + 120]) for n in range(40)]
    pairs = find_duplicates(given, containment=False)
    (group,) = clusters(pairs)
    found, _ = copies([group], pairs, lambda doc: (-len(given[doc]), str(doc)), Comparer(Dedup(containment=False), given.__getitem__))
    linked = {(pair.a, pair.b) for pair in pairs}
    assert len(found) < len(group) - 5
    for doc, copy in found.items():
        assert copy.of not in found
        assert (min(doc, copy.of), max(doc, copy.of)) in linked
        assert copy.similarity >= 0.8


def test_it_can_be_asked_from_the_package() -> None:
    assert cleaner.find_duplicates(["A bridge.", "a bridge"]) == [Pair(0, 1, "exact", 1.0, 1.0)]


def test_no_fingerprint_without_need() -> None:
    assert Dedup("none").fingerprints(["The bridge."]) == [None]
    empty, exact = Dedup("exact").fingerprints(["...", "The bridge."])
    assert empty is None
    assert exact is not None
    assert (exact.keys, exact.sample, exact.words) == (b"", b"", 2)


def test_what_does_not_fit_into_memory_lies_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    words = [f"word{n}" for n in range(5000)]
    texts = [" ".join(rng.choices(words, k=90)) for _ in range(60)]
    texts += [text.replace(words[0], words[1]) + " and more" for text in texts]
    expected = find_duplicates(texts)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr("cleaner.dedup._ROOM", 0)
    monkeypatch.setattr("cleaner.store._BYTES", 1_000_000)  # samples are grouped a hundred at a time
    assert find_duplicates(texts) == expected
    assert [path.name for path in tmp_path.rglob("*")] == ["temp"]  # and nothing is left behind


@pytest.mark.parametrize("megabytes", [64, 127, 160])
def test_the_database_copes_with_any_memory_it_may_be_given(tmp_path: Path, megabytes: int) -> None:
    """With 48 bytes for a sampled hash as it is grouped, 64 MB and 127 MB were too little for two million of them, and 96 MB enough."""
    draw = np.random.default_rng(4)
    pool = draw.integers(0, 1 << 59, 800_000)
    before = np.empty(0, np.int64)
    with closing(Store(tmp_path, 0, megabytes * 10**6)) as store:
        for doc in range(20_000):
            sample = np.unique(draw.choice(pool, 100))
            if doc % 1000 == 1:
                sample = before
            before = sample
            store.add(doc, f"{doc:06}", Fingerprint(100, draw.bytes(16), b"", sample.tobytes()))
        assert list(store.candidates(contained=True).pairs) == [(doc - 1, doc) for doc in range(1, 20_000, 1000)]


@pytest.mark.parametrize("size", [1, 10, 200_000])
def test_the_database_copes_with_many_small_documents(tmp_path: Path, size: int) -> None:
    """Groups of copies as lists, and joins of two tables at once, took more than the database may hold: a million documents
    ended with an error, at 96 MB. These are a fifth of them, at a quarter of that."""
    with closing(Store(tmp_path, 1, 24_000_000)) as store:
        for doc in range(200_000):
            first = doc // size
            digest, shingles = first.to_bytes(16, "big"), np.arange(first // 10 * 3, first // 10 * 3 + 3)
            store.add(doc, f"{doc:040}", Fingerprint(9, digest, shingles[:1].tobytes(), shingles.tobytes()))
        groups = sorted(store.copies())
        candidates = store.candidates(contained=True)
        pairs = list(candidates.pairs)
    assert groups == ([list(range(start, start + size)) for start in range(0, 200_000, size)] if size > 1 else [])
    assert len(pairs) == candidates.number
    ones = range(0, 200_000, size)
    assert sorted(pairs) == [(one, two) for at in range(0, len(ones), 10) for one, two in combinations(ones[at : at + 10], 2)]


def test_parts_are_found_where_every_passage_stands_in_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(8)
    long = " ".join(f"word{n}" for n in rng.sample(range(9000), 900))
    words = long.split()
    given = [long, *(" ".join(words[at : at + 200]) for at in range(0, 600, 20))]
    monkeypatch.setattr("cleaner.store.PAIRS", 0)  # then the pairs of the text with the largest sample are looked at, and no others
    assert {(pair.a, pair.b, pair.kind) for pair in find_duplicates(given) if pair.a == 0} == {
        (0, doc, "contained") for doc in range(1, len(given))
    }
