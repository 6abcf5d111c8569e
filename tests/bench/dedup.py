r"""How fast near-duplicates are found, and how many of them, beside datasketch, rensa, gaoya and datatrove.

    python tests/bench/dedup.py FILE.jsonl[.gz|.zst] [--docs N] [--rounds N] [--only signatures|end|memory]

Seconds are CPU seconds of this process, all threads together: wall time says nothing on a busy machine. The peers are the extra ``bench``.
Those that leave tokenising to their users get what such users write: ``regex.findall(r"\w+", text.lower())``, every five words joined.

- signatures: from texts (the first N of the file, 2,000 by default) to signatures of 128 permutations of word 5-grams, tokenising
  included. All candidates take turns in each round; the median of each counts, with the fastest and slowest.
- end: from texts in memory to pairs of a Jaccard similarity of 0.8. N documents, 100,000 by default: a quarter of them from the file, the
  others made of these by `variants`. A pair is true if the exact Jaccard similarity of the two sets of word 5-grams, lower-cased, is at
  least 0.8; recall is against all true pairs that anyone here nominated. "linked" are the true pairs whose two documents hang together
  by a candidate's pairs, directly or through others: what clusters are made of. Our exact copies, which are reported with the first of
  them only, are counted as all pairs among them; "contained" and "revised" pairs are not in these figures.
- memory: see `dedup_memory`.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import io
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations, islice, product
from pathlib import Path
from typing import Any

from dedup_memory import memory
from dedup_peers import ENDS, JACCARD, SKETCHES, Pairs, Side, words_of

from cleaner.minhash import Sketcher, signatures

SEED = 42


# texts


def read(file: Path) -> Iterator[str]:
    """The texts of a file of JSON Lines that have a word."""
    with open_lines(file) as lines:
        yield from (text for text in (json.loads(line)["text"] for line in lines) if words_of(text))


def open_lines(file: Path) -> io.TextIOBase:
    if file.suffix == ".zst":
        import zstandard

        return zstandard.open(file, "rt", encoding="utf-8")
    return gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8")


def variants(originals: Sequence[str], count: int) -> Iterator[str]:
    """Texts made of others, by a fixed seed: shortened, reworded, with sentences elsewhere, or run together with another text."""
    rng = random.Random(SEED)
    for _ in range(count):
        text, other = rng.choice(originals), rng.choice(originals)
        how = rng.choice(("cut", "reworded", "reworded", "moved", "joined"))
        if how == "cut":
            text = text[: max(40, int(len(text) * rng.uniform(0.5, 0.99)))]
        elif how == "reworded":
            # most copies are light ones, and a word in forty brings two texts below 0.8
            words, source, share = text.split(" "), other.split(), 0.01 * 30 ** rng.random()
            text = " ".join(rng.choice(source) if rng.random() < share else word for word in words)
        elif how == "moved":
            sentences = text.split(". ")
            for _ in range(rng.randint(1, 4)):
                sentences.insert(rng.randrange(len(sentences)), sentences.pop(rng.randrange(len(sentences))))
            text = ". ".join(sentences)
        else:
            text = f"{text}\n\n{other}"
        yield text


def documents(file: Path, count: int) -> list[str]:
    originals = list(islice(read(file), max(1, count // 4)))
    return originals + list(variants(originals, count - len(originals)))


# judging


def spread(found: Any) -> Pairs:
    """The pairs that a candidate means: of ours, those among exact copies too, each of which is in every pair of the first."""
    if isinstance(found, set):
        return found
    groups: dict[int, list[int]] = {}
    for pair in found:
        if pair.kind == "exact":
            groups.setdefault(pair.a, [pair.a]).append(pair.b)
    near = [product(groups.get(p.a, [p.a]), groups.get(p.b, [p.b])) for p in found if p.kind == "near"]
    return {(min(pair), max(pair)) for some in [*near, *(combinations(group, 2) for group in groups.values())] for pair in some}


def judged(texts: list[str], nominated: Iterable[Pairs]) -> Pairs:
    """The pairs whose exact Jaccard similarity is high enough."""
    sketcher = Sketcher(fold=False)
    sets: dict[int, Any] = {}
    true = set()
    for a, b in sorted(set().union(*nominated)):
        one, two = (sets[i] if i in sets else sets.setdefault(i, sketcher.shingle_set(texts[i])) for i in (a, b))
        both = sketcher.common(one, two)
        if both >= JACCARD * (one.size + two.size - both):
            true.add((a, b))
    return true


def linked(pairs: Pairs, true: Pairs) -> int:
    """How many true pairs hang together by some pairs."""
    parent: dict[int, int] = {}

    def root(i: int) -> int:
        while (up := parent.setdefault(i, i)) != i:
            parent[i] = parent[up]
            i = up
        return i

    for a, b in pairs:
        parent[root(a)] = root(b)
    return sum(root(a) == root(b) for a, b in true)


# measuring


def installed(sides: dict[str, Callable[[], Side]], some: list[str]) -> dict[str, Side]:
    made = {}
    for name, make in sides.items():
        try:
            made[name] = make()
            made[name](some)  # what is compiled or loaded at first use is there
        except ImportError as error:
            made.pop(name, None)
            print(f"{name} is missing: {error} (pip install 'corpus-cleaner[bench]')")
    return made


def measured(sides: dict[str, Side], texts: list[str], rounds: int) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """CPU seconds of every candidate in each round, and what it found in the last."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    found: dict[str, Any] = {}
    for _ in range(rounds):
        for name, side in sides.items():
            found.pop(name, None)
            gc.collect()
            begun = time.process_time()
            made = side(texts)
            times[name].append(time.process_time() - begun)
            found[name] = made
            print(f"{name}: {times[name][-1]:.3f} s", file=sys.stderr, flush=True)
    return times, found


def size(texts: list[str]) -> float:
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6


def compare_signatures(file: Path, docs: int, rounds: int) -> None:
    texts = list(islice(read(file), docs))
    megabytes = size(texts)
    print(f"signatures: {len(texts):,} texts, {megabytes:.1f} MB, {rounds} rounds")
    print(f"{'':<28}{'CPU s':>8}{'fastest':>9}{'slowest':>9}{'MB/s':>8}{'times ours':>12}")
    times, _ = measured(installed(SKETCHES, texts[:100]), texts, rounds)
    base = statistics.median(times["cleaner"])
    for name, each in times.items():
        median = statistics.median(each)
        print(f"{name:<28}{median:8.3f}{min(each):9.3f}{max(each):9.3f}{megabytes / median:8.1f}{median / base:12.1f}")


def compare_ends(file: Path, docs: int, rounds: int) -> None:
    texts = documents(file, docs)
    print(f"end: {len(texts):,} texts, {size(texts):.1f} MB, {rounds} rounds", flush=True)
    sides = installed(ENDS, texts[:100])
    judged(texts[:2], [{(0, 1)}])  # compiles: a handful of texts is not worth it to `find_duplicates`
    signatures(texts[:2])
    times, results = measured(sides, texts, rounds)
    base = statistics.median(times["cleaner, Jaccard only"])
    pairs = {name: spread(found) for name, found in results.items()}
    true = judged(texts, pairs.values())
    print(f"{len(true):,} true pairs")
    print(f"{'':<24}{'CPU s':>8}{'times ours':>12}{'pairs':>10}{'true':>10}{'recall':>8}{'linked':>8}{'precision':>11}")
    for name, found in pairs.items():
        median, right = statistics.median(times[name]), len(found & true)
        shares = f"{right / len(true):8.4f}{linked(found, true) / len(true):8.4f}{right / max(1, len(found)):11.4f}"
        print(f"{name:<24}{median:8.1f}{median / base:12.2f}{len(found):10,}{right:10,}{shares}")
    kinds = Counter(pair.kind for pair in results["cleaner, defaults"])
    print("cleaner, defaults: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items())))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("file", type=Path)
    words.add_argument("--docs", type=int)
    words.add_argument("--rounds", type=int, help="5 for signatures, 1 for the rest")
    words.add_argument("--only", choices=("signatures", "end", "memory"))
    chosen = words.parse_args()
    if chosen.only in (None, "signatures"):
        compare_signatures(chosen.file, chosen.docs or 2_000, chosen.rounds or 5)
    if chosen.only in (None, "end"):
        compare_ends(chosen.file, chosen.docs or 100_000, chosen.rounds or 1)
    if chosen.only in (None, "memory"):
        memory(partial(documents, chosen.file), chosen.docs or 100_000)


if __name__ == "__main__":
    main()
