"""How much memory finding duplicates takes: the peak of `python -m cleaner dedup` in a process of its own, by number of documents.

Run as ``python tests/bench/dedup.py FILE --only memory [--docs N]``: a tenth, half and all of N documents as `dedup.py` makes them of the
file, and ten times N short synthetic ones. A line is laid through the first three: what a document adds, and the base below it. With one
worker (``-j 1``), so that all memory is in one process; a small run before has everything compiled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

VOCABULARY, WORDS, COPIES = 50_000, 120, 0.1
BATCH = 10_000


def synthetic(count: int) -> Iterator[str]:
    """Texts of about 120 words, each word in proportion to one by its rank; one text in ten repeats one before but for three words."""
    import numpy as np

    rng = np.random.default_rng(1)
    letters = np.array(list("bdfgklmnprstvz")), np.array(list("aeiou"))
    drawn = [part[rng.integers(0, part.size, VOCABULARY)] for part in letters * 3]
    words = np.array(["".join(syllables) for syllables in zip(*drawn, strict=True)])
    shares = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    for start in range(0, count, BATCH):
        lengths = rng.integers(WORDS // 2, WORDS * 3 // 2, min(BATCH, count - start))
        made: list[Any] = []
        for length in lengths.tolist():
            if made and rng.random() < COPIES:
                ranks = made[rng.integers(len(made))].copy()
                ranks[rng.integers(0, ranks.size, 3)] = rng.integers(0, VOCABULARY, 3)
            else:
                ranks = np.searchsorted(shares, rng.random(length) * shares[-1])
            made.append(ranks)
            yield " ".join(words[ranks].tolist())


def peak(file: Path, folder: str) -> tuple[float, float]:
    """(MB of resident memory at most, CPU seconds) of deduplicating a file."""
    words = [sys.executable, "-m", "cleaner", "dedup", str(file), "-o", str(Path(folder) / "out"), "-j", "1", "-q", "--overwrite"]
    child = subprocess.Popen(words)
    _pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{words[1:4]} ended with {child.returncode}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6, usage.ru_utime + usage.ru_stime


def written(texts: Iterable[str], folder: str) -> Path:
    file = Path(folder) / "texts.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for number, text in enumerate(texts):
            lines.write(json.dumps({"id": f"{number:09}", "text": text}) + "\n")
    return file


def memory(documents: Callable[[int], Iterable[str]], count: int) -> None:
    import numpy as np

    sizes = [count // 10, count // 2, count]
    print(f"{'':<10}{'documents':>12}{'MB of file':>12}{'peak MB':>10}{'CPU s':>9}")
    with tempfile.TemporaryDirectory() as folder:
        peak(written(synthetic(BATCH * 2), folder), folder)
        many = shown("synthetic", synthetic(count * 10), count * 10, folder)
        peaks = [shown("of FILE", documents(number), number, folder) for number in sizes]
    each, base = np.polyfit(sizes, peaks, 1)
    print(f"{each * 1e6:,.0f} bytes a document above {base:,.0f} MB; synthetic {(many - base) / count / 10 * 1e6:,.0f} above the same")


def shown(kind: str, texts: Iterable[str], count: int, folder: str) -> float:
    file = written(texts, folder)
    megabytes, seconds = peak(file, folder)
    print(f"{kind:<10}{count:12,}{file.stat().st_size / 1e6:12.1f}{megabytes:10.0f}{seconds:9.1f}", flush=True)
    return megabytes
