"""The quality gate on labelled real documents, where they lie beside the checkout (CLEANER_EVALUATION names their folder).

They belong to their publishers and are no part of this project; without them there is nothing to measure here, and the fixtures
keep the gate.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Command, tree
from test_fixtures import FLOORS, check_floors

from cleaner.formats import encoding

EVALUATION = Path(os.environ.get("CLEANER_EVALUATION", ROOT.parent / "shared" / "evaluation"))

ARTICLES = ("aeb", "fundus", "np4k", "wcxb-article")
"""The sets of pages that hold articles."""

if not EVALUATION.is_dir():
    pytest.skip("no labelled documents beside the checkout", allow_module_level=True)


def score(gold: Path, cleaned: Path) -> dict[str, float]:
    """The figures of the scorer that comes with the labelled documents."""
    words = [sys.executable, str(EVALUATION / "text" / "score_text.py"), str(gold), str(cleaned), "--json"]
    found: dict[str, float] = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return found


@pytest.fixture(scope="module")
def gold() -> list[dict[str, object]]:
    return [json.loads(line) for line in (EVALUATION / "text" / "gold-dev.jsonl").read_text(encoding="utf-8").splitlines()]


def test_labelled_news_is_cleaned_as_well_as_ever(gold: list[dict[str, object]], command: Command, tmp_path: Path) -> None:
    with (tmp_path / "gold.jsonl").open("w", encoding="utf-8") as file:
        for document in gold:
            row = {"id": document["id"], "text": "\n".join(line["text"] for line in document["lines"])}  # type: ignore[attr-defined]
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    done = command("clean", "gold.jsonl", "-o", "out", "--dedup", "none", "-q")
    assert done.returncode == 0, done.stderr
    found = score(EVALUATION / "text" / "gold-dev.jsonl", tmp_path / "out" / "gold.jsonl")
    print(found)
    figures = {
        "recall": found["drop recall"],
        "content": 1 - found["content loss"],
        "untouched": -found["clean touched"],
        "inline": found["inline cut"],
        "inline kept": found["inline kept"],
    }
    check_floors({name: round(value, 4) for name, value in figures.items()}, json.loads(FLOORS.read_text())["gold-dev"])


def test_extracted_pages_keep_their_content(command: Command, tmp_path: Path) -> None:
    """Labels are by alignment with a page's gold text: some of what counts as content here is a credit that the gold text has."""
    with gzip.open(EVALUATION / "lines" / "lines-trafilatura.jsonl.gz", "rt", encoding="utf-8") as file:
        pages = [page for page in map(json.loads, file) if page["lines"][0]["category"] in ARTICLES]
    with (tmp_path / "gold.jsonl").open("w", encoding="utf-8") as gold, (tmp_path / "pages.jsonl").open("w", encoding="utf-8") as texts:
        for page in pages:
            gold.write(json.dumps(page) + "\n")
            texts.write(json.dumps({"id": page["id"], "text": "\n".join(line["text"] for line in page["lines"])}) + "\n")
    done = command("clean", "pages.jsonl", "-o", "out", "--dedup", "none", "-q")
    assert done.returncode == 0, done.stderr
    found = score(tmp_path / "gold.jsonl", tmp_path / "out" / "pages.jsonl")
    print(found)
    figures = {"content": 1 - found["content loss"], "recall": found["drop recall"]}
    check_floors({name: round(value, 4) for name, value in figures.items()}, json.loads(FLOORS.read_text())["lines-trafilatura"])


def clusters(kind: str, pairs: Path, out: Path, *more: str) -> list[float]:
    """The figures that the scorer of clusters prints, in its order."""
    words = [sys.executable, str(EVALUATION / "neardup" / "score_clusters.py"), kind, str(pairs), str(out / "_cleaner" / "documents.jsonl")]
    printed = subprocess.run([*words, *more], capture_output=True, text=True, check=True).stdout
    print(printed)
    return [float(figure) for figure in re.findall(r"(?:recall|precision|F1) (\d\.\d+)", printed)]


@pytest.mark.parametrize(
    ("name", "options", "measured"),
    [
        ("near at .8", ["--no-containment"], ["--jaccard", ".8"]),
        ("near at .7", ["--no-containment", "--threshold", ".7"], ["--jaccard", ".7"]),
        ("contained", [], ["--jaccard", ".8", "--containment", ".9"]),
    ],
)
def test_all_pairs_are_found_and_none_is_invented(
    command: Command, tmp_path: Path, name: str, options: list[str], measured: list[str]
) -> None:
    folder = EVALUATION / "neardup"
    done = command("dedup", folder / "mix20k.jsonl.zst", "-o", "out", "--templates", "merge", "--no-fold", "-q", *options)
    assert done.returncode == 0, done.stderr
    recall, precision = clusters("truth", folder / "mix20k-pairs.tsv", tmp_path / "out", *measured)
    check_floors({"recall": recall, "precision": precision}, json.loads(FLOORS.read_text())["mix20k"][name])


def test_reprints_are_joined_and_templates_are_not(command: Command, tmp_path: Path) -> None:
    folder = EVALUATION / "neardup"
    with gzip.open(folder / "labelled-dev-docs.jsonl.gz", "rb") as file:
        (tmp_path / "docs.jsonl").write_bytes(file.read())
    assert command("clean", "docs.jsonl", "-o", "out", "-q").returncode == 0
    recall, precision, f1 = clusters("labels", folder / "labelled-dev-pairs.jsonl", tmp_path / "out")
    rows = map(json.loads, (tmp_path / "out/_cleaner/documents.jsonl").read_text(encoding="utf-8").splitlines())
    cluster = {row["id"]: row["cluster"] for row in rows}
    pairs = map(json.loads, (folder / "labelled-dev-pairs.jsonl").read_text(encoding="utf-8").splitlines())
    others = [cluster[pair["a"]] is not None and cluster[pair["a"]] == cluster[pair["b"]] for pair in pairs if pair["label"] != "dup"]
    figures = {"recall": recall, "precision": precision, "f1": f1, "others apart": round(1 - sum(others) / len(others), 4)}
    check_floors(figures, json.loads(FLOORS.read_text())["labelled-dev"])


def test_the_samples_are_cleaned_and_given_back(gold: list[dict[str, object]], command: Command, tmp_path: Path) -> None:
    seeds = [document for document in gold if str(document["id"]).startswith("seed:")]
    done = command("clean", EVALUATION / "seeds", "-o", "out")
    assert "5 documents in: 5 kept, 0 duplicates, 0 emptied, 0 failed" in done.stderr
    with (tmp_path / "cleaned.jsonl").open("w", encoding="utf-8") as file:
        for document in seeds:
            name = str(document["id"]).removeprefix("seed:")
            file.write(json.dumps({"id": document["id"], "text": (tmp_path / "out" / f"{name}.txt").read_text(encoding="utf-8")}) + "\n")
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(document) + "\n" for document in seeds), encoding="utf-8")
    found = score(tmp_path / "seeds.jsonl", tmp_path / "cleaned.jsonl")
    assert found["content loss"] == 0
    assert found["drop recall"] == 1
    assert command("restore", "out", "-o", "back").returncode == 0
    assert tree(tmp_path / "back") == tree(EVALUATION / "seeds")


INPUTS = EVALUATION / "inputs"
NAMES = {"ibm855": "cp855", "ibm866": "cp866", "maccyrillic": "mac-cyrillic", "none": "cp1252"}
SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949", "iso-8859-1": "cp1252", "ascii": "cp1252", "iso-8859-9": "cp1254", "tis-620": "cp874", "big5": "big5hkscs", "euc-jp": "euc_jis_2004", "iso-2022-jp": "iso2022_jp_ext"}  # fmt: skip
MISLABELLED = {"Ziemniaki": "iso-8859-2", "xinhuanet": "gb18030", "travaillent": "cp1252"}
"""Pages that declare UTF-8 and hold not a character of it, by a part of their names: what they are instead."""


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def readings(row: dict[str, str], raw: bytes) -> list[str]:
    """The letters of a file in its right encoding, and in the superset that is as good."""
    name = row.get("encoding") or row.get("declared") or "utf-8"
    name = next((right for part, right in MISLABELLED.items() if part in row["file"]), name)
    name = re.sub(r"-(?:hungarian|czech|slovak|croatian|polish|slovene|romanian|bulgarian|russian|arabic|greek|turkish|hebrew)$", "", name)
    name = "utf-8" if name.startswith(("mojibake", "real-")) else re.sub(r"^(utf-\d\d)([bl]e)$", r"\1-\2", NAMES.get(name, name))
    found = []
    for one in (name, SUPERSETS.get(name, name)):
        with contextlib.suppress(LookupError):  # Python has no EUC-TW
            found.append(letters(raw.decode(one, "replace")))
    return found


@pytest.mark.skipif(not (INPUTS / "manifest.json").exists(), reason="no files in odd encodings beside the checkout")
def test_odd_encodings_are_read_right_or_flagged() -> None:
    rows = [row for row in json.loads((INPUTS / "manifest.json").read_text(encoding="utf-8")) if row["file"].startswith("enc/")]
    right = flagged = 0
    for row in rows:
        raw = (INPUTS / row["file"]).read_bytes()
        decoded = encoding.decode(raw)
        if letters(decoded.text) in readings(row, raw):
            right += 1
        elif decoded.replaced:
            flagged += 1
        else:
            print(f"{row['file']}: wrongly read as {decoded.encoding}")
    figures = {"right": right / len(rows), "right or flagged": (right + flagged) / len(rows)}
    print(figures)
    check_floors({name: round(value, 4) for name, value in figures.items()}, json.loads(FLOORS.read_text())["encodings"])
