"""Whole documents with their lines labelled: what is left of them, and that it never gets worse.

`fixtures/gold/*.gold.tsv` holds a line of a document a row: keep, drop or any (not scored), its category, its text; in a line that
stays, ``[[...]]`` marks what an ideal cleaner cuts. `fixtures/floors.json` pins what has been reached; a floor is raised when more
is reached, and lowered only with ``CLEANER_LOWER_FLOORS=1`` and a reason in the changelog.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT

from cleaner.document import Document
from cleaner.engine import Cleaner

GOLD = sorted((ROOT / "fixtures" / "gold").glob("*.gold.tsv"))
FLOORS = ROOT / "fixtures" / "floors.json"
CLEANER = Cleaner()


class Labelled(NamedTuple):
    """A line of a fixture: whether it stays (None: not scored), its category, its text, and the parts of it that should go."""

    stays: bool | None
    category: str
    text: str
    cuts: tuple[str, ...]


class Fixture(NamedTuple):
    name: str
    lang: str
    title: str | None
    clean: bool
    rows: tuple[Labelled, ...]

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)


def read(path: Path) -> Fixture:
    heads: dict[str, str] = {}
    rows = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not rows and line.startswith("# "):
            key, _, value = line[2:].partition(": ")
            heads[key] = value
            continue
        label, _, rest = line.partition("\t")
        category, _, text = rest.partition("\t")
        if not line:
            rows.append(Labelled(None, "blank", "", ()))
            continue
        stays = {"keep": True, "drop": False, "any": None}[label]
        cuts = tuple(re.findall(r"\[\[(.*?)\]\]", text)) if stays else ()
        plain = re.sub(r"\[\[(.*?)\]\]", r"\1", text) if stays else text
        rows.append(Labelled(stays, category, plain, cuts))
    while rows and not rows[-1].text:
        rows.pop()
    assert heads["about"]
    return Fixture(path.name.removesuffix(".gold.tsv"), heads["lang"], heads.get("title"), heads.get("clean") == "yes", tuple(rows))


def removed(fixture: Fixture) -> list[tuple[Labelled, float]]:
    """(line, share of its characters that went)."""
    cleaned = CLEANER.clean(Document(fixture.name, fixture.text, title=fixture.title))
    result, at = [], 0
    for row in fixture.rows:
        end = at + len(row.text)
        gone = sum(max(0, min(end, edit.end) - max(at, edit.start)) for edit in cleaned.edits)
        if row.text:
            result.append((row, gone / len(row.text)))
        at = end + 1
    return result


FIXTURES = [read(path) for path in GOLD]


def test_there_are_fixtures_of_every_sort() -> None:
    assert len(FIXTURES) >= 60
    assert sum(fixture.clean for fixture in FIXTURES) >= 20
    assert len({fixture.lang for fixture in FIXTURES}) >= 15
    paragraphs = Counter(row.text for fixture in FIXTURES for row in fixture.rows if len(row.text) > 80)
    assert [text for text, n in paragraphs.items() if n > 1 and not text.startswith("#")] == []


@pytest.mark.parametrize("fixture", FIXTURES, ids=[fixture.name for fixture in FIXTURES])
def test_no_line_of_an_article_goes(fixture: Fixture) -> None:
    lost = [row.text for row, gone in removed(fixture) if row.stays and gone >= 0.5]
    known = json.loads(FLOORS.read_text())["lost"].get(fixture.name, [])
    assert lost == known


def figures() -> dict[str, float]:
    lines = [pair for fixture in FIXTURES for pair in removed(fixture)]
    drop = [gone >= 0.5 for row, gone in lines if row.stays is False]
    keep = [gone >= 0.5 for row, gone in lines if row.stays]
    cuts = [(row, gone) for row, gone in lines if row.cuts]
    return {
        "recall": round(sum(drop) / len(drop), 4),
        "precision": round(sum(drop) / max(1, sum(drop) + sum(keep)), 4),
        "inline": round(sum(gone > 0 for _row, gone in cuts) / len(cuts), 4),
    }


def check_floors(found: dict[str, float], floors: dict[str, float]) -> None:
    """Fails where a figure is below its floor; raises the floors where ``CLEANER_RAISE_FLOORS`` asks for it."""
    below = {name: (value, floors[name]) for name, value in found.items() if value < floors[name]}
    assert not below or os.environ.get("CLEANER_LOWER_FLOORS") == "1", f"below the floor (reached, floor): {below}"


def test_the_fixtures_are_cleaned_as_well_as_ever() -> None:
    check_floors(figures(), json.loads(FLOORS.read_text())["fixtures"])
