"""One scan for all patterns gives the answers of trying them one by one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.document import CleanerError
from cleaner.engine import Cleaner
from cleaner.examples import read
from cleaner.matcher import AhoCorasick, OneByOne
from cleaner.rulebook import Rule, load
from cleaner.segment import Page, fold, plain
from cleaner.wording import phrase_key

BOOK = load()
RULES = [rule for rule in BOOK.rules if rule.kind != "repair"]
FAST, SLOW = AhoCorasick(BOOK), OneByOne(BOOK)


def example_lines(rules: list[Rule]) -> list[str]:
    """Lines that rules of the book are about, and such that they are not about."""
    return [
        line
        for rule in rules
        for side, examples in ((True, rule.page["catches"]), (False, rule.page["spares"]))
        for example in examples
        for line in read(example, catches=side).text.split("\n")
    ]


LINES = example_lines(RULES)


def bent(line: str, rng: random.Random) -> str:
    """The line as another site might have set it."""
    changes = [
        lambda s: s,
        str.upper,
        str.lower,
        str.swapcase,
        lambda s: f"  {s}\t",
        lambda s: s.replace(" ", "\u00a0"),
        lambda s: s.replace("'", "’").replace('"', "”"),
        lambda s: s.replace("-", "–"),
        lambda s: s.replace("s", "ſ").replace("I", "İ").replace("i", "ı"),
        lambda s: s.replace("(", "（").replace(")", "）").replace(":", "："),
        lambda s: f"{s} {s}",
        lambda s: s[: len(s) // 2],
        lambda s: f"The mayor said: {s}",
    ]
    return rng.choice(changes)(line)


def test_equal_on_a_text_of_real_size() -> None:
    """Lines near the rules of the whole book, in every spelling the views are to make one."""
    rng = random.Random(11)
    page = Page("\n".join(bent(rng.choice(LINES), rng) for _ in range(1_200)))
    fast, slow = FAST.scan(page), SLOW.scan(page)
    assert sum(len(on) for roles in slow.values() for on in roles.values()) > 300
    assert fast == slow


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_equal_on_lines_near_the_rules(lines: list[str], rng: random.Random) -> None:
    page = Page("\n".join(bent(line, rng) for line in lines))
    assert FAST.scan(page) == SLOW.scan(page)


@given(st.text())
def test_equal_on_any_text(text: str) -> None:
    page = Page(text)
    assert FAST.scan(page) == SLOW.scan(page)


@pytest.mark.parametrize(
    "line",
    [
        "Advertisement",
        "ADVERTISEMENT",
        "- Advertisement -",
        "[ Advertisement ]",
        "Advertisement:",
        "Advertisement Advertisement",
        "» Advertisement «",
    ],
)
def test_a_phrase_is_the_same_in_any_dress(line: str) -> None:
    assert phrase_key(fold(plain(line))) == "advertisement"


@pytest.mark.parametrize("line", ["Advertisement revenue", "No advertisement", "advert isement"])
def test_a_phrase_is_the_whole_line(line: str) -> None:
    assert phrase_key(fold(plain(line))) != "advertisement"


def test_a_pattern_that_does_not_end_names_its_rule_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tmp_path / "slow.toml"
    rules.write_text(
        '[[rule]]\nid = "slow"\nkind = "pattern"\nwhy = "Backtracks."\nline = "(a|aa|a?)+b"\ncatches = ["ab"]\nspares = ["c"]\n'
    )
    monkeypatch.setattr("cleaner.matcher.CONFIRM_SECONDS", 0.2)
    with pytest.raises(CleanerError, match=r"rule slow\.slow did not end on line 2 in 0\.2 s"):
        Cleaner([rules]).clean("Hello.\n" + "a" * 60 + "cb")
