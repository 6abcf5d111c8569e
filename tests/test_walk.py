"""What is found below a directory, what is left alone, and how that is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Command, tree
from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from cleaner.document import CleanerError
from cleaner.selection import Selection
from cleaner.walk import find

TEXT = "The bridge over the river opened on Monday.\nAdvertisement\n"


def grown(root: Path, *names: str) -> Path:
    """A tree of files, each with a text of its own."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}: {TEXT}", encoding="utf-8")
    return root


def relatives(*given: Path, **selection: object) -> list[str]:
    return [source.relative for source in find(given, None, Selection(**selection)).sources if not source.failure]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("", ["a.txt", "b/c.txt", "b/d.md", "e/f/g.txt"]),
        ("*.txt", ["b/d.md"]),
        ("/a.txt", ["b/c.txt", "b/d.md", "e/f/g.txt"]),
        ("b/", ["a.txt", "e/f/g.txt"]),
        ("*.txt\n!c.txt", ["b/c.txt", "b/d.md"]),
        ("e/**/g.txt", ["a.txt", "b/c.txt", "b/d.md"]),
        ("# a comment\n\n!\n\\#x\nb", ["a.txt", "e/f/g.txt"]),
        ("e/\n!e/f/g.txt", ["a.txt", "b/c.txt", "b/d.md"]),
    ],
)
def test_gitignore_is_honoured(tmp_path: Path, ignore: str, left: list[str]) -> None:
    grown(tmp_path, "a.txt", "b/c.txt", "b/d.md", "e/f/g.txt")
    (tmp_path / ".gitignore").write_text(ignore)
    assert relatives(tmp_path) == left
    assert relatives(tmp_path, gitignore=False) == ["a.txt", "b/c.txt", "b/d.md", "e/f/g.txt"]


def test_the_innermost_gitignore_decides(tmp_path: Path) -> None:
    grown(tmp_path, "a.txt", "b/a.txt", "b/c.txt", "d/c.txt")
    (tmp_path / ".gitignore").write_text("a.txt\n")
    (tmp_path / "b" / ".gitignore").write_text("!a.txt\n/c.txt\n")
    assert relatives(tmp_path) == ["b/a.txt", "d/c.txt"]


def test_a_gitignore_that_is_none_ignores_nothing(tmp_path: Path) -> None:
    grown(tmp_path, "a.txt", "b/a.txt")
    (tmp_path / ".gitignore").write_bytes(b"\xff\xfe\x00[")
    (tmp_path / "b" / ".gitignore").mkdir()
    assert relatives(tmp_path) == ["a.txt", "b/a.txt"]


def test_files_that_are_named_are_taken(tmp_path: Path) -> None:
    grown(tmp_path, "a.txt", "b.txt")
    (tmp_path / ".gitignore").write_text("*\n")
    assert relatives(tmp_path) == []
    assert relatives(tmp_path / "a.txt") == ["a.txt"]


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        ({"include": ("*.md",)}, ["b/d.md"]),
        ({"include": ("*.md", "/a.txt")}, ["a.txt", "b/d.md"]),
        ({"include": ("b/",)}, ["b/c.txt", "b/d.md"]),
        ({"exclude": ("*.md",)}, ["a.txt", "b/c.txt", "e/f/g.txt"]),
        ({"exclude": ("f/", "/a.*")}, ["b/c.txt", "b/d.md"]),
        ({"include": ("b/**",), "exclude": ("c.*",)}, ["b/d.md"]),
    ],
)
def test_patterns_choose_files(tmp_path: Path, selection: dict[str, tuple[str, ...]], left: list[str]) -> None:
    assert relatives(grown(tmp_path, "a.txt", "b/c.txt", "b/d.md", "e/f/g.txt"), **selection) == left


def test_a_pattern_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(CleanerError, match="--exclude !: not a pattern"):
        find([grown(tmp_path, "a.txt")], None, Selection(exclude=("!",)))


def test_what_is_left_alone_is_counted(tmp_path: Path) -> None:
    grown(tmp_path, "a.txt", ".b.txt", ".git/c.txt", ".git/d.txt", "e/f.txt", "e/g.txt", "h.pdf", "i.md")
    (tmp_path / ".gitignore").write_text("e/\n")
    found = find([tmp_path], None, Selection(exclude=("*.md",)))
    assert [source.relative for source in found.sources] == ["a.txt"]
    assert (found.others, found.hidden, found.ignored) == (("h.pdf",), 3, 2)


def test_links_inside_are_followed_once(tmp_path: Path) -> None:
    grown(tmp_path, "a.txt", "b/c.txt", ".store/d", ".store/e/f.txt")
    for link, target in (("a2.txt", "a.txt"), ("b2", "b"), ("d.txt", ".store/d"), ("d2.txt", ".store/d"), ("e", ".store/e"), ("b/up", ".."), ("b/self", "self"), (".store/e/top", "../..")):  # fmt: skip
        (tmp_path / link).symlink_to(target)
    assert relatives(tmp_path) == ["a.txt", "b/c.txt", "d.txt", "e/f.txt"]


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    grown(tmp_path, "secret.txt", "folder/secret.txt", "in/a.txt")
    for link, target in (("b.txt", "../secret.txt"), ("c", "../folder"), ("d", "..")):
        (tmp_path / "in" / link).symlink_to(target)
    found = find([tmp_path / "in"])
    assert [(source.relative, source.failure[:15]) for source in found.sources] == [
        ("a.txt", ""),
        ("b.txt", "a link to a pla"),
        ("c", "a link to a pla"),
        ("d", "a link to a pla"),
    ]


STRANGE = [b"a\xff.txt", b"b\nsecond: line.txt", b"c\x1b[31m.txt", "d\u202e.txt".encode(), b"folder\xfe/e\t.txt"]


def test_strange_names_are_cleaned_shown_escaped_and_given_back(command: Command, tmp_path: Path) -> None:
    for name in STRANGE:
        path = tmp_path / "in" / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.hex().encode() + b" " + TEXT.encode())
    (tmp_path / "in" / "broken\nname.txt.gz").write_bytes(b"\x1f\x8b\x08")
    (tmp_path / "in" / "other\nname.pdf").write_bytes(b"%PDF")
    done = command("clean", "in", "-o", "out", "--dedup", "none")
    assert done.returncode == 3, done.stderr
    assert "6 documents in: 5 kept" in done.stderr
    assert "failed: broken\\nname.txt.gz: truncated" in done.stderr
    assert "(other\\nname.pdf ...)" in done.stderr
    assert "\x1b" not in done.stderr
    for name in STRANGE:
        assert b"Advertisement" not in (tmp_path / "out" / os.fsdecode(name)).read_bytes()
    command("restore", "out", "-o", "back")
    assert {k: v for k, v in tree(tmp_path / "back").items() if "broken" not in k} == {
        k: v for k, v in tree(tmp_path / "in").items() if k.endswith("txt")
    }
    assert [line for line in command("check", "in").stdout.splitlines() if not line.startswith("in/")] == []
    assert command("dedup", "in", "-o", "near", "-q").returncode == 3


def test_the_options_of_the_commands(command: Command, tmp_path: Path) -> None:
    grown(tmp_path / "in", "a.txt", "b.txt", "c.md", ".hidden.txt")
    (tmp_path / "in" / ".gitignore").write_text("b.txt\n")
    done = command("clean", "in", "-o", "out", "--exclude", "*.md")
    assert "1 document in: 1 kept" in done.stderr
    assert "files and folders left alone: 2 hidden, 2 kept out by .gitignore, --include or --exclude" in done.stderr
    run = json.loads((tmp_path / "out" / "_cleaner" / "run.json").read_text())
    assert (run["hidden"], run["ignored"], run["settings"]["exclude"]) == (2, 2, ["*.md"])
    done = command("dedup", "in", "-o", "all", "--no-gitignore", "--include", "*.txt")
    assert "2 documents in" in done.stderr
    assert command("check", "in").stdout.count("ad.marker") == 2
    assert command("check", "in", "--include", "*.md").stdout == "in/c.md:2: ad.marker: Advertisement\n"
    assert command("check", "in/b.txt").stdout == "in/b.txt:2: ad.marker: Advertisement\n"
    done = command("fix", "in", "--exclude", "a.*", "--exclude", "c.*")
    assert (done.returncode, done.stdout) == (0, "")
    assert command("fix", "in/b.txt").stdout == "in/b.txt: cleaned, 1 place\n"
    assert command("clean", "in", "-o", "wrong", "--include", "!").returncode == 2


def test_patterns_are_compiled_only_where_there_are_some() -> None:
    code = "from cleaner.walk import find; find(['fixtures/small']); import sys; print('pathspec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout == "False\n"


def test_a_gitignore_of_many_stars_ends(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*a*a*a*a*a*a*a*ab\n*x?y*[0-9]z*.txt\n")
    for name in ("a" * 200 + ".txt", "1xxyy7z.txt", "xyz.txt", "a" * 20 + "b"):
        (tmp_path / name).write_text("The bridge opened on Monday.")
    code = f"from cleaner.walk import find; print(*(source.relative for source in find([{str(tmp_path)!r}]).sources))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.split() == ["a" * 200 + ".txt", "xyz.txt"]


@given(st.text("ab*?/", min_size=1, max_size=12), st.lists(st.text("ab/", min_size=1, max_size=8), max_size=8))
def test_patterns_say_what_git_says(pattern: str, names: list[str]) -> None:
    plain = GitIgnoreSpec.from_lines([pattern])
    selection = Selection(exclude=(pattern,))
    for name in names:
        assert selection.wants(name) == (not plain.match_file(name))
