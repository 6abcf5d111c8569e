"""Runs that are killed, and workers that die: nothing is lost, and the same bytes in the end."""

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

import pytest
from conftest import tree

from cleaner.document import CleanerError
from cleaner.engines import local
from cleaner.lock import alone

COMMAND = [sys.executable, "-m", "cleaner"]
WORDS = "the council bridge river mayor ferry opened closed said that it would cost more than before and nobody knew why".split()


def corpus(folder: Path, records: int = 500, files: int = 30) -> Path:
    rng = random.Random(3)

    def text() -> str:
        return "\n".join(" ".join(rng.choices(WORDS, k=40)).capitalize() + "." for _ in range(6)) + "\nAdvertisement\nShare this article"

    folder.mkdir()
    lines = [json.dumps({"id": f"r{n}", "text": text()}) for n in range(records)]
    lines[7], lines[11] = "{broken", lines[10].replace("r10", "r11")
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n")
    for n in range(files):
        (folder / f"{n:03}.txt").write_text(text() + "\n")
    (folder / "page.html").write_text("<html><body><article>" + "".join(f"<p>{text()}</p>" for _ in range(4)) + "</article></body></html>")
    return folder


def command(source: Path, out: Path, *more: str) -> list[str]:
    return [*COMMAND, "clean", str(source), "-o", str(out), "-j", "2", "-q", *more]


def test_killed_at_twenty_moments_the_run_ends_in_the_same_bytes(tmp_path: Path) -> None:
    """kill -9 of the main process; the same command goes on, is killed again, and ends as if nothing had been."""
    source = corpus(tmp_path / "in")
    assert subprocess.run(command(source, tmp_path / "whole"), check=False).returncode == 3
    start = time.monotonic()  # the first run has loaded the rules, which it does once
    assert subprocess.run(command(source, tmp_path / "second"), check=False).returncode == 3
    length = time.monotonic() - start
    whole = tree(tmp_path / "whole")
    rng = random.Random(9)
    out = tmp_path / "out"
    killed = finished = 0
    while killed < 20:
        process = subprocess.Popen(command(source, out), start_new_session=True)
        time.sleep(rng.uniform(0.2, 0.9) * length)
        process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            killed += 1
            for name, content in tree(out).items():  # a file that stands under its name is whole
                if not name.startswith("_cleaner/staging") and ".part" not in name and "unfinished" not in name and "left-out" not in name:
                    assert content == whole[name], name
        else:
            finished += 1
            assert tree(out) == whole
            shutil.rmtree(out)
    if out.exists():
        subprocess.run(command(source, out), check=False)
        assert tree(out) == whole
    assert not (tmp_path / "whole/_cleaner/staging").exists()


PATCHED = """
import os, signal, sys
from cleaner.work import Work
plain = Work._outcome
def outcome(self, task):
    line = task.raw.line or b""
    if b"DEADLY" in line or (b"ONCE" in line and not os.path.exists({flag!r})):
        open({flag!r}, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(self, task)
Work._outcome = outcome
from cleaner.__main__ import main
main()
"""


def test_a_second_run_to_the_same_output_is_refused(tmp_path: Path) -> None:
    """It used to take the first for one that was cut off, and to go on in its files while it still wrote them."""
    source = corpus(tmp_path / "in")
    out = tmp_path / "out"
    assert subprocess.run(command(source, tmp_path / "whole"), check=False).returncode == 3
    first = subprocess.Popen(command(source, out))
    while not (out / "_cleaner" / "unfinished.jsonl").exists():
        time.sleep(0.01)
    for more in ((), ("--overwrite",)):
        second = subprocess.run(command(source, out, *more), capture_output=True, text=True, check=False)
        assert (second.returncode, second.stderr) == (2, f"cleaner: {out}: another run is writing there; try again when it is done\n")
    assert first.wait() == 3
    assert tree(out) == tree(tmp_path / "whole")
    assert subprocess.run(command(source, out, "--overwrite"), check=False).returncode == 3


def test_the_workers_of_a_killed_run_do_not_keep_its_output(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    code = (
        "import os, pathlib, sys, time; from cleaner.lock import alone\n"
        "with alone(pathlib.Path(sys.argv[1]), 'x'):\n if os.fork() == 0: print(flush=True)\n time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout
    try:
        process.stdout.readline()
        with pytest.raises(CleanerError, match="another run is at work"), alone(out, "at work"):
            pass
        process.kill()
        process.wait()
        with alone(out, "at work"):
            pass
    finally:
        process.stdout.close()
        os.killpg(process.pid, signal.SIGKILL)


def test_a_worker_that_dies_is_replaced_and_the_culprit_named(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in", 600, 3)
    lines = (source / "records.jsonl").read_text().splitlines()
    for n, word in ((40, "DEADLY"), (300, "ONCE"), (301, "DEADLY")):
        lines[n] = json.dumps({"id": word + str(n), "text": f"A {word} text."})
    (source / "records.jsonl").write_text("\n".join(lines) + "\n")
    code = PATCHED.format(flag=str(tmp_path / "flag"))
    words = [sys.executable, "-c", code, "clean", str(source), "-o", str(tmp_path / "out"), "-j", "2"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 3, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "out/_cleaner/documents.jsonl").read_text().splitlines()]
    failed = {row["id"]: row["reason"] for row in rows if row["verdict"] == "failed"}
    assert sorted(failed) == ["records.jsonl#302", "records.jsonl#41", "records.jsonl#8"]
    assert "the process that worked on it died" in failed["records.jsonl#41"]
    assert len(rows) == 604
    assert {row["verdict"] for row in rows if row["id"] == "ONCE300"} == {"kept"}
    left = (tmp_path / "out/_cleaner/left-out/records.jsonl").read_text()
    assert "DEADLY40" in left  # what cannot be done is put aside, whole


def test_only_what_changed_is_done_again(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in", 5000, 3)
    process = subprocess.Popen(command(source, tmp_path / "out"))
    parts = tmp_path / "out/_cleaner/staging/parts"
    while process.poll() is None and len(list(parts.glob("*[!t].jsonl")) if parts.exists() else []) < 2:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    done = {path.name: path.stat().st_mtime_ns for path in parts.glob("[0-9a-f]*.jsonl")}
    assert done
    with (source / "records.jsonl").open("a") as file:
        file.write(json.dumps({"id": "late", "text": "The mayor opened the bridge."}) + "\n")
    seen = {}
    process = subprocess.Popen(command(source, tmp_path / "out"))
    while process.poll() is None:
        for path in parts.glob("[0-9a-f]*.jsonl") if parts.exists() else ():
            try:
                seen[path.name] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
        time.sleep(0.01)
    assert process.returncode == 3
    assert {name: seen.get(name) for name in done} == done  # taken as they were
    assert subprocess.run(command(source, tmp_path / "whole"), check=False).returncode == 3
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_strict_stops_at_the_first_failure_and_can_go_on(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in", 100, 2)
    done = subprocess.run(command(source, tmp_path / "out", "--strict"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "records.jsonl#8: not a JSON object" in done.stderr or "records.jsonl#8:" in done.stderr
    assert "stopped here by --strict" in done.stderr
    assert subprocess.run(command(source, tmp_path / "out"), check=False).returncode == 3
    assert subprocess.run(command(source, tmp_path / "whole"), check=False).returncode == 3
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mounting a small file system takes root")
def test_a_full_disk_stops_cleanly_and_the_run_goes_on_when_there_is_room(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in", 3000, 3)
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        done = subprocess.run(command(source, disk / "out"), capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "No space left" in done.stderr
        assert "Traceback" not in done.stderr
        assert "the same command goes on" in done.stderr
        subprocess.run(["mount", "-o", "remount,size=60m", str(disk)], check=True)
        assert subprocess.run(command(source, disk / "out"), check=False).returncode == 3
        assert subprocess.run(command(source, tmp_path / "whole"), check=False).returncode == 3
        assert tree(disk / "out") == tree(tmp_path / "whole")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_closed_stdout_is_no_traceback(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in", 3000, 3)
    words = [*COMMAND, "clean", str(source / "records.jsonl"), "-o", "-", "-q"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def noted(folders: list[Path]) -> list[int]:
    """Work that takes half a second, and can be counted."""
    (folders[0] / f"{time.monotonic_ns()}-{os.getpid()}").touch()
    time.sleep(0.5)
    return [1]


def test_what_workers_hold_ready_is_not_done_when_all_is_over(tmp_path: Path) -> None:
    results = local.run(noted, [[tmp_path]] * 12, 2, lambda folder, reason: 0, lambda: None)
    assert next(results) == [1]
    begun = len(list(tmp_path.iterdir()))
    results.close()  # type: ignore[attr-defined]
    assert len(list(tmp_path.iterdir())) <= begun + 2


def long(folders: list[Path]) -> list[int]:
    """Work on many items, as a batch of pages is, that passes over errors in one of them; none in the working folder."""
    for number in range(300 if folders[0] != Path() else 0):
        try:
            (folders[0] / f"{number}-{os.getpid()}").touch()
            time.sleep(0.1)
        except Exception:
            continue
    return [1]


def test_a_batch_that_is_begun_is_left_when_all_is_over(tmp_path: Path) -> None:
    results = local.run(long, [[Path()], [tmp_path]], 2, lambda folder, reason: 0, lambda: None)
    assert next(results) == [1]
    while not list(tmp_path.iterdir()):
        time.sleep(0.05)
    results.close()  # type: ignore[attr-defined]
    assert len(list(tmp_path.iterdir())) < 250
