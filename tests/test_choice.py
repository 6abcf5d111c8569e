"""Which copy stays, whatever the order in which texts come."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from conftest import Command, tree
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_dedup import REPORT, cut, report, texts
from test_index import prose, write

from cleaner import parts
from cleaner.choice import Facts, Prefer
from cleaner.dedup import Dedup
from cleaner.document import CleanerError
from cleaner.engines import local
from cleaner.pipeline import Settings, clean_corpus


def verdicts(out: Path) -> dict[str, tuple[object, ...]]:
    rows = map(json.loads, (out / "_cleaner/documents.jsonl").read_text().splitlines())
    return {r["id"]: tuple(r[name] for name in ("verdict", "reason", "duplicate_of", "cluster", "similarity")) for r in rows}


@pytest.mark.parametrize("way", ["longest", "first", "earliest", "source:b,a"])
@given(seed=st.integers(0, 10_000), rng=st.randoms(use_true_random=False))
@settings(max_examples=4, deadline=None, phases=[Phase.generate])
def test_order_batches_jobs_and_loops_do_not_change_a_byte(way: str, seed: int, rng: random.Random) -> None:
    import tempfile

    given = sorted(
        {*texts(seed, 40), *cut(seed)[:30], *(report(a=n % 5 + 2, town=rng.choice("Quell Mere Ash".split())) for n in range(6)), REPORT}
    )
    rows = {f"d{n:03}": (text, f"2024-0{n % 9 + 1}-01", "ab"[n % 2]) for n, text in enumerate([*given, *given[:10], given[0].upper()])}

    def run(folder: Path, name: str, order: list[str], *, jobs: int = 1, batch: int = 64, compiled: bool = False) -> tuple[object, ...]:
        source = folder / name / "in.jsonl"
        source.parent.mkdir()
        lines = (json.dumps(dict(zip(("id", "text", "date", "site"), (key, *rows[key]), strict=True))) + "\n" for key in order)
        source.write_text("".join(lines))
        before = parts.BATCH_DOCUMENTS
        parts.BATCH_DOCUMENTS = batch
        try:
            clean_corpus(source, folder / name / "out", Settings(dedup=Dedup(compiled=compiled), prefer=Prefer(way), jobs=jobs))
        finally:
            parts.BATCH_DOCUMENTS = before
        kept = sorted((folder / name / "out/in.jsonl").read_bytes().splitlines())
        return sorted(verdicts(folder / name / "out").items()), (folder / name / "out/_cleaner/duplicates.jsonl").read_bytes(), kept

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = run(folder, "plain", list(rows))
        shuffled = rng.sample(list(rows), len(rows))
        assert run(folder, "shuffled", shuffled) == expected
        assert run(folder, "batches", shuffled, jobs=2, batch=7, compiled=True) == expected


def test_the_ways_to_prefer() -> None:
    short = Facts("b", 10, "2024-01-02", "wire.example", "wire/1.jsonl")
    long = Facts("c", 20, "", "paper.example", "paper/1.jsonl")
    old = Facts("a", 5, "2023-05-01", "", "archive.jsonl")

    def first(way: str) -> str:
        return min((short, long, old), key=Prefer(way)).id

    assert [first(way) for way in ("longest", "first", "earliest")] == ["c", "a", "a"]
    assert [first(f"source:{names}") for names in ("wire.example", "archive, paper.example", "paper/,wire/", "nobody")] == [
        "b",
        "a",
        "c",
        "c",
    ]
    with pytest.raises(CleanerError, match="longest, first, earliest and source:NAME,NAME"):
        Prefer("newest")


def test_the_command_prefers_and_keeps_templates(command: Command, tmp_path: Path) -> None:
    write(tmp_path / "wire/a.jsonl", {"w": prose(1)})
    write(tmp_path / "papers/a.jsonl", {"p": prose(1) + " and more", "x": report(), "y": report(a=17, c=158, d=5)})
    done = command("dedup", "wire", "papers/a.jsonl", "-o", "out", "--prefer", "source:wire", "--overwrite")
    assert done.returncode == 2  # both would be a.jsonl
    (tmp_path / "papers/a.jsonl").rename(tmp_path / "papers/b.jsonl")
    done = command("dedup", "wire", "papers", "-o", "out", "--prefer", "source:a.jsonl", "--threshold", "0.6")
    assert done.returncode == 0, done.stderr
    assert "duplicates: 1 near; differing in figures and names only, and left apart: 1 pair" in done.stderr
    assert verdicts(tmp_path / "out")["p"][:3] == ("duplicate", "near", "w")
    pairs = [json.loads(line) for line in (tmp_path / "out/_cleaner/duplicates.jsonl").read_text().splitlines()]
    (template,) = [pair for pair in pairs if pair["kind"] == "template"]
    assert template["evidence"] == "12 / 17; 140 / 158; 4 / 5"
    merged = command("dedup", "papers", "-o", "merged", "--templates", "merge", "--threshold", "0.6")
    assert "duplicates: 1 near\n" in merged.stderr
    for wrong in (("--templates", "join"), ("--prefer", "newest"), ("--threshold", "2")):
        failed = command("dedup", "papers", "-o", "wrong", *wrong)
        assert (failed.returncode, failed.stderr.count("\n")) == (2, 1), failed.stderr


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pairs_compared_by_workers_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    rng = random.Random(11)
    words = [f"word{n}" for n in range(400)]
    rows = []
    for group in range(60):
        base = rng.choices(words, k=120)
        for _ in range(5):
            changed = [rng.choice(words) if rng.random() < 0.02 else word for word in base]
            rows.append({"id": f"g{group}-{len(rows)}", "text": " ".join(changed[: rng.choice([60, 120])])})
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    alone = clean_corpus(tmp_path / "in.jsonl", tmp_path / "alone", Settings(index=tmp_path / "index-a"))
    assert alone["pairs"] > 50
    monkeypatch.setattr("cleaner.pipeline._FEW", 0)
    begun: list[int] = []
    run = local.run
    monkeypatch.setattr(local, "run", lambda *given: begun.append(given[2]) or run(*given))
    if method == "spawn":
        monkeypatch.setattr("cleaner.engines.local.threading.active_count", lambda: 2)
    both = clean_corpus(tmp_path / "in.jsonl", tmp_path / "both", Settings(index=tmp_path / "index-b", jobs=2))
    assert begun[-1] == 2
    assert both["counts"] == alone["counts"]
    assert tree(tmp_path / "both") == tree(tmp_path / "alone")
    # and with what an earlier run has kept
    again = [
        clean_corpus(tmp_path / "in.jsonl", tmp_path / f"again-{jobs}", Settings(index=tmp_path / "index-a", append=False, jobs=jobs))
        for jobs in (1, 2)
    ]
    assert again[0]["duplicates"] == again[1]["duplicates"]
    assert tree(tmp_path / "again-1") == tree(tmp_path / "again-2")
