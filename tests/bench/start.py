"""How long the command takes to start: `cleaner check` on one small file against `python -c pass`, in turn.

    python tests/bench/start.py [RUNS]

Prints the ratio of the medians of whole-process wall time. The machine may be busy: both are measured alternately.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEXT = "The bridge over the river opened on Monday.\nAdvertisement\nIt took two years to build, the mayor said.\n"


def seconds(words: list[str]) -> float:
    # an installed package has its compiled files; a checkout gets them at its first start, unless the environment forbids it
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    subprocess.run(words, capture_output=True, check=False, env=environment)
    return time.perf_counter() - begun


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.txt"
        file.write_text(TEXT)
        command = Path(sys.executable).with_name("cleaner")
        sides = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "cleaner --help": [str(command), "--help"],
            "cleaner check FILE": [str(command), "check", str(file)],
        }
        for words in sides.values():
            seconds(words)  # compiled files and the rulebook's cache are there
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(runs):
            for name, words in sides.items():
                times[name].append(seconds(words))
    base = statistics.median(times["python -c pass"])
    for name, found in times.items():
        median = statistics.median(found)
        print(
            f"{name:<20} {median * 1000:7.1f} ms  {median / base:5.1f} times python -c pass  ({min(found) * 1000:.1f} to {max(found) * 1000:.1f} ms)"
        )


if __name__ == "__main__":
    main()
