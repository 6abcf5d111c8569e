"""Weak signs weighed together: what is weighed at all, what a removal says of its cause, and how strictness orders the results."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from pathlib import Path

import pytest
from test_fixtures import GOLD, read

from cleaner import features
from cleaner.detectors.cues import Cues, around, chance, strongest, total
from cleaner.detectors.sheet import Sheet, Standing
from cleaner.document import Document
from cleaner.engine import Cleaner
from cleaner.rulebook import load
from cleaner.segment import Page

ARTICLE = [
    "Village gives its old ferry a second life",
    "The ferry that crossed the lake for sixty years was pulled ashore on Friday, and the whole village came out to watch it.",
    "It will be a café in summer and a workshop in winter, said the carpenter who has looked after the boat since he was a boy.",
    "The council paid for the new roof of the boathouse, while the oars and the benches were mended by the pupils of the school.",
    "The first coffee will be poured in June, when the lake is warm and the guests come back to the village from the cities.",
]
STRAY = "Podcast: Goalkeeper quits after penalty row"
WORDS = {"media": frozenset({"podcast"}), "function": frozenset("the of and to in a is that it will be by was".split())}
EAGER = """[[rule]]
id = "all"
kind = "cues"
why = "Takes every line that may be weighed."
catches = ["-"]
spares = ["-"]
[rule.threshold]
low = -1.0
normal = 2.0
high = 4.0
[rule.alone]
bias = 3.0
[rule.together]
bias = 2.0
pictured = 1.5
label = 0.25
[words]
media = "podcast"
"""


def of(rule: str, folder: Path, strictness: str = "normal") -> Cleaner:
    (folder / "eager.toml").write_text(rule, encoding="utf-8")
    return Cleaner.of(load([folder / "eager.toml"], shipped_too=False), strictness=strictness)


@pytest.fixture
def eager(tmp_path: Path) -> Cleaner:
    """Only the question what may be weighed stands between this rule and a line."""
    return of(EAGER, tmp_path)


def with_line(line: str, behind: int = 3) -> str:
    return "\n".join([*ARTICLE[:behind], line, *ARTICLE[behind:]])


def sheet(text: str, taken: dict[int, str] | None = None, weak: tuple[int, ...] = ()) -> Sheet:
    return Sheet(Page(text), Standing(taken or {}, frozenset(weak)), WORDS)


# --- what is weighed -----------------------------------------------------------------------------------------------


def test_what_speaks_against_a_line_lets_it_be_weighed(eager: Cleaner) -> None:
    text = with_line(STRAY)
    assert [edit.old for edit in eager.clean(text).edits] == [STRAY + "\n"]


@pytest.mark.parametrize("post", ["pic.twitter.com/x1Yz", "by @lakeclub", "#penalty", "t.co/x1Yz"])
def test_a_post_is_never_weighed(eager: Cleaner, post: str) -> None:
    text = with_line(f"{STRAY} {post}")
    assert eager.clean(text).edits == ()
    assert not sheet(text).speaks(3)
    assert not sheet(text, weak=(3,)).speaks(3)


def test_a_list_is_spared(eager: Cleaner) -> None:
    text = with_line("Boats: 14\nOars: 28\nLamps: 3\nRopes: 9")
    assert eager.clean(text).edits == ()


def test_in_a_list_of_which_rules_take_much_the_rest_speaks() -> None:
    text = with_line("Boats on the lake\nOars and benches\nLamps and ropes")
    assert not sheet(text).speaks(3)
    assert sheet(text, taken={4: "navigation"}).speaks(3)


def test_a_page_without_an_article_is_spared(eager: Cleaner) -> None:
    assert eager.clean("\n".join(["Village news", STRAY, "Boats: 14", "A café in June", "Lamps and ropes"])).edits == ()
    assert eager.clean("").edits == ()
    assert eager.clean(STRAY).edits == ()


def test_running_text_and_the_told_title_are_not_weighed(eager: Cleaner) -> None:
    assert eager.clean("\n".join(ARTICLE)).edits == ()
    text = with_line(STRAY)
    assert eager.clean(Document("", text, title=STRAY)).edits == ()


def test_a_line_that_rules_have_taken_is_not_text_and_not_weighed() -> None:
    text = with_line(STRAY)
    bare, told = sheet(text), sheet(text, taken={3: "teaser"})
    gates = [(features.tests({}), 140)]
    assert 3 in bare.candidates(gates)
    assert 3 not in told.candidates(gates)
    assert bare.text == [False, True, True, False, True, True]
    assert sheet(text, taken={1: "bio"}).text == [False, False, True, False, True, True]


def test_standing_shows_in_the_signs_of_the_neighbours() -> None:
    text = with_line(f"{STRAY}\nPhoto gallery: Winter hats")
    alone = sheet(text).signs(4)
    assert "taken before" not in alone
    beside = sheet(text, taken={3: "teaser"}, weak=(4,)).signs(4)
    assert beside["taken before"] == beside["teaser near"] == beside["weak"] == 1
    assert beside["taken run"] == 0.5
    caption = sheet(text, taken={3: "caption"}).signs(4)
    assert caption["picture before"] == 1
    assert "teaser near" not in caption


def test_signs_are_numbers_and_what_is_not_there_is_left_out() -> None:
    for index in range(6):
        signs = sheet(with_line(STRAY)).signs(index)
        assert all(isinstance(value, float) and value for value in signs.values())
    assert sheet(with_line(STRAY)).signs(3)["pictured"] == 1


def test_the_second_pass_looks_at_how_the_neighbours_stand() -> None:
    assert around(1, [1.0, 0.0, 0.25])["standing before"] == 1
    assert around(1, [1.0, 0.0, 0.25])["standing after"] == 0.25
    assert around(0, [0.0])["standing before"] == 0.5  # the page's edge says nothing


# --- what a removal says -------------------------------------------------------------------------------------------


def test_a_removal_names_its_strongest_cues_and_their_sum(eager: Cleaner) -> None:
    (edit,) = eager.clean(with_line(STRAY)).edits
    assert (edit.rule, edit.category) == ("eager.all", "eager")
    assert edit.evidence == "pictured +1.5, label +0.2; in all +3.8"


def test_the_shipped_rules_name_cues_of_theirs() -> None:
    cleaner = Cleaner(select=["cues"], strictness="low")
    rules = {rule.id: rule for rule in cleaner.book.rules}
    edits = [edit for path in GOLD for edit in cleaner.clean(read(path).text).edits]
    assert edits
    for edit in edits:
        detector = rules[edit.rule].detector
        assert isinstance(detector, Cues)
        named = re.findall(r"(?:^|, )([^+]+) \+\d", edit.evidence.split(";")[0])
        assert named, edit.evidence
        assert set(named) <= set(detector.together)
        assert float(edit.evidence.rpartition(" ")[2]) >= detector.threshold["low"] - 0.05


def test_strongest_are_those_that_speak_for_a_removal() -> None:
    weights = {"bias": 5.0, "a": 1.0, "b": -2.0, "c": 0.5}
    signs = {"a": 1.0, "b": 1.0, "c": 3.0, "unknown": 1.0}
    assert total(weights, signs) == pytest.approx(5.5)
    assert [name for name, _added in strongest(weights, signs)][:2] == ["c", "a"]
    assert chance(0) == 0.5
    assert chance(-800) < 1e-9 < 1 - 1e-9 < chance(800)


# --- strictness ----------------------------------------------------------------------------------------------------


def test_strictness_decides_by_the_sum(tmp_path: Path) -> None:
    taken = {name: len(of(EAGER, tmp_path, name).clean(with_line(STRAY)).edits) for name in Cues.STRICTNESS}
    assert taken == {"low": 1, "normal": 1, "high": 0}


def test_low_strictness_takes_at_least_what_high_takes() -> None:
    """On every labelled text: whatever stays at low strictness, stays at normal, and that at high."""
    cleaners = [Cleaner(strictness=strictness) for strictness in Cues.STRICTNESS]
    more = 0
    for path in GOLD:
        fixture = read(path)
        document = Document("", fixture.text, lang=fixture.lang, title=fixture.title)
        low, normal, high = (Counter(cleaner.clean(document).text.split("\n")) for cleaner in cleaners)
        assert low - normal == Counter(), path.name
        assert normal - high == Counter(), path.name
        more += low != high
    assert more > 0


def test_the_same_text_gives_the_same_removals() -> None:
    texts = [read(path).text for path in GOLD[::6]]
    first = Cleaner(strictness="low")
    edits = [first.clean(text).edits for text in texts]
    assert [first.clean(text).edits for text in reversed(texts)][::-1] == edits
    copy: Cleaner = pickle.loads(pickle.dumps(first))  # noqa: S301 - our own
    assert [copy.clean(text).edits for text in texts] == edits


# --- the rule file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"pages": "all"}, "'pages' takes text or whole"),
        ({"threshold": {"low": 1.0, "high": 2.0}}, "'threshold' takes low, normal, high"),
        ({"loss": {"low": 0.1, "normal": 0.1, "strict": 0.1}}, "'loss' takes low, normal, high"),
        ({"together": {"label": "much"}}, "'together.label' takes a number, not 'much'"),
        ({"alone": {"label": True}}, "'alone.label' takes a number, not True"),
    ],
)
def test_a_wrong_setting_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Cues.read(keys)


def test_a_rule_that_is_not_fitted_yet_takes_nothing(tmp_path: Path) -> None:
    assert of(EAGER.partition("[rule.threshold]")[0], tmp_path).clean(with_line(STRAY)).edits == ()
