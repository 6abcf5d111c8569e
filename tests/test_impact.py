"""What a rule file changes on a corpus, rule by rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Command
from hypothesis import given
from hypothesis import strategies as st

from cleaner.document import Edit
from cleaner.impact import NEWLY, NO_LONGER, TAKEN_OVER, Key, differences
from cleaner.samples import Passage, Samples

RULE = """[[rule]]
id = "goose"
kind = "phrase"
why = "The goose's own words."
phrases = ["pull the lever"]
catches = ["Pull the lever"]
spares = ["He had to pull the lever."]
"""
TEXT = "The bridge opened on Monday.\nPull the lever\nIt took two years \x1b[31mto build.\nAdvertisement\nThe end came soon.\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    rows = [{"id": n, "text": f"Text {n}.\n{TEXT}", "url": f"https://www.{n % 2}.example/x"} for n in range(4)]
    (folder / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "mine.toml").write_text(RULE)
    return folder


def impact(command: Command, *words: str) -> dict[str, Any]:
    done = command("rules", "impact", *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def changes(of: dict[str, Any]) -> list[tuple[str, str, str, int, int, int]]:
    return [(row["change"], row["rule"], row["instead_of"], row["lines"], row["documents"], row["sites"]) for row in of["changes"]]


def without(family: str, *ids: str) -> str:
    """A shipped file without some of its rules."""
    head, *rules = (ROOT / "rules" / f"{family}.toml").read_text(encoding="utf-8").split("[[rule]]")
    return "[[rule]]".join([head, *(rule for rule in rules if not any(f'id = "{name}"' in rule for name in ids))])


def test_what_is_newly_removed(command: Command, corpus: Path) -> None:
    done = command("rules", "impact", "mine.toml", "in")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mine.toml, beside the shipped rules: 1 rule new or changed\non 5 documents (2 sites known), ")
    assert "in all: 5 lines (70 characters) newly removed; in 5 documents\n" in done.stdout
    assert "    The bridge opened on Monday.\n  - Pull the lever\n    It took two years \\x1b[31mto build.\n    -- a.txt:2\n" in done.stdout
    assert "\x1b" not in done.stdout
    found = impact(command, "mine.toml", "in")
    assert changes(found) == [(NEWLY, "mine.goose", "", 5, 5, 2)]
    assert found["totals"][NEWLY] == {"lines": 5, "parts": 0, "chars": 70}
    # of lines alike one is shown
    assert [row["text"] for row in found["changes"][0]["samples"]] == ["Pull the lever"]


def test_a_changed_copy_takes_the_place_of_the_shipped_file(command: Command, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "ad.toml").write_text(without("ad", "marker"))
    found = impact(command, "ad.toml", "in")
    assert (found["replaced"], found["gone"], found["rules"]) == (True, ["ad.marker"], [])
    assert changes(found) == [(NO_LONGER, "ad.marker", "", 5, 5, 2)]
    shown = command("rules", "impact", "ad.toml", "in").stdout
    assert "ad.toml, in place of the shipped file of its name: 0 rules new or changed, 1 gone\n" in shown


def test_a_file_of_a_shipped_name_stands_beside_it_unless_told(command: Command, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "ad.toml").write_text(RULE)
    assert changes(impact(command, "ad.toml", "in")) == [(NEWLY, "ad.goose", "", 5, 5, 2)]
    found = impact(command, "ad.toml", "in", "--replace")
    assert changes(found) == [(NEWLY, "ad.goose", "", 5, 5, 2), (NO_LONGER, "ad.marker", "", 5, 5, 2)]
    done = command("rules", "impact", "mine.toml", "in", "--replace")
    assert (done.returncode, "mine.toml: no shipped file has this name" in done.stderr) == (2, True)


def test_what_goes_by_another_rule(command: Command, corpus: Path, tmp_path: Path) -> None:
    renamed = without("ad").replace('id = "marker"', 'id = "sign"', 1)
    (tmp_path / "ad.toml").write_text(renamed)
    found = impact(command, "ad.toml", "in")
    assert changes(found) == [(TAKEN_OVER, "ad.sign", "ad.marker", 5, 5, 2)]
    assert (found["rules"], found["gone"]) == (["ad.sign"], ["ad.marker"])
    assert "    ad.marker -> ad.sign " in command("rules", "impact", "ad.toml", "in").stdout


def test_nothing_changes(command: Command, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RULE.replace("pull the lever", "push the lever").replace("Pull the lever", "Push the lever"))
    shown = command("rules", "impact", "mine.toml", "in").stdout
    assert shown.endswith("\nnothing changes\nnothing changes by mine.goose\n")


def test_parts_of_lines_are_marked(command: Command, tmp_path: Path) -> None:
    rule = RULE.replace('"phrase"', '"pattern"').replace('phrases = ["pull the lever"]', 'part = "pull the lever"')
    rule = rule.replace('["Pull the lever"]', '["[[Pull the lever]]"]').replace("He had to pull the lever.", "He pulled the lever.")
    (tmp_path / "mine.toml").write_text(rule)
    (tmp_path / "a.txt").write_text("It opened on Monday. Pull the lever\n")
    found = impact(command, "mine.toml", "a.txt")
    (row,) = found["changes"]
    assert (row["lines"], row["parts"]) == (0, 1)
    assert row["samples"][0]["text"] == "It opened on Monday.[- Pull the lever-]"
    assert "in all: 0 lines and 1 part of lines" in command("rules", "impact", "mine.toml", "a.txt").stdout


def test_a_category_that_is_kept_by_default_is_compared_as_if_on(command: Command, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RULE.replace("kind =", 'category = "byline"\nkind =', 1))
    shown = command("rules", "impact", "mine.toml", "in").stdout
    assert "rules of the category byline are kept by default; here they are on, before and after" in shown
    assert "in all: 5 lines" in shown


def test_an_emptied_document_is_said(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RULE)
    (tmp_path / "a.txt").write_text("Pull the lever\n")
    assert "; 1 document more with nothing left; " in command("rules", "impact", "mine.toml", "a.txt").stdout


def test_the_samples_are_the_same_whatever_the_order() -> None:
    texts = [f"Line {n}" for n in range(50)]

    def of(order: list[str]) -> list[str]:
        samples = Samples(5)
        for text in order:
            samples.offer(text, lambda text=text: Passage("", "", 1, "", text, ""))  # type: ignore[misc]
        return [one.text for one in samples.passages()]

    assert of(texts) == of(texts[::-1])
    assert len(of(texts)) == 5
    assert of(texts) != sorted(texts)[:5]


@given(st.lists(st.sampled_from("ab \n"), max_size=30).map("".join), st.data())
def test_every_character_that_changes_hands_is_counted_once(text: str, draw: st.DataObject) -> None:
    def edits() -> list[Edit]:
        cuts = sorted(draw.draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
        return [Edit(a, text[a:b], "", draw.draw(st.sampled_from("RS")), "c") for a, b in zip(cuts[::2], cuts[1::2], strict=False)]

    was, now = edits(), edits()

    def owners(of: list[Edit]) -> dict[int, str]:
        return {at: edit.rule for edit in of for at in range(edit.start, edit.end)}

    old, new = owners(was), owners(now)
    found: dict[int, Key] = {}
    for line, key, spans in differences(text, was, now):
        for span in spans:
            assert line.start <= span.start < span.end <= line.end
            for at in range(*span):
                assert at not in found
                found[at] = key
    for at, c in enumerate(text):
        if not c.isspace():
            a, b = old.get(at, ""), new.get(at, "")
            wanted = None if a == b else Key(TAKEN_OVER, b, a) if a and b else Key(NEWLY, b) if b else Key(NO_LONGER, a)
            assert found.get(at) == wanted


# --- what goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.toml", "in"], "nowhere.toml: cannot be read"),
        (["bad.toml", "in"], "bad.toml: rule goose: needs 'spares'"),
        (["mine.toml", "nowhere"], "nowhere: no such file or directory"),
        (["mine.toml", "empty"], "empty: no text to compare on"),
        (["mine.toml", "in/a.txt", "--format", "xml"], "no format 'xml'"),
    ],
)
def test_mistakes(command: Command, corpus: Path, tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.toml").write_text(RULE.replace("spares", "# spares"))
    done = command("rules", "impact", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_records_that_cannot_be_read_are_named_and_the_rest_is_compared(command: Command, corpus: Path) -> None:
    (corpus / "c.jsonl").write_text("{broken\n")
    (corpus / "d.txt").write_bytes(b"Caf\xe9 tr\xe8s bon\nPull the lever\n")
    done = command("rules", "impact", "mine.toml", "in")
    assert done.returncode == 3
    assert done.stderr.startswith("failed: in/c.jsonl:1: broken JSON")
    assert "in all: 6 lines" in done.stdout
    assert command("rules", "impact", "mine.toml", "-", stdin=TEXT).returncode == 0
