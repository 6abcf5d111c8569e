"""Broken characters are mended, and nothing that only looks broken is touched."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleaner
from cleaner.document import Document
from cleaner.engine import Cleaner
from cleaner.repair import differences
from cleaner.rulebook import load

REPAIRS = Cleaner.of(load().choose(select=["encoding"]))


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("The mayorâ€™s cafÃ© closed.", "The mayor’s café closed."),
        ("Barnes &amp; Sons, 5&nbsp;km", "Barnes & Sons, 5\u00a0km"),
        ("&#8220;Yes&#8221;", "“Yes”"),
        ("a\x00b\x07c", "abc"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\ud83d\ude00b", "a😀b"),
        ("a\ud800b", "a\ufffdb"),
        ("Donau\u00addampf", "Donaudampf"),
        ("\ufeffText", "Text"),
        ("the\u200b bridge", "the bridge"),
        ("Ð\u0178Ñ€Ð¸Ð²ÐµÑ‚", "Привет"),
    ],
)
def test_mended(broken: str, mended: str) -> None:
    cleaned = REPAIRS.clean(broken)
    assert cleaned.text == mended
    assert cleaned.restore() == broken


@pytest.mark.parametrize(
    "text",
    [
        "می‌خواهم بروم.",
        "ภาษา\u200bไทย",
        "Write &lt;b&gt; for bold, &amp;c; too".replace("&amp;c;", "&c"),
        "Škoda, Łódź, naïve, Ångström, ¿Qué?, ÀÉÎÕÜ",
        "👨\u200d👩\u200d👧 went home",
        "Ünlü İstanbul’da",
        "\u200fשלום\u200e (world)",
        "tab\there\r\nand there",
        "&notit; &copying; &lte; a&#13;b &#55357;&#56832;",
    ],
    ids=[
        "Persian spelling",
        "Thai word break",
        "markup meant",
        "accents",
        "emoji family",
        "Turkish",
        "marks of direction",
        "white space",
        "no entities",
    ],
)
def test_left_alone(text: str) -> None:
    assert REPAIRS.clean(text).text == text


@given(st.text(max_size=40), st.text(max_size=40))
def test_differences_lead_from_one_text_to_the_other(old: str, new: str) -> None:
    result, at = "", 0
    for start, a, b in differences(old, new):
        assert old[start : start + len(a)] == a
        result += old[at:start] + b
        at = start + len(a)
    assert result + old[at:] == new


@pytest.mark.parametrize("blank", [" ", "_"])
def test_a_long_line_is_mended_sign_by_sign(blank: str) -> None:
    """It was one edit from its first broken sign to its last, and one of 37,000 characters took 7 seconds."""
    broken, mended = "The mayorâ€™s cafÃ© closed", "The mayor’s café closed"
    cleaned = REPAIRS.clean(Document("", blank.join([broken.replace(" ", blank)] * 1600)))
    assert cleaned.text == blank.join([mended.replace(" ", blank)] * 1600)
    assert max(len(edit.old) for edit in cleaned.edits) <= 3


@given(st.text(st.sampled_from("aé&;#x38lt mp\x00\u200b\u00ad\ud83d\ude00Ã©â€™\n"), max_size=60))
def test_repair_restores_and_has_nothing_to_do_twice(text: str) -> None:
    cleaned = REPAIRS.clean(Document("", text))
    assert cleaned.restore() == text
    assert REPAIRS.clean(cleaned.text).edits == ()


def test_a_mended_line_can_then_be_judged() -> None:
    assert cleaner.clean("It rained all night.\nAdver\u00adtisement").text == "It rained all night."


def test_differences_of_signs_that_repeat_are_found_in_time() -> None:
    begun = time.process_time()
    assert len(list(differences("aÃ©" * 900, "aé" * 900))) >= 900
    assert time.process_time() - begun < 2
