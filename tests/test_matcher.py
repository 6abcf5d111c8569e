"""One scan for all patterns gives the answers of trying them one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from cleaner.document import CleanerError
from cleaner.engine import Cleaner
from cleaner.examples import read
from cleaner.matcher import MATCHERS, AhoCorasick, Hyperscan, OneByOne
from cleaner.rulebook import Rule, Rulebook, load
from cleaner.segment import Page, fold, plain
from cleaner.wording import phrase_key

BOOK = load()
RULES = [rule for rule in BOOK.rules if rule.kind != "repair"]
FAST, SLOW = AhoCorasick(BOOK), OneByOne(BOOK)
WIDE_UNICODE = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture(scope="module")
def hyperscan() -> Hyperscan:
    """The matcher of the extra, from the first line on."""
    pytest.importorskip("hyperscan")
    matcher = Hyperscan(BOOK)
    matcher.after, matcher._seen = -1, 10_000  # nothing is too small for it
    return matcher


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


def test_equal_on_a_text_of_real_size(hyperscan: Hyperscan) -> None:
    """Lines near the rules of the whole book, in every spelling the views are to make one."""
    rng = random.Random(11)
    page = Page("\n".join(bent(rng.choice(LINES), rng) for _ in range(1_200)))
    slow = SLOW.scan(page)
    assert sum(len(on) for roles in slow.values() for on in roles.values()) > 300
    assert FAST.scan(page) == slow
    assert hyperscan.scan(page) == slow


def fixture_texts() -> Iterator[str]:
    for path in sorted((ROOT / "fixtures" / "gold").glob("*.tsv")):
        yield "\n".join(line.split("\t", 2)[-1] for line in path.read_text(encoding="utf-8").splitlines())


def test_equal_on_the_fixtures(hyperscan: Hyperscan) -> None:
    for text in fixture_texts():
        page = Page(text)
        slow = SLOW.scan(page)
        assert FAST.scan(page) == slow
        assert hyperscan.scan(page) == slow


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_equal_on_lines_near_the_rules(hyperscan: Hyperscan, lines: list[str], rng: random.Random) -> None:
    page = Page("\n".join(bent(line, rng) for line in lines))
    assert FAST.scan(page) == hyperscan.scan(page) == SLOW.scan(page)


@given(st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(LINES), WIDE_UNICODE), max_size=6).map("".join)))
def test_equal_on_any_text(hyperscan: Hyperscan, text: str) -> None:
    page = Page(text)
    assert FAST.scan(page) == hyperscan.scan(page) == SLOW.scan(page)


@pytest.mark.parametrize("harm", ["cut short", "one bit", "empty"])
def test_a_broken_database_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    pytest.importorskip("hyperscan")
    monkeypatch.setenv("CLEANER_CACHE_DIR", str(tmp_path))
    book = Rulebook(RULES[:20])
    page = Page("\n".join(example_lines(RULES[:20])))

    def scanned() -> object:
        matcher = Hyperscan(book)
        matcher.after, matcher._seen = -1, 10_000  # nothing is too small for it
        return matcher.scan(page)

    first = scanned()
    stored = {path: path.read_bytes() for path in tmp_path.glob("scan-*.bin")}
    assert stored
    for path, whole in stored.items():
        path.write_bytes({"cut short": whole[:-100], "one bit": whole[:-1] + bytes([whole[-1] ^ 1]), "empty": b""}[harm])
    assert scanned() == first
    assert {path: path.read_bytes() for path in stored} == stored


def test_every_matcher_has_a_name_and_cleans_alike() -> None:
    pytest.importorskip("hyperscan")
    text = "\n".join(next(fixture_texts()).split("\n"))
    assert len({Cleaner(matcher=name).clean(text).text for name in MATCHERS}) == 1


def test_a_known_line_is_judged_by_where_it_stands(tmp_path: Path) -> None:
    """What is remembered of a line is what its text decides; its place on the page is asked again."""
    rules = tmp_path / "top.toml"
    rules.write_text(
        '[[rule]]\nid = "top"\nkind = "phrase"\nwhy = "A label at the top."\nphrases = ["frobnicated quux"]\n'
        'when = { first_lines = 1 }\ncatches = ["frobnicated quux"]\nspares = ["Other."]\n'
    )
    cleaner = Cleaner([rules], select=["top"])
    top, below = "Frobnicated quux\nIt rained.", "It rained.\nFrobnicated quux"
    assert [cleaner.clean(text).text for text in (top, below, top, below)] == ["It rained.", below, "It rained.", below]


def test_cleaning_many_pages_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleaner.matcher._REMEMBERED", 1_000)
    matcher = AhoCorasick(BOOK)
    for number in range(100):
        page = Page(f"It rained on day {number}.\nAdvertisement\n" * 3)
        assert matcher.scan(page) == SLOW.scan(page)
    assert sum(map(len, [*matcher._known, *matcher._older])) < 4_000


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
