"""The shipped rules: each keeps to its examples, none is slow, none names a site."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from cleaner import rulebook
from cleaner.examples import failures
from cleaner.matcher import OneByOne
from cleaner.rulebook import Rule, Rulebook, load
from cleaner.segment import Page

BOOK = load()


@pytest.mark.parametrize("family", sorted({rule.id.split(".")[0] for rule in BOOK.rules}))
def test_every_rule_catches_and_spares_what_it_says(family: str) -> None:
    own = Rulebook([rule for rule in BOOK.rules if rule.id.split(".")[0] == family])
    assert [f"{f.rule} {f.side} {f.example!r}: {f.message}" for f in failures(own, BOOK)] == []


def test_no_rule_is_slow_or_endless() -> None:
    assert [(rule.id, finding) for rule in BOOK.rules for finding in rulebook.lint(rule)] == []


def test_the_rulebook_covers_its_families() -> None:
    families = Counter(rule.category for rule in BOOK.rules)
    wanted = "ad appeal byline caption comment cookie credit encoding footer headline navigation newsletter paywall remnant share teaser"
    assert not set(wanted.split()) - set(families)
    assert sum(families.values()) >= 120


def test_no_phrase_stands_twice_in_one_rule() -> None:
    def doubles(rule: Rule) -> list[str]:
        return [phrase for phrase, n in Counter(rule.page["wordings"].get("line", {}).get("phrases", ())).items() if n > 1]

    assert {rule.id: doubles(rule) for rule in BOOK.rules if doubles(rule)} == {}


def test_no_example_stands_in_two_rules() -> None:
    examples = Counter(example for rule in BOOK.rules for example in set(rule.page["catches"]))
    assert [example for example, n in examples.items() if n > 3] == []


HOSTILE = [
    "Aa Bb Cc Dd ",
    "Ann Miller, ",
    "AFP / Getty Images ",
    "x",
    "photo by ",
    "a. B. c. ",
    "1 2 3 - ",
    "Müller-Lüdenscheidt ",
    "home news sport ",
    "BRAM VELDKAMP",
]


def test_no_pattern_explodes_on_a_hostile_line() -> None:
    """Each pattern on lines that begin like what it looks for and go on for ever: a fraction of a second, however often tried."""
    matcher = OneByOne(BOOK)
    literals: dict[int, str] = {}
    for literal, numbers in zip(BOOK.index.literals, BOOK.index.wanted, strict=True):
        for number in numbers:
            literals.setdefault(number, literal.strip("\n"))
    slow = []
    for number in range(len(BOOK.index.patterns)):
        pattern = matcher.pattern(number)
        assert pattern
        for filling in HOSTILE:
            literal = literals.get(number, "")
            for line in (
                f"{literal} {filling * 200}",
                f"{filling * 200} {literal}",
                f"It opened. {literal}: {filling}{literal.upper()}" * 30,
            ):
                page = Page(line[:1990])
                begun = time.process_time()
                pattern.on(page.lines[0])  # raises after two seconds
                if time.process_time() - begun > 0.5:
                    slow.append((pattern.rule, filling))
    assert slow == []
