"""Weights fitted on labelled lines: what is read, what is refused, what is written, and the command that does it."""

from __future__ import annotations

import gzip
import json
import os
import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Command, tree

from cleaner import fitting
from cleaner.detectors.cues import Cues
from cleaner.document import CleanerError
from cleaner.engine import Cleaner
from cleaner.fitting import Fit, Reading, Row, fit, labelled, read, written
from cleaner.rulebook import Rule, load

RULE = """# A rule of our own.
[[rule]]
id = "odd"
kind = "cues"
why = "Looks strange beside the article's lines."
when = { max_chars = 300 }
loss = { low = 0.1, normal = 0.05, high = 0.02 }
catches = [\"\"\"
[[rule]]
- [rule.threshold]\"\"\"]
spares = ["# It stays."]

# Not weighed: a phrase.
[[rule]]
id = "next"
kind = "phrase"
why = "The button below the story."
phrases = ["next story please"]
catches = ["Next story please"]
spares = ["The next story, please."]

[words]
media = "podcast gallery video"
"""
NOUNS = "ferry lake bench school roof oar winter carpenter village lantern rope harbour market bridge orchard mill goat tram".split()
VERBS = "crossed mended painted lifted carried opened counted measured followed watched".split()
STRANGE = "goalkeeper penalty senator verdict volcano lottery tariff satellite glacier violinist wrestler treaty".split()


def documents(count: int = 24, sites: int = 8, first: int = 0) -> list[dict[str, Any]]:
    """Invented articles with invented headlines of other stories between them."""
    made = []
    for number in range(first, first + count):
        lot = random.Random(number)
        topic = lot.sample(NOUNS, 8)

        def paragraph(lot: random.Random = lot, topic: list[str] = topic) -> str:
            return " ".join(
                f"The {lot.choice(topic)} of the {lot.choice(topic)} {lot.choice(VERBS)} the {lot.choice(topic)} near the {lot.choice(topic)}."
                for _ in range(3)
            )

        lines: list[tuple[str, bool | None, str]] = [(f"The {topic[0]} and the {topic[1]} {number}", True, "title")]
        for place in range(6):
            lines.append((paragraph(), True, "body"))
            if place % 2:
                label = lot.choice(["Podcast", "Video", "Gallery"])
                lines.append((f"{label}: {' '.join(lot.sample(STRANGE, 3)).capitalize()}", False, "teaser"))
            else:
                lines.append((f"{topic[2]} and {topic[3]}".capitalize(), True, "crosshead"))
        lines.append(("Perhaps this", None, ""))
        rows = [{"text": text, "keep": keep, "category": category} for text, keep, category in lines]
        made.append({"id": f"doc-{number}", "site": f"{number % sites}.example", "lines": rows})
    return made


def save(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def mine(tmp_path: Path) -> tuple[Cleaner, Rule]:
    (tmp_path / "mine.toml").write_text(RULE, encoding="utf-8")
    book = load([tmp_path / "mine.toml"], shipped_too=False)
    return Cleaner.of(book), book["mine.odd"]


# --- labelled documents --------------------------------------------------------------------------------------------


def test_labelled_documents_are_read_compressed_or_not(tmp_path: Path) -> None:
    rows = documents(3)
    save(tmp_path / "a.jsonl", rows)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"\n" + (tmp_path / "a.jsonl").read_bytes() + b"\n\n"))
    assert list(labelled([tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"])) == rows * 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{broken", ":2: not JSON: "),
        ("[]", ":2: a labelled document has 'lines', a list of objects with 'text' and 'keep'"),
        ('{"text": "A text."}', ":2: a labelled document has 'lines'"),
        ('{"lines": [{"text": 1, "keep": true}]}', ":2: a labelled document has 'lines'"),
        ('{"lines": [{"text": "A", "keep": true}, {"text": "A"}]}', ":2: line 2 of the document: 'keep' is true, false or null"),
        ('{"lines": [{"text": "A", "keep": "yes"}]}', ":2: line 1 of the document: 'keep' is true, false or null"),
        ('{"lines": [], "title": 7}', ":2: 'title' is a string"),
        ('{"lines": ["\udcff"]}', ":2: not JSON: "),
    ],
)
def test_what_is_no_labelled_document_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"lines": []}\n' + line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(CleanerError) as error:
        list(labelled([path]))
    assert str(error.value).startswith(f"{path}{message}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CleanerError, match=r"nowhere\.jsonl: cannot be read: No such file"):
        list(labelled([tmp_path / "nowhere.jsonl"]))


# --- reading -------------------------------------------------------------------------------------------------------


def test_the_lines_that_would_be_weighed_are_rows(mine: tuple[Cleaner, Rule]) -> None:
    readings, rows = read(documents(2), *mine, draws=1)
    assert [(reading.site, reading.draw, reading.worth) for reading in readings] == [("0.example", 0, 1.0), ("1.example", 0, 1.0)]
    first = [row for row in rows if row.page == 0]
    assert [row.goes for row in first] == [False, False, True, False, True, False, True]  # title, crossheads and teasers
    assert all(row.speaks and row.signs["pictured"] == 1 for row in first if row.goes)


def test_noisy_documents_count_less_and_the_others_in_full(mine: tuple[Cleaner, Rule]) -> None:
    old = [{**row, "worth": 0.5} for row in documents(2)]
    readings, _rows = read(old, *mine, noisy=documents(1, first=2))
    assert [reading.worth for reading in readings if reading.draw == 0] == [1.0, 1.0, fitting.NOISY]


def test_boilerplate_of_other_categories_is_neither_learned_nor_held_against_the_rule(mine: tuple[Cleaner, Rule]) -> None:
    cleaner, rule = mine
    rule.__dict__["detector"] = Cues.read({**rule.settings, "labels": ["caption"]})
    _readings, rows = read(documents(2), cleaner, rule, draws=1)
    assert {row.goes for row in rows} == {None, False}


def test_each_further_reading_leaves_some_rules_silent(mine: tuple[Cleaner, Rule]) -> None:
    rows = documents(20)
    for row in rows:
        row["lines"].insert(4, {"text": "Next story please", "keep": False, "category": "button"})
    readings, _ = read(rows, *mine)
    whole = [sum(reading.standing) for reading in readings if reading.draw == 0]
    assert whole == [1.0] * 20
    later = [sum(reading.standing) for reading in readings if reading.draw]
    assert {0.0, 1.0} == set(later)


# --- fitting -------------------------------------------------------------------------------------------------------


def test_the_weights_tell_what_the_labels_tell(mine: tuple[Cleaner, Rule]) -> None:
    found = fit(*read(documents(), *mine), mine[1])
    assert found.together["pictured"] > 0 > found.together["bias"] + found.together["2-3 words"]
    assert list(found.threshold) == ["low", "normal", "high"]
    assert found.threshold["low"] <= found.threshold["normal"] <= found.threshold["high"]
    right, wrong = found.figures["normal"]
    assert right > 10 * wrong
    assert (found.documents, found.sites) == (24, 8)
    assert (found.goes, found.stays) == (24 * 3 * 2, 24 * 4 * 2)  # no rule speaks here, so each is read twice


def test_the_same_data_give_the_same_weights(mine: tuple[Cleaner, Rule]) -> None:
    assert fit(*read(documents(), *mine), mine[1]) == fit(*read(documents(), *mine), mine[1])


def test_cross_validation_keeps_sites_together(mine: tuple[Cleaner, Rule]) -> None:
    """What is true of one site only is of no use on another, so that nothing is taken on the strength of it."""
    readings = [Reading(f"{site}.example", 0, 1.0, [0.0] * 10) for site in range(20)]
    rows = [Row(site % 2 == 0, {f"site {site}": 1.0}, site, line, speaks=True) for site in range(20) for line in range(10)]
    found = fit(readings, rows, mine[1])
    assert found.alone["site 0"] > 0 > found.alone["site 1"]
    shared = [Row(site % 2 == 0, {f"sort {site % 2}": 1.0}, site, line, speaks=True) for site in range(20) for line in range(10)]
    assert fit(readings, shared, mine[1]).figures["high"][0] == 100
    assert found.figures["high"][0] <= 20


def test_noisy_lines_bear_on_weights_and_not_on_thresholds(mine: tuple[Cleaner, Rule]) -> None:
    guessed = documents(12, first=24)
    for row in guessed:
        for line in row["lines"]:
            line["keep"] = line["keep"] is False  # all wrong
    plain = fit(*read(documents(), *mine), mine[1])
    both = fit(*read(documents(), *mine, noisy=guessed), mine[1])
    assert both.together["pictured"] < plain.together["pictured"]
    assert both.figures["normal"][0] + both.figures["normal"][1] <= plain.goes + plain.stays
    assert both.documents == 36


def _few_sites() -> list[dict[str, Any]]:
    return documents(24, sites=4)


def _few_lines() -> list[dict[str, Any]]:
    return documents(3, sites=8)


def _one_sort() -> list[dict[str, Any]]:
    rows = documents()
    for row in rows:
        row["lines"] = [line for line in row["lines"] if line["category"] in ("body", "teaser")]
    return rows


def _one_site_has_all() -> list[dict[str, Any]]:
    rows = documents(40)
    for row in rows:
        if row["site"] != "0.example":
            row["lines"] = [line for line in row["lines"] if line["keep"]]
    return rows


@pytest.mark.parametrize("data", [list, _few_sites, _few_lines, _one_sort, _one_site_has_all])
def test_too_little_to_learn_from(mine: tuple[Cleaner, Rule], data: Callable[[], list[dict[str, Any]]]) -> None:
    with pytest.raises(CleanerError, match=r"too little to learn from: .* a fit needs 5 sites, 20 lines that go"):
        fit(*read(data(), *mine), mine[1])


def test_noisy_documents_alone_are_too_little(mine: tuple[Cleaner, Rule]) -> None:
    with pytest.raises(CleanerError, match="too little to learn from: 1 sites"):
        fit(*read(documents(1), *mine, noisy=documents()), mine[1])


# --- the rule file -------------------------------------------------------------------------------------------------

FOUND = Fit(
    {"bias": -1.5, "13-20 words": 0.25},
    {"bias": -1.0, "above, open": 0.001},
    {"low": 1.0, "normal": 2.5, "high": 99.0},
    {"low": (30, 4), "normal": (20, 2), "high": (0, 0)},
    300,
    4000,
    50,
    20,
)
OTHER = FOUND._replace(alone={"bias": 4.0}, together={}, threshold={"low": 0.0, "normal": 0.0, "high": 0.0})
TABLES = """

[rule.fitted]
data = "0123"
date = "2026-11-22"
documents = 50
sites = 20
goes = 300
stays = 4000
low = "30 rightly, 4 wrongly"
normal = "20 rightly, 2 wrongly"
high = "0 rightly, 0 wrongly"

[rule.threshold]
low = 1.0
normal = 2.5
high = 99.0

[rule.alone]
bias = -1.5
"13-20 words" = 0.25

[rule.together]
bias = -1.0
"above, open" = 0.001"""
ORIGIN = {"data": "0123", "date": "2026-11-22"}


def test_the_tables_stand_behind_their_rule_and_the_rest_stays() -> None:
    head, comment, rest = RULE.partition("\n\n# Not weighed")
    assert written(RULE, "odd", FOUND, ORIGIN) == head + TABLES + comment + rest


def test_tables_are_replaced_in_their_place_and_the_rest_stays() -> None:
    once = written(RULE, "odd", FOUND, ORIGIN)
    assert written(once, "odd", FOUND, ORIGIN) == once
    assert written(written(once, "odd", OTHER, {}), "odd", FOUND, ORIGIN) == once


def test_every_comment_and_blank_line_around_the_tables_stays() -> None:
    head, _, rest = RULE.partition("\n\n# Not weighed")
    source = f"{head}\n[rule.threshold] # old\nlow = 1\nnormal = 1\nhigh = 1\n\n\n# The rest:  \n# Not weighed{rest.rstrip()}"
    assert written(source, "odd", FOUND, ORIGIN) == f"{head}{TABLES}\n\n\n# The rest:  \n# Not weighed{rest.rstrip()}"


def test_a_further_table_of_the_rule_stays() -> None:
    source = RULE.replace("when = { max_chars = 300 }\n", "").replace("\n# Not weighed", "\n[rule.when]\nmax_chars = 300\n\n# Not weighed")
    once = written(source, "odd", FOUND, ORIGIN)
    assert once.replace(TABLES, "") == source
    assert tomllib.loads(once)["rule"][0]["when"] == {"max_chars": 300}


def test_the_last_rule_of_a_file_with_other_line_ends() -> None:
    source = RULE.partition("\n\n# Not weighed")[0].replace("\n", "\r\n")
    assert written(source, "odd", FOUND, ORIGIN) == source + (TABLES + "\n").replace("\n", "\r\n")


def test_the_shipped_file_can_be_written() -> None:
    source = (ROOT / "rules" / "cues.toml").read_text(encoding="utf-8")
    made = written(source, "stray", FOUND, ORIGIN)
    assert TABLES in made
    assert made.partition("[rule.fitted]")[0] == source.partition("[rule.fitted]")[0]
    assert made[made.index('id = "page"') :] == source[source.index('id = "page"') :]


def test_a_file_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(CleanerError, match="holds no rule 'even'"):
        written(RULE, "even", FOUND, ORIGIN)
    inline = RULE.replace("loss =", "threshold = { low = 1.0, normal = 1.0, high = 1.0 }\nloss =")
    with pytest.raises(CleanerError, match="must stand in tables of their own"):
        written(inline, "odd", FOUND, ORIGIN)


# --- the command ---------------------------------------------------------------------------------------------------


def test_a_shipped_rule_is_fitted_to_standard_output_or_a_file(command: Command, tmp_path: Path) -> None:
    save(tmp_path / "data.jsonl", documents())
    save(tmp_path / "guessed.jsonl", documents(4, first=24))
    words = ["rules", "fit", "data.jsonl", "--rule", "cues.stray", "--noisy", "guessed.jsonl", "--date", "2026-11-22"]
    done = command(*words)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("cues.stray: 28 documents of 8 sites; lines weighed: ")
    assert [line.split()[0] for line in done.stderr.splitlines()[1:]] == ["strictness", "low", "normal", "high"]
    rule = next(rule for rule in tomllib.loads(done.stdout)["rule"] if rule["id"] == "stray")
    assert (rule["fitted"]["date"], rule["fitted"]["documents"], rule["fitted"]["sites"]) == ("2026-11-22", 28, 8)
    assert rule["fitted"]["data"] == fitting.digest([tmp_path / "data.jsonl", tmp_path / "guessed.jsonl"])
    again = command(*words, "-o", "cues.toml")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == done.stderr
    assert (tmp_path / "cues.toml").read_text(encoding="utf-8") == done.stdout


def test_a_rule_of_ones_own_is_fitted_in_its_file(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(RULE, encoding="utf-8")
    path.chmod(0o640)
    save(tmp_path / "data.jsonl", documents())
    before = tree(tmp_path)
    done = command("rules", "fit", "data.jsonl", "--rule", "mine.odd", "--rules", "mine.toml")
    assert done.returncode == 0, done.stderr
    assert "mine.odd: 24 documents of 8 sites" in done.stdout
    after = tree(tmp_path)
    assert after.keys() == before.keys()
    assert path.stat().st_mode & 0o777 == 0o640
    head, _, rest = RULE.partition("\n\n# Not weighed")
    assert path.read_text(encoding="utf-8").startswith(head + "\n\n[rule.fitted]\n")
    assert path.read_text(encoding="utf-8").endswith("\n\n# Not weighed" + rest)
    cleaner = Cleaner.of(load([path], shipped_too=False))
    text = "\n".join(line["text"] for line in documents(1, first=99)[0]["lines"])
    edits = cleaner.clean(text).edits
    assert {edit.rule for edit in edits} == {"mine.odd"}
    assert all(edit.old.startswith(("Podcast: ", "Video: ", "Gallery: ")) for edit in edits)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rule", "cues.strai"], "no rule 'cues.strai' (did you mean 'cues.stray'?)"),
        (
            ["--rule", "ad.marker"],
            "rule ad.marker is of kind 'phrase', which has no weights; fitted are those of kind 'cues': cues.stray, ",
        ),
        (["--rule", "cues.stray", "--date", "22.11.2026"], "a date is written YYYY-MM-DD, not '22.11.2026'"),
        (["--rule", "cues.stray", "--noisy", "data.jsonl"], "data.jsonl: is named as labelled and as noisy"),
        (["--rule", "cues.stray", "--noisy", "broken.jsonl"], "broken.jsonl:1: not JSON: "),
        (["--rule", "cues.stray"], "too little to learn from: 1 sites, "),
        (["--rule", "cues.stray", "-o", "data.jsonl"], "data.jsonl: is there already and does not hold rule cues.stray"),
        (["nowhere.jsonl", "--rule", "cues.stray"], "nowhere.jsonl: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_fitted_is_said(command: Command, tmp_path: Path, words: list[str], message: str) -> None:
    save(tmp_path / "data.jsonl", documents(1))
    (tmp_path / "broken.jsonl").write_text("{broken\n")
    before = tree(tmp_path)
    done = command("rules", "fit", "data.jsonl", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"cleaner: {message}")
    assert tree(tmp_path) == before


def test_without_scikit_learn_the_extra_is_named(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stub" / "sklearn").mkdir(parents=True)
    (tmp_path / "stub" / "sklearn" / "__init__.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path / "stub"), os.environ.get("PYTHONPATH")))))
    save(tmp_path / "data.jsonl", documents(1))
    done = command("rules", "fit", "data.jsonl", "--rule", "cues.stray")
    assert (done.returncode, done.stderr) == (2, "cleaner: fitting needs scikit-learn: pip install 'corpus-cleaner[fit]'\n")
