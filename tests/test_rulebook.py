"""Rule files: what loads, what is refused and how, and which rules are on."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleaner import rulebook
from cleaner.rulebook import Rulebook, RuleError, load

GOOD = """
[[rule]]
id = "good"
kind = "pattern"
why = "A reason."
line = '''read also: .{3,80}'''
when = { max_chars = 90 }
catches = ["Read also: Ten bridges"]
spares = ["He read also about bridges."]
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('kind = "pattern"', 'kind = "patern"'), r"mine.toml: rule good: no kind 'patern' \(did you mean 'pattern'\?\); there are cues, phrase"),
        (("line =", "lines ="), r"mine.toml: rule good: unknown key 'lines'"),
        (("max_chars", "max_char"), r"mine.toml: rule good: no feature 'max_char' in 'when'; there are max_chars"),
        (("max_chars = 90", 'max_chars = "90"'), r"mine.toml: rule good: 'when.max_chars' takes int"),
        (("max_chars = 90", "max_chars = -1"), r"mine.toml: rule good: 'when.max_chars' takes a number from 0 to 1,000,000,000"),
        (("max_chars = 90", "max_upper = 1" + 400 * "0"), r"mine.toml: rule good: 'when.max_upper' takes a share from 0 to 1, not 1000"),
        (("max_chars = 90", 'beside = ["ad", ["credit"]]'), r"mine.toml: rule good: 'when.beside' takes a list of names"),
        (("max_chars = 90", "max_upper = nan"), r"mine.toml: rule good: 'when.max_upper' takes a share from 0 to 1, not nan"),
        (('why = "A reason."', ""), r"mine.toml: rule good: needs 'why'"),
        (('spares = ["He read also about bridges."]', ""), r"mine.toml: rule good: needs 'spares', a list of examples"),
        (("catches = [", "catches = [] #"), r"needs 'catches'"),
        (('id = "good"', 'id = "Good One"'), r"'id' takes small letters"),
        (("{3,80}", "{3,80"), r"mine.toml: rule good|$"),
        (("also: ", "also(: "), r"mine.toml: rule good: pattern .*missing \)"),
        (("also: ", "also： "), r"write '：' as ':'"),
        (("[[rule]]", "[rule]"), r"mine.toml: a rule file holds \[\[rule\]\] entries and \[words\]"),
        (("[[rule]]", "[[rules]]"), r"mine.toml: a rule file holds \[\[rule\]\] entries and \[words\]"),
        (("why =", "why"), r"mine.toml: not a TOML file"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_file_rule_and_reason(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = write(tmp_path, GOOD.replace(*change))
    if change[1] == "{3,80":  # an unclosed brace is a literal to `regex`: no mistake it can see
        assert load([path])["mine.good"]
        return
    with pytest.raises(RuleError, match=message):
        load([path])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('kind = "phrase"\nphrases = []', "needs 'phrases', 'line' or 'part'"),
        ('kind = "phrase"\nline = "x"', "unknown key 'line'; this kind has phrases"),
        ('kind = "pattern"\nphrases = ["x"]', "unknown key 'phrases'; this kind has line, part, case"),
        ('kind = "repeat"\nof = "yesterday"', "'of' takes one of title, next"),
        ('kind = "repeat"\nof = "title"\nmin_word = 3', "unknown key 'min_word'; this kind has of, min_chars"),
        ('kind = "section"', "needs 'opener', a table"),
        ('kind = "section"\nopener = "Related"', "a wording takes a table"),
        ('kind = "section"\nopener = { phrases = ["Related"] }\nreach = "far"', "'reach' takes end or list"),
        ('kind = "run"\nopener = { phrases = ["Dear reader"] }', "needs 'vote', a table"),
        ('kind = "run"\nopener = { phrases = ["a"] }\nvote = { part = ["b"] }\nmin_votes = true', "'min_votes' takes int"),
        ('kind = "repair"\nfix = "everything"', "no fix 'everything'; there are surrogate"),
        ('kind = "repair"\nfox = "control"', "unexpected keyword argument 'fox'"),
    ],
)  # fmt: skip
def test_each_kind_knows_its_keys(tmp_path: Path, keys: str, message: str) -> None:
    path = write(tmp_path, f'[[rule]]\nid = "x"\nwhy = "y"\ncatches = ["a"]\nspares = ["b"]\n{keys}\n')
    with pytest.raises(RuleError, match=message):
        load([path])


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"the id is taken by an entry of mine\.toml"):
        load([write(tmp_path, GOOD + GOOD)])


def test_a_rule_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"nowhere\.toml: cannot be read: No such file"):
        load([tmp_path / "nowhere.toml"])


def test_choosing(tmp_path: Path) -> None:
    book = load([write(tmp_path, GOOD)])
    ids = [rule.id for rule in book.choose(select=["mine"]).rules]
    assert ids == ["mine.good"]
    assert "mine.good" not in [rule.id for rule in book.choose(ignore=["mine.good"]).rules]
    assert not [rule for rule in book.choose(keep=["ad"]).rules if rule.category == "ad"]
    assert not [rule for rule in book.choose().rules if rule.category == "byline"]
    with pytest.raises(RuleError, match=r"no rule or family 'mine.god' \(did you mean 'mine.good'\?\)"):
        book.choose(ignore=["mine.god"])
    with pytest.raises(RuleError, match=r"no category 'captoin' \(did you mean 'caption'\?\)"):
        book.choose(keep=["captoin"])


def test_bylines_go_only_when_asked_for() -> None:
    book = load()
    assert [rule for rule in book.rules if rule.category == "byline"]
    assert not [rule for rule in book.choose().rules if rule.category == "byline"]
    assert [rule for rule in book.choose(remove=["byline"]).rules if rule.category == "byline"]


def test_the_digest_names_the_rules_and_nothing_else(tmp_path: Path) -> None:
    one = load([write(tmp_path, GOOD)], shipped_too=False)
    (tmp_path / "elsewhere").mkdir()
    same = load([write(tmp_path / "elsewhere", GOOD.replace("A reason.", "Another reason."))], shipped_too=False)
    other = load([write(tmp_path, GOOD.replace("3,80", "3,81"), "mine2.toml")], shipped_too=False)
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize("suffix", [".bin", ".pages"])
@pytest.mark.parametrize("damage", [b"", b"\x00\xff", b"\x00" * 100])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes, suffix: str) -> None:
    monkeypatch.setenv("CLEANER_CACHE_DIR", str(tmp_path / "cache"))
    path = write(tmp_path, GOOD)
    fresh = load([path], shipped_too=False).digest
    (cache,) = (tmp_path / "cache").glob(f"*{suffix}")
    cache.write_bytes(damage)
    book = load([path], shipped_too=False)
    assert book.digest == fresh
    assert book["mine.good"].page["why"] == "A reason."


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLEANER_CACHE_DIR", str(tmp_path / "file"))
    assert load([write(tmp_path, GOOD)])["mine.good"]


def lint(tmp_path: Path, pattern: str, more: str = "") -> list[str]:
    book = load([write(tmp_path, GOOD.replace("'''read also: .{3,80}'''", f"'''{pattern}'''") + more)], shipped_too=False)
    return [finding for rule in book.rules for finding in rulebook.lint(rule)]


def test_lint_refuses_what_would_be_tried_on_every_line(tmp_path: Path) -> None:
    assert "has no literal" in lint(tmp_path, r"\w+ \d+")[0]


def test_lint_refuses_what_can_take_for_ever(tmp_path: Path) -> None:
    assert "repeats a repeat without bound" in lint(tmp_path, r"read (\w+\s?)*also")[0]


def test_lint_refuses_capitals_that_mean_nothing(tmp_path: Path) -> None:
    assert "has capitals, but case is ignored" in lint(tmp_path, "READ also")[0]
    assert lint(tmp_path, r"read \p{Lu}\S+ also") == []


def test_a_book_of_no_rules_is_a_book() -> None:
    assert Rulebook([]).choose().rules == ()
