"""How fast the whole cleaning is beside two peers that filter lines: datatrove's C4 filter and jusText's classifier.

    python tests/bench/corpus.py FILE.jsonl [--mb 4] [--rounds 3]

All see the same records (``text``, ``title``), one after the other, in this process, in turn; the CPU time of the fastest round of
each counts. The C4 filter is measured twice: as it is, and without its count of sentences (``min_num_sentences=-1``), which a
sentence splitter takes most of the time for. jusText gets a paragraph for each line and judges by length and stop words alone, as
there are no links to count. What our cleaner remembers of lines is emptied before each round. The peers are the extra ``bench``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cleaner import Cleaner, Document

Record = dict[str, Any]


def ours(matcher: str) -> Callable[[list[Record]], None]:
    cleaner = Cleaner(matcher=matcher)

    def clean(records: list[Record]) -> None:
        cleaner._scanner.forget()
        for record in records:
            cleaner.clean(Document(record.get("id", ""), record["text"], title=record.get("title")))

    return clean


def c4(**settings: int) -> Callable[[list[Record]], None]:
    from datatrove.data import Document as Other
    from datatrove.pipeline.filters import C4QualityFilter

    quality = C4QualityFilter(**settings)

    def filtered(records: list[Record]) -> None:
        for record in records:
            quality.filter(Other(text=record["text"], id=str(record.get("id", ""))))

    return filtered


def justext_lines() -> Callable[[list[Record]], None]:
    from justext import get_stoplist
    from justext.core import classify_paragraphs, revise_paragraph_classification
    from justext.paragraph import Paragraph

    stop_words = get_stoplist("English")

    class Place:
        """The place in the tree that a paragraph of a plain text has not."""

        dom = xpath = "p"

    def classified(records: list[Record]) -> None:
        for record in records:
            paragraphs = []
            for line in record["text"].split("\n"):
                if line.strip():
                    paragraph = Paragraph(Place())
                    paragraph.append_text(line)
                    paragraphs.append(paragraph)
            classify_paragraphs(paragraphs, stop_words)
            revise_paragraph_classification(paragraphs)

    return classified


SIDES: dict[str, Callable[[], Callable[[list[Record]], None]]] = {
    "cleaner": lambda: ours("ahocorasick"),
    "cleaner, hyperscan": lambda: ours("hyperscan"),
    "datatrove C4": c4,
    "datatrove C4, no sentences": lambda: c4(min_num_sentences=-1),
    "jusText": justext_lines,
}


def read(file: Path, megabytes: float) -> tuple[list[Record], float]:
    records: list[Record] = []
    size = 0
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            records.append(json.loads(line))
            size += len(records[-1]["text"].encode("utf-8", "surrogatepass"))
            if size >= megabytes * 1e6:
                break
    return records, size / 1e6


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("file", type=Path)
    words.add_argument("--mb", type=float, default=4)
    words.add_argument("--rounds", type=int, default=3)
    chosen = words.parse_args()
    records, megabytes = read(chosen.file, chosen.mb)
    print(f"{chosen.file}: {len(records):,} records, {megabytes:.2f} MB")
    sides = {}
    for name, make in SIDES.items():
        try:
            sides[name] = make()
            sides[name](records[:20])  # what is compiled or loaded at first use is there
        except Exception as error:
            sides.pop(name, None)
            print(f"{name} is missing: {type(error).__name__}: {str(error).splitlines()[0]} (pip install 'corpus-cleaner[bench,fast]')")
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(chosen.rounds):
        for name, side in sides.items():
            begun = time.process_time()
            side(records)
            times[name].append(time.process_time() - begun)
    base = min(times["cleaner"])
    for name, found in times.items():
        print(f"{name:<28}{megabytes / min(found):7.2f} MB/s   the cleaner is {min(found) / base:5.2f} times as fast")


if __name__ == "__main__":
    main()
