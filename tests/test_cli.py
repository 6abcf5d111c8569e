"""The command as a person meets it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from conftest import Command, tree
from test_fixtures import GOLD
from test_fixtures import read as labelled

from cleaner.engine import Cleaner

TEXT = "The bridge over the river opened on Monday.\nAdvertisement\nIt took two years to build, the mayor said.\n"
CLEAN = TEXT.replace("Advertisement\n", "")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    return folder


def test_clean_a_directory(command: Command, source: Path, tmp_path: Path) -> None:
    done = command("clean", "in", "-o", "out")
    assert done.returncode == 0
    assert (tmp_path / "out" / "a.txt").read_text() == CLEAN
    assert "1 document in: 1 kept, 0 duplicates, 0 emptied, 0 failed" in done.stderr
    assert "ad " in done.stderr
    assert done.stdout == ""
    assert "\x1b" not in done.stderr  # no bar where there is no terminal


def test_several_sources_and_globs(command: Command, source: Path, tmp_path: Path) -> None:
    (source / "sub").mkdir()
    (source / "sub" / "b.md").write_text(TEXT + "Another line.")
    (source / "c.pdf").write_text("%PDF")
    (tmp_path / "one.jsonl").write_text(json.dumps({"text": TEXT + "A third."}) + "\n")
    assert command("clean", "in", "one.jsonl", "-o", "out", "--dedup", "none").returncode == 0
    assert set(tree(tmp_path / "out")) >= {"a.txt", "sub/b.md", "one.jsonl"}
    assert command("clean", "in/**/*.md", "-o", "globbed").returncode == 0
    assert (tmp_path / "globbed" / "sub" / "b.md").exists()


def test_files_of_other_kinds_are_named(command: Command, source: Path) -> None:
    (source / "c.pdf").write_text("%PDF")
    done = command("clean", "in", "-o", "out")
    assert "1 files of other kinds were left alone (c.pdf ...)" in done.stderr


def test_standard_input_to_standard_output(command: Command) -> None:
    done = command("clean", "-", "-o", "-", stdin=TEXT)
    assert (done.returncode, done.stdout) == (0, CLEAN)
    record = json.dumps({"id": 1, "text": TEXT}) + "\n"
    done = command("clean", "-", "-o", "-", "--format", "jsonl", "-q", stdin=record)
    assert (json.loads(done.stdout), done.stderr) == ({"id": 1, "text": CLEAN}, "")


def test_choosing_rules(command: Command, source: Path, tmp_path: Path) -> None:
    command("clean", "in", "-o", "kept", "--keep", "ad")
    assert (tmp_path / "kept" / "a.txt").read_text() == TEXT
    command("clean", "in", "-o", "ignored", "--ignore", "ad.marker", "--ignore", "ad")
    assert (tmp_path / "ignored" / "a.txt").read_text() == TEXT
    command("clean", "in", "-o", "selected", "--select", "paywall")
    assert (tmp_path / "selected" / "a.txt").read_text() == TEXT


def test_rules_of_ones_own(command: Command, source: Path, tmp_path: Path) -> None:
    rule = '[[rule]]\nid = "x"\nkind = "phrase"\nwhy = "y"\nphrases = ["It took two years to build, the mayor said"]\ncatches = ["a"]\nspares = ["b"]\n'
    (tmp_path / "mine.toml").write_text(rule)
    assert command("clean", "in", "-o", "out", "--rules", "mine.toml").returncode == 0
    assert (tmp_path / "out" / "a.txt").read_text() == "The bridge over the river opened on Monday.\n"


def test_strictness(command: Command, source: Path, tmp_path: Path) -> None:
    low, high = Cleaner(strictness="low"), Cleaner(strictness="high")
    text = next(text for text in (labelled(path).text for path in GOLD) if low.clean(text).text != high.clean(text).text)
    (source / "a.txt").write_text(text, encoding="utf-8")
    for strictness, cleaner in (("low", low), ("high", high)):
        assert command("clean", "in", "-o", strictness, "--strictness", strictness).returncode == 0
        assert (tmp_path / strictness / "a.txt").read_text(encoding="utf-8") == cleaner.clean(text).text
        run = json.loads((tmp_path / strictness / "_cleaner" / "run.json").read_text(encoding="utf-8"))
        assert run["settings"]["strictness"] == strictness
    command("clean", "in", "-o", "out")
    assert json.loads((tmp_path / "out" / "_cleaner" / "run.json").read_text(encoding="utf-8"))["settings"]["strictness"] == "normal"
    for words in (["check", "in"], ["explain", "in/a.txt"]):
        assert command(*words, "--strictness", "low").stdout.count("cues.") > command(*words, "--strictness", "high").stdout.count("cues.")
    assert command("fix", "in", "--strictness", "low").returncode == 1
    assert (source / "a.txt").read_text(encoding="utf-8") == low.clean(text).text


def test_the_share_that_may_be_removed_is_a_number_from_0_to_1(command: Command, source: Path, tmp_path: Path) -> None:
    assert command("clean", "in", "-o", "out", "--max-removed", "1").returncode == 0
    done = command("clean", "in", "-o", "other", "--max-removed", "1.5")
    assert done.returncode == 2
    assert "--max-removed" in done.stderr
    assert not (tmp_path / "other").exists()


def test_deduplicate_only(command: Command, source: Path, tmp_path: Path) -> None:
    (source / "b.txt").write_text(TEXT)
    done = command("dedup", "in", "-o", "out")
    assert done.returncode == 0
    assert "2 documents in: 1 kept, 1 duplicate" in done.stderr
    assert (tmp_path / "out" / "a.txt").read_text() == TEXT
    assert not (tmp_path / "out" / "b.txt").exists()


def test_restore(command: Command, source: Path, tmp_path: Path) -> None:
    (source / "b.txt").write_text(TEXT)
    command("clean", "in", "-o", "out")
    assert command("restore", "out", "-o", "back").returncode == 0
    assert tree(tmp_path / "back") == tree(source)
    done = command("restore", "out", "-o", "back")
    assert (done.returncode, done.stderr) == (2, "cleaner: back: is not empty; name a new directory with -o\n")
    done = command("restore", "in", "-o", "new")
    assert (done.returncode, done.stderr) == (2, "cleaner: in: holds no finished run (_cleaner/run.json)\n")


def test_check_names_the_place_and_changes_nothing(command: Command, source: Path) -> None:
    before = tree(source)
    done = command("check", "in")
    assert (done.returncode, done.stdout) == (1, "in/a.txt:2: ad.marker: Advertisement\n")
    assert tree(source) == before
    (source / "a.txt").write_text(CLEAN)
    done = command("check", "in/a.txt")
    assert (done.returncode, done.stdout) == (0, "")


def test_check_names_the_record(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Fine."}\n' + json.dumps({"text": TEXT}) + "\n")
    assert command("check", "a.jsonl").stdout == "a.jsonl:2: ad.marker: Advertisement\n"


def test_check_for_machines(command: Command, source: Path) -> None:
    done = command("check", "in", "--output-format", "json")
    (finding,) = json.loads(done.stdout)
    assert (finding["path"], finding["line"], finding["rule"]) == ("in/a.txt", 2, "ad.marker")
    assert finding["why"]
    done = command("check", "in", "--output-format", "github")
    assert done.stdout == "::warning file=in/a.txt,line=2,title=ad.marker::Advertisement\n"
    sarif = json.loads(command("check", "in", "--output-format", "sarif").stdout)
    (result,) = sarif["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2
    assert command("check", "in", "--output-format", "xml").returncode == 2


def test_check_shows_no_control_characters(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Text.\nAdver\x1b[31mtisement\x07\n")
    done = command("check", "a.txt")
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_fix_in_place(command: Command, source: Path) -> None:
    path = source / "a.txt"
    path.chmod(0o640)
    done = command("fix", "in")
    assert (done.returncode, done.stdout) == (1, "in/a.txt: cleaned, 1 place\n")
    assert path.read_text() == CLEAN
    assert path.stat().st_mode & 0o777 == 0o640
    assert set(tree(source)) == {"a.txt"}
    done = command("fix", "in")
    assert (done.returncode, done.stdout) == (0, "")


def test_fix_keeps_encoding_and_compression(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT.encode("utf-16"))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(json.dumps({"text": TEXT, "n": 1}).encode() + b"\n"))
    command("fix", "a.txt", "b.jsonl.gz")
    assert (tmp_path / "a.txt").read_bytes() == CLEAN.encode("utf-16")
    assert json.loads(gzip.decompress((tmp_path / "b.jsonl.gz").read_bytes())) == {"text": CLEAN, "n": 1}


def test_fix_changes_the_records_it_must_and_no_other_byte(command: Command, tmp_path: Path) -> None:
    fine = b'\xef\xbb\xbf{"text": "Fine.",  "n": 1.0e3}\r\n\r\n'
    (tmp_path / "a.jsonl").write_bytes(fine + json.dumps({"text": TEXT}).encode() + b"\r\n" + b'{ "text":"Also fine." }')
    assert command("fix", "a.jsonl").returncode == 1
    assert (tmp_path / "a.jsonl").read_bytes() == fine + json.dumps({"text": CLEAN}).encode() + b"\r\n" + b'{ "text":"Also fine." }'


def test_fix_leaves_alone_what_it_cannot_write_back(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<html></html>")
    (tmp_path / "b.txt").write_bytes("Größe, Köln, über, schön\n".encode() + b"\xff\nAdvertisement\n")
    (tmp_path / "c.jsonl").write_text(json.dumps({"text": TEXT}) + "\n{broken\n")
    before = tree(tmp_path)
    done = command("fix", "a.html", "b.txt", "c.jsonl")
    assert done.returncode == 3
    assert "a.html: a page cannot be cleaned in place" in done.stderr
    assert "b.txt: not all of its bytes are text; left as it is" in done.stderr
    assert "c.jsonl: line 2: broken JSON" in done.stderr
    assert tree(tmp_path) == before


def test_explain(command: Command, source: Path) -> None:
    done = command("explain", "in/a.txt")
    assert done.stdout.split("\n")[1] == "[-Advertisement-]{ad.marker}"
    assert command("explain", "-", stdin=TEXT).stdout == done.stdout


def test_standard_input_has_a_name_of_its_own(command: Command) -> None:
    done = command("check", "-", stdin=TEXT)
    assert (done.returncode, done.stdout) == (1, "stdin.txt:2: ad.marker: Advertisement\n")
    done = command("explain", "-", "--format", "jsonl", stdin="no record")
    assert done.stderr == "stdin.jsonl:1: not a JSON object: a record begins with '{'\n"


@pytest.mark.parametrize("words", [["check", "in"], ["check", "in", "--select", "ad"], ["fix", "in"]])
def test_a_reader_that_has_gone_is_not_told_that_all_is_well(source: Path, tmp_path: Path, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "cleaner", *words], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_rules_can_be_looked_at(command: Command, tmp_path: Path) -> None:
    listed = command("rules", "list").stdout
    assert "ad.marker" in listed
    shown = command("rules", "show", "ad.marker").stdout
    assert "catches:" in shown
    assert "spares:" in shown
    done = command("rules", "show", "ad.markr")
    assert (done.returncode, done.stderr) == (
        2,
        "cleaner: no rule 'ad.markr' (did you mean 'ad.marker'?); 'cleaner rules list' lists them\n",
    )


def test_rules_can_be_tested_and_linted(command: Command, tmp_path: Path) -> None:
    rule = '[[rule]]\nid = "x"\nkind = "pattern"\nwhy = "y"\nline = "read on: .{3,40}"\ncatches = ["Read on: the bridge"]\nspares = ["He read on."]\n'
    path = tmp_path / "mine.toml"
    path.write_text(rule)
    done = command("rules", "test", "mine.toml")
    assert (done.returncode, done.stdout) == (0, "1 rules, 2 examples, 0 failed\n")
    assert command("rules", "lint", "mine.toml").returncode == 0
    path.write_text(rule.replace("He read on.", "Read on: she said.").replace("the bridge", ""))
    done = command("rules", "test", "mine.toml")
    assert done.returncode == 1
    assert "mine.x: catches: 'Read on: '" in done.stdout
    assert "mine.x: spares: 'Read on: she said.'\n    mine.x takes" in done.stdout
    path.write_text(rule.replace("read on: .{3,40}", ".{3,40}"))
    done = command("rules", "lint", "mine.toml")
    assert done.returncode == 1
    assert "has no literal" in done.stdout


# --- what goes wrong -----------------------------------------------------------------------------------------------


def verdicts(out: Path) -> dict[str, tuple[str, str]]:
    lines = (out / "_cleaner" / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: (row["verdict"], row["reason"] or "") for row in map(json.loads, lines)}


def test_an_empty_file(command: Command, source: Path, tmp_path: Path) -> None:
    (source / "b.txt").write_text("")
    assert command("clean", "in", "-o", "out").returncode == 0
    assert verdicts(tmp_path / "out")["b.txt"] == ("emptied", "empty")


def test_zero_bytes_in_a_text(command: Command, source: Path, tmp_path: Path) -> None:
    (source / "b.txt").write_bytes(b"The bri\x00dge closed.\x00\n")
    assert command("clean", "in", "-o", "out").returncode == 0
    assert (tmp_path / "out" / "b.txt").read_text() == "The bridge closed.\n"
    command("restore", "out", "-o", "back")
    assert (tmp_path / "back" / "b.txt").read_bytes() == b"The bri\x00dge closed.\x00\n"


def test_bytes_that_are_no_text(command: Command, source: Path, tmp_path: Path) -> None:
    (source / "b.txt").write_bytes("Größe, Köln, über, schön".encode() + b"\xff\n")
    assert command("clean", "in", "-o", "out").returncode == 0
    row = next(json.loads(x) for x in (tmp_path / "out" / "_cleaner" / "documents.jsonl").read_text().splitlines() if "b.txt" in x)
    assert row["replaced"] == "1"
    assert "b.txt: not all of its bytes were text" in command("restore", "out", "-o", "back").stderr


def test_a_broken_record_among_good_ones(command: Command, tmp_path: Path) -> None:
    good = [json.dumps({"id": n, "text": f"{n} {TEXT}"}) for n in range(2)]
    (tmp_path / "a.jsonl").write_text(f"{good[0]}\n{{broken\n{good[1]}\n")
    done = command("clean", "a.jsonl", "-o", "out", "--dedup", "none")
    assert done.returncode == 3
    assert "failed: a.jsonl#2: broken JSON: Expecting a field name in double quotes at column 2" in done.stderr
    assert len((tmp_path / "out" / "a.jsonl").read_text().splitlines()) == 2
    assert (tmp_path / "out" / "_cleaner" / "left-out" / "a.jsonl").read_text() == "{broken\n"
    command("restore", "out", "-o", "back")
    assert (tmp_path / "back" / "a.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


def test_a_record_without_text(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "x", "body": "Text."}\n')
    done = command("clean", "a.jsonl", "-o", "out")
    assert done.returncode == 3
    assert "its fields are: id, body. Name the text's field with --text-field" in done.stderr
    assert command("clean", "a.jsonl", "-o", "out", "--overwrite", "--text-field", "body").returncode == 0


def test_a_cut_gzip_file(command: Command, source: Path, tmp_path: Path) -> None:
    packed = gzip.compress(os.urandom(5000).hex().encode())[:-100]
    (source / "b.txt.gz").write_bytes(packed)
    done = command("clean", "in", "-o", "out")
    assert done.returncode == 3
    assert "failed: b.txt.gz: truncated gzip file: it ends before its end marker" in done.stderr
    assert (tmp_path / "out" / "a.txt").exists()
    assert not (tmp_path / "out" / "b.txt.gz").exists()
    assert (tmp_path / "out" / "_cleaner" / "left-out" / "b.txt.gz").read_bytes() == packed


def test_a_file_that_may_not_be_read(command: Command, source: Path, tmp_path: Path) -> None:
    (source / "b.txt").write_text(TEXT)
    (source / "b.txt").chmod(0)
    # root may read everything, unless it is told not to
    before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = command("clean", "in", "-o", "out", before=before)
    assert done.returncode == 3, done.stderr
    assert "failed: b.txt: cannot be read: Permission denied" in done.stderr
    assert (tmp_path / "out" / "a.txt").exists()


def test_a_source_that_is_not_there(command: Command) -> None:
    done = command("clean", "nowhere", "-o", "out")
    assert (done.returncode, done.stderr) == (2, "cleaner: nowhere: no such file or directory\n")


def test_a_file_of_an_unknown_kind(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text(TEXT)
    done = command("clean", "a.dat", "-o", "out")
    assert done.returncode == 2
    assert "a.dat: not a kind that is read (.txt, .text, .md" in done.stderr
    assert command("clean", "a.dat", "-o", "out", "--format", "text").returncode == 0


def test_output_inside_the_source(command: Command, source: Path) -> None:
    for out in ("in/out", "in", "./in/../in/x"):
        done = command("clean", "in", "-o", out)
        assert done.returncode == 2
        assert "the output would be read as input" in done.stderr
    assert set(tree(source)) == {"a.txt"}


def test_the_source_inside_the_output(command: Command, source: Path) -> None:
    done = command("clean", "in", "-o", ".", "--overwrite")
    assert done.returncode == 2
    assert "in/a.txt lies in .: the output could overwrite it" in done.stderr
    command("clean", "in", "-o", "out")
    done = command("clean", "out/*.txt", "-o", "out", "--overwrite")
    assert done.returncode == 2
    assert (source.parent / "out" / "a.txt").exists()


def test_output_that_is_not_empty(command: Command, source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    done = command("clean", "in", "-o", "out")
    assert done.returncode == 2
    assert "out: is not empty; name another directory, or let it be replaced with --overwrite" in done.stderr
    done = command("clean", "in", "-o", "out", "--overwrite")
    assert done.returncode == 2
    assert "holds files that no run of cleaner wrote" in done.stderr
    assert tree(tmp_path / "out") == {"mine.txt": b"mine"}


def test_overwriting_an_earlier_run(command: Command, source: Path, tmp_path: Path) -> None:
    (source / "sub").mkdir()
    (source / "sub" / "old.txt").write_text("An old text of its own.\n")
    command("clean", "in", "-o", "out")
    (source / "sub" / "old.txt").unlink()
    assert command("clean", "in", "-o", "out").returncode == 2
    assert command("clean", "in", "-o", "out", "--overwrite").returncode == 0
    assert {name for name in tree(tmp_path / "out") if not name.startswith("_cleaner")} == {"a.txt"}


def test_a_refused_overwrite_changes_nothing(command: Command, source: Path, tmp_path: Path) -> None:
    command("clean", "in", "-o", "out")
    (tmp_path / "out" / "notes").write_text("mine")
    before = tree(tmp_path / "out")
    done = command("clean", "in", "-o", "out", "--overwrite")
    assert done.returncode == 2
    assert "out/notes: was not written by the earlier run; move it away before --overwrite" in done.stderr
    assert tree(tmp_path / "out") == before


def test_a_record_that_was_tampered_with_leads_nowhere(command: Command, source: Path, tmp_path: Path) -> None:
    command("clean", "in", "-o", "out")
    record = tmp_path / "out" / "_cleaner" / "documents.jsonl"
    record.write_text(record.read_text().replace('"source": "a.txt"', '"source": "../b.txt"'))
    done = command("restore", "out", "-o", "back")
    assert (done.returncode, "leads out of back" in done.stderr) == (2, True)
    assert not (tmp_path / "b.txt").exists()


def test_names_that_make_trouble(command: Command, source: Path, tmp_path: Path) -> None:
    (source / ("x" * 251 + ".txt")).write_text("A text under a long name.\n")
    (source / "b.html").write_text("<html><body><article><p>" + TEXT * 4 + "</p></article></body></html>")
    (source / "b.txt").mkdir()
    (source / "b.txt" / "c.txt").write_text("A text in a folder with a file's name.\n")
    (source / "d\x1b[31m.txt").write_text("A text under a name that colours.\nAdvertisement\n")
    (source / "loop.txt").symlink_to("loop.txt")
    os.mkfifo(source / "pipe.txt")
    done = command("clean", "in", "-o", "out", "--dedup", "none")
    assert done.returncode == 3
    assert "failed: pipe.txt: not a file" in done.stderr
    assert "failed: loop.txt: a link that leads nowhere" in done.stderr
    assert {row[0] for row in verdicts(tmp_path / "out").values()} == {"kept", "failed"}
    assert len([p for p in (tmp_path / "out").rglob("*.txt") if p.is_file() and "_cleaner" not in p.parts]) == 5
    assert "\x1b" not in command("check", "in").stdout


def test_an_unreadable_folder_is_passed_aside(command: Command, source: Path) -> None:
    (source / "closed").mkdir()
    (source / "closed").chmod(0)
    before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = command("clean", "in", "-o", "out", before=before)
    (source / "closed").chmod(0o755)
    assert done.returncode == 3
    assert "failed: closed: cannot be read: Permission denied" in done.stderr
    assert "1 kept" in done.stderr


def test_a_file_named_twice_is_one_document(command: Command, source: Path) -> None:
    (source / "sub").mkdir()
    (source / "sub" / "b.txt").write_text("Another text.\n")
    assert "2 documents in: 2 kept" in command("clean", "in", "in/sub", "-o", "out").stderr


def test_a_page_of_a_strange_encoding_is_no_traceback(command: Command, source: Path) -> None:
    (source / "b.html").write_bytes(b'<meta charset="hex"><p>Caf\xe9 tr\xe8s bon</p>')
    assert command("check", "in").returncode in (0, 1)
    assert command("clean", "in", "-o", "out").returncode == 0


def test_fix_goes_on_behind_a_file_that_cannot_be_written_back(command: Command, source: Path) -> None:
    (source / "0.txt").write_bytes(b"Caf\xe9 tr\xe8s bon &hearts; bon march\xe9\nAdvertisement\n")
    done = command("fix", "in")
    assert done.returncode == 3
    assert "in/0.txt: '♥' cannot be written in cp1252; left as it is" in done.stderr
    assert (source / "a.txt").read_text() == CLEAN


def test_output_that_is_a_file(command: Command, source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = command("clean", "in", "-o", "out")
    assert (done.returncode, done.stderr) == (2, "cleaner: out: is a file; name a directory with -o\n")


def test_a_rule_file_with_a_typo(command: Command, source: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[[rule]]\nid = "x"\nkind = "phrase"\nwhy = "y"\nphrase = ["a"]\ncatches = ["a"]\nspares = ["b"]\n')
    done = command("clean", "in", "-o", "out", "--rules", "mine.toml")
    assert (done.returncode, done.stderr) == (2, "cleaner: mine.toml: rule x: unknown key 'phrase'; this kind has phrases\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dedup", "nearly"], "no way to deduplicate 'nearly'; there are none, exact, near"),
        (["--threshold", "0"], "a threshold is above 0 and at most 1, not 0"),
        (["--strictness", "strict"], "strictness takes low, normal, high, not 'strict'"),
        (["--format", "xml"], "no format 'xml'; there are text, html, jsonl"),
        (["--ignore", "adv"], "no rule or family 'adv'"),
        (["--max-removed", "nan"], "--max-removed nan: not a share; name one from 0 to 1"),
        (["--dedup", "none", "--index", "seen"], "--dedup none looks for no copies, so --index and --against would do nothing"),
        (["--prefer", "source: ,"], "no --prefer 'source: ,'; there are longest, first, earliest and source:NAME,NAME"),
    ],
)
def test_wrong_words(command: Command, source: Path, words: list[str], message: str) -> None:
    done = command("clean", "in", "-o", "out", *words)
    assert done.returncode == 2
    assert message in done.stderr


def test_two_sources_of_one_name(command: Command, source: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("Another text.")
    done = command("clean", "in", "other", "-o", "out")
    assert done.returncode == 2
    assert "in/a.txt and other/a.txt would both be written as a.txt" in done.stderr
    (tmp_path / "other" / "a.txt").unlink()
    (tmp_path / "other" / "a.txt").symlink_to(tmp_path / "nowhere")  # what cannot be read does not take the place of what can
    assert "in/a.txt and other/a.txt would both be written as a.txt" in command("clean", "in", "other", "-o", "out").stderr


def test_two_archives_of_one_name(command: Command, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        with zipfile.ZipFile(tmp_path / folder / "x.zip", "w") as archive:
            archive.writestr("a.txt", f"A text of {folder}.")
    done = command("clean", "one", "two", "-o", "out")
    assert done.returncode == 2
    assert "one/x.zip and two/x.zip would both be written as x.zip" in done.stderr
    assert command("clean", "one", "one/x.zip", "-o", "out").returncode == 0


def test_a_link_that_leads_outside_is_not_followed(command: Command, source: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("A secret.")
    (source / "link.txt").symlink_to(tmp_path / "secret.txt")
    (source / "folder").symlink_to(tmp_path)
    done = command("clean", "in", "-o", "out")
    assert done.returncode == 3
    assert "failed: link.txt: a link to a place outside of what was named" in done.stderr
    assert b"A secret." not in b"".join(tree(tmp_path / "out").values())


def test_an_interrupted_run_leaves_whole_files_only(source: Path, tmp_path: Path) -> None:
    for n in range(3000):
        (source / f"{n}.txt").write_text(f"{n} " + TEXT * 20)
    run = subprocess.Popen([sys.executable, "-m", "cleaner", "clean", "in", "-o", "out", "-j", "2"], cwd=tmp_path, stderr=subprocess.PIPE)
    while not (tmp_path / "out" / "_cleaner").exists():
        time.sleep(0.02)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert b"Traceback" not in err
    for path in (tmp_path / "out").rglob("*.txt"):
        assert path.read_text().startswith(f"{path.stem} ")
        assert path.read_text().endswith("said.\n")
    assert not list((tmp_path / "out").rglob("*.part*"))
    assert not list((tmp_path / "out").rglob("staging-*"))
    for path in list(source.iterdir())[5:]:
        path.unlink()
    again = subprocess.run(
        [sys.executable, "-m", "cleaner", "clean", "in", "-o", "out", "--overwrite"], cwd=tmp_path, capture_output=True, check=False
    )
    assert again.returncode == 0, again.stderr


def test_help_of_every_command_names_its_options(command: Command) -> None:
    assert command("--version").stdout.strip().count(".") == 2
    for words in (
        ["clean"],
        ["dedup"],
        ["check"],
        ["fix"],
        ["explain"],
        ["restore"],
        ["rules", "list"],
        ["rules", "show"],
        ["rules", "test"],
        ["rules", "lint"],
        ["rules", "new"],
        ["rules", "impact"],
        ["rules", "fit"],
    ):
        done = command(*words, "--help")
        assert done.returncode == 0
        assert "Usage:" in done.stdout
