"""What a pattern cannot match without."""

from __future__ import annotations

import sys

import pytest

from cleaner.literals import needs, required, strength, unbounded_nests


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("advertisement", {"\nadvertisement\n"}),
        ("Read (?:also|more): .{3,80}", {"\nread also: ", "\nread more: "}),
        (r".{10,300} photo by .{2,40}", {" photo by "}),
        (r"(?:get|take) .{0,60} (?:newsletter|inbox).*", {"\nget ", "\ntake "}),
        (r"colou?r bar", {"\ncolor bar\n", "\ncolour bar\n"}),
        (r"\(?advert.{0,9}", {"\nadvert", "\n(advert"}),
        (r"[aA]d here", {"\nad here\n"}),
        (r"\p{Lu}\w+ / afp", {" / afp\n"}),
        (r"(?<cut>one) two (?<cut>three)", {"\none two three\n"}),
        (r"(?=x)x marks", {"\nx marks\n"}),
        (r"\w+ \d+", set()),
        (r"(?:a|b.*)", set()),
        (r"(?:photo: )+x?", {"photo: "}),
    ],
)
def test_the_literals_of_a_pattern(pattern: str, literals: set[str]) -> None:
    found = required(pattern, whole=True)
    if literals and min(len(x) for x in literals) > 2:
        assert found == literals
    else:
        assert strength(found) < 2


@pytest.mark.parametrize(
    ("pattern", "whole", "before", "behind"),
    [
        (r".{5,9}photo: .{2,40}", True, (5, 9), (2, 40)),
        (r"(?:the )?photo: .*x", True, (0, 4), (1, None)),
        (r"\d+ (?:zebra|okapis)\d", True, (1, None), (1, 2)),
        (r"(?:\d zebra){2,3}\d", True, (1, 1), (8, 15)),
        (r"zebra\d", False, (0, None), (1, None)),
        (r"^\w{1,3}zebra\d{1,2}$", False, (1, 3), (1, 2)),
        (r"(?=.*zebra)\d+", True, (0, None), (0, None)),
    ],
)
def test_where_on_the_line_a_literal_stands(
    pattern: str, whole: bool, before: tuple[int, int | None], behind: tuple[int, int | None]
) -> None:
    found = needs(pattern, whole=whole)
    assert (found.before, found.behind) == tuple((low, sys.maxsize if high is None else high) for low, high in (before, behind))


def test_a_line_must_hold_one_string_of_each_set() -> None:
    found = needs(r".{3,80} photo ?: .{2,40} / (?:reuters|bloomberg).{0,9}", whole=True)
    assert found.literals == {" / bloomberg", " / reuters"}
    assert found.also == ((" photo :", " photo: "),) or found.also == ((" photo : ", " photo: "),)


def test_a_part_at_a_rim_carries_the_newline() -> None:
    assert required(r"^thanks,? all$", whole=False) == {"\nthanks all\n", "\nthanks, all\n"}


def test_a_part_may_stand_anywhere() -> None:
    assert required("more>>", whole=False) == {"more>>"}


@pytest.mark.parametrize("pattern", [r"(\w+\s?)*x", r"(?:a+b*)+", r"((ab)*c)*", r"(?:x{1,2000}){1,2000}"])
def test_a_repeat_of_a_repeat_is_found(pattern: str) -> None:
    assert unbounded_nests(pattern)


@pytest.mark.parametrize("pattern", [r"\w+ \w+", r"(?:\w+ ){0,4}x", r"(?:a|b)+", r"(?:\w{1,20} )*+x"])
def test_a_bounded_repeat_is_none(pattern: str) -> None:
    assert not unbounded_nests(pattern)


@pytest.mark.parametrize(
    ("pattern", "digit"),
    [
        (r"from \d{1,3} euros", True),
        (r"from (?:[0-9]|\$ ?\d+) a month", True),
        (r"top 10 .*", True),
        (r"from (?:\d+|ten) euros", False),
        (r"from \d* euros", False),
        (r"from [\d,]+ euros", False),
        (r"from [^\d] euros", False),
        (r"(?!\d)from .*", False),
    ],
)
def test_a_line_must_hold_a_digit(pattern: str, digit: bool) -> None:
    assert needs(pattern, whole=True).digit is digit


@pytest.mark.parametrize(
    ("pattern", "whole", "apart"),
    [
        (r"[*-]{0,4} ?gift (?:card|voucher)s?", True, True),
        (r"[*-]{0,4} ?(?:a )?gift card", True, True),
        (r"[*-]{0,4} ?(?:any)?gift card", True, False),
        (r"\w{0,9}[\s:]gift card", True, True),
        (r"\w{0,9}[\s:]?gift card", True, False),
        (r"[a-k-]{0,4}gift card", True, False),
        (r"(?:[*-]|.)gift card", True, False),
        ("gift card", False, False),
    ],
)
def test_a_literal_stands_apart_from_the_word_before(pattern: str, whole: bool, apart: bool) -> None:
    found = needs(pattern, whole=whole)
    assert any("gift" in literal for literal in found.literals)
    assert found.apart is apart


def test_a_pattern_of_thousands_of_characters_is_looked_for_by_a_part_of_it() -> None:
    """The strings of all of its 27 beginnings grew to its end: seconds for a rule file of 14 kB."""
    words = " ".join(f"word{n}" for n in range(3000))
    found = needs(rf"[abc][def][ghi] {words}", whole=True)
    assert 0 < max(map(len, found.literals)) < 300
    assert any(literal in f"adg {words}" for literal in found.literals)
