"""Yesterday's corpus remembered: an index between runs, whole at any moment, and cut off at any moment."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import tree
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner import index
from cleaner.choice import Prefer
from cleaner.dedup import Dedup
from cleaner.document import CleanerError
from cleaner.lock import alone
from cleaner.pipeline import Settings, clean_corpus

WORDS = [f"w{n}" for n in range(3000)]


def write(path: Path, texts: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in texts.items()), encoding="utf-8")
    return path


def prose(seed: int, words: int = 120) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def edited(text: str, every: int) -> str:
    return " ".join("changed" if n % every == every // 2 else word for n, word in enumerate(text.split()))


def run(source: Path, out: Path, folder: Path | None, **more: Any) -> dict[str, dict[str, Any]]:
    dedup = Dedup(**{name: more.pop(name) for name in ("threshold", "fold", "containment", "mode") if name in more})
    clean_corpus(source, out, Settings(dedup=dedup, index=folder, **more))
    return {row["id"]: row for row in map(json.loads, (out / "_cleaner/documents.jsonl").read_text().splitlines())}


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """An index of one run: three articles, and a copy of one, which it leaves out."""
    texts = {f"a{n}": prose(n) for n in range(3)} | {"copy": prose(0)}
    run(write(tmp_path / "monday.jsonl", texts), tmp_path / "monday", tmp_path / "index")
    return tmp_path / "index"


def test_copies_of_what_an_earlier_run_kept_are_left_out(first: Path, tmp_path: Path) -> None:
    texts = {
        "same": prose(0).upper(),
        "near": prose(1) + " and some more words",
        "part": " ".join(prose(2).split()[:50]),
        "revised": edited(prose(1), 15),
        "new": prose(9),
        "new-too": prose(9) + " more",
    }
    rows = run(write(tmp_path / "tuesday.jsonl", texts), tmp_path / "tuesday", first)
    found = {name: (row["verdict"], row["reason"], row["duplicate_of"], row.get("earlier")) for name, row in rows.items()}
    assert found == {
        "same": ("duplicate", "exact", "a0", True),
        "near": ("duplicate", "near", "a1", True),
        "part": ("duplicate", "contained", "a2", True),
        "revised": ("duplicate", "revised", "a1", True),
        "new": ("duplicate", "near", "new-too", None),
        "new-too": ("kept", None, None, None),
    }
    assert rows["same"]["cluster"] == "a0"
    pairs = [json.loads(line) for line in (tmp_path / "tuesday/_cleaner/duplicates.jsonl").read_text().splitlines()]
    assert {(p["earlier"], p["kind"]) for p in pairs if "earlier" in p} == {
        ("a0", "exact"),
        ("a1", "near"),
        ("a2", "contained"),
        ("a1", "revised"),
    }
    assert index.info(first)["documents"] == 4
    assert index.info(first)["sources"] == {"monday.jsonl": 3, "tuesday.jsonl": 1}


def test_an_earlier_document_stays_even_if_a_better_one_comes(first: Path, tmp_path: Path) -> None:
    rows = run(
        write(tmp_path / "b.jsonl", {"0": prose(0) + " " + prose(50, 15), "long": prose(1) + " " + prose(77, 300)}),
        tmp_path / "b",
        first,
        prefer=Prefer("first"),
    )
    assert rows["0"]["duplicate_of"] == "a0"
    assert rows["long"]["verdict"] == "kept"  # a1 is a part of it: more than what the index has


def test_the_same_run_again_does_not_meet_itself(first: Path, tmp_path: Path) -> None:
    before = tree(first)
    again = run(tmp_path / "monday.jsonl", tmp_path / "again", first)
    assert [row["verdict"] for row in again.values()] == ["kept"] * 3 + ["duplicate"]
    assert not any("earlier" in row for row in again.values())
    assert tree(first) == before
    assert tree(tmp_path / "again") == tree(tmp_path / "monday")


def test_against_changes_nothing(first: Path, tmp_path: Path) -> None:
    before = tree(first)
    rows = run(write(tmp_path / "b.jsonl", {"x": prose(0), "y": prose(8)}), tmp_path / "b", first, append=False)
    assert [row["verdict"] for row in rows.values()] == ["duplicate", "kept"]
    assert tree(first) == before


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(max_examples=5, deadline=None)
def test_runs_one_after_another_keep_what_one_run_would(seed: int, batches: int) -> None:
    """Split anywhere, the batches together leave out every copy that one run leaves out, where the first is also the preferred."""
    import tempfile

    rng = random.Random(seed)
    texts = {}
    for n in range(24):
        base = prose(rng.randrange(8))
        texts[f"d{n:02}"] = rng.choice((base, base + " " + prose(n, 5), base.upper()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = run(write(folder / "all.jsonl", texts), folder / "all", None, prefer=Prefer("first"))
        kept: set[str] = set()
        items = list(texts.items())
        cuts = [0, *sorted(rng.sample(range(1, len(items)), batches - 1)), len(items)]
        for i in range(batches):
            part = write(folder / f"{i}.jsonl", dict(items[cuts[i] : cuts[i + 1]]))
            rows = run(part, folder / f"out{i}", folder / "index", prefer=Prefer("first"))
            kept |= {name for name, row in rows.items() if row["verdict"] == "kept"}
    assert kept == {name for name, row in whole.items() if row["verdict"] == "kept"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"threshold": 0.7}, "threshold 0.8, this run has 0.7; change --threshold"),
        ({"fold": False}, "fold True, this run has False; change --no-fold"),
        ({"containment": False}, "change --no-containment"),
        ({"mode": "exact"}, "change --dedup"),
    ],
)
def test_other_settings_are_refused_before_anything_is_done(first: Path, tmp_path: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(CleanerError, match=message):
        run(write(tmp_path / "b.jsonl", {"x": prose(0)}), tmp_path / "b", first, **more)


def test_another_way_to_hash_is_refused(first: Path, tmp_path: Path) -> None:
    manifest = json.loads((first / "manifest.json").read_text())
    manifest["scheme"]["permutations"] = 256
    (first / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CleanerError, match="by a version that hashes otherwise"):
        run(write(tmp_path / "b.jsonl", {"x": prose(0)}), tmp_path / "b", first)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json: is damaged"),
        (lambda folder: (folder / "manifest.json").write_text('{"format": 99}'), "format 99, this version reads 1"),
        (lambda folder: [path.write_bytes(b"") for path in folder.rglob("texts.bin")], "is damaged"),
    ],
)
def test_a_damaged_index_is_named(first: Path, tmp_path: Path, damage: Any, message: str) -> None:
    damage(first)
    with pytest.raises(CleanerError, match=message):
        run(write(tmp_path / "b.jsonl", {"x": prose(0), "y": prose(1) + " end"}), tmp_path / "b", first)


def test_a_folder_of_other_things_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a.txt").write_text("mine")
    with pytest.raises(CleanerError, match="notes: holds no index"):
        run(write(tmp_path / "b.jsonl", {"x": prose(0)}), tmp_path / "b", tmp_path / "notes")
    assert (tmp_path / "notes/a.txt").read_text() == "mine"


def test_a_source_is_taken_out_texts_and_all(first: Path, tmp_path: Path) -> None:
    source = tmp_path / "more"
    (source / "wire").mkdir(parents=True)
    for n in range(3):
        (source / "wire" / f"{n}.txt").write_text(prose(100 + n))
    (source / "wired.txt").write_text(prose(200))
    run(source, tmp_path / "more-out", first)
    assert index.remove(first, "wire") == 3
    assert index.info(first)["sources"] == {"monday.jsonl": 3, "wired.txt": 1}
    rows = run(write(tmp_path / "b.jsonl", {"x": prose(101), "y": prose(200), "z": prose(2)}), tmp_path / "b", first, append=False)
    assert [row["duplicate_of"] for row in rows.values()] == [None, "wired.txt", "a2"]
    assert index.remove(first, "wired.txt") == 1
    assert len([path for path in first.iterdir() if path.is_dir()]) == 1  # nothing of it is left on the disk
    with pytest.raises(CleanerError, match="holds nothing of 'wire'"):
        index.remove(first, "wire")


def test_two_runs_do_not_write_at_once(first: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "b.jsonl", {"x": prose(7)})
    with alone(first, "held by a test"), pytest.raises(CleanerError, match="another run is changing this index"):
        run(source, tmp_path / "b", first)
    assert [row["verdict"] for row in run(source, tmp_path / "b", first, overwrite=True).values()] == ["kept"]


COMMAND = [sys.executable, "-m", "cleaner"]


def test_killed_at_any_moment_it_is_as_before_or_as_after(tmp_path: Path) -> None:
    """Five kills with -9 at random moments of a run; the index can be read each time, and the run done again ends the same."""
    rng = random.Random(4)
    monday = write(tmp_path / "monday.jsonl", {f"m{n}": prose(n) for n in range(100)})
    tuesday = write(tmp_path / "tuesday.jsonl", {f"t{n}": prose(n) + " more" if n % 2 else prose(1000 + n) for n in range(600)})
    base = tmp_path / "base"
    subprocess.run([*COMMAND, "dedup", str(monday), "-o", str(tmp_path / "m"), "--index", str(base), "-q"], check=True)
    shutil.copytree(base, tmp_path / "undisturbed")
    command = [*COMMAND, "dedup", str(tuesday), "-j", "1", "-q", "--overwrite", "-o"]
    start = time.monotonic()
    subprocess.run([*command, str(tmp_path / "out"), "--index", str(tmp_path / "undisturbed")], check=True)
    length = time.monotonic() - start
    whole, left = tree(tmp_path / "out"), tree(tmp_path / "undisturbed")
    killed = 0
    for attempt in range(5):
        folder, out = tmp_path / f"index{attempt}", tmp_path / f"out{attempt}"
        shutil.copytree(base, folder)
        process = subprocess.Popen([*command, str(out), "--index", str(folder)])
        time.sleep(length * rng.uniform(0.3, 1.0))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert index.info(folder)["documents"] in (index.info(base)["documents"], index.info(tmp_path / "undisturbed")["documents"])
        subprocess.run([*command, str(out), "--index", str(folder)], check=True)
        assert tree(out) == whole
        assert tree(folder) == left
    assert killed >= 2


@pytest.mark.parametrize("moment", ["texts", "rename", "manifest", "sweep"])
def test_killed_in_the_middle_of_an_append(tmp_path: Path, moment: str) -> None:
    """The process ends without a word at a chosen step of the append."""
    monday = write(tmp_path / "monday.jsonl", {f"m{n}": prose(n) for n in range(5)})
    tuesday = write(tmp_path / "tuesday.jsonl", {"t": prose(0), "u": prose(99)})
    folder = tmp_path / "index"
    run(monday, tmp_path / "m", folder)
    whole = tmp_path / "whole"
    shutil.copytree(folder, whole)
    run(tuesday, tmp_path / "w", whole)
    code = f"""
import os
from cleaner import index
def end(*args, **more): os._exit(9)
if {moment!r} == "texts": index._write_texts = end
if {moment!r} == "rename": index.Path.rename = end
if {moment!r} == "manifest": index._replace = end
if {moment!r} == "sweep": index._sweep = end
from cleaner.__main__ import main
main()
"""
    arguments = ["dedup", str(tuesday), "-j", "1", "-o", str(tmp_path / "out"), "--index", str(folder)]
    process = subprocess.run([sys.executable, "-c", code, *arguments], env=os.environ, check=False)
    assert process.returncode == 9
    assert index.info(folder)["documents"] == (6 if moment == "sweep" else 5)
    rows = run(tuesday, tmp_path / "out", folder, overwrite=True)
    assert [row["verdict"] for row in rows.values()] == ["duplicate", "kept"]
    assert tree(folder) == tree(whole)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_commands_of_an_index(first: Path, tmp_path: Path) -> None:
    shown = command("index", "info", first).stdout
    assert shown.startswith("3 documents of 1 runs")
    assert "        3  monday.jsonl" in shown
    assert json.loads(command("index", "info", first, "--json").stdout)["settings"]["threshold"] == 0.8
    source = write(tmp_path / "b.jsonl", {"x": prose(0)})
    done = command("dedup", source, "-o", tmp_path / "b", "--against", first)
    assert (done.returncode, "1 duplicate," in done.stderr) == (0, True)
    told = json.loads((tmp_path / "b/_cleaner/run.json").read_text())
    assert (told["settings"]["index"], told["earlier"]) == ("against", 3)
    wrong = command("dedup", source, "-o", tmp_path / "c", "--against", tmp_path / "nowhere")
    assert wrong.returncode == 2
    assert "nowhere: holds no index; --index makes one" in wrong.stderr
    both = command("dedup", source, "-o", tmp_path / "c", "--against", first, "--index", first)
    assert (both.returncode, "name one of them" in both.stderr) == (2, True)
    gone = command("index", "remove", first, "monday.jsonl")
    assert (gone.returncode, gone.stderr) == (0, "3 documents removed\n")
    assert command("index", "info", tmp_path).returncode == 2
