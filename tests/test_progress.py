"""What a run says while it goes, and what it says it cost."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, tree

from cleaner import log, progress
from cleaner.document import CleanerError
from cleaner.formats import FORMATS, Options
from cleaner.parts import Reach, tasks
from cleaner.pipeline import Settings, clean_corpus
from cleaner.progress import Bars, Pace, span
from cleaner.store import memory
from cleaner.walk import find

KEYS = {
    "start": {"version", "rulebook", "settings", "output", "jobs", "memory"},
    "stage_start": {"stage", "documents", "bytes"},
    "failure": {"id", "reason"},
    "worker_replaced": {"reason"},
    "error": {"message", "code"},
    "message": {"message"},
    "end": {
        "counts", "chars", "seconds", "stages", "documents", "taken_up", "bytes", "documents_per_second", "bytes_per_second",
        "peak_memory", "workers_replaced",
    },
}  # fmt: skip
STORY = "The council approved the new bridge over the river on Monday after a long debate about its cost, article {}."


def events(written: str) -> list[dict[str, Any]]:
    """The events of a log: each line is one, with its keys, in printable ASCII."""
    assert written.endswith("\n")
    assert re.fullmatch(r"[\n -~]*", written)
    found = [json.loads(line) for line in written.splitlines()]
    for event in found:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
        if event["event"] in KEYS:
            assert event.keys() == {"event", "time"} | KEYS[event["event"]], event
    return found


def records(path: Path, texts: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps({"id": f"r{n}", "text": text}) + "\n" for n, text in enumerate(texts)))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    records(tmp_path / "in" / "a.jsonl", [STORY.format(n) for n in range(5)])
    (tmp_path / "in" / "b.txt").write_text(STORY.format(1))
    return tmp_path / "in"


def test_a_log_of_a_good_run(command: Command, source: Path, tmp_path: Path) -> None:
    done = command("clean", "in", "-o", "out", "--log-format", "json", "--memory", "256MB")
    assert done.returncode == 0
    found = events(done.stderr)
    assert [(event["event"], event.get("stage")) for event in found] == [
        ("start", None),
        ("stage_start", "cleaning"),
        ("stage_end", "cleaning"),
        ("stage_start", "comparing"),
        ("stage_end", "comparing"),
        ("stage_start", "writing"),
        ("stage_end", "writing"),
        ("end", None),
    ]
    size = sum(path.stat().st_size for path in source.iterdir())
    begun, ended = found[1:3]
    assert (begun["documents"], begun["bytes"]) == (None, size)
    assert ended.keys() == {"event", "time", "stage", "seconds", "documents", "bytes"}
    assert (ended["documents"], ended["bytes"]) == (6, size)
    assert found[3:4] == [found[3] | {"documents": None, "bytes": None}]
    assert found[6]["documents"] == 6
    run = json.loads((tmp_path / "out/_cleaner/run.json").read_text())
    assert found[0]["settings"] == run["settings"]
    assert found[0]["memory"] == 256_000_000
    assert found[-1] == {"event": "end", "time": found[-1]["time"], "counts": run["counts"], "chars": run["chars"], **run["performance"]}


def test_comparing_is_told_in_pairs_where_there_are_none(command: Command, source: Path) -> None:
    done = command("clean", "in", "-o", "out", "--dedup", "exact", "--log-format", "json")
    (ended,) = [row for row in map(json.loads, done.stderr.splitlines()) if row["event"] == "stage_end" and row["stage"] == "comparing"]
    assert ended["pairs"] == 0
    assert "documents" not in ended


def test_a_log_of_failures_and_of_ids_that_would_drive_a_terminal(command: Command, source: Path) -> None:
    evil = '\x1b]0;owned\x07\x7f\x9b31m\u2028\n{"event":"end"}\ud800'
    with (source / "a.jsonl").open("a") as file:
        file.write("{broken\n" + json.dumps({"id": evil, "text": 5}) + "\n")
    name = b"\x1b[31m\xff.html.gz"
    (source / os.fsdecode(name)).write_bytes(b"\x1f\x8bnot gzip")
    done = command("clean", "in", "-o", "out", "--log-format=json")
    assert done.returncode == 3
    failures = {event["id"]: event["reason"] for event in events(done.stderr) if event["event"] == "failure"}
    assert failures.keys() == {"a.jsonl#6", "a.jsonl#7", "\x1b[31m\udcff.html.gz"}
    assert "damaged gzip file" in failures["\x1b[31m\udcff.html.gz"]
    assert [event["event"] for event in events(done.stderr)].count("end") == 1
    quiet = command("clean", "in", "-o", "quiet", "--log-format", "json", "-q")
    assert [event["event"] for event in events(quiet.stderr)] == ["failure"] * 3


def test_an_event_is_one_harmless_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", log.Lines(sys.stderr))
    evil = "\x1b[2J\x7f\x9b\u2028\r\n\ud800"
    assert log.event("failure", id=evil, reason="")
    print("two\nlines \x1b[2J", file=sys.stderr)
    failure, *messages = events(capsys.readouterr().err)
    assert failure["id"] == evil
    assert [event["message"] for event in messages] == ["two", "lines \x1b[2J"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("clean", "in", "-o", "out", "--threshold", "7"), "a threshold is above 0"),
        (("clean", "in", "-o", "out", "--threshold", "high"), "Invalid value for '--threshold'"),
        (("clean", "in", "-o", "out", "--no-such-option"), "No such option: --no-such-option"),
        (("dedup", "nothing", "-o", "out"), "nothing"),
        (("dedup", "in"), "Missing option"),
        (("clean",), "Missing argument"),
    ],
)
def test_wrong_use_is_one_event(command: Command, source: Path, words: tuple[str, ...], said: str) -> None:
    done = command(*words, "--log-format", "json")
    (error,) = [event for event in events(done.stderr) if event["event"] != "start"]
    assert (done.returncode, error["event"], error["code"]) == (2, "error", 2)
    assert said in error["message"]


def test_a_log_format_that_is_none(command: Command, source: Path) -> None:
    done = command("clean", "in", "-o", "out", "--log-format", "xml")
    assert (done.returncode, done.stderr) == (2, "cleaner: no log format 'xml'; there are text, json\n")


def test_an_interrupted_run_says_so_in_its_log(source: Path, tmp_path: Path) -> None:
    records(source / "a.jsonl", [STORY.format(n) * 20 for n in range(20_000)])
    words = [sys.executable, "-m", "cleaner", "clean", "in", "-o", "out", "-j", "2", "--log-format", "json"]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    while json.loads(line := process.stderr.readline())["event"] != "stage_start":
        assert line
    process.send_signal(signal.SIGTERM)
    last = events(process.communicate(timeout=60)[1])[-1]
    assert (process.returncode, last["event"], last["code"]) == (130, "error", 130)


LOUD = """
import os, signal, sys, warnings
from cleaner import log
from cleaner.work import Work
log.EVERY = 0
plain = Work._outcome
def outcome(self, task):
    if b"article 70 " in (task.raw.line or b""):
        os.kill(os.getpid(), signal.SIGKILL)
    if b"article 3 " in (task.raw.line or b""):
        warnings.warn("this is odd\\x1b[2J")
    return plain(self, task)
Work._outcome = outcome
from cleaner.__main__ import main
main()
"""


def test_progress_workers_that_die_and_warnings_are_events(tmp_path: Path) -> None:
    records(tmp_path / "in" / "a.jsonl", [STORY.replace(".", " .").format(n) for n in range(300)])
    words = ["clean", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-j", "2", "--log-format", "json"]
    done = subprocess.run([sys.executable, "-c", LOUD, *words], capture_output=True, text=True, check=False, timeout=120)
    found = events(done.stderr)
    assert done.returncode == 3, done.stderr
    told = [event for event in found if event["event"] == "progress" and event["stage"] == "cleaning"]
    assert told[0].keys() == {
        "event", "time", "stage", "documents", "bytes", "documents_per_second", "bytes_per_second", "share", "seconds_left",
    }  # fmt: skip
    assert [event["documents"] for event in told[:300]] == list(range(1, 301))
    assert (told[-1]["share"], told[-1]["bytes"]) == (1, (tmp_path / "in/a.jsonl").stat().st_size)
    assert sum(event["event"] == "worker_replaced" for event in found) == 3  # in the pool, with its batch, alone
    assert found[-1]["workers_replaced"] == 3
    assert [event["id"] for event in found if event["event"] == "failure"] == ["a.jsonl#71"]
    assert any("this is odd\x1b[2J" in event["message"] for event in found if event["event"] == "message")


def test_progress_is_told_now_and_then_only(command: Command, tmp_path: Path) -> None:
    records(tmp_path / "in" / "a.jsonl", [STORY.format(n) for n in range(500)])
    found = events(command("dedup", "in", "-o", "out", "--log-format", "json").stderr)
    took = found[-1]["seconds"]
    assert sum(event["event"] == "progress" for event in found) <= took / log.EVERY


def test_what_a_run_cost(source: Path, tmp_path: Path) -> None:
    run = clean_corpus(source, tmp_path / "out", Settings())
    cost = run["performance"]
    assert json.loads((tmp_path / "out/_cleaner/run.json").read_text())["performance"] == cost
    assert list(run)[-1] == "performance"
    assert list(cost["stages"]) == ["reading", "comparing", "writing"]
    assert all(seconds >= 0 for seconds in cost["stages"].values())
    assert 0 < sum(cost["stages"].values()) <= cost["seconds"] + 0.003
    assert cost["documents"] == run["counts"]["in"] == 6
    assert cost["bytes"] == sum(path.stat().st_size for path in source.iterdir())
    assert cost["documents_per_second"] == pytest.approx(6 / cost["seconds"], rel=1e-3)
    assert cost["bytes_per_second"] == pytest.approx(cost["bytes"] / cost["seconds"], rel=1e-2)
    assert 20 << 20 < cost["peak_memory"]["main"] < 1 << 40
    assert cost["taken_up"] == cost["workers_replaced"] == 0


def test_workers_are_measured_and_what_was_done_before_is_not(command: Command, tmp_path: Path) -> None:
    texts = [STORY.format(n) for n in range(2500)]
    records(tmp_path / "in" / "a.jsonl", texts)
    stopped = records(tmp_path / "in" / "b.jsonl", texts[:3])
    stopped.write_text("{broken\n" + stopped.read_text())
    assert command("dedup", "in", "-o", "out", "-j", "2", "--strict").returncode == 2
    assert command("dedup", "in", "-o", "out", "-j", "2").returncode == 3
    cost = json.loads((tmp_path / "out/_cleaner/run.json").read_text())["performance"]
    assert (cost["documents"], cost["taken_up"]) == (504, 2000)
    assert command("dedup", "in", "-o", "whole", "-j", "2").returncode == 3
    cost = json.loads((tmp_path / "whole/_cleaner/run.json").read_text())["performance"]
    assert (cost["documents"], cost["taken_up"]) == (2504, 0)
    assert cost["peak_memory"]["worker"] > 20 << 20
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_the_bytes_reached_are_those_of_the_files(tmp_path: Path) -> None:
    import gzip

    records(tmp_path / "in" / "a.jsonl", ["one", "two"])
    (tmp_path / "in" / "b.txt").write_text("three")
    lines = records(tmp_path / "in" / "c.jsonl", ["four", "five"]).read_bytes()
    (tmp_path / "in" / "c.jsonl").unlink()
    (tmp_path / "in" / "c.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "in" / "d.jsonl").write_bytes(gzip.compress(lines))  # its name lies
    sources = find([tmp_path / "in"]).sources
    sizes = [path.stat().st_size for path in sorted((tmp_path / "in").iterdir())]
    reach = Reach(sources)
    assert reach.whole == sum(sizes)
    steps = [reach.further() for _ in reach.through(tasks(sources, Options(), {}))]
    assert steps == [sizes[0] // 2, sizes[0] // 2, sizes[1], 0, 0, sizes[2], 0]
    assert reach.rest() == sizes[3]
    assert {source.format for source in sources} <= FORMATS.keys()


def test_the_time_left_is_told_from_the_work_done(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    pace = Pace(0, 1000)
    pace.advance(7, 200, fresh=False)  # done before: says nothing of the time
    now = 130.0  # half a minute until the workers have started
    pace.advance(1, 0, fresh=True)
    pace.advance(1, 100, fresh=True)
    assert (pace.left, pace.share) == (None, 0.3)
    now = 135.0
    pace.advance(1, 100, fresh=True)
    assert pace.left == pytest.approx(5 * 600 / 100)
    assert pace.rates() == pytest.approx((3 / 35, 200 / 35))
    now = 145.0
    assert pace.left == pytest.approx(20)
    now = 170.0  # it takes longer than it was to take: who knows
    assert pace.left is None
    unknown = Pace(0, 0)
    unknown.advance(5, 5, fresh=True)
    now = 180.0
    unknown.advance(5, 5, fresh=True)
    assert (unknown.left, unknown.share) == (None, None)
    assert [span(seconds) for seconds in (0.4, 89, 90, 3600, 5400, 10_000)] == [
        "0 s",
        "89 s",
        "2 min",
        "60 min",
        "1 h 30 min",
        "2 h 47 min",
    ]


def on_a_terminal(words: list[str], folder: Path) -> tuple[int, str]:
    """The exit code and what a terminal of 80 columns is sent on standard error."""
    main, side = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(
        [sys.executable, "-m", "cleaner", *words], cwd=folder, stderr=side, stdout=subprocess.DEVNULL, env=environment
    )
    os.close(side)
    sent = b""
    while True:
        try:
            block = os.read(main, 1 << 16)
        except OSError:  # nobody holds the other side any more
            break
        if not block:
            break
        sent += block
    os.close(main)
    return process.wait(), sent.decode()


def shown(sent: str) -> str:
    """What stands on the screen in the end: carriage returns, erased lines, moves up, colours."""
    lines, row, column = [""], 0, 0
    for move, text in re.findall(r"(\x1b\[[?\d;]*[A-Za-z]|\r|\n)|([^\x1b\r\n]+)", sent):
        if move == "\r":
            column = 0
        elif move == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif move.endswith("A"):
            row -= int(move[2:-1] or 1)
        elif move == "\x1b[2K":
            lines[row] = ""
        elif text:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
    return "\n".join(lines)


def test_the_bar_shows_and_leaves_nothing_behind(command: Command, source: Path, tmp_path: Path) -> None:
    records(source / "a.jsonl", [STORY.format(n) for n in range(3000)])
    plain = command("dedup", "in", "-o", "plain").stderr
    code, sent = on_a_terminal(["dedup", "in", "-o", "out"], tmp_path)
    assert code == 0
    for stage in ("reading", "comparing", "writing"):
        assert f" {stage} " in sent
    assert re.search(r"\d+%, [\d,]+ documents, [\d,]+/s", sent)
    assert re.search(r"\d+%, [\d,]+ pairs, [\d,]+/s", sent)
    assert sent.count("\x1b[?25l") == sent.count("\x1b[?25h") == 3  # the cursor is back
    assert shown(sent).replace("/out/", "/plain/").rstrip() == plain.replace("the record: plain", "the record: out").rstrip()


def test_no_thread_stands_beside_the_workers() -> None:
    """A process that holds threads may not be forked safely."""
    before = threading.active_count()
    with Bars() as bars:
        bars.begin("cleaning", 0, 10)
        assert threading.active_count() == before
        bars.finish("cleaning", 1)
        bars.begin("comparing", 0, 0)  # it goes on while the database searches
        assert threading.active_count() == before + 1


def test_the_bar_is_gone_after_a_mistake(source: Path, tmp_path: Path) -> None:
    with (source / "a.jsonl").open("a") as file:
        file.write("{broken\n")
    code, sent = on_a_terminal(["dedup", "in", "-o", "out", "--strict"], tmp_path)
    assert code == 2
    assert " reading " in sent
    assert sent.rindex("\x1b[?25h") > sent.rindex("\x1b[?25l")
    assert shown(sent).startswith("cleaner: a.jsonl#6: ")


def test_quiet_shows_neither_bar_nor_summary(source: Path, tmp_path: Path) -> None:
    assert on_a_terminal(["dedup", "in", "-o", "out", "--quiet"], tmp_path) == (0, "")
    with (source / "a.jsonl").open("a") as file:
        file.write("{broken\n")
    code, sent = on_a_terminal(["dedup", "in", "-o", "failed", "-q"], tmp_path)
    assert code == 3
    assert re.fullmatch(r"failed: a.jsonl#6: [^\x1b\n]+\r\n", sent)


def test_the_memory_of_the_search_does_not_change_the_result(command: Command, source: Path, tmp_path: Path) -> None:
    assert command("dedup", "in", "-o", "plain").returncode == 0
    assert command("dedup", "in", "-o", "out", "--memory", "64MB").returncode == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "plain")


def test_a_memory_that_is_none_is_refused(command: Command, source: Path, tmp_path: Path) -> None:
    done = command("dedup", "in", "-o", "out", "--memory", "much")
    assert (done.returncode, done.stderr) == (2, "cleaner: --memory 'much': not a size; write it as 512MB or 2GB\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", ["", "much", "-1GB", "1e9", "12", "1MB", "٢GB", "999999999TB", "2 apples", "2GB\n2GB", "inf"])
def test_sizes_that_are_none(size: str) -> None:
    with pytest.raises(CleanerError, match="--memory"):
        memory(size)


@pytest.mark.parametrize(
    ("size", "number"),
    [("64MB", 64_000_000), ("2GiB", 2 << 30), ("1.5 GB", 1_500_000_000), ("300000000", 300_000_000), ("100000kb", 100_000_000)],
)
def test_sizes(size: str, number: int) -> None:
    assert memory(size) == number


def test_too_little_memory_is_said_and_can_be_mended(source: Path, tmp_path: Path) -> None:
    records(source / "a.jsonl", [f"{STORY.format(n)} {n * n} and more of it, said in {n} words" for n in range(3000)])
    with pytest.raises(CleanerError, match="more than 1MB of memory; give it more with --memory"):
        clean_corpus(source, tmp_path / "out", Settings(memory=1_000_000))
    assert clean_corpus(source, tmp_path / "out", Settings())["performance"]["taken_up"] == 3001
