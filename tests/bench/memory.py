"""How much memory cleaning a file takes: the peak of a child process that cleans it, against one that does nothing.

    python tests/bench/memory.py FILE.jsonl [--matcher ahocorasick]

Prints the peak of resident memory of each and the difference. The records are read one by one, as the command does it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

CLEAN = """
import json, sys
from cleaner import Cleaner, Document
cleaner = Cleaner(matcher=sys.argv[2])
with open(sys.argv[1], encoding="utf-8") as records:
    for line in records:
        record = json.loads(line)
        cleaner.clean(Document("", record["text"], title=record.get("title")))
"""


def peak(words: list[str]) -> float:
    """MB of resident memory that a child of this process had at most."""
    child = subprocess.Popen(words)
    _pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{words[:2]} ended with {child.returncode}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("file", type=Path)
    words.add_argument("--matcher", default="ahocorasick")
    chosen = words.parse_args()
    bare = peak([sys.executable, "-c", "pass"])
    cleaning = peak([sys.executable, "-c", CLEAN, str(chosen.file), chosen.matcher])
    size = chosen.file.stat().st_size / 1e6
    print(
        f"bare Python {bare:.0f} MB, cleaning {size:.1f} MB of records {cleaning:.0f} MB: {cleaning - bare:.0f} MB more (wanted: at most 150)"
    )


if __name__ == "__main__":
    main()
