"""Walls are told from articles; a text of which nearly all would go is left to a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cleaner import Cleaned, Cleaner, Document, Edit, clean_corpus
from cleaner.findings import fix
from cleaner.formats import Options
from cleaner.pipeline import Settings
from cleaner.pipeline import clean_corpus as run
from cleaner.review import share_removed, too_much, walled
from cleaner.walk import find

ARTICLE = """Town buys the old mill by the river
The council voted on Monday evening to buy the old mill on the river and to turn it into a library with a reading room.
The mayor said that the price was fair and that the work would begin in the spring, when the water is low again.
Already a subscriber? Log in
"""
WALL = """Town buys the old mill by the river
This article is for subscribers only.
Already a subscriber? Log in
Subscribe now to read the full story
Start your free trial
"""
CONSENT = """We use cookies to give you the best experience on our website.
We and our 812 partners store and access personal data on your device.
By continuing to use this site you agree to our use of cookies.
"""


def test_a_wall_is_what_leaves_no_article() -> None:
    cleaner = Cleaner()
    assert walled(cleaner.clean(WALL))
    assert walled(cleaner.clean(CONSENT))
    assert not walled(cleaner.clean(ARTICLE))
    assert not walled(cleaner.clean("Advertisement\nRain.\n"))
    assert not walled(cleaner.clean("The bridge opened.\n"))


def test_too_much_is_said_of_running_text_alone() -> None:
    def cut(text: str, share: float) -> Cleaned:
        return Cleaned(Document("", text), (Edit(0, text[: int(len(text) * share)], "", "x.y", "x"),))

    paragraph = ARTICLE.splitlines()[1]
    assert too_much(cut(paragraph, 0.95))
    assert not too_much(cut(paragraph, 0.85))
    assert too_much(cut(paragraph, 0.85), most=0.8)
    assert not too_much(cut("Home News Sport", 0.95))
    assert share_removed(cut("a" * 100, 0.5)) == 0.5
    assert share_removed(Cleaned(Document("", ""), ())) == 0.0


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_wall_is_left_out_whole_and_named(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "wall.txt").write_text(WALL)
    (source / "consent.txt").write_text(CONSENT)
    (source / "article.txt").write_text(ARTICLE)
    counts = clean_corpus(source, tmp_path / "out")
    assert counts == {"in": 3, "kept": 1, "duplicate": 0, "emptied": 2, "failed": 0}
    verdicts = {row["id"]: (row["verdict"], row["reason"]) for row in rows(tmp_path / "out/_cleaner/documents.jsonl")}
    assert verdicts == {"wall.txt": ("emptied", "walled"), "consent.txt": ("emptied", "walled"), "article.txt": ("kept", None)}
    assert (tmp_path / "out/_cleaner/left-out/wall.txt").read_text() == WALL
    assert not (tmp_path / "out/wall.txt").exists()


def test_two_walls_are_no_duplicates(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name in "ab":
        (source / f"{name}.txt").write_text(CONSENT)
    assert clean_corpus(source, tmp_path / "out")["emptied"] == 2


def own_rule(folder: Path) -> Cleaner:
    """A rule that takes too much."""
    rules = folder / "greedy.toml"
    rules.write_text("""
[[rule]]
id = "council"
kind = "pattern"
why = "Takes whole paragraphs that begin with a word."
line = '''the (?:council|mayor) .{1,300}'''
catches = ["The council voted."]
spares = ["A council voted."]
""")
    return Cleaner(rules=[rules])


GREEDY = "\n".join(ARTICLE.splitlines()[1:3]) + "\nRain.\n"


def test_what_takes_nearly_all_is_not_carried_out_but_reported(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.txt").write_text(GREEDY)
    result = run(source, tmp_path / "out", Settings(cleaner=own_rule(tmp_path)))
    record = tmp_path / "out/_cleaner"
    assert (result["counts"]["kept"], result["review"]) == (1, 1)
    assert (tmp_path / "out/a.txt").read_text() == GREEDY
    assert [row["reason"] for row in rows(record / "documents.jsonl")] == ["review"]
    assert rows(record / "removals.jsonl") == []
    assert {(row["id"], row["rule"]) for row in rows(record / "review.jsonl")} == {("a.txt", "greedy.council")}


def test_the_limit_is_the_users(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.txt").write_text(GREEDY)
    result = run(source, tmp_path / "out", Settings(cleaner=own_rule(tmp_path), max_removed=1.0))
    assert (result["counts"]["kept"], result["review"]) == (1, 0)
    assert (tmp_path / "out/a.txt").read_text() == "Rain.\n"


def test_fix_leaves_a_file_of_which_nearly_all_would_go(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(GREEDY)
    (source,) = find([path], None).sources
    try:
        fix(source, own_rule(tmp_path), Options())
    except Exception as error:
        assert "would go; left as it is" in str(error)
    else:
        raise AssertionError("the file was cut")
    assert path.read_text() == GREEDY
