"""The body of a whole web page: is it an article's, and how do lines stand to it?"""

from __future__ import annotations

import pytest

from cleaner.detectors.body import Body
from cleaner.detectors.cues import around
from cleaner.detectors.said import Said
from cleaner.detectors.sheet import Sheet, Standing
from cleaner.segment import Page

WORDS = {"past": frozenset("was were had did came paid mended".split()), "said": frozenset(["said"]), "you": frozenset(["you", "your"])}
STORY = [
    "The ferry that had crossed the lake for sixty years was pulled ashore on Friday, and the whole village came out to watch it.",
    "It was to be a café in summer and a workshop in winter, said the carpenter who had looked after the boat since he was a boy.",
    "The council paid for the roof of the boathouse, while the oars and the benches were mended by the pupils, the mayor said.",
]
OFFER = [
    "Choose a boat that fits your plans, with oars and benches in all the sizes you need for a weekend on the lake with your family.",
    "Every boat is tested before it leaves the boathouse, so that you can count on it wherever your next journey on water takes you.",
    "Pay in two parts, or send the boat back within thirty days: you find the terms below, with the prices for your part of the land.",
]
MENU = ["Home", "Boats", "Lakes", "Harbours", "Weather"]
CARD = ["Rescue dogs train on the frozen reservoir", "Nineteen teams from the mountain valleys took part.", "12 March 2024"]


def page(lines: list[str]) -> Page:
    return Page("\n".join(lines))


def body(lines: list[str], taken: dict[int, str] | None = None) -> Body:
    """The body of a page whose rules have taken these lines."""
    made = page(lines)
    sheet = Sheet(made, Standing(taken or {}, frozenset()), WORDS)
    return Body(made.lines, sheet.text, sheet.main, sheet.taken, lambda line: Said(line, WORDS))


@pytest.mark.parametrize(
    ("lines", "article"),
    [
        pytest.param([*MENU, "Village ferry of sixty years gets a new roof", *STORY, *MENU], True, id="a short report under its headline"),
        pytest.param([*MENU, *STORY, *MENU], False, id="a short report without headline and date"),
        pytest.param([*MENU, "2 May 2024", *STORY, *MENU], True, id="a short report under its date"),
        pytest.param([*MENU, "2 May 2024", *OFFER, *MENU], False, id="a short offer with a date"),
        pytest.param([*MENU, "Boats for the lake", *OFFER * 5, *MENU], False, id="a long offer: the text below a list of products"),
        pytest.param([*MENU, "2 May 2024", *OFFER * 5, *MENU], True, id="long and dated"),
        pytest.param([*MENU, *STORY * 5, *MENU], True, id="long and told"),
        pytest.param(MENU * 12, False, id="no running text at all"),
    ],
)
def test_an_article_has_length_and_a_story_or_a_date(lines: list[str], article: bool) -> None:
    assert body(lines).article is article


def test_a_dialog_about_cookies_is_not_the_body() -> None:
    dialog = ["Cookies", *OFFER * 3, "Accept"]
    lines = [*MENU * 10, *STORY, *MENU, *dialog]
    first = len(lines) - len(dialog)
    taken = {
        **dict.fromkeys(range(5), "navigation"),
        **dict.fromkeys(range(20, 24), "footer"),
        **dict.fromkeys(range(first, len(lines), 2), "cookie"),
    }
    sheet = Sheet(page(lines), Standing(taken, frozenset()), WORDS)
    assert sheet.whole
    assert sheet.main == (50, 53)


def test_cards_of_other_stories_have_a_rhythm_and_single_lines_none() -> None:
    lines = [*MENU, *STORY, *CARD * 6]
    cards = body(lines)
    assert all(cards.line(index)["body: rhythm off it"] >= 0.8 for index in range(8, len(lines)))
    assert all(cards.line(index)["body: rhythm in it"] < 0.5 for index in range(5, 8))
    assert "body: rhythm" not in body([*MENU, *STORY, *CARD]).line(8)


def test_a_taken_line_breaks_the_rhythm() -> None:
    lines = [*STORY, *CARD * 2]
    assert "body: rhythm" not in body(lines, {5: "teaser"}).line(3)


def test_a_line_is_asked_what_lies_between_it_and_the_body() -> None:
    lines = [*MENU, *STORY * 2, "Share", *MENU, STORY[0], *CARD]
    below = body(lines, {11: "share"}).line(len(lines) - 1)
    assert below["body: taken between"] == pytest.approx(0.1)
    assert "body: none taken between" not in below
    assert {"body: below", "body: dates near, off it"} <= set(below)
    assert body(lines).line(12)["body: none taken between"] == 1


def test_words_of_the_body_tell_its_own_lines_from_those_of_others() -> None:
    lines = [*MENU, *STORY, "The carpenter and the boathouse of the village", *CARD]
    signs = [body(lines).line(index) for index in (8, 9)]
    assert signs[0]["body: its words"] == 1
    assert signs[1]["body: none of its words, off it"] == 1


def test_off_the_body_lines_taken_nearby_speak_for_a_removal() -> None:
    lines = [*MENU, *STORY, *CARD]
    assert body(lines, {0: "navigation"}).cut_off(9)
    assert not body(lines, {0: "navigation"}).cut_off(6), "a line of the body"
    assert not body(lines).cut_off(9), "nothing taken"


def test_cues_are_numbers_and_what_is_not_there_is_left_out() -> None:
    made = body([*MENU, "2 May 2024", *STORY * 2, *CARD * 3], {0: "navigation"})
    for signs in (made.page, *(made.line(index) for index in range(21))):
        assert signs
        assert all(isinstance(value, float) and 0 < value <= 3 for value in signs.values())


def test_on_a_whole_page_the_second_pass_looks_further() -> None:
    standing = [1.0] * 10 + [0.0] + [0.0] * 10
    assert set(around(10, standing)) == {"standing before", "standing around"}
    wide = around(10, standing, wide=True)
    assert wide["standing above"] == 1
    assert "standing below" not in wide
