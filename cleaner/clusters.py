"""Looking at the duplicates of a finished run: its clusters, cut anew at a higher threshold, and two texts word by word."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cleaner import audit
from cleaner.document import CleanerError, apply
from cleaner.formats import Options, ReadError, written
from cleaner.formats.compression import content
from cleaner.likeness import opcodes
from cleaner.store import Store
from cleaner.walk import RECORD

Row = dict[str, Any]
CONTEXT = 6
"""Words shown on both sides of a difference."""


class Cluster(NamedTuple):
    """Documents that hang together.

    Attributes:
        documents: their rows of documents.jsonl, the one that stays first, the others by id.
        pairs: what was found between them, the least alike first.
        doubt: 1 minus the measure of the least alike pair.
    """

    documents: list[Row]
    pairs: list[Row]
    doubt: float


def measure(pair: Row) -> float:
    """What made a pair of duplicates.jsonl one: containment of a part, words aligned of a revised copy, or Jaccard."""
    value: float = pair["containment" if pair["kind"] == "contained" else "aligned" if "aligned" in pair else "jaccard"]
    return value


def settings(out: Path) -> Row:
    """The settings of a finished run. Raises CleanerError if there is none."""
    try:
        found: Row = dict(json.loads((out / RECORD / audit.RUN).read_bytes())["settings"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise CleanerError(f"{out}: holds no finished run ({RECORD}/{audit.RUN})") from None
    return found


def clusters(out: Path, threshold: float | None = None) -> list[Cluster]:
    """The clusters of a run, largest first, then the most doubtful.

    Args:
        out: the output of a run.
        threshold: pairs whose measure is below are left aside, so that clusters fall apart; not below the run's own.
    Raises:
        CleanerError: for no run, or a threshold that its pairs do not reach down to.
    """
    given = settings(out)["threshold"]
    if threshold is not None and not 0 < threshold <= 1:
        raise CleanerError(f"a threshold is above 0 and at most 1, not {threshold:g}")
    if threshold is not None and threshold < given:
        raise CleanerError(f"{out}: was compared at {given:g}; pairs below are not in its record. Run again for --threshold {threshold:g}")
    rows = [pair for pair in audit.rows(out / RECORD / audit.DUPLICATES) if pair["kind"] != "template"]
    pairs = [pair for pair in rows if threshold is None or measure(pair) >= threshold]
    asked = {name for pair in pairs for name in (pair["a"], pair["b"])}
    documents = {row["id"]: row for row in audit.rows(out / RECORD / audit.DOCUMENTS) if row["id"] in asked}
    numbers = {name: number for number, name in enumerate(sorted(asked))}
    store = Store()
    try:
        groups = store.components((numbers[pair["a"]], numbers[pair["b"]]) for pair in pairs)
    finally:
        store.close()
    names = sorted(asked)
    cluster = {number: i for i, group in enumerate(groups) for number in group}
    within: list[list[Row]] = [[] for _ in groups]
    for pair in pairs:
        within[cluster[numbers[pair["a"]]]].append(pair)
    made = []
    for group, found in zip(groups, within, strict=True):
        members = [documents.get(names[number], {"id": names[number], "verdict": "earlier"}) for number in group]
        found.sort(key=lambda pair: (measure(pair), pair["a"], pair["b"]))
        stays = found[0].get("earlier")
        members.sort(key=lambda row: (row["id"] != stays, row["verdict"] not in ("kept", "earlier"), row["id"]))
        made.append(Cluster(members, found, 1 - measure(found[0])))
    return sorted(made, key=lambda c: (-len(c.documents), -c.doubt, c.documents[0]["id"]))


def text(out: Path, name: str) -> str:
    """The clean text of a document of a run, also of one that was left out.

    Raises:
        CleanerError: for a document that is not there, or was not kept with the run.
    """
    options = Options(settings(out)["text_field"], settings(out)["id_field"], "utf-8")
    before: dict[tuple[str, str], int] = {}  # how many records of a file come before this one
    for row in audit.rows(out / RECORD / audit.DOCUMENTS):
        field = "output" if row["verdict"] == "kept" else "left_out"
        place = field, row.get(field, "")
        if row["id"] == name:
            break
        before[place] = before.get(place, 0) + 1
    else:
        raise CleanerError(f"{out}: has no document {name!r}")
    if not place[1]:
        raise CleanerError(f"{name}: was not kept with the run ({row['verdict']}: {row['reason'] or ''})")
    kept = field == "output"
    path = audit.inside(out if kept else out / RECORD / audit.LEFT_OUT, place[1])
    try:
        form = written(row["format"])
        if form.many or not (kept or form.target):
            raw = next(itertools.islice(form.raws(path, options), before.get(place, 0), None), None)
            if raw is None:
                raise CleanerError(f"{path}: {name} is not there any more")
            found = form.parse(path, place[1], raw, options).document.text
        else:
            found = content(path).decode("utf-8", "surrogatepass")
    except (OSError, LookupError, ReadError) as error:
        raise CleanerError(f"{path}: cannot be read: {error}") from None
    if kept:
        return found
    return apply(found, [audit.edit(edit) for edit in audit.rows(out / RECORD / audit.REMOVALS) if edit["id"] == name])


def diff(a: str, b: str) -> Iterator[tuple[str, str]]:
    """Two texts word by word: ("same" | "old" | "new" | "skipped", words)."""
    one, two = a.split(), b.split()
    for kind, i, j, k, n in opcodes([word.casefold() for word in one], [word.casefold() for word in two]):
        if kind == "equal":
            words = one[i:j]
            if len(words) > 2 * CONTEXT + 4:
                yield "same", " ".join(words[:CONTEXT])
                yield "skipped", f"... {len(words) - 2 * CONTEXT:,} words ..."
                words = words[-CONTEXT:]
            yield "same", " ".join(words)
        else:
            if j > i:
                yield "old", " ".join(one[i:j])
            if n > k:
                yield "new", " ".join(two[k:n])
