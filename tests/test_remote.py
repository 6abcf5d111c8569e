"""What lies elsewhere is read as a directory is, and an output elsewhere is what it is here; nothing half-sent is taken for whole."""

from __future__ import annotations

import datetime
import errno
import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Command, stable, tree
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

import cleaner
from cleaner import remote, upload
from cleaner.document import CleanerError
from cleaner.engine import Cleaner
from cleaner.pipeline import Settings, clean_corpus
from cleaner.remote import listed
from cleaner.restore import restore
from cleaner.selection import Selection
from cleaner.walk import find

COUNCIL = "The council approved the new bridge over the river on Monday after a long debate about its cost."
FERRY = "A ferry will carry people, bicycles and small carts from bank to bank until the bridge opens."
HARBOUR = "The harbour master counted forty boats in the morning, most of them from the northern islands."
PAGE = f"<html><head><title>Bridge</title></head><body><article><p>{COUNCIL}</p><p>Advertisement</p><p>{FERRY}</p></article></body></html>"
FILES = {
    "page.html": PAGE.encode(),
    "a b/ümlaut.txt": f"{HARBOUR}\nAdvertisement\n".encode(),
    "a b/deep/rows.jsonl.gz": gzip.compress(
        b"".join(json.dumps({"id": f"r{n}", "text": f"{n} {FERRY}\nAdvertisement"}).encode() + b"\n" for n in (1, 2)), mtime=0
    ),
    "a b/deep/copy.txt": f"{HARBOUR}\n".encode(),
    "a b/picture.png": b"\x89PNG",
    ".hidden/x.txt": b"hidden\n",
    ".hidden/y.txt": b"hidden\n",
    "_cleaner/documents.jsonl": b"{}\n",
}


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryFileSystem]:
    """An empty memory://, and no pauses."""
    monkeypatch.setattr(remote, "_PAUSES", (0, 0))
    system = MemoryFileSystem()
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def put(system: MemoryFileSystem, top: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        system.pipe(f"{top}/{name}", content)


def held(system: MemoryFileSystem, top: str) -> dict[str, bytes]:
    return {path.removeprefix(f"{top}/"): stable(path.rpartition("/")[2], system.cat(path)) for path in system.find(top)}


def local(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def breaking(monkeypatch: pytest.MonkeyPatch, method: str, error: Exception, ending: str) -> list[str]:
    """Has memory:// raise an error at paths of this ending; all paths that were asked for."""
    asked: list[str] = []
    real: Callable[..., Any] = getattr(MemoryFileSystem, method)

    def call(self: MemoryFileSystem, one: str, *rest: Any, **more: Any) -> Any:
        asked.append(one)
        if (rest[0] if method == "put_file" else one).endswith(ending):
            raise error
        return real(self, one, *rest, **more)

    monkeypatch.setattr(MemoryFileSystem, method, call)
    return asked


# --- read ----------------------------------------------------------------------------------------------------------


def test_the_same_files_give_the_same_bytes_here_and_elsewhere(memory: MemoryFileSystem, tmp_path: Path) -> None:
    put(memory, "/in", FILES)
    counts = cleaner.clean_corpus("memory://in", "memory://out")
    assert counts == cleaner.clean_corpus(local(tmp_path / "in", FILES), tmp_path / "out")
    assert counts == {"in": 5, "kept": 4, "duplicate": 1, "emptied": 0, "failed": 0}
    assert held(memory, "/out") == tree(tmp_path / "out")
    assert not upload.folder_for("memory://out").exists()


def test_archives_elsewhere_are_looked_into(memory: MemoryFileSystem, tmp_path: Path) -> None:
    from test_archives import zipped

    put(memory, "/in", {"a.zip": zipped({"x/b.txt": FERRY.encode()}), "broken.zip": b"PK"})
    run = clean_corpus("memory://in", tmp_path / "out")
    assert run["counts"]["kept"] == 1
    assert (tmp_path / "out/a.zip/x/b.txt").read_text() == FERRY
    assert [failure.partition(":")[0] for failure in run["failures"]] == ["broken.zip"]


@pytest.mark.parametrize(
    ("given", "sources"),
    [
        ("memory://in/a b/ümlaut.txt", ["ümlaut.txt"]),
        ("memory://in/a b", ["deep/copy.txt", "deep/rows.jsonl.gz", "ümlaut.txt"]),
        ("memory://in/a b/", ["deep/copy.txt", "deep/rows.jsonl.gz", "ümlaut.txt"]),
        ("memory://in/*.html", ["page.html"]),
        ("memory://in/a b/**/*.txt", ["deep/copy.txt", "ümlaut.txt"]),
        ("memory://in/*/x.txt", None),
        ("memory://in/.hidden/*.txt", ["x.txt", "y.txt"]),
        ("memory://in/nowhere", None),
        ("memory://in/*.csv", None),
    ],
)
def test_a_file_a_folder_or_a_glob(memory: MemoryFileSystem, tmp_path: Path, given: str, sources: list[str] | None) -> None:
    put(memory, "/in", FILES)
    if sources is None:
        with pytest.raises(CleanerError, match="no such file or directory"):
            listed([given], tmp_path)
        return
    assert [source.relative for source in find(listed([given], tmp_path).given).sources] == sources
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_wanted_is_fetched(memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(memory, "/in", FILES)
    asked = breaking(monkeypatch, "get_file", OSError(), "nothing")
    run = clean_corpus("memory://in", tmp_path / "out", Settings(selection=Selection(exclude=("*.txt",))))
    assert (run["left_alone"], run["hidden"], run["ignored"]) == (["a b/picture.png"], 1, 2)
    assert asked == ["/in/a b/deep/rows.jsonl.gz", "/in/page.html"]


def test_a_file_that_cannot_be_fetched_fails_by_name_and_the_others_are_done(
    memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(memory, "/in", FILES)
    asked = breaking(monkeypatch, "get_file", ConnectionError("the line is dead"), "copy.txt")
    run = clean_corpus("memory://in", tmp_path / "out", Settings(cleaner=Cleaner()))
    assert run["failures"] == ["a b/deep/copy.txt: cannot be fetched: the line is dead"]
    assert run["counts"] == {"in": 5, "kept": 4, "duplicate": 0, "emptied": 0, "failed": 1}
    assert asked.count("/in/a b/deep/copy.txt") == 3


def test_a_file_that_comes_in_part_is_not_taken_for_whole(
    memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(memory, "/in", {"a.txt": COUNCIL.encode()})
    monkeypatch.setattr(
        MemoryFileSystem, "get_file", lambda self, path, target, **_: Path(target).write_bytes(COUNCIL.encode()[:50]) and None
    )
    assert clean_corpus("memory://in", tmp_path / "out")["failures"] == ["a.txt: cannot be fetched: 50 of 96 bytes came"]


def test_a_full_disk_ends_the_run_and_is_no_fault_of_a_file(
    memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(memory, "/in", FILES)
    breaking(monkeypatch, "get_file", OSError(errno.ENOSPC, "No space left on device"), "copy.txt")
    with pytest.raises(CleanerError, match=r"No space left on device; .* the same command goes on from here"):
        clean_corpus("memory://in", tmp_path / "out")


def test_no_name_elsewhere_leads_out_of_our_folder(memory: MemoryFileSystem, tmp_path: Path) -> None:
    put(memory, "/in", {"a.txt": COUNCIL.encode()})
    for name in ("/in/../evil.txt", "/in/x/../../../evil.txt", "/in/" + "y" * 300 + ".txt", "/in//a.txt"):
        memory.store[name] = MemoryFile(memory, name, b"evil\n")
    run = clean_corpus("memory://in", tmp_path / "top" / "out")
    assert run["counts"] == {"in": 5, "kept": 1, "duplicate": 0, "emptied": 0, "failed": 4}
    reasons = sorted(failure.rpartition(": ")[2] for failure in run["failures"])
    out = "its name leads out of what was named"
    assert reasons == sorted(["another file of this name was read", out, out, "its name is too long"])
    assert {name: content for name, content in tree(tmp_path).items() if not name.startswith("top/out/_cleaner")} == {
        "top/out/a.txt": COUNCIL.encode()
    }


def test_what_is_unchanged_is_not_fetched_again_by_a_run_that_goes_on(
    memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{name}.txt": f"{name} {COUNCIL}\n".encode() for name in "abc"}
    put(memory, "/in", files | {"d.jsonl": b"{broken\n"})
    asked = breaking(monkeypatch, "get_file", OSError(), "nothing")
    with pytest.raises(CleanerError, match="--strict"):
        clean_corpus("memory://in", tmp_path / "out", Settings(strict=True))
    assert len(asked) == 4
    memory.pipe("/in/b.txt", files["b.txt"].replace(b"Monday", b"Friday"))
    memory.store["/in/b.txt"].created += datetime.timedelta(seconds=1)
    clean_corpus("memory://in", tmp_path / "out")
    assert asked[4:] == ["/in/b.txt"]
    assert "Friday" in (tmp_path / "out/b.txt").read_text()
    assert not (tmp_path / "out/_cleaner/staging").exists()


def test_two_files_of_one_name_are_told_by_their_addresses(memory: MemoryFileSystem, tmp_path: Path) -> None:
    put(memory, "/in", {"x/a.txt": b"1", "y/a.txt": b"2"})
    with pytest.raises(CleanerError, match=r"memory://in/x/a.txt and memory://in/y/a.txt would both be written as a.txt"):
        clean_corpus(["memory://in/x/a.txt", "memory://in/y"], tmp_path / "out")


# --- write ---------------------------------------------------------------------------------------------------------


def test_what_was_cleaned_elsewhere_comes_back(memory: MemoryFileSystem, tmp_path: Path) -> None:
    put(memory, "/in", FILES)
    cleaner.clean_corpus("memory://in", "memory://out/here")
    restore("memory://out/here", tmp_path / "back")
    back = tree(tmp_path / "back")
    assert back["a b/ümlaut.txt"] == FILES["a b/ümlaut.txt"]
    assert gzip.decompress(back["a b/deep/rows.jsonl.gz"]) == gzip.decompress(FILES["a b/deep/rows.jsonl.gz"])
    memory.rm_file("/out/here/_cleaner/run.json")
    with pytest.raises(CleanerError, match="memory://out/here: holds no finished run"):
        restore("memory://out/here", tmp_path / "again")
    with pytest.raises(CleanerError, match="restore writes to this machine"):
        restore("memory://out/here", "memory://back")


def test_an_output_that_is_not_empty_is_replaced_only_if_that_was_said(memory: MemoryFileSystem) -> None:
    put(memory, "/in", {"a.txt": COUNCIL.encode(), "b.txt": FERRY.encode()})
    cleaner.clean_corpus("memory://in", "memory://out")
    before = held(memory, "/out")
    with pytest.raises(CleanerError, match="memory://out: is not empty"):
        cleaner.clean_corpus("memory://in", "memory://out")
    memory.rm_file("/in/b.txt")
    memory.pipe("/out/mine.txt", b"mine")
    with pytest.raises(CleanerError, match=r"memory://out/mine.txt: was not written by the earlier run"):
        cleaner.clean_corpus("memory://in", "memory://out", overwrite=True)
    memory.rm_file("/out/mine.txt")
    assert held(memory, "/out") == before
    cleaner.clean_corpus("memory://in", "memory://out", overwrite=True)
    assert [name for name in held(memory, "/out") if "_cleaner" not in name] == ["a.txt"]


def test_files_that_no_run_wrote_are_never_replaced(memory: MemoryFileSystem) -> None:
    put(memory, "/in", {"a.txt": COUNCIL.encode()})
    put(memory, "/out", {"a.txt": b"mine"})
    with pytest.raises(CleanerError, match="holds files that no run of cleaner wrote"):
        cleaner.clean_corpus("memory://in", "memory://out", overwrite=True)
    assert held(memory, "/out") == {"a.txt": b"mine"}


@pytest.mark.parametrize("ending", ["_cleaner/documents.jsonl", "b.txt", "_cleaner/run.json"])
@pytest.mark.parametrize("before", [False, True])
def test_an_upload_that_breaks_off_leaves_no_account_and_is_done_again(
    memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, ending: str, before: bool
) -> None:
    put(memory, "/in", {"a.txt": COUNCIL.encode(), "b.txt": FERRY.encode()})
    if before:
        put(memory, "/old", {"a.txt": HARBOUR.encode(), "old.txt": FERRY.encode()})
        cleaner.clean_corpus("memory://old", "memory://out")
    with monkeypatch.context() as broken:
        breaking(broken, "put_file", ConnectionError("the line is dead"), f"/out/{ending}")
        with pytest.raises(CleanerError, match="the line is dead; the whole output lies in ") as error:
            cleaner.clean_corpus("memory://in", "memory://out", overwrite=before)
    whole = tree(Path(str(error.value).partition(" lies in ")[2].partition(": copy")[0]))
    assert "_cleaner/run.json" not in held(memory, "/out")
    cleaner.clean_corpus("memory://in", "memory://out")
    assert held(memory, "/out") == whole


def test_a_place_that_cannot_be_written_is_told_before_the_work(memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    put(memory, "/in", {"a.txt": COUNCIL.encode()})
    breaking(monkeypatch, "put_file", PermissionError(errno.EACCES, "Permission denied"), "unfinished.jsonl")
    asked = breaking(monkeypatch, "get_file", OSError(), "nothing")
    with pytest.raises(CleanerError, match="memory://out: cannot be written: Permission denied"):
        cleaner.clean_corpus("memory://in", "memory://out")
    assert asked == []


@pytest.mark.parametrize(
    ("source", "out", "reason"),
    [
        ("memory://in", "memory://in/out", "memory://in/out lies in what is read"),
        ("memory://in", "memory://in", "memory://in lies in what is read"),
        ("memory://in/x/a.txt", "memory://in/x", "memory://in/x/a.txt lies in memory://in/x"),
        ("memory://in/*/a.txt", "memory://in/x", "memory://in/x/a.txt lies in memory://in/x"),
        ("memory://in", "http://127.0.0.1/out", "web servers are only read from"),
        ("memory://in", "hf://datasets/a/b", "each file would be a commit"),
        ("memory://in", "memory://in/x/a.txt/", "lies in what is read"),
    ],
)
def test_an_output_that_cannot_be_is_refused(
    memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, source: str, out: str, reason: str
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    put(memory, "/in", {"x/a.txt": COUNCIL.encode()})
    with pytest.raises(CleanerError) as error:
        cleaner.clean_corpus(source, out)
    assert reason in str(error.value)
    assert list(held(memory, "/in")) == ["x/a.txt"]


# --- what is missing -----------------------------------------------------------------------------------------------


def without(*packages: str) -> list[str]:
    """The command, where packages are not installed."""
    code = f"import sys; sys.modules.update(dict.fromkeys({packages!r})); from cleaner.__main__ import main; main()"
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(
    ("url", "packages", "said"),
    [
        ("s3://bucket/in", ("fsspec",), "s3://bucket/in: needs fsspec: pip install 'corpus-cleaner[remote]'"),
        ("s3://bucket/in", ("s3fs",), "s3://bucket/in: needs s3fs: pip install s3fs"),
        ("gs://bucket/in", ("gcsfs",), "gs://bucket/in: needs gcsfs: pip install gcsfs"),
        ("hf://datasets/a/b", ("huggingface_hub",), "pip install huggingface_hub"),
        ("https://host.invalid/a.txt", ("aiohttp",), "https://host.invalid/a.txt: needs aiohttp: pip install aiohttp"),
        ("nowhere://bucket/in", (), "nowhere://bucket/in: Protocol not known: nowhere"),
    ],
)
def test_what_is_missing_is_named_with_the_way_to_get_it(tmp_path: Path, url: str, packages: tuple[str, ...], said: str) -> None:
    for words in (["clean", url, "-o", "out"], ["check", url]):
        done = subprocess.run([*without(*packages), *words], capture_output=True, text=True, cwd=tmp_path, check=False, env=env())
        assert (done.returncode, done.stderr.strip().endswith(said)) == (2, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def env(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]), **more}


def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    local(tmp_path / "in", FILES)
    for source, out in ((f"file://{tmp_path}/in", f"file://{tmp_path}/a"), (str(tmp_path / "in"), str(tmp_path / "b"))):
        done = subprocess.run([*without("fsspec"), "clean", source, "-o", out, "-q"], env=env(), check=False)
        assert done.returncode == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_commands_that_read_here_only_say_so(command: Command, tmp_path: Path) -> None:
    assert "memory://a: is not on this machine" in command("fix", "memory://a").stderr
    assert "an index lies on this machine" in command("clean", ".", "-o", "out", "--index", "memory://index").stderr
    assert list(tmp_path.iterdir()) == []


# --- real servers --------------------------------------------------------------------------------------------------


class _Handler(SimpleHTTPRequestHandler):
    """A web server of a folder, with links out of each listing, one that goes round for ever, and a file that cannot be had."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.endswith("broken.txt"):
            self.send_error(500)
        else:
            super().do_GET()

    def list_directory(self, path: Any) -> Any:
        file = super().list_directory(path)
        if file is None:
            return None
        links = b'<a href="../">up</a><a href="/">top</a><a href="/outside.txt">out</a><a href="?C=N">by name</a><a href="%2e%2e/outside.txt">x</a><a href="../in/">in</a></body>'
        content = file.read().replace(b"</body>", links)
        file.seek(0)
        file.write(content)
        file.seek(0)
        return file

    def send_header(self, keyword: str, value: str) -> None:
        # a listing's length was told before the links came; without it, it ends with the connection
        if not (keyword == "Content-Length" and self.path.endswith("/")):
            super().send_header(keyword, value)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a web server of ``tmp_path``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_web_server_is_read_as_a_folder(web: str, command: Command, tmp_path: Path) -> None:
    local(tmp_path / "in", FILES)
    (tmp_path / "outside.txt").write_text("outside")
    assert command("clean", tmp_path / "in", "-o", "here", "-j", "1").returncode == 0
    done = command("clean", f"{web}/in/", "-o", "there", "-j", "2")
    assert done.returncode == 0, done.stderr
    here, there = (
        {name: content for name, content in tree(tmp_path / folder).items() if not name.startswith("_cleaner")}
        for folder in ("here", "there")
    )
    assert here == there
    assert len(here) == 3


def test_what_a_place_tells_nothing_of_is_fetched_again(web: str, command: Command, tmp_path: Path) -> None:
    local(tmp_path / "in", {"a.txt": COUNCIL.encode(), "z.jsonl": b"{broken\n"})
    assert command("clean", f"{web}/in/", "-o", "out", "--strict").returncode == 2
    (tmp_path / "in/a.txt").write_text(FERRY)
    assert command("clean", f"{web}/in/", "-o", "out").returncode == 3
    assert (tmp_path / "out/a.txt").read_text() == FERRY


def test_what_a_web_server_fails_to_give_is_named(web: str, command: Command, tmp_path: Path) -> None:
    local(tmp_path / "in", {"good.txt": COUNCIL.encode(), "broken.txt": FERRY.encode()})
    done = command("clean", f"{web}/in/*.txt", "-o", "out")
    assert done.returncode == 3
    assert "failed: broken.txt: cannot be fetched: 500 Internal Server Error\n" in done.stderr
    assert (tmp_path / "out/good.txt").read_text() == COUNCIL
    assert "no such file" in command("clean", f"{web}/in/none.txt", "-o", "none").stderr
    assert command("clean", "http://127.0.0.1:1/a.txt", "-o", "none").returncode == 2


def test_check_and_explain_name_the_address(web: str, command: Command, tmp_path: Path) -> None:
    local(tmp_path / "in", FILES)
    done = command("check", f"{web}/in/a%20b/%C3%BCmlaut.txt")
    assert (done.returncode, done.stdout) == (1, f"{web}/in/a%20b/%C3%BCmlaut.txt:2: ad.marker: Advertisement\n")
    assert "[-Advertisement-]" in command("explain", f"{web}/in/a%20b/%C3%BCmlaut.txt").stdout
    done = command("clean", f"{web}/in/page.html?from=/a/b", "-o", "-", "-q")
    assert done.stdout == f"{COUNCIL}\n{FERRY}\n"


def test_a_bucket_is_read_and_written(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a server of S3's protocol, with the real client."""
    starting = "import sys; from moto.server import ThreadedMotoServer as S; s = S('127.0.0.1', 0, verbose=False); s.start(); print(s.get_host_and_port()[1], flush=True); sys.stdin.read()"
    server = subprocess.Popen([sys.executable, "-W", "ignore", "-c", starting], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    assert server.stdout and server.stdin
    try:
        settings = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(server.stdout.readline())}", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        local(tmp_path / "in", FILES)
        filling = "import s3fs, sys; s = s3fs.S3FileSystem(); s.mkdir('bucket'); [s.put_file(sys.argv[1] + '/' + n, 'bucket/in/' + n) for n in sys.argv[2:]]"
        subprocess.run([sys.executable, "-c", filling, str(tmp_path / "in"), *FILES], check=True)
        assert command("clean", "in", "-o", "here").returncode == 0
        done = command("clean", "s3://bucket/in", "-o", "s3://bucket/out", "-j", "2")
        assert done.returncode == 0, done.stderr
        assert command("clean", "s3://bucket/in", "-o", "s3://bucket/out").returncode == 2
        assert command("clean", "s3://bucket/in", "-o", "s3://bucket/out", "--overwrite").returncode == 0
        assert "cannot be written" in command("clean", "s3://bucket/in", "-o", "s3://none/out").stderr
        reading = "import s3fs, sys; s = s3fs.S3FileSystem(); s.get('bucket/out/', sys.argv[1], recursive=True)"
        subprocess.run([sys.executable, "-c", reading, str(tmp_path / "there") + "/"], check=True)
        assert tree(tmp_path / "there") == tree(tmp_path / "here")
        assert command("restore", "s3://bucket/out", "-o", "back").returncode == 0
        assert (tmp_path / "back/a b/ümlaut.txt").read_bytes() == FILES["a b/ümlaut.txt"]
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()
