"""Archives: what is in them is read as files are, and nothing in them decides where anything is written."""

from __future__ import annotations

import bz2
import io
import json
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard
from conftest import tree

from cleaner import archives
from cleaner.document import CleanerError
from cleaner.pipeline import clean_corpus
from cleaner.restore import restore
from cleaner.selection import Selection
from cleaner.walk import find

STORIES = [
    "The council approved the new bridge over the river on Monday after a long debate about its cost.\n",
    "A ferry will carry people, bicycles and small carts from bank to bank until the bridge opens.\n",
    "The harbour master counted forty boats in the morning, most of them from the northern islands.\n",
]
FILES = {
    "a.txt": STORIES[0].encode(),
    "inner/deep/b.txt": STORIES[1].encode(),
    "rows.jsonl": json.dumps({"id": "r", "text": STORIES[2]}).encode() + b"\n",
}
WRITERS = ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.zst", "a.tar.bz2", "A.TAR.XZ"]


def tarred(files: dict[str, bytes] | list[tuple[str, bytes]], packing: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{packing}") as file:
        for name, content in files.items() if isinstance(files, dict) else files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zipped(files: dict[str, bytes] | list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in files.items() if isinstance(files, dict) else files:
            file.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def packed(name: str, files: dict[str, bytes]) -> bytes:
    name = name.lower()
    if name.endswith(".zip"):
        return zipped(files)
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor().compress(tarred(files))
    if name.endswith(".bz2"):
        return bz2.compress(tarred(files), 1)  # in small blocks: of a block that is cut nothing can be read
    return tarred(files, "gz" if name.endswith(("gz",)) else name.rpartition(".")[2].removeprefix("tar"))


def run(tmp_path: Path, name: str, content: bytes) -> tuple[dict[str, object], Path]:
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_bytes(content)
    out = tmp_path / "out"
    return clean_corpus(tmp_path / "in", out), out


def written(out: Path) -> set[str]:
    return {name for name in tree(out) if not name.startswith("_cleaner")}


def failures(done: dict[str, object]) -> list[str]:
    found = done["failures"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("name", WRITERS)
def test_the_files_of_an_archive_are_mirrored_below_its_name(tmp_path: Path, name: str) -> None:
    done, out = run(tmp_path, name, packed(name, FILES))
    assert done["counts"] == {"in": 3, "kept": 3, "duplicate": 0, "emptied": 0, "failed": 0}
    assert written(out) == {f"{name}/{inner}" for inner in FILES}
    assert (out / name / "inner/deep/b.txt").read_text() == STORIES[1]
    assert not list((out / "_cleaner").glob("staging-*"))
    restore(out, tmp_path / "back")
    assert tree(tmp_path / "back") == {f"{name}/{inner}": content for inner, content in FILES.items()}


def test_an_archive_beside_files_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "copy.txt").write_text(STORIES[0])
    done, out = run(tmp_path, "z.zip", zipped(FILES))
    assert done["counts"] == {"in": 4, "kept": 3, "duplicate": 1, "emptied": 0, "failed": 0}
    clean_corpus(tmp_path / "in", tmp_path / "again")
    assert tree(tmp_path / "again") == tree(out)


def test_members_that_are_no_text_are_left_alone(tmp_path: Path) -> None:
    done, out = run(
        tmp_path,
        "a.zip",
        zipped({**FILES, "p.png": b"\x89PNG", "nested.zip": zipped(FILES), ".hidden.txt": b"x", "__MACOSX/._a.txt": b"x", "empty/": b""}),
    )
    assert done["left_alone"] == ["a.zip/nested.zip", "a.zip/p.png"]
    assert done["counts"]["in"] == 3  # type: ignore[index]
    assert written(out) == {f"a.zip/{inner}" for inner in FILES}


BAD = [
    "../out.txt",
    "a/../../out.txt",
    "/etc/passwd.txt",
    "C:\\windows\\x.txt",
    "..\\x.txt",
    "x" * 250 + ".txt",
    "d/" * 600 + "x.txt",
    "../" * 40 + "tmp/x.txt",
]


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_names_that_lead_elsewhere_are_refused_and_told(tmp_path: Path, name: str) -> None:
    before = set(tmp_path.parent.iterdir())
    content = packed(name, {**dict.fromkeys(BAD, b"bad"), **FILES})
    done, out = run(tmp_path, name, content)
    assert done["counts"] == {"in": 3 + len(BAD), "kept": 3, "duplicate": 0, "emptied": 0, "failed": len(BAD)}
    assert written(out) == {f"{name}/{inner}" for inner in FILES}
    assert set(tmp_path.iterdir()) == {tmp_path / "in", out}
    assert set(tmp_path.parent.iterdir()) == before
    assert sum("leads out of the archive" in failure for failure in failures(done)) == 4
    assert sum("an absolute path" in failure for failure in failures(done)) == 2
    assert sum("too long" in failure for failure in failures(done)) == 2
    clean_corpus(tmp_path / "in", out, archives_settings())  # and the record's names lead nowhere either


def archives_settings():
    from cleaner.pipeline import Settings

    return Settings(overwrite=True)


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for name, kind in (("s.txt", tarfile.SYMTYPE), ("h.txt", tarfile.LNKTYPE), ("f.txt", tarfile.FIFOTYPE), ("c.txt", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            file.addfile(info)
        info = tarfile.TarInfo("s.txt/a.txt")
        info.size = len(STORIES[0])
        file.addfile(info, io.BytesIO(STORIES[0].encode()))
    done, out = run(tmp_path, "a.tar", buffer.getvalue())
    assert done["counts"] == {"in": 5, "kept": 1, "duplicate": 0, "emptied": 0, "failed": 4}
    assert written(out) == {"a.tar/s.txt/a.txt"}

    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped_file:
        zipped_file.writestr(link, "/etc/passwd")
    (tmp_path / "two").mkdir()
    done, _ = run(tmp_path / "two", "a.zip", buffer.getvalue())
    assert failures(done) == ["a.zip/link.txt: a link or a device in its archive"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_of_two_members_of_one_name_the_first_is_read(tmp_path: Path, name: str) -> None:
    twice = [("a.txt", STORIES[0].encode()), ("./a.txt", STORIES[1].encode()), ("a.txt", STORIES[2].encode())]
    done, out = run(tmp_path, name, zipped(twice) if name == "a.zip" else tarred(twice))
    assert done["counts"] == {"in": 3, "kept": 1, "duplicate": 0, "emptied": 0, "failed": 2}
    assert (out / name / "a.txt").read_text() == STORIES[0]
    assert [failure.partition(":")[0] for failure in failures(done)] == [f"{name}#2", f"{name}#3"]


def test_encrypted_members_are_told(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.txt": STORIES[0].encode(), "b.txt": STORIES[1].encode()}))
    content[6] |= 1  # the flags of the first member, before it and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    done, out = run(tmp_path, "a.zip", bytes(content))
    assert failures(done) == ["a.zip/a.txt: encrypted in its archive"]
    assert written(out) == {"a.zip/b.txt"}


def test_a_damaged_member_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.txt": STORIES[0].encode(), "b.txt": STORIES[1].encode()}, zipfile.ZIP_STORED))
    content[content.index(b"council")] ^= 1
    done, out = run(tmp_path, "a.zip", bytes(content))
    assert failures(done) == ["a.zip/a.txt: damaged in its archive: Bad CRC-32 for file 'a.txt'"]
    assert written(out) == {"a.zip/b.txt"}


MANY = {f"{n:02}.txt": (" ".join(random.Random(n).choices(STORIES[0].split(), k=40)) + f" {n}.\n").encode() for n in range(30)}


@pytest.mark.parametrize("name", WRITERS)
def test_of_a_cut_archive_what_is_there_is_read(tmp_path: Path, name: str) -> None:
    files = {key: value + random.Random(key).randbytes(9000).hex().encode() for key, value in MANY.items()}
    content = packed(name, files)
    done, out = run(tmp_path, name, content[: len(content) * 2 // 3])
    read = written(out)
    assert 5 < len(read) < 30
    assert all((out / one).read_bytes()[:100] == files[one.rpartition("/")[2]][:100] for one in read)
    assert any(failure.startswith(f"{name}: ") for failure in failures(done))


def test_a_damaged_header_is_not_the_end_of_a_tar(tmp_path: Path) -> None:
    content = bytearray(tarred(MANY))
    content[content.index(b"05.txt\0") + 2] ^= 1
    done, out = run(tmp_path, "a.tar", bytes(content))
    assert len(written(out)) == 5
    assert failures(done)[0].startswith("a.tar: the archive breaks off")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\0" * 100, b"PK\x03\x04 and so on and so on and so on and on"])
def test_what_is_no_archive_fails_alone(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.txt").write_text(STORIES[0])
    done, out = run(tmp_path, name, content)
    assert written(out) == {"good.txt"}
    assert [failure.partition(":")[0] for failure in failures(done)] == [name]


@pytest.mark.parametrize("name", WRITERS)
def test_any_damage_is_told_and_breaks_nothing(tmp_path: Path, name: str) -> None:
    rng = random.Random(name)
    source = packed(name, MANY)
    for n in range(12):
        content = bytearray(source)
        for _ in range(3):
            content[rng.randrange(len(content))] = rng.randrange(256)
        folder = tmp_path / str(n)
        folder.mkdir()
        path = folder / name
        path.write_bytes(content)
        found = archives.unpacked(find([folder], archives=True), folder / "inside")
        good = [s for s in found.sources if not s.failure]
        assert all(s.path.is_relative_to(folder / "inside") for s in good)
        if name == "a.zip":  # each member has its sum
            assert all(s.path.read_bytes() == MANY[s.relative.rpartition("/")[2]] for s in good if s.relative.rpartition("/")[2] in MANY)


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "a.tar"])
def test_a_bomb_is_refused(tmp_path: Path, name: str) -> None:
    done, out = run(tmp_path, name, packed(name, {"a.txt": STORIES[0].encode(), "bomb.txt": b"\0" * 80_000_000}))
    assert written(out) == {f"{name}/a.txt"}
    assert len(failures(done)) == 1
    assert "unpacks to more than 100 times its size" in failures(done)[0]


def test_the_members_of_an_archive_have_a_limit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    done, out = run(tmp_path, "a.tar", tarred(MANY))
    assert 1 < len(written(out)) < 5
    assert failures(done)[0].startswith("a.tar: the archive unpacks to more than")


@pytest.mark.parametrize(
    ("selection", "left", "ignored"),
    [
        (Selection(include=("*.txt",)), {"a.zip/a.txt", "a.zip/inner/deep/b.txt"}, 1),
        (Selection(include=("/a.zip/inner/",)), {"a.zip/inner/deep/b.txt"}, 2),
        (Selection(exclude=("inner/",)), {"a.zip/a.txt", "a.zip/rows.jsonl"}, 1),
        (Selection(exclude=("*.zip",)), set(), 1),
    ],
)
def test_members_are_chosen_as_files_in_a_directory_are(tmp_path: Path, selection: Selection, left: set[str], ignored: int) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({**FILES, ".hidden/a.txt": b"x"}))
    found = archives.unpacked(find([tmp_path], selection=selection, archives=True), tmp_path / "inside", None, selection)
    assert {source.relative for source in found.sources} == left
    assert (found.ignored, found.hidden) == (ignored, bool(left))


def test_checking_leaves_archives_alone(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(FILES))
    with pytest.raises(CleanerError, match="an archive; `clean` and `dedup` read what is in it"):
        find([tmp_path])
