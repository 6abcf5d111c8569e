"""Input that means harm: each comes to an end in good time, loses nothing, leads nowhere and drives no terminal.

Small ones lie in fixtures/hostile, large ones are made here. Bombs, nesting, archives, crawls, encodings and links are tested with their formats.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, Command, tree

from cleaner import engine
from cleaner.document import CleanerError
from cleaner.engine import Cleaner, UnsettledError
from cleaner.pipeline import Settings, clean_corpus
from cleaner.restore import restore
from cleaner.rulebook import RuleError, load

HOSTILE = ROOT / "fixtures/hostile"
STORY = "The ferry between the two islands will run every hour from the first of May, the council decided on Monday."
PAGE = f"<html><head><title>The ferry</title></head><body><article><p>{STORY}</p>{{}}<p>{STORY[:60]} again.</p></article></body></html>"


def records() -> str:
    """records.jsonl with what is too large for a file of its own."""
    text = (HOSTILE / "records.jsonl").read_text("utf-8")
    return text.replace("@HUGE@", "9" * 5_000).replace("@DEEP@", "[" * 10_000 + "]" * 10_000)


def run(tmp_path: Path, *words: str | Path, seconds: float = 40) -> subprocess.CompletedProcess[str]:
    """The real command, which has to end in time and without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "cleaner", *map(str, words)], cwd=tmp_path, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err, err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def rows(out: Path) -> dict[str, dict[str, object]]:
    """What became of each document, by its id."""
    found = [json.loads(line) for line in (out / "_cleaner/documents.jsonl").read_text("utf-8").splitlines()]
    return {row["id"]: row for row in found}


def given(tmp_path: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return tmp_path / "in"


# --- pages -----------------------------------------------------------------------------------------------------------

PAGES = {
    "siblings": PAGE.format("<i>a</i>" * 100_000),
    "paragraphs": PAGE.format("<p>a</p>" * 20_000),
    "entities": PAGE.format("<p>" + "&amp;" * 1_000_000 + "</p>"),
    "tables": PAGE.format("<table><tr><td>" * 30_000 + "x"),
    "comments": PAGE.format("<!--" * 50_000 + "-->"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_very_many_is_kept_in_a_minute(tmp_path: Path, name: str) -> None:
    """Its text is there, by its parser or, where that gives up, word by word; exit 0."""
    given(tmp_path, {"a.html": PAGES[name]})
    done = run(tmp_path, "clean", "in", "-o", "out", seconds=90)
    assert done.returncode == 0, done.stderr
    assert STORY in (tmp_path / "out/a.txt").read_text("utf-8")


def test_entities_of_a_page_are_neither_multiplied_nor_fetched(tmp_path: Path) -> None:
    """A billion laughs and a file of the machine in a DOCTYPE: the page is kept, the entities stand as they are written."""
    given(tmp_path, {"a.html": (HOSTILE / "entities.html").read_bytes()})
    assert run(tmp_path, "clean", "in", "-o", "out", seconds=20).returncode == 0
    text = (tmp_path / "out/a.txt").read_text("utf-8")
    assert "Tickets are sold on board" in text
    assert "lollol" not in text
    assert "root:" not in text


# --- texts -----------------------------------------------------------------------------------------------------------

RUNS = ["a", " ", "[", ">", "- ", "\n", "\r", "\u0301", "\u200b", "&amp; ", "&#x41;", "Ã©", "ANN MILLER ", "1", "\"'", "Photo: ", "中", "\ud83d",
        "\x00", "\x1b[31m", "Read more: a\n", "Advertisement\n", "| a ", "{", "#", "https://x.example/?b=c&", "\u2028", "\x0c", "• Home "]  # fmt: skip


def test_a_sign_that_is_repeated_for_ever_takes_seconds() -> None:
    """Each of the runs, 100 kB of it, between two lines that stay: no pattern explodes, and the record gives it back."""
    cleaner = Cleaner()
    for sign in RUNS:
        text = f"{STORY}\n{sign * (100_000 // len(sign))}\n{STORY} Again."
        begun = os.times().user
        cleaned = cleaner.clean(text)
        assert os.times().user - begun < 10, sign
        assert cleaned.restore() == text
        assert STORY in cleaned.text


@pytest.mark.parametrize("text", ["(Getty Images) " * 4_000, "&" + "amp;" * 100_000])
def test_a_text_without_end_in_sight_is_put_aside_whole(tmp_path: Path, text: str) -> None:
    """What goes brings to light what goes, thousands of times: failed, named with its rule, kept aside, the others done; exit 3."""
    source = given(tmp_path, {"a.txt": text, "b.txt": f"{STORY}\nAdvertisement\n"})
    done = run(tmp_path, "clean", "in", "-o", "out", seconds=60)
    assert done.returncode == 3
    assert re.search(r"failed: a\.txt: gone over \d+ times, and rule c?r?e[\w.-]+ still takes something; left as it is", done.stderr)
    assert (tmp_path / "out/b.txt").read_text() == f"{STORY}\n"
    assert (tmp_path / "out/_cleaner/left-out/a.txt").read_bytes() == (source / "a.txt").read_bytes()


def test_a_short_text_may_take_many_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{STORY}\n{'(Getty Images) ' * 200}"
    cleaned = Cleaner().clean(text)
    assert cleaned.restore() == text
    assert "Getty" not in cleaned.text
    monkeypatch.setattr(engine, "WORK", 0)
    with pytest.raises(UnsettledError, match="gone over 26 times"):
        Cleaner().clean(text)


# --- records ---------------------------------------------------------------------------------------------------------


def test_each_hostile_record_has_its_verdict_and_comes_back(tmp_path: Path) -> None:
    """Eleven are cleaned with every other character as it was, three fail by name; nothing is written outside; exit 3."""
    given(tmp_path, {"records.jsonl": records()})
    done = run(tmp_path, "clean", "in", "-o", "out", "--dedup", "none")
    assert done.returncode == 3
    assert {name for name, row in rows(tmp_path / "out").items() if row["verdict"] == "failed"} == {
        f"records.jsonl#{n}" for n in (12, 13, 14)
    }
    assert "failed: records.jsonl#12: broken JSON: nested too deeply" in done.stderr
    kept = (tmp_path / "out/records.jsonl").read_text("utf-8").splitlines()
    assert len(kept) == 11
    assert "Advertisement" not in "".join(kept)
    assert kept[5].endswith('"n": ' + "9" * 5_000 + ', "x": 1e99999}')
    assert kept[6].endswith('"n": NaN, "m": -Infinity}')
    assert kept[7] == '{"id": "twice", "text": "The first one is not the last.", "text": "The fog horn was silent all night."}'
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
    assert run(tmp_path, "restore", "out", "-o", "back").returncode == 0
    was, now = ((tmp_path / name / "records.jsonl").read_text("utf-8").splitlines() for name in ("in", "back"))
    assert [json.loads(line, parse_int=str) for line in now[:11]] == [json.loads(line, parse_int=str) for line in was[:11]]
    assert now[11:] == was[11:]


def test_a_quote_that_is_never_closed_fails_in_good_time(tmp_path: Path) -> None:
    """Twenty megabytes of a table behind it: the rows before are done, the rest is named as failed, and is kept aside; exit 3."""
    content = f'id,text\n1,{json.dumps(STORY)}\n2,"' + "word " * 4_000_000
    given(tmp_path, {"a.csv": content})
    done = run(tmp_path, "clean", "in", "-o", "out")
    assert done.returncode == 3, done.stderr
    assert [row["verdict"] for row in rows(tmp_path / "out").values()] == ["kept", "failed"]
    csv.field_size_limit(100_000_000)
    assert next(itertools.islice(csv.reader(io.StringIO((tmp_path / "out/a.csv").read_text())), 1, None))[1] == STORY
    assert content[-1_000_000:].encode() in b"".join(tree(tmp_path / "out/_cleaner/left-out").values())


# --- files that are none ----------------------------------------------------------------------------------------------


def test_pipes_devices_and_loops_are_named_and_never_opened(tmp_path: Path) -> None:
    """In a directory, also as its .gitignore, and named by themselves; a folder called x.jsonl is a folder. Exit 3."""
    source = given(tmp_path, {"a.txt": STORY, "x.jsonl/b.txt": f"{STORY} Again.", "sub/c.txt": f"{STORY} At last."})
    os.mkfifo(source / "pipe.txt")
    os.mkfifo(source / ".gitignore")
    (source / "sub/.gitignore").symlink_to("/dev/zero")
    (source / "zero.txt").symlink_to("/dev/zero")
    (source / "loop.txt").symlink_to("loop.txt")
    (source / "sub/up").symlink_to("..")
    done = run(tmp_path, "clean", "in", "-o", "out", "--dedup", "none", seconds=20)
    assert done.returncode == 3
    assert sorted(line.split(": ")[1] for line in done.stderr.splitlines() if line.startswith("failed")) == [
        "loop.txt",
        "pipe.txt",
        "zero.txt",
    ]
    assert {name for name in tree(tmp_path / "out") if not name.startswith("_")} == {"a.txt", "x.jsonl/b.txt", "sub/c.txt"}
    for command, name in itertools.product(("check", "explain", "fix"), ("pipe.txt", "zero.txt", "loop.txt")):
        assert run(tmp_path, command, f"in/{name}", seconds=20).returncode == 3, (command, name)


# --- what is shown ---------------------------------------------------------------------------------------------------

RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What may drive a terminal, or turn around what it shows."""
RULES = HOSTILE / "escapes.toml"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names, ids and texts full of escapes and commands, cleaned, with clusters and an index."""
    folder = tmp_path_factory.mktemp("shown")
    text = (HOSTILE / "workflow.txt").read_text("utf-8")
    more = "".join(f"The harbour of the town number {n} was dredged in the spring of that year.\n" for n in range(9))
    given(folder, {
        "::error::a\x1b[2J.txt": text, "b\n::warning::c.txt": text + more, "d\x9b31m\u202e.txt": more + text, "records.jsonl": records(),
        "broken\x1b[2J\n::error::.txt.gz": b"\x1f\x8b\x08",
        "same.jsonl": "".join(json.dumps({"id": f"{name}\x1b]0;\n::error::x\x9b\u202e", "text": more}) + "\n" for name in "ab"),
    })  # fmt: skip
    assert run(folder, "clean", "in", "-o", "out", "--index", "seen").returncode == 3
    return folder


SHOWING = [
    "clean in -o again", "clean in -o strict --strict", "dedup in -o deduped", "check in", "check in --output-format json",
    "check in --output-format sarif", "check in --output-format github", "explain in/records.jsonl", "explain in/same.jsonl",
    "explain in/b*.txt", "restore out -o back",
    "clusters out", "clusters out --json", "index info seen", "index info seen --json", "rules list --rules RULES", "rules lint RULES",
    "rules show escapes.escapes --rules RULES", "rules show escapes.escapes --rules RULES --json", "rules test RULES",
    "rules impact RULES in", "rules impact RULES in --json", "rules new in/records.jsonl --near in", "fix in",
]  # fmt: skip


@pytest.mark.parametrize("words", SHOWING)
def test_no_command_prints_what_drives_a_terminal(hostile: Path, words: str) -> None:
    """Control characters and signs of direction come as escapes, and JSON stays JSON; only `explain` gives a text its own lines."""
    done = run(hostile, *(str(RULES) if word == "RULES" else word for word in words.split()))
    assert not RAW.search(done.stdout), RAW.search(done.stdout)
    assert not RAW.search(done.stderr), RAW.search(done.stderr)
    assert re.search(r"(\\|%5C)(x1b|u001b|n::)", done.stdout + done.stderr) or words.split()[1] in ("lint", "new", "out"), words
    lines = (done.stdout + done.stderr).splitlines()
    if "github" not in words and not words.startswith("rules show"):
        assert [line for line in lines if line.lstrip().startswith("::") and "explain" not in words] == []
    if words.split()[-1] in ("json", "--json", "sarif"):
        json.loads(done.stdout) if "clusters" not in words else [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("words", ["check .", "fix .", "check broken*"])
def test_a_name_is_no_command_of_a_workflow(tmp_path: Path, words: str) -> None:
    """A file whose name begins with '::' is shown with './' before it, in findings, in what was changed and in failures."""
    here = tmp_path / "in"
    here.mkdir()
    (here / "::error::a.txt").write_text(f"{STORY}\nAdvertisement\n")
    (here / "::add-mask::b.html").write_text("<p>x</p>")
    (here / "broken\n::error::.txt.gz").write_bytes(b"\x1f\x8b\x08")
    done = run(here, *words.split())
    assert done.returncode == 3
    lines = (done.stdout + done.stderr).splitlines()
    assert lines
    assert [line for line in lines if line.startswith("::")] == []


def test_a_finding_is_one_command_of_a_workflow_and_no_other(hostile: Path) -> None:
    """GitHub reads each line of a log that begins with '::' as a command: one is written a finding, whatever names and texts hold."""
    found = json.loads(run(hostile, "check", "in", "--output-format", "json").stdout)
    lines = run(hostile, "check", "in", "--output-format", "github").stdout.splitlines()
    assert len(lines) == len(found) > 15
    for line in lines:
        head, properties, message = re.fullmatch(r"::(warning|error) ((?:[^:,]|,(?=line=|title=))+)::(.*)", line).groups()
        assert set(re.findall(r"(?:^|,)(\w+)=", properties)) <= {"file", "line", "title"}, line
        assert head and "\r" not in message
    assert not any(line.startswith("::add-mask") for line in lines)


def test_a_page_of_scripts_is_text_in_every_report(tmp_path: Path) -> None:
    """No report is HTML: markup in a text is shown as it is written, and addresses in SARIF are addresses."""
    given(tmp_path, {"<b> a.txt": f"{STORY}\n<script>alert(1)</script>\nAdvertisement\n"})
    sarif = json.loads(run(tmp_path, "check", "in", "--output-format", "sarif").stdout)["runs"][0]["results"]
    assert {place["physicalLocation"]["artifactLocation"]["uri"] for one in sarif for place in one["locations"]} == {"in/%3Cb%3E%20a.txt"}
    run(tmp_path, "clean", "in", "-o", "out")
    assert not list((tmp_path / "out").rglob("*.html"))


# --- rules -----------------------------------------------------------------------------------------------------------


def test_a_rule_without_end_fails_the_document_it_does_not_end_on(tmp_path: Path) -> None:
    """It is stopped after seconds and named with line and remedy; the document is kept aside, the others are done; exit 3."""
    endless = f"{STORY}\nHarbour {'lights ' * 40}\n"
    given(tmp_path, {"a.txt": endless, "b.txt": f"{STORY}\nHarbour abab!\n"})
    done = run(tmp_path, "clean", "in", "-o", "out", "--rules", HOSTILE / "endless.toml", "--dedup", "none", seconds=30)
    assert done.returncode == 3
    assert "failed: a.txt: rule endless.endless did not end on line 2 in 2 s; bound its repeats, or --ignore it" in done.stderr
    assert (tmp_path / "out/b.txt").read_text() == f"{STORY}\n"
    assert (tmp_path / "out/_cleaner/left-out/a.txt").read_text() == endless
    assert "can take for ever" in run(tmp_path, "rules", "lint", HOSTILE / "endless.toml").stdout


NOT_RULES = {
    "huge": ((HOSTILE / "huge.toml").read_text(), "its repeats ask for more than 100,000 characters"),
    "deep": ((HOSTILE / "huge.toml").read_text().replace("harbour (?", "(" * 2_000 + "a" + ")" * 2_000 + "(?"), "nested too deeply"),
    "count": ((HOSTILE / "huge.toml").read_text().replace("{99}", "{99999999999999999999}", 1), "too large"),
    "toml": ("a = " + "[" * 5_000, "not a TOML file"),
    "numbers": ("rule = [1, 2]", "holds [[rule]] entries"),
    "category": ((HOSTILE / "endless.toml").read_text() + 'category = "a\\u001b[2J"\n', "without control characters"),
}


@pytest.mark.parametrize("name", NOT_RULES)
def test_a_hostile_rule_file_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    """No traceback, no memory taken: exit 2 before the first document."""
    text, message = NOT_RULES[name]
    (tmp_path / "mine.toml").write_text(text)
    done = run(tmp_path, "check", "x.txt", "--rules", "mine.toml", seconds=20)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cleaner: mine.toml: ")
    assert message in done.stderr


def test_a_family_is_a_name_that_can_be_shown(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J.toml"
    path.write_text((HOSTILE / "endless.toml").read_text())
    with pytest.raises(RuleError, match="without control characters"):
        load([path])
    assert tomllib.loads(path.read_text())["rule"]


# --- a record that was tampered with -------------------------------------------------------------------------------------

TAMPERED = [
    ("documents.jsonl", '"output": "a.txt"', '"output": 5'),
    ("documents.jsonl", '"output": "a.txt"', '"output": "../../x.txt"'),
    ("documents.jsonl", '"output": "a.txt", ', ""),
    ("documents.jsonl", '"format": "text"', '"format": "none"'),
    ("documents.jsonl", '"encoding": "utf-8"', '"encoding": "none"'),
    ("documents.jsonl", '"id": ', '"no": '),
    ("documents.jsonl", '"source": "', '"source": "\\u0000'),
    ("documents.jsonl", "{", "[" * 10_000),
    ("documents.jsonl", '{"id"', '5\n{"id"'),
    ("removals.jsonl", '"start": ', '"start": "x", "was": '),
    ("removals.jsonl", '"start": ', '"start": -'),
    ("removals.jsonl", '"old": ', '"new": '),
    ("run.json", '"settings": {', '"settings": 5, "were": {'),
    ("run.json", '"bare": []', '"bare": ["../../x"]'),
]


@pytest.mark.parametrize(("name", "old", "new"), TAMPERED)
def test_a_record_that_was_tampered_with_is_refused(tmp_path: Path, name: str, old: str, new: str) -> None:
    """`restore` says what is wrong and writes nothing outside of its destination."""
    source = given(tmp_path, {"a.txt": f"{STORY}\nAdvertisement\n"})
    clean_corpus(source, tmp_path / "out", Settings(cleaner=Cleaner()))
    path = tmp_path / "out/_cleaner" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CleanerError):
        restore(tmp_path / "out", tmp_path / "back")
    assert {one.name for one in tmp_path.iterdir()} <= {"in", "out", "back"}


def test_hostile_fixtures_are_all_used() -> None:
    here = Path(__file__).read_text()
    assert [path.name for path in HOSTILE.iterdir() if path.name not in here] == []


def test_a_reader_of_the_record_needs_no_command(command: Command, tmp_path: Path) -> None:
    """`clusters` refuses such a record too, by its line."""
    source = given(tmp_path, {"a.txt": STORY, "b.txt": STORY})
    clean_corpus(source, tmp_path / "out", Settings(cleaner=Cleaner()))
    path = tmp_path / "out/_cleaner/duplicates.jsonl"
    path.write_text(path.read_text().replace('"kind": "exact"', '"kind": 1'))
    done = command("clusters", "out")
    assert done.returncode == 2
    assert "duplicates.jsonl:1: not a row of the record: 'kind' is no str" in done.stderr
