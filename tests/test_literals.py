"""What a pattern cannot match without."""

from __future__ import annotations

import pytest

from cleaner.literals import required, strength, unbounded_nests


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


def test_a_part_may_stand_anywhere() -> None:
    assert required("more>>", whole=False) == {"more>>"}


@pytest.mark.parametrize("pattern", [r"(\w+\s?)*x", r"(?:a+b*)+", r"((ab)*c)*", r"(?:x{1,2000}){1,2000}"])
def test_a_repeat_of_a_repeat_is_found(pattern: str) -> None:
    assert unbounded_nests(pattern)


@pytest.mark.parametrize("pattern", [r"\w+ \w+", r"(?:\w+ ){0,4}x", r"(?:a|b)+", r"(?:\w{1,20} )*+x"])
def test_a_bounded_repeat_is_none(pattern: str) -> None:
    assert not unbounded_nests(pattern)
