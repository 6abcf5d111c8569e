"""Lines, their offsets, the title, and the two views rules are matched on."""

from __future__ import annotations

import sys

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from cleaner.segment import Page, ends_sentence, fold, is_wide, plain


@given(st.text(st.characters()))
def test_all_views_of_a_text_share_their_offsets(text: str) -> None:
    page = Page(text)
    assert len(page.plain) == len(page.folded) == len(text)
    for line in page.lines:
        assert line.text == line.text.strip() != ""
        assert text[line.start : line.end] == line.text
        assert "\n" not in line.text


@given(st.text(alphabet="ab \n\r\t"))
def test_lines_are_the_lines_that_are_not_blank(text: str) -> None:
    expected = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    assert [line.text for line in Page(text).lines] == expected


def test_a_line_knows_its_number_in_the_file() -> None:
    assert [(line.number, line.index) for line in Page("a\n\nb\r\nc\rd").lines] == [(1, 0), (3, 1), (4, 2), (5, 3)]


def test_whatever_a_pattern_takes_for_the_same_letter_folds_to_the_same() -> None:
    """Else the literal scan would miss a line that the pattern matches: tried for all of Unicode."""
    cased = [c for c in map(chr, range(sys.maxunicode + 1)) if not 0xD800 <= ord(c) < 0xE000]
    cased = [c for c in cased if c.lower() != c or c.upper() != c or c.casefold() != c]
    everything = "".join(cased)
    # the sigma at a word's end is one letter with the others, whatever lower() makes of it
    apart = [
        (c, other)
        for c in cased
        for other in regex.findall(regex.escape(c), everything, regex.IGNORECASE)
        if fold(plain(c)) != fold(plain(other))
    ]
    assert apart == []


@pytest.mark.parametrize(
    "text",
    [
        "It rained.",
        "Did it?",
        "“It rained.”",
        "It rained (again).",
        "它下雨了。",
        "「下雨了。」",
        "هل أمطرت؟",
        "बारिश हुई।",
        "It rained. (AP)",
        "Es regnete!“",
    ],
)
def test_a_sentence_ends_in_every_script(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["Mayor opens bridge", "Read more:", "Photo: AP", "标题没有句号", "3,5"])
def test_a_headline_or_label_ends_no_sentence(text: str) -> None:
    assert not ends_sentence(text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("pjimage 13\n\nCouncil approves the new bridge\nIt rained.", "council approves the new bridge"),
        ("# Council approves the new bridge\nIt rained.", "council approves the new bridge"),
        ("The council approved it on Monday.\nIt rained.", None),
        ("市議会は新しい橋の建設を承認\n雨が降った。", "市議会は新しい橋の建設を承認"),
        ("And the river rolled on,\ndark under the bridge,", None),
        ("", None),
    ],
    ids=["behind an image's name", "marked", "a sentence", "Japanese", "a verse", "empty"],
)
def test_the_title_is_the_first_line_that_looks_like_one(text: str, title: str | None) -> None:
    assert Page(text).titles == ([title] if title else [])


def test_the_source_knows_the_title_better() -> None:
    assert Page("Another line that looks like one\nText.", "The “real” title").titles == [
        'the "real" title',
        "another line that looks like one",
    ]


def test_scripts_without_spaces_are_told_from_those_with() -> None:
    assert is_wide("新しい橋は月曜日に開通した。")
    assert is_wide("สะพานใหม่เปิดแล้ว")
    assert not is_wide("The bridge 橋 opened on Monday.")


def test_a_hard_wrapped_paragraph_stays_as_it_is() -> None:
    text = "The bridge over the river\nwas opened on Monday by\nthe mayor of the town."
    assert [line.text for line in Page(text).lines] == text.split("\n")


def test_a_leftover_of_markdown_is_no_markdown_page() -> None:
    assert not Page("# Title\n\nText.\nMore text.").markdown
    assert Page("# Title\n\n- one\n- two\nText.").markdown
    assert Page("Text.", markdown=True).markdown


def test_a_digit_is_what_a_pattern_takes_for_one() -> None:
    """Else a line would be passed over that a pattern with digits matches: tried for all of Unicode."""
    everything = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if not 0xD800 <= ord(c) < 0xE000)
    digits = regex.findall(r"\d", everything)
    assert len(digits) > 600
    assert [c for c in digits if not Page(f"Only {c}.").lines[0].has_digit] == []
    assert not Page("None – not one, № or Ⅷ.").lines[0].has_digit


def test_what_ends_a_word_is_seen_in_the_folded_text() -> None:
    """A letter or digit of ASCII is matched, case aside, by nothing that folds to another sign."""
    everything = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if not 0xD800 <= ord(c) < 0xE000)
    assert {fold(c) for c in regex.findall("[a-z0-9]", everything, regex.IGNORECASE)} == set("abcdefghijklmnopqrstuvwxyz0123456789")
