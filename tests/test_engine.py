"""The laws: nothing lost, twice is once, a reason for everything; and the shape of what is left."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleaner
from cleaner import engine
from cleaner.document import Document, apply
from cleaner.engine import Cleaner
from cleaner.examples import read
from cleaner.rulebook import load

BOOK = load()
EXAMPLES = [
    read(example, catches=side).text
    for rule in BOOK.rules
    if rule.kind != "repair"
    for side, examples in ((True, rule.page["catches"]), (False, rule.page["spares"]))
    for example in examples
]
CLEANER = Cleaner()
PROSE = ["The bridge opened on Monday.", "It took two years to build, the mayor said.", "Mayor opens bridge"]
BROKEN = ["&amp;", "Ã©", "\u200b", "\x00", "\ud83d", "\u00ad"]
pages = st.lists(st.one_of(st.sampled_from(EXAMPLES), st.sampled_from(PROSE), st.sampled_from(BROKEN), st.text(max_size=20)), max_size=8)


@given(pages, st.sampled_from(["\n", "\n\n", "\r\n", " "]), st.sampled_from(["", "\n"]))
def test_the_laws_hold_on_any_page(lines: list[str], between: str, end: str) -> None:
    text = between.join(lines) + end
    cleaned = CLEANER.clean(text)
    assert cleaned.restore() == text
    assert apply(text, cleaned.edits) == cleaned.text
    assert all(edit.rule and edit.category and edit.old != edit.new for edit in cleaned.edits)
    assert CLEANER.clean(cleaned.text).edits == ()


@given(pages)
def test_a_pickled_cleaner_says_the_same(lines: list[str]) -> None:
    other = pickle.loads(pickle.dumps(CLEANER))  # noqa: S301 - our own object
    text = "\n".join(lines)
    assert other.clean(text) == CLEANER.clean(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("One.\n\nAdvertisement\n\nTwo.\n", "One.\n\nTwo.\n"),
        ("One.\nAdvertisement\nTwo.", "One.\nTwo."),
        ("One.\nAdvertisement\n\nTwo.", "One.\n\nTwo."),
        ("One.\n\n\nAdvertisement\nTwo.", "One.\n\n\nTwo."),
        ("Advertisement\n\nOne.", "One."),
        ("One.\n\nAdvertisement", "One."),
        ("One.\n\nAdvertisement\n", "One.\n"),
        ("One.\r\n\r\nAdvertisement\r\n\r\nTwo.\r\n", "One.\r\n\r\nTwo.\r\n"),
        ("One.\n\nAdvertisement\n\nAdvertisement\n\nTwo.", "One.\n\nTwo."),
        ("Advertisement", ""),
        ("\n\nAdvertisement\n\n", ""),
        ("One.\n  Advertisement  \n  Two.", "One.\n  Two."),
    ],
)
def test_no_hole_and_no_seam_is_left(text: str, left: str) -> None:
    assert cleaner.clean(text).text == left


def test_every_line_that_goes_has_its_own_edit() -> None:
    cleaned = cleaner.clean("One.\nAdvertisement\nSponsored\nTwo.")
    assert [(edit.start, edit.old) for edit in cleaned.edits] == [(5, "Advertisement\n"), (19, "Sponsored\n")]


def test_what_is_nothing_stays_nothing() -> None:
    assert cleaner.clean("").edits == ()
    assert cleaner.clean(" \n ").text == " \n "


def test_a_markdown_file_keeps_its_marks() -> None:
    text = "# Bridge opens\n\nThe **mayor** spoke."
    assert CLEANER.clean(Document("a.md", text, meta={"markup": "markdown"})).text == text


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_very_long_text_is_cleaned_piece_by_piece(monkeypatch: pytest.MonkeyPatch, newline: str) -> None:
    told = [
        f"The council of district {n} said on Monday that the bridge over the river would open in {n % 11} weeks, after long repairs. "
        f"It had been closed since the flood of {1900 + n % 100}, and {n} people had signed a letter that asked for a ferry."
        for n in range(120)
    ]
    text = newline.join(line for paragraph in told for line in (paragraph, "Advertisement", "Photo: Jane Roe / Getty Images", ""))
    whole = Cleaner().clean(text)
    monkeypatch.setattr("cleaner.engine.PIECE", 1500)
    assert [start for start, _ in engine.pieces(text)][:2] != [0]
    assert "".join(piece for _, piece in engine.pieces(text)) == text
    cleaned = Cleaner().clean(text)
    assert [line for line in cleaned.text.splitlines() if line] == [line for line in whole.text.splitlines() if line] == told
    assert cleaned.restore() == text
    assert Cleaner().clean(cleaned.text).edits == ()


def test_a_long_text_without_lines_is_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleaner.engine.PIECE", 100)
    assert [start for start, _ in engine.pieces("word " * 1000)] == [0]
    assert list(engine.pieces("")) == []
