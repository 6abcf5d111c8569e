"""Compiled patterns are kept between runs, and say the same as new ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import regex

from cleaner.patterns import _Shelf

SOURCES = [rf"^(?<cut>word{n}|\p{{Lu}}+)\b.{{0,{n}}}$" for n in range(40)]
TEXTS = ["word7 and", "WORD9", "ÄÖ x", "", "word39 " + "y" * 30]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLEANER_CACHE_DIR", str(tmp_path))
    return tmp_path


def found(shelf: _Shelf) -> list[object]:
    """What each pattern finds in each text, and what is known of it."""
    made = [shelf.get(source, case) for source in SOURCES for case in (True, False)]
    return [(one.pattern, one.flags, one.groupindex, [match and match.capturesdict() for match in map(one.search, TEXTS)]) for one in made]


def test_what_was_kept_is_not_compiled_again_and_says_the_same(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = found(_Shelf())
    shelf = _Shelf()
    known = len(shelf._known)
    assert known > len(SOURCES)
    compiled: list[str] = []
    compile_ = regex.compile
    monkeypatch.setattr(regex, "compile", lambda source, *flags: compiled.append(source) or compile_(source, *flags))
    assert found(shelf) == first
    assert len(compiled) == 2 * len(SOURCES) - known


@pytest.mark.parametrize("harm", [b"", b"nothing of ours", None])
def test_a_damaged_file_is_made_anew(cache: Path, harm: bytes | None) -> None:
    first = found(_Shelf())
    (path,) = cache.glob("patterns-*.bin")
    path.write_bytes(path.read_bytes()[:-5] if harm is None else harm)
    assert found(_Shelf()) == first


def test_where_nothing_can_be_kept_patterns_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLEANER_CACHE_DIR", str(tmp_path / "file"))
    assert _Shelf().get("a+", True).fullmatch("aa")


def test_no_pattern(cache: Path) -> None:
    with pytest.raises(regex.error):
        _Shelf().get("(", True)
