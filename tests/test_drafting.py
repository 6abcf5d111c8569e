"""A draft of a rule: what it says, what it leaves to a person, and what is refused."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Command
from hypothesis import given
from hypothesis import strategies as st

from cleaner import frames
from cleaner.drafting import literal, quoted
from cleaner.segment import Page

DETOURS = "Detour: 9 miles by Fenny Hatch\nDetour: 4 miles by Upper Quell\n"
ARTICLE = """The bridge is shut until May.
Detour: 7 miles by Lower Quell
They are sent round by Fenny Hatch, a detour of nine miles.
It was no detour, she said, though it took four hours by car.
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(ARTICLE)
    return folder


def rules(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(text)["rule"]
    return found


def wordings(*lines: str) -> list[str]:
    found = frames.sort(Page("\n".join(lines)).lines)
    return [*(pattern.source for pattern in found.patterns), *(f"={line.text}" for line in found.phrases)]


# --- what lines share ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("Pull the lever", "Quick, the goose"), ["=Pull the lever", "=Quick, the goose"]),
        (("Share on Facebook", "Share on Twitter"), ["=Share on Facebook", "=Share on Twitter"]),  # few words: listed
        (("5 min read", "12 min read"), [r"\d{1,4} min read"]),
        (("1,204 views",), [r"[\d,]{1,7} views"]),
        (("Join the club for $4.99 a month", "Join the club for €12 a month"), [r"join the club for [$€£¥₹][\d.]{1,6} a month"]),
        (("Dig deeper: how the bridge fell", "DIG DEEPER: five things to know"), [r"dig deeper: .{9,30}"]),
        (("Get the Courier by email", "Get the Harbour Post each day by email"), [r"get the .{3,40} by email"]),
        (("The bridge opened on Monday", "The bridge closed after much rain"), ["=The bridge opened on Monday", "=The bridge closed after much rain"]),
        (("阅读更多：桥梁开放的故事", "阅读更多：市长离开了这里"), ["阅读更多:.{3,20}"]),
        (("और पढ़ें: पुल की पूरी कहानी", "और पढ़ें: नदी का ठंडा पानी"), ["और पढ़ें: .{8,30}"]),
        (("For the latest weather, tap the cloud over Quell", "For the latest traffic, tap the car"), [r"for the latest .{3,20}, tap the .{1,30}"]),
        (("* * *",), [r"\* \* \*"]),
    ],
)  # fmt: skip
def test_lines_become_a_wording(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert wordings(*lines) == wanted


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40), min_size=1, max_size=5))
def test_each_line_is_matched_by_its_own_wording(lines: list[str]) -> None:
    import regex

    of = Page("\n".join(lines)).lines
    found = frames.sort(of)
    assert sorted([line for pattern in found.patterns for line in pattern.lines] + found.phrases, key=lambda line: line.index) == of
    for pattern in found.patterns:
        for line in pattern.lines:
            assert regex.fullmatch(pattern.source, line.plain, regex.IGNORECASE), (pattern.source, line.plain)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_strings_are_toml(text: str) -> None:
    assert tomllib.loads(f"a = {quoted(text)}\nb = {literal(text)}") == {"a": text, "b": text}


# --- the draft -----------------------------------------------------------------------------------------------------


def test_a_draft_of_lines_that_share_a_frame(command: Command, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text(DETOURS)
    done = command("rules", "new", "lines.txt", "--near", "in", "--family", "ad", "--id", "detour")
    assert (done.returncode, done.stderr) == (0, "")
    (rule,) = rules(done.stdout)
    assert (rule["id"], rule["kind"], rule["category"]) == ("detour", "pattern", "ad")
    assert rule["why"].startswith("TODO")
    assert rule["when"] == {"max_chars": 40, "ends_sentence": False, "quoted": False}
    assert rule["catches"] == DETOURS.splitlines()
    # the nearest first; the line that the draft takes is none
    assert rule["spares"] == [
        "They are sent round by Fenny Hatch, a detour of nine miles.",
        "It was no detour, she said, though it took four hours by car.",
    ]
    assert "# In in (1 document):\n# takes 1 line in 1 document\n" in done.stdout
    assert "#     The bridge is shut until May.\n#   - Detour: 7 miles by Lower Quell\n#     They are sent" in done.stdout
    assert "#     -- a.txt:2\n" in done.stdout


def test_a_draft_does_not_pass_its_test_before_a_person_gives_the_reason(command: Command, corpus: Path, tmp_path: Path) -> None:
    assert command("rules", "new", "-", "--near", "in", "-o", "mine.toml", stdin=DETOURS).returncode == 0
    done = command("rules", "test", "mine.toml")
    assert done.returncode == 1
    assert "mine.detour-miles-by: why: 'TODO: say why" in done.stdout
    path = tmp_path / "mine.toml"
    path.write_text(re.sub('TODO: [^"]*', "The traffic box.", path.read_text()))
    done = command("rules", "test", "mine.toml")
    assert (done.returncode, done.stdout) == (0, "1 rules, 4 examples, 0 failed\n")
    assert command("rules", "lint", "mine.toml").returncode == 0


def test_without_a_look_alike_the_draft_does_not_load(command: Command, tmp_path: Path) -> None:
    for words in ((), ("--near", "other.txt")):
        (tmp_path / "other.txt").write_text("It rained on Tuesday, as it had on Monday.\n")
        (tmp_path / "mine.toml").unlink(missing_ok=True)
        assert command("rules", "new", "-", "-o", "mine.toml", *words, stdin="Pull the lever\n").returncode == 0
        assert "# TODO: a line of a real article" in (tmp_path / "mine.toml").read_text()
        done = command("rules", "test", "mine.toml")
        assert done.returncode == 2
        assert "mine.toml: rule pull-the-lever: needs 'spares', a list of examples" in done.stderr


def test_lines_with_and_without_a_frame_become_two_rules(command: Command) -> None:
    done = command("rules", "new", "-", "--id", "x", stdin=DETOURS + "Pull the lever\n")
    assert [(rule["id"], rule["kind"]) for rule in rules(done.stdout)] == [("x", "pattern"), ("x-phrases", "phrase")]


def test_lines_that_shipped_rules_take_are_named_and_not_drafted(command: Command) -> None:
    done = command("rules", "new", "-", stdin="Advertisement\nPull the lever\n")
    assert "ad.marker takes it already: Advertisement\n" in done.stderr
    assert rules(done.stdout)[0]["catches"] == ["Pull the lever"]
    done = command("rules", "new", "-", "-o", "mine.toml", stdin="Advertisement\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing to draft: shipped rules take every line" in done.stderr
    assert command("rules", "test", "mine.toml").returncode == 2  # no file was written


def test_a_look_alike_is_a_sentence_of_a_long_line(command: Command, tmp_path: Path) -> None:
    text = "A paragraph that goes on about the weather for a while. " * 6 + "You pull the lever and the goose is fed. And so on it went."
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "x", "body": text, "url": "https://www.valley.example/1"}) + "\n")
    done = command("rules", "new", "-", "--near", "a.jsonl", "--text-field", "body", stdin="Pull the lever\n")
    assert rules(done.stdout)[0]["spares"] == ["You pull the lever and the goose is fed."]
    assert "# keep or delete: x:1\n" in done.stdout
    assert "# In a.jsonl (1 document, 1 site known):\n# takes no line there\n" in done.stdout


def test_what_shipped_rules_take_is_no_look_alike(command: Command, tmp_path: Path) -> None:
    taken = "Sign up for our daily newsletter and pull the lever."
    (tmp_path / "a.txt").write_text(f"{taken}\nHe had to pull the lever twice.\n")
    assert taken in command("check", "a.txt").stdout
    done = command("rules", "new", "-", "--near", "a.txt", stdin="Pull the lever\n")
    assert rules(done.stdout)[0]["spares"] == ["He had to pull the lever twice."]


def test_control_characters_are_made_visible(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Red \x1b[31m here.\nPull the lever\nMore \x07 here.\n")
    done = command("rules", "new", "-", "--near", "a.txt", stdin="Pull the lever\n")
    assert rules(done.stdout)
    assert "#     Red \\x1b[31m here.\n#   - Pull the lever\n#     More \\x07 here.\n" in done.stdout


def test_lines_in_another_encoding_and_compressed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress("Schalter drücken für Größe\n".encode("cp1252")))
    done = command("rules", "new", "a.txt.gz")
    assert (rules(done.stdout)[0]["phrases"], done.stderr) == (["schalter drücken für größe"], "")
    (tmp_path / "b.txt").write_bytes("Größe, Köln, über, schön".encode() + b"\xff\n")
    done = command("rules", "new", "b.txt")
    assert "b.txt: not all of its bytes are text" in done.stderr
    assert done.returncode == 0


def test_a_line_with_signs_of_the_example_language(command: Command) -> None:
    done = command("rules", "new", "-", stdin="Open [[the]] goose => gate\n")
    assert "not listed under 'catches', where its signs have a meaning: Open [[the]] goose => gate" in done.stderr
    assert rules(done.stdout)[0]["catches"] == []


def test_a_draft_overwrites_nothing(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("# mine\n")
    done = command("rules", "new", "-", "-o", "mine.toml", stdin=DETOURS)
    assert (done.returncode, "mine.toml: is there already" in done.stderr) == (2, True)
    assert (tmp_path / "mine.toml").read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        (["-"], "", "standard input: holds no line; paste the lines"),
        (["-"], " \n\n", "standard input: holds no line"),
        (["-"], "".join(f"A line of number {n:x}\n" for n in range(1001)), "1,001 lines; a rule is drafted from at most 1,000"),
        (["nowhere.txt"], "", "nowhere.txt: "),
        (["in"], "", "in: "),
        (["-", "--near", "nowhere"], DETOURS, "nowhere: no such file or directory"),
        (["-", "--near", "empty"], DETOURS, "empty: no text to look for look-alikes in"),
        (["-", "--near", "blank.txt"], DETOURS, "blank.txt: no text to look for look-alikes in"),
        (["-", "--near", "a.dat"], DETOURS, "a.dat: not a kind that is read"),
        (["-", "--id", "My Rule"], DETOURS, "'My Rule' is not an id"),
        (["-", "--family", "../x"], DETOURS, "'../x' is not a family"),
        (["-", "-o", "mine.txt"], DETOURS, "mine.txt: a rule file is named after its family: FAMILY.toml"),
        (["-", "-o", "no/mine.toml"], DETOURS, "no/mine.toml: cannot be written"),
        (["-", "-o", "ad.toml", "--id", "marker"], DETOURS, "the id ad.marker is taken by a shipped rule"),
    ],
)
def test_mistakes(command: Command, corpus: Path, tmp_path: Path, words: list[str], stdin: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank.txt").write_text(" \n\n")
    (tmp_path / "a.dat").write_text("x")
    done = command("rules", "new", *words, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_records_that_cannot_be_read_are_named(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{broken\n" + json.dumps({"text": "He had to pull the lever twice."}) + "\n")
    done = command("rules", "new", "-", "--near", "a.jsonl", stdin="Pull the lever\n")
    assert done.returncode == 0
    assert "failed: a.jsonl:1: broken JSON" in done.stderr
    assert rules(done.stdout)[0]["spares"]


# --- test and show -------------------------------------------------------------------------------------------------

RULE = """[[rule]]
id = "x"
kind = "pattern"
why = "y"
line = "dig deeper: .{3,40}"
when = { max_chars = 31, ends_sentence = false }
catches = ["Dig deeper: how the bridge fell"]
spares = ["He dug deeper."]
"""


def test_a_failing_example_says_what_happened(command: Command, tmp_path: Path) -> None:
    changes = {
        "a": ("how the bridge fell", "how the old bridge fell down", "but not when max_chars = 31 (at most this many characters)"),
        "b": ("bridge fell", "town?", "but not when ends_sentence = false (closes a sentence, or does not)"),
        "c": ("Dig deeper: how", "Digging: how", "; its wording does not match 'Digging: how the bridge fell'"),
        "d": ("He dug deeper.", "Advertisement", "ad.marker takes 'Advertisement'; spares must survive all rules, not only their own"),
        "e": ("He dug deeper.", "Dig deeper: a novel", "mine.a takes 'Dig deeper: a novel'"),
        "f": ("He dug deeper.", "He dug.", ""),
    }
    (tmp_path / "mine.toml").write_text("".join(RULE.replace('"x"', f'"{name}"').replace(*how[:2]) for name, how in changes.items()))
    done = command("rules", "test", "mine.toml")
    assert done.returncode == 1
    said = dict(re.findall(r"^mine\.(.): \w+: .*\n    (.*)$", done.stdout, re.MULTILINE))
    assert said.keys() == set("abcde")
    for name, message in said.items():
        assert changes[name][2] in message
    assert "6 rules, 12 examples, 5 failed" in done.stdout


def test_a_changed_copy_of_a_shipped_file_is_tested_in_its_place(command: Command, tmp_path: Path) -> None:
    (tmp_path / "share.toml").write_bytes((ROOT / "rules" / "share.toml").read_bytes())
    done = command("rules", "test", "share.toml")
    assert (done.returncode, ", 0 failed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_rule_is_shown_as_a_page(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RULE)
    shown = command("rules", "show", "mine.x", "--rules", "mine.toml").stdout
    for line in ("kind      pattern: takes a line that", "category  mine", "language  any", "file      mine.toml", "at most 31 characters  [max_chars = 31]",
                 "closes a sentence: no  [ends_sentence = false]", "line: dig deeper: .{3,40}", "  * He dug deeper."):  # fmt: skip
        assert line in shown
    row = json.loads(command("rules", "show", "mine.x", "--rules", "mine.toml", "--json").stdout)
    assert (row["id"], row["when"], row["spares"]) == ("mine.x", {"max_chars": 31, "ends_sentence": False}, ["He dug deeper."])
    assert "more (--json has them all)" in command("rules", "show", "ad.marker").stdout


# --- the README ----------------------------------------------------------------------------------------------------


def test_the_steps_of_the_readme_lead_to_a_rule(command: Command, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Write a rule\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    steps = [line.split() for block in blocks for line in block.splitlines() if line.startswith("cleaner ")]
    assert [step[1] for step in steps] == ["rules", "rules", "rules", "clean"]
    printf = next(line for line in blocks[0].splitlines() if line.startswith("printf"))
    (tmp_path / "detours.txt").write_text("".join(f"{line}\n" for line in re.findall(r"'([A-Z][^']+)'", printf)))
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    new, *others = [[word.replace("/tmp/", "") for word in step[1:]] for step in steps]
    assert command(*new).returncode == 0
    drafted = (tmp_path / "traffic.toml").read_text()
    shown = section.partition("```toml\n")[2].partition("```")[0]
    assert shown in drafted
    (why,) = re.findall(r"`(why = \"[^`]*\")`", section)
    (tmp_path / "traffic.toml").write_text(re.sub("why = .*", why, drafted))
    for step in others:
        done = command(*step)
        assert done.returncode == 0, done.stdout + done.stderr
        if step[1] == "impact":
            assert "in all: 2 lines (60 characters) newly removed; " in done.stdout
