"""Looking at the duplicates of a run: clusters, cut anew, and two texts word by word."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command
from test_index import edited, prose, write

from cleaner import clusters
from cleaner.document import CleanerError
from cleaner.pipeline import clean_corpus


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    one, two = prose(1), prose(2)
    texts = {
        "one": f"{one}\nAdvertisement",
        "one-copy": one.upper(),
        "one-near": f"Advertisement\n{one} at the end",
        "one-revised": edited(one, 15),
        "two": two,
        "two-part": " ".join(two.split()[:60]),
        "alone": prose(3),
    }
    write(folder / "in/records.jsonl", texts)
    (folder / "in/page.html").write_text(f"<html><body><article><p>{prose(4)}</p><p>{prose(5)}</p></article></body></html>")
    (folder / "in/page.txt").write_text(f"{prose(4)}\n{prose(5)}\nand more")
    (folder / "in/latin.txt").write_bytes(f"{two} déjà".encode("latin-1"))
    clean_corpus(folder / "in", folder / "out")
    return folder / "out"


def test_clusters_come_largest_first(out: Path) -> None:
    found = clusters.clusters(out)
    assert [[row["id"] for row in cluster.documents] for cluster in found] == [
        ["one-near", "one", "one-copy", "one-revised"],
        ["latin.txt", "two", "two-part"],
        ["page.txt", "page.html"],
    ]
    assert found[0].documents[0]["verdict"] == "kept"
    assert found[0].doubt == pytest.approx(1 - min(map(clusters.measure, found[0].pairs)))


def test_a_higher_threshold_cuts_them(out: Path) -> None:
    (cluster,) = [c for c in clusters.clusters(out, 0.99) if c.documents[0]["id"].startswith("one")]
    assert sorted(row["id"] for row in cluster.documents) == ["one", "one-copy"]
    with pytest.raises(CleanerError, match=r"was compared at 0\.8"):
        clusters.clusters(out, 0.5)


@pytest.mark.parametrize("threshold", [1.5, float("nan"), 0])
def test_a_threshold_that_is_none(out: Path, threshold: float) -> None:
    with pytest.raises(CleanerError, match="a threshold is above 0 and at most 1, not"):
        clusters.clusters(out, threshold)


def test_documents_are_shown_with_their_length_as_they_came(command: Command, out: Path) -> None:
    shown = command("clusters", out).stdout
    for name, text in (("one", f"{prose(1)}\nAdvertisement"), ("one-near", f"Advertisement\n{prose(1)} at the end")):
        (line,) = [line for line in shown.splitlines() if line.endswith(f"  {name}") and not line.startswith("    ")]
        assert line.split() == [line.split()[0], f"{len(text):,}", name]


@pytest.mark.parametrize("words", [["clusters"], ["index", "info"], ["index", "remove"]])
def test_what_lies_elsewhere_is_not_taken_for_a_path(command: Command, words: list[str]) -> None:
    done = command(*words, "s3://bucket/out", *(["a.txt"] if "remove" in words else []))
    assert done.returncode == 2
    assert "s3://bucket/out: is not on this machine" in done.stderr


@pytest.mark.parametrize("name", ["one", "one-copy", "one-near", "two-part", "alone", "page.html", "page.txt", "latin.txt", "two"])
def test_the_clean_text_of_any_document_can_be_read_back(out: Path, name: str) -> None:
    found = clusters.text(out, name)
    assert "Advertisement" not in found
    assert (
        found.split()[:3] == {"o": prose(1), "t": prose(2), "l": prose(2), "p": prose(4), "a": prose(3)}[name[0]].split()[:3]
        or name == "one-copy"
    )
    assert len(found.split()) >= 60


def test_a_word_diff(out: Path) -> None:
    shown = list(clusters.diff("The old bridge opened on Monday.", "The new bridge opened on Monday, late."))
    assert shown == [
        ("same", "The"),
        ("old", "old"),
        ("new", "new"),
        ("same", "bridge opened on"),
        ("old", "Monday."),
        ("new", "Monday, late."),
    ]
    assert [kind for kind, _ in clusters.diff(prose(1), prose(1) + " more")] == ["same", "skipped", "same", "new"]


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cleaner", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_command(out: Path) -> None:
    shown = command("clusters", out, "--top", 1)
    assert shown.stdout.startswith("4 documents, least alike 0.")
    assert "  kept " in shown.stdout
    assert shown.stderr == "3 clusters of 9 documents; the first 1 are shown\n"
    rows = [json.loads(line) for line in command("clusters", out, "--json", "--by", "doubt").stdout.splitlines()]
    assert [row["doubt"] for row in rows] == sorted((row["doubt"] for row in rows), reverse=True)
    assert "{+at the end+}" in command("clusters", out, "--diff", "one", "one-near").stdout
    for wrong in (("--by", "colour"), ("--diff", "one", "none"), ("--threshold", 0.1)):
        failed = command("clusters", out, *wrong)
        assert (failed.returncode, failed.stderr.count("\n")) == (2, 1), failed.stderr
    assert command("clusters", out / "nowhere").returncode == 2
