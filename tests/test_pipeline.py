"""A run, end to end: what is written, what is recorded, and that neither order nor processes change a byte."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
from conftest import tree

import cleaner
from cleaner.dedup import Dedup
from cleaner.document import CleanerError
from cleaner.engine import Cleaner
from cleaner.pipeline import Settings, clean_corpus
from cleaner.restore import restore

STORY = "The council approved the new bridge over the river on Monday after a long debate about its cost and its place in the town."
FERRY = "Until it opens a ferry will carry people, bicycles and small carts from bank to bank, free of charge, every half hour until dusk."
ROWS = ("id", "source", "verdict", "reason", "chars_in", "chars_out", "cluster", "duplicate_of", "similarity")


def rows(out: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "_cleaner" / name).read_text(encoding="utf-8").splitlines()]


def corpus(folder: Path) -> Path:
    """Files of every format, with boilerplate, copies, near-copies and things that are broken."""
    rng = random.Random(2)
    words = STORY.split()
    for n in range(120):
        body = " ".join(rng.choices(words, k=80)) + "."
        path = folder / f"d{n % 3}" / f"{n:03}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{body}\nAdvertisement\n{STORY} {n}\n", encoding="utf-8")
    shutil.copy(folder / "d0" / "000.txt", folder / "d1" / "copy.txt")
    (folder / "near.txt").write_text((folder / "d0" / "000.txt").read_text() + "And one more word.")
    (folder / "only.txt").write_text("Advertisement\n")
    (folder / "empty.txt").write_text("")
    (folder / "page.html").write_text(
        f"<html><head><title>Bridge</title></head><body><article>{f'<p>{STORY}</p>' * 4}<p>{FERRY}</p></article></body></html>"
    )
    lines = [json.dumps({"id": f"r{n}", "text": f"{' '.join(rng.choices(words, k=60))}.\nAdvertisement", "n": n}) for n in range(200)]
    lines[50] = "{broken"
    lines[60] = lines[59]
    lines[70] = '{"id": "r70", "body": "no text"}'
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, int]]:
    folder = tmp_path_factory.mktemp("run")
    source = corpus(folder / "in")
    counts = cleaner.clean_corpus(source, folder / "out")
    return source, folder / "out", counts


def test_every_input_has_one_verdict_and_the_counts_add_up(done: tuple[Path, Path, dict[str, int]]) -> None:
    _source, out, counts = done
    documents = rows(out, "documents.jsonl")
    assert counts["in"] == len(documents) == len({row["id"] for row in documents}) == 120 + 5 + 200
    for verdict in ("kept", "duplicate", "emptied", "failed"):
        assert counts[verdict] == sum(row["verdict"] == verdict for row in documents) > 0
    assert counts["in"] == counts["kept"] + counts["duplicate"] + counts["emptied"] + counts["failed"]
    assert json.loads((out / "_cleaner" / "run.json").read_text())["counts"] == counts
    assert all(tuple(row)[: len(ROWS)] == ROWS for row in documents)


def test_what_is_written_mirrors_what_is_kept(done: tuple[Path, Path, dict[str, int]]) -> None:
    source, out, _counts = done
    kept = {row["output"] for row in rows(out, "documents.jsonl") if row["verdict"] == "kept"}
    written = {name for name in tree(out) if not name.startswith("_cleaner")}
    assert written == kept
    assert "page.txt" in kept
    assert (out / "d0" / "003.txt").read_text() == (source / "d0" / "003.txt").read_text().replace("Advertisement\n", "")
    assert not list(out.rglob("*.part*"))
    assert not list((out / "_cleaner").glob("staging-*"))


def test_records_keep_their_other_fields_and_their_order(done: tuple[Path, Path, dict[str, int]]) -> None:
    _source, out, _counts = done
    numbers = [json.loads(line)["n"] for line in (out / "records.jsonl").read_text().splitlines()]
    assert numbers == [n for n in range(200) if n not in (50, 60, 70)]


def test_the_copies_are_found_and_the_longest_stays(done: tuple[Path, Path, dict[str, int]]) -> None:
    _source, out, _counts = done
    by_id = {row["id"]: row for row in rows(out, "documents.jsonl")}
    assert by_id["near.txt"]["verdict"] == "kept"
    assert by_id["near.txt"]["cluster"] == "near.txt"
    for name in ("d0/000.txt", "d1/copy.txt"):
        assert (by_id[name]["verdict"], by_id[name]["duplicate_of"], by_id[name]["cluster"]) == ("duplicate", "near.txt", "near.txt")
    assert by_id["records.jsonl#61"]["duplicate_of"] == "r59"  # the id was taken: its place names it
    pairs = rows(out, "duplicates.jsonl")
    assert {"a": "d0/000.txt", "b": "d1/copy.txt", "kind": "exact", "jaccard": 1.0, "containment": 1.0} in pairs
    assert all(row["a"] < row["b"] for row in pairs)


def test_reasons_are_given(done: tuple[Path, Path, dict[str, int]]) -> None:
    _source, out, _counts = done
    by_id = {row["id"]: row for row in rows(out, "documents.jsonl")}
    assert (by_id["only.txt"]["verdict"], by_id["only.txt"]["reason"]) == ("emptied", "nothing is left")
    assert (by_id["empty.txt"]["verdict"], by_id["empty.txt"]["reason"]) == ("emptied", "empty")
    assert by_id["records.jsonl#51"]["verdict"] == "failed"
    assert "broken JSON" in str(by_id["records.jsonl#51"]["reason"])
    assert "its fields are: id, body" in str(by_id["records.jsonl#71"]["reason"])


def test_every_removal_fits_its_source(done: tuple[Path, Path, dict[str, int]]) -> None:
    source, out, _counts = done
    removals = rows(out, "removals.jsonl")
    assert removals
    for row in removals:
        assert row["rule"]
        assert row["category"]
        path = source / str(row["id"])
        if path.suffix == ".txt":
            assert path.read_text(encoding="utf-8")[row["start"] : row["end"]] == row["old"]  # type: ignore[misc]


def test_everything_can_be_had_back(done: tuple[Path, Path, dict[str, int]], tmp_path: Path) -> None:
    source, out, _counts = done
    assert restore(out, tmp_path / "back") == []
    before, after = tree(source), tree(tmp_path / "back")
    text = after.pop("page.txt").decode()
    del before["page.html"]
    assert before == after
    assert text.startswith(STORY)


@pytest.mark.parametrize("jobs", [0, 2, 3])
def test_processes_do_not_change_a_byte(done: tuple[Path, Path, dict[str, int]], tmp_path: Path, jobs: int) -> None:
    source, out, _counts = done
    clean_corpus(source, tmp_path / "out", Settings(cleaner=Cleaner(), jobs=jobs))
    assert tree(tmp_path / "out") == tree(out)


def test_the_order_of_the_inputs_does_not_change_a_byte(done: tuple[Path, Path, dict[str, int]], tmp_path: Path) -> None:
    source, _out, _counts = done
    files = [str(p) for p in sorted((source / "d0").iterdir())] + [str(source / "records.jsonl"), str(source / "near.txt")]
    cleaner.clean_corpus(files, tmp_path / "one")
    cleaner.clean_corpus(files[::-1], tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_cleaning_the_output_changes_nothing(done: tuple[Path, Path, dict[str, int]], tmp_path: Path) -> None:
    _source, out, _counts = done
    cleaner.clean_corpus(out, tmp_path / "again")
    ours = {name: content for name, content in tree(out).items() if not name.startswith("_cleaner")}
    again = {name: content for name, content in tree(tmp_path / "again").items() if not name.startswith("_cleaner")}
    assert ours == again
    assert rows(tmp_path / "again", "removals.jsonl") == []


def test_nothing_left_out_is_kept_with_discard(done: tuple[Path, Path, dict[str, int]], tmp_path: Path) -> None:
    source, _out, counts = done
    assert cleaner.clean_corpus(source, tmp_path / "out", discard=True) == counts
    assert not (tmp_path / "out" / "_cleaner" / "left-out").exists()
    notes = restore(tmp_path / "out", tmp_path / "back")
    assert any("was not kept with the run" in note for note in notes)


def test_deduplicating_without_cleaning(done: tuple[Path, Path, dict[str, int]], tmp_path: Path) -> None:
    source, _out, _counts = done
    run = clean_corpus(source, tmp_path / "out", Settings(cleaner=None, dedup=Dedup("exact")))
    assert run["rulebook"] is None
    assert run["removed"] == {}
    assert run["counts"]["duplicate"] == 2
    assert (tmp_path / "out" / "d0" / "003.txt").read_bytes() == (source / "d0" / "003.txt").read_bytes()


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_compressed_files_stay_compressed(tmp_path: Path, name: str, suffix: str) -> None:
    from cleaner.formats import compression

    lines = f"{STORY}\nAdvertisement\n"
    content = lines if name == "a.txt" else json.dumps({"text": lines}) + "\n"
    source = tmp_path / "in" / (name + suffix)
    source.parent.mkdir()
    with compression.writing(source) as stream:
        stream.write(content.encode())
    cleaner.clean_corpus(tmp_path / "in", tmp_path / "out")
    written = compression.content(tmp_path / "out" / (name + suffix)).decode()
    assert written == (f"{STORY}\n" if name == "a.txt" else json.dumps({"text": f"{STORY}\n"}) + "\n")
    restore(tmp_path / "out", tmp_path / "back")
    assert compression.content(tmp_path / "back" / (name + suffix)).decode() == content


def test_a_cut_record_file_gives_what_can_be_read(tmp_path: Path) -> None:
    import gzip

    packed = gzip.compress("".join(json.dumps({"id": n, "text": f"{STORY} {n} {n * n}"}) + "\n" for n in range(20_000)).encode())
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    counts = cleaner.clean_corpus(tmp_path / "in", tmp_path / "out", dedup="none")
    assert counts["failed"] == 1
    assert counts["kept"] > 1000
    (failed,) = (row for row in rows(tmp_path / "out", "documents.jsonl") if row["verdict"] == "failed")
    assert "truncated gzip" in str(failed["reason"])
    assert (tmp_path / "out" / "_cleaner" / "left-out" / "a.jsonl.gz.damaged").read_bytes() == packed[: len(packed) // 2]


def test_encodings_come_back_as_they_were(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    text = (
        "Die Brücke über den Fluss wurde am Montag eröffnet, sagte der Bürgermeister.\r\nAdvertisement\r\nGrößere Schäden gab es nicht.\r\n"
    )
    for name, code in (("a.txt", "utf-8"), ("b.txt", "utf-8-sig"), ("c.txt", "utf-16"), ("d.txt", "cp1252"), ("e.txt", "utf-16-be")):
        (folder / name).write_bytes((text + name).encode(code))
    (folder / "f.txt").write_bytes((text * 3).encode() + b"\xff")
    cleaner.clean_corpus(folder, tmp_path / "out", dedup="none")
    assert (tmp_path / "out" / "c.txt").read_bytes().decode("utf-8") == (text + "c.txt").replace("Advertisement\r\n", "")
    notes = restore(tmp_path / "out", tmp_path / "back")
    assert notes == ["f.txt: not all of its bytes were text (1 unreadable); restored as it was decoded"]
    before, after = tree(folder), tree(tmp_path / "back")
    assert after.pop("f.txt").decode() == before.pop("f.txt").decode("utf-8", "replace")
    assert before == after


def test_two_files_never_become_one(tmp_path: Path) -> None:
    for name in ("a.txt", "a.html", "a.htm"):
        (tmp_path / "in").mkdir(exist_ok=True)
        body = f"<p>{STORY} {name}</p>" * 3 if name != "a.txt" else f"{STORY} {name}"
        (tmp_path / "in" / name).write_text(f"<html><body><article>{body}</article></body></html>" if name != "a.txt" else body)
    cleaner.clean_corpus(tmp_path / "in", tmp_path / "out", dedup="none")
    outputs = {row["id"]: row["output"] for row in rows(tmp_path / "out", "documents.jsonl")}
    assert outputs == {"a.txt": "a.txt", "a.htm": "a.htm.txt", "a.html": "a.html.txt"}
    assert all((tmp_path / "out" / str(name)).exists() for name in outputs.values())


def test_a_changed_output_is_not_restored_wrongly(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(f"{STORY}\nAdvertisement\n{STORY} More.")
    cleaner.clean_corpus(tmp_path / "in", tmp_path / "out")
    (tmp_path / "out" / "a.txt").write_text("x")
    with pytest.raises(CleanerError, match=r"a\.txt was changed after the run"):
        restore(tmp_path / "out", tmp_path / "back")


def test_a_document_that_breaks_a_library_does_not_take_the_others_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.html", "b.html"):
        (tmp_path / "in" / name).write_text(f"<html><body><article><p>{STORY}</p><p>{name} {STORY}</p></article></body></html>")

    def extract(source: str, *rest: object) -> object:
        if "a.html" in source:
            raise RuntimeError("out of luck")
        return original(source)

    from cleaner.extract import extract as original

    monkeypatch.setattr("cleaner.formats.html.extract", extract)
    counts = cleaner.clean_corpus(tmp_path / "in", tmp_path / "out")
    assert (counts["kept"], counts["failed"]) == (1, 1)
    assert rows(tmp_path / "out", "documents.jsonl")[0]["reason"] == "RuntimeError: out of luck"
    assert (tmp_path / "out" / "_cleaner" / "left-out" / "a.html").read_bytes() == (tmp_path / "in" / "a.html").read_bytes()
