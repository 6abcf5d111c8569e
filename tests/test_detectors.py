"""The kinds that look beyond a line: repetition, sections, runs, and support from neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cleaner.document import Document
from cleaner.engine import Cleaner

HEAD = '[[rule]]\nid = "x"\nwhy = "y"\ncatches = ["a"]\nspares = ["b"]\n'
PROSE = "The council met on Monday evening to talk about the bridge, which is to be opened in spring, two years later than the plan had said it would."


def left(tmp_path: Path, rule: str, lines: list[str], title: str | None = None) -> list[str]:
    """The lines that one rule leaves."""
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + rule, encoding="utf-8")
    cleaner = Cleaner([path], select=["mine"])
    return cleaner.clean(Document("", "\n".join(lines), title=title)).text.split("\n")


@pytest.mark.parametrize(
    ("lines", "title", "expected"),
    [
        (["Council opens new bridge at last", "Text.", "Council opens new bridge at last"], None, [0, 1]),
        (["Council opens new bridge at last", "Text.", "Council opens new bridge"], None, [0, 1]),
        (["Council opens new bridge at last", "Text.", "Council opens new brid"], None, [0, 1, 2]),
        (["Council opens new bridge at last", "Text.", "12345 7 council opens new bridge"], None, [0, 1]),
        (["Council opens new bridge at last", "Text.", "Council opens new bridge at last.jpg"], None, [0, 1]),
        (["Text.", "Council opens new bridge"], "Council opens new bridge - The Courier", [0, 1]),
        (["Council opens", "Text.", "Council opens"], "Council opens", [0, 1, 2]),
        (["橋の開通式が月曜日に行われた", "本文。", "橋の開通式が月曜日に行われた"], None, [0, 1]),
    ],
    ids=["whole", "cut at a word", "cut in a word", "slug", "file name", "first copy under a longer title", "too short", "Japanese"],
)
def test_the_title_again(tmp_path: Path, lines: list[str], title: str | None, expected: list[int]) -> None:
    assert left(tmp_path, 'kind = "repeat"\nof = "title"', lines, title) == [lines[i] for i in expected]


def test_a_line_directly_again(tmp_path: Path) -> None:
    lines = ["A whole line that stands here twice", "A whole line that stands here twice", "Short", "Short"]
    assert left(tmp_path, 'kind = "repeat"\nof = "previous"', lines) == [lines[0], "Short", "Short"]


BROKEN = [
    "Files that are marked may be copied to a folder, which",
    "is marked before, by the keys that are described there and",
    "may be changed to others; to have them as they were take",
    "back what was said of them in the file that is read first,",
    "or begin anew, and all of them are as they were",
    "Another heading",
]
"""Running text that was broken at a width; no line of it but the last ends a sentence."""
SECTION = 'kind = "section"\nopener = { phrases = ["related stories"] }\n'


@pytest.mark.parametrize(
    ("keys", "lines", "expected"),
    [
        ('reach = "end"', ["Text.", "Related stories", "Mayor resigns", "Rain expected"], [0]),
        ('reach = "end"', ["Text.", "Related stories", "Mayor resigns", PROSE], [0, 1, 2, 3]),
        ('reach = "end"\nallow = 1', ["Text.", "Related stories", "Mayor resigns", PROSE], [0]),
        ('reach = "end"', ["Text.", "Related stories"], [0, 1]),
        ('reach = "list"', ["Related stories", "Mayor resigns", "Rain expected", PROSE, "More text"], [3, 4]),
        ('reach = "list"\nmax_lines = 1', ["Related stories", "Mayor resigns", "Rain expected"], [2]),
        ('reach = "list"', ["Related stories", PROSE, "Mayor resigns"], [0, 1, 2]),
        ('reach = "list"\nmin_entries = 2', ["Related stories", "Mayor resigns", PROSE], [0, 1, 2]),
        ('reach = "end"', ["Text.", "Related stories", *BROKEN], range(8)),
        ('reach = "end"', ["Text.", "Related stories", *BROKEN[:3]], [0]),
        ('reach = "list"', ["Related stories", "Mayor resigns", *BROKEN], range(2, 8)),
        ('reach = "end"', ["Text.", "Related stories", *(f"Story number {n}" for n in range(301))], range(303)),
        ('reach = "list"\nmax_lines = 1', ["Related stories", "abs, min"] * 12, []),
        ('reach = "list"\nmax_lines = 1', ["Related stories", "abs, min"] * 13, range(26)),
    ],
)
def test_a_section_ends_where_real_text_begins(tmp_path: Path, keys: str, lines: list[str], expected: Sequence[int]) -> None:
    assert left(tmp_path, SECTION + keys, lines) == ([lines[i] for i in expected] or [""])


RUN = """kind = "run"
opener = { line = ["dear reader,?"] }
vote = { part = ["\\\\bour journalism\\\\b", "\\\\bplease give\\\\b"] }
signoff = { line = ["thank you,?"] }
"""
LETTER = ["Dear reader", "Our journalism costs money.", "A silent line", "Please give today.", "Thank you", "Ann Miller"]


def test_a_letter_goes_from_its_opener_to_its_last_vote(tmp_path: Path) -> None:
    assert left(tmp_path, RUN, ["Text.", *LETTER, "More text."]) == ["Text.", "Ann Miller", "More text."]


def test_a_letter_with_too_few_votes_stays(tmp_path: Path) -> None:
    lines = ["Text.", "Dear reader", "Our journalism costs money.", "More text."]
    assert left(tmp_path, RUN, lines) == lines


def test_a_letter_ends_where_nothing_speaks_for_it(tmp_path: Path) -> None:
    lines = ["Dear reader", "Our journalism costs money.", "Please give.", "One", "Two", "Three", "Please give."]
    assert left(tmp_path, RUN, lines) == ["One", "Two", "Three", "Please give."]


def test_a_silent_paragraph_ends_a_letter(tmp_path: Path) -> None:
    lines = ["Dear reader", "Our journalism costs money.", PROSE + " " + PROSE, "Please give.", "Thank you"]
    assert left(tmp_path, RUN, lines) == lines


def test_a_closed_letter_needs_its_signature(tmp_path: Path) -> None:
    lines = ["Dear reader", "Our journalism costs money.", "Please give."]
    assert left(tmp_path, RUN + "closed = true", lines) == lines
    assert left(tmp_path, RUN + "closed = true", [*lines, "Thank you"]) == [""]


WEAK = 'kind = "phrase"\nphrases = ["facebook", "x", "whatsapp"]\ncategory = "share"\n'
STRONG = (
    '\n[[rule]]\nid = "strong"\nkind = "phrase"\nwhy = "y"\nphrases = ["share this"]\ncategory = "share"\ncatches = ["a"]\nspares = ["b"]\n'
)


@pytest.mark.parametrize(
    ("when", "lines", "expected"),
    [
        ('when = { beside = ["share"] }', ["Share this", "Facebook", "Text."], ["Text."]),
        ('when = { beside = ["share"] }', ["Share this", "Facebook", "X", "Text."], ["Text."]),
        ('when = { beside = ["share"] }', ["Share this", "Text.", "Facebook"], ["Text.", "Facebook"]),
        ('when = { beside = ["ad"] }', ["Share this", "Facebook"], ["Facebook"]),
        ('when = { beside = ["*"] }', ["Share this", "", "Facebook"], [""]),
        ("when = { min_run = 3 }", ["Facebook", "X", "WhatsApp", "Text."], ["Text."]),
        ("when = { min_run = 3 }", ["Facebook", "X", "Text.", "WhatsApp"], ["Facebook", "X", "Text.", "WhatsApp"]),
        ("when = { min_run = 3 }", ["Share this", "X", "Facebook"], [""]),
    ],
)  # fmt: skip
def test_a_weak_line_needs_its_neighbours(tmp_path: Path, when: str, lines: list[str], expected: list[str]) -> None:
    assert left(tmp_path, WEAK + when + STRONG, lines) == expected
