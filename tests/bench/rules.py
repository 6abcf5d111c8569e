"""What matching costs as rules grow: 100, 1,000 and 5,000 patterns, each matcher against `regex` one by one.

    python tests/bench/rules.py [FILE.jsonl] [--mb 1] [--rounds 3]

The patterns have the shapes of the shipped ones (five for whole lines, one for parts; see SHAPES) with invented words beside common
ones, drawn by a fixed seed. The text is that of the records, by default the fixtures repeated; one line in fifty is replaced by one that
a pattern matches. Only matching is measured: the lines and their folded views are there before, and what a matcher remembers of lines
is emptied before each page. One by one, `regex` has its compiled patterns in a list and is run on a part of the text that takes it a
second or two. CPU time, the fastest of the rounds; all take turns in one process.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any

import regex

from cleaner.matcher import AhoCorasick, Hyperscan, OneByOne
from cleaner.rulebook import Rule, Rulebook
from cleaner.segment import Page
from cleaner.wording import Wording, index

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "gold"
SHAPES = (
    # (pattern, whole line, a line it matches)
    ("(?:get|take) .{{0,60}} (?:{0}|{1}).*", True, "Get all of it by {0} now"),
    ("{0} {1}: .{{3,80}}", True, "{0} {1}: Mayor opens bridge"),
    (".{{10,300}} {0} by .{{2,40}}", True, "The bridge on Monday. {0} by Ann Miller"),
    ("[-*(]{{0,3}}(?:{0}|{1}|{2}) ?: ?.{{2,60}}", True, "* {2}: The bridge"),
    ("(?:{0}|{1}) (?:our|the) {2}(?: to .{{0,60}})?", True, "{1} our {2}"),
    ('(?<=[.!?"]) ?{0} {1} ?[>»]+$', False, "It rained. {0} {1} >>"),
)


def invented(rng: random.Random) -> str:
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 4))) + rng.choice("nrst")


def rules(count: int) -> tuple[list[tuple[str, bool]], list[str]]:
    """(pattern, whole line) of so many, and a line that each matches."""
    rng = random.Random(count)
    patterns, lines = [], []
    for number in range(count):
        words = [invented(rng) for _ in range(3)]
        pattern, whole, line = SHAPES[number % len(SHAPES)]
        patterns.append((pattern.format(*words), whole))
        lines.append(line.format(*words))
    return patterns, lines


def book(patterns: Iterable[tuple[str, bool]]) -> Rulebook:
    made, wordings = [], []
    for number, (pattern, whole) in enumerate(patterns):
        made.append(Rule(f"bench.r{number}", "pattern", "bench", None, {}, {}, None))  # type: ignore[arg-type] # no examples to look up
        wordings.append((f"bench.r{number}", "line", Wording(line=(pattern,)) if whole else Wording(part=(pattern,))))
    return Rulebook(made, index(wordings))


def texts(file: Path | None) -> Iterator[str]:
    if file is None:
        gold = [path.read_text(encoding="utf-8").splitlines() for path in sorted(FIXTURES.glob("*.tsv"))]
        yield from cycle("\n".join(line.split("\t", 2)[-1] for line in lines) for lines in gold)
    else:
        with file.open(encoding="utf-8") as records:
            yield from (json.loads(line)["text"] for line in records)


def pages(file: Path | None, megabytes: float, planted: list[str]) -> list[Page]:
    rng = random.Random(7)
    made: list[Page] = []
    size = 0
    for text in texts(file):
        lines = [rng.choice(planted) if rng.random() < 0.02 else line for line in text.split("\n")]
        page = Page("\n".join(lines))
        assert all(line.plain is not None for line in page.lines)  # the views are there
        made.append(page)
        size += len(page.text.encode("utf-8", "surrogatepass"))
        if size >= megabytes * 1e6:
            break
    return made


def one_by_one(patterns: list[tuple[str, bool]]) -> Callable[[Page], int]:
    compiled = [(regex.compile(pattern, regex.IGNORECASE), whole) for pattern, whole in patterns]

    def scan(page: Page) -> int:
        found = 0
        for line in page.lines:
            text = line.plain
            for pattern, whole in compiled:
                found += (pattern.fullmatch(text) if whole else pattern.search(text)) is not None
        return found

    return scan


def scanning(matcher: OneByOne) -> Callable[[Page], int]:
    def scan(page: Page) -> int:
        matcher.forget()
        return sum(len(lines) for roles in matcher.scan(page).values() for lines in roles.values())

    return scan


def measured(scan: Callable[[Page], int], on: list[Page]) -> tuple[float, int]:
    """(MB a second, lines found)"""
    begun = time.process_time()
    found = sum(map(scan, on))
    return sum(len(page.text.encode("utf-8", "surrogatepass")) for page in on) / 1e6 / (time.process_time() - begun), found


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("file", type=Path, nargs="?")
    words.add_argument("--mb", type=float, default=1)
    words.add_argument("--rounds", type=int, default=3)
    chosen = words.parse_args()
    for count in (100, 1_000, 5_000):
        patterns, lines = rules(count)
        text = pages(chosen.file, chosen.mb, lines)
        small = text[: max(1, round(len(text) * min(1.0, 40 / count / chosen.mb)))]
        made = book(patterns)
        sides: dict[str, Any] = {"regex": (one_by_one(patterns), small), "ahocorasick": (scanning(AhoCorasick(made)), text)}
        if find_spec("hyperscan"):
            fast = Hyperscan(made)
            fast.after = -1
            sides["hyperscan"] = (scanning(fast), text)
        else:
            print("hyperscan is missing: pip install 'corpus-cleaner[fast]'")
        speeds: dict[str, list[float]] = {name: [] for name in sides}
        for scan, on in sides.values():
            measured(scan, on[:40])  # what is compiled at first use is there
        found = {name: measured(scan, small)[1] for name, (scan, _on) in sides.items()}
        for _ in range(chosen.rounds):
            for name, (scan, on) in sides.items():
                speeds[name].append(measured(scan, on)[0])
        base = max(speeds["regex"])
        for name, each in speeds.items():
            same = "" if found[name] == found["regex"] else f"   FOUND {found[name]} LINES, NOT {found['regex']}"
            print(f"{count:>6,} rules  {name:<12}{max(each):8.2f} MB/s  {max(each) / base:7.1f} times regex one by one{same}", flush=True)


if __name__ == "__main__":
    main()
