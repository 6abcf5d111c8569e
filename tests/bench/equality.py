"""Whether the matchers give the same answers on records of text: `regex` one by one against ahocorasick and hyperscan.

    python tests/bench/equality.py FILE.jsonl [--mb 5] [--processes 2]

Reads records with ``text`` (and ``title``) up to so many megabytes, scans each by all matchers that are installed and prints the
number of pages on which one differs from trying every pattern on every line. That takes ten seconds a megabyte and process.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import cleaner.matcher
from cleaner.matcher import AhoCorasick, Hyperscan, OneByOne
from cleaner.rulebook import load
from cleaner.segment import Page

Record = dict[str, str]
matchers: dict[str, OneByOne] = {}


def start() -> None:
    # a pattern that takes long on a long line is no difference
    cleaner.matcher.CONFIRM_SECONDS = 600
    book = load()
    matchers.update({"regex": OneByOne(book), "ahocorasick": AhoCorasick(book)})
    if find_spec("hyperscan"):
        matchers["hyperscan"] = Hyperscan(book)
        matchers["hyperscan"].after = -1


def differing(records: list[Record]) -> tuple[dict[str, int], int]:
    """(matcher -> pages on which its answers are not those of `regex` one by one, answers of these in all)"""
    wrong = dict.fromkeys(matchers, 0)
    answers = 0
    for record in records:
        page = Page(record["text"], record.get("title"))
        truth = matchers["regex"].scan(page)
        answers += sum(len(lines) for roles in truth.values() for lines in roles.values())
        for name, matcher in matchers.items():
            if name != "regex" and matcher.scan(page) != truth:
                wrong[name] += 1
                print(f"{name} differs on {record.get('id')}", flush=True)
    return wrong, answers


def read(file: Path, megabytes: float) -> list[Record]:
    records: list[Record] = []
    size = 0
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            records.append(json.loads(line))
            size += len(records[-1]["text"].encode("utf-8", "surrogatepass"))
            if size >= megabytes * 1e6:
                break
    print(f"{file}: {len(records):,} records, {size / 1e6:.2f} MB")
    return records


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("file", type=Path)
    words.add_argument("--mb", type=float, default=5)
    words.add_argument("--processes", type=int, default=2)
    chosen = words.parse_args()
    rest = iter(read(chosen.file, chosen.mb))
    portions = iter(lambda: list(islice(rest, 20)), [])
    begun = time.perf_counter()
    total: dict[str, int] = {}
    answers = 0
    with ProcessPoolExecutor(chosen.processes, initializer=start) as pool:
        for wrong, found in pool.map(differing, portions):
            answers += found
            for name, pages in wrong.items():
                total[name] = total.get(name, 0) + pages
    for name, pages in total.items():
        if name != "regex":
            print(f"{name:<12} differs on {pages} pages")
    print(f"{answers:,} answers of regex one by one, {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
