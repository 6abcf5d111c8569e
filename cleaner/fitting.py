"""The weights of a rule of weighed cues, fitted on labelled lines.

A labelled document is a JSON object with ``lines``: a list of ``{"text", "keep", "category"}`` (``keep`` true: the article's,
false: boilerplate, null: not to be learned from), and ``id``, ``lang``, ``title``, ``site`` or ``url`` where known. Rules that find
nearly all of the boilerplate of the documents at hand find half of it elsewhere; a fit that trusted them would trust them too
much. So each document is read several times, with a different part of the rules that speak on it silent. Sites are kept
together in cross-validation, and every choice is made by digest: the same file gives the same weights.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cleaner.detectors.cues import Cues, Sheet, Signs, Standing, around, chance, total
from cleaner.document import CleanerError
from cleaner.engine import Cleaner, taken
from cleaner.features import tests
from cleaner.rulebook import Rule
from cleaner.segment import Page

DRAWS = 4
"""How often a document is read; the first time with all rules, then with about half of those that speak on it silent."""
FOLDS = 5
REGULARISATION = 0.3
LOSS = {"low": 0.01, "normal": 0.005, "high": 0.002}
"""Strictness -> share of the weighed lines that stay which may be lost in cross-validation, where a rule does not say."""
_MOST_OF_A_DOCUMENT = 40
"""Lines from which on the lines of one document share this weight."""


class Row(NamedTuple):
    """A line to learn from: whether it goes (None: another kind of boilerplate), its cues, its page and its place on it.

    ``speaks``: whether it would be weighed.
    """

    goes: bool | None
    signs: Signs
    page: int
    line: int
    speaks: bool


class Reading(NamedTuple):
    """A page as rules left it: its site, which reading it is, what its labels are worth, for each line 1 (goes) or 0 (stays)."""

    site: str
    draw: int
    worth: float
    standing: list[float]


class Fit(NamedTuple):
    """What a fit has found; ``figures``: strictness -> (lines taken rightly, wrongly) in cross-validation, of ``goes`` lines."""

    alone: dict[str, float]
    together: dict[str, float]
    threshold: dict[str, float]
    figures: dict[str, tuple[int, int]]
    goes: int
    stays: int
    documents: int
    sites: int


def labelled(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """The labelled documents of JSON Lines files, compressed or not. Raises CleanerError that names file and line."""
    from cleaner.formats import ReadError
    from cleaner.formats.compression import lines

    for path in paths:
        try:
            for number, source in enumerate(lines(path), 1):
                yield _checked(path, number, source)
        except OSError as error:
            raise CleanerError(f"{path}: cannot be read: {error.strerror}") from None
        except ReadError as error:
            raise CleanerError(str(error)) from None


def _checked(path: Path, number: int, source: bytes) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(source)
    except ValueError as error:
        raise CleanerError(f"{path}:{number}: not JSON: {error}") from None
    lines = row.get("lines") if isinstance(row, dict) else None
    if not isinstance(lines, list) or not all(
        isinstance(one, dict) and isinstance(one.get("text"), str) and "keep" in one for one in lines
    ):
        raise CleanerError(f"{path}:{number}: a labelled document has 'lines', a list of objects with 'text' and 'keep'")
    return row


def _site(row: Mapping[str, Any], number: int) -> str:
    return str(row.get("site") or urlsplit(row.get("url") or "").netloc or row.get("id") or number)


def _silent(rule: str, document: str, draw: int) -> bool:
    return hashlib.sha256(f"{draw} {document} {rule}".encode()).digest()[0] < 128


def read(documents: Iterable[Mapping[str, Any]], cleaner: Cleaner, rule: Rule, draws: int = DRAWS) -> tuple[list[Reading], list[Row]]:
    """The readings of labelled documents and the lines that the rule would weigh on each."""
    cues = rule.detector
    assert isinstance(cues, Cues)
    words = {name: frozenset(listed) for name, listed in cues.words.items()}
    gates = [(tests(rule.when), cues.paragraph)]
    readings: list[Reading] = []
    rows: list[Row] = []
    for number, document in enumerate(documents):
        labels = [line for line in document["lines"] if line["text"].strip()]
        page = Page("\n".join(" ".join(line["text"].split()) for line in labels), document.get("title"))
        name = str(document.get("id") or number)
        for draw in range(draws):
            lines, parts, weak = cleaner.judged(page, document.get("lang"))
            if draw:
                off = {mark.rule.id for mark in [*lines.values(), *(mark for _span, mark in parts)] if _silent(mark.rule.id, name, draw)}
                if not off and draw > 1:
                    continue
                lines, parts, weak = cleaner.judged(page, document.get("lang"), off)
            gone = taken(page, lines, parts)
            sheet = Sheet(page, Standing(gone, frozenset(weak)), words)
            if sheet.whole != (cues.pages == "whole"):
                continue
            readings.append(
                Reading(
                    _site(document, number), draw, float(document.get("worth", 1.0)), [float(i in gone) for i in range(len(page.lines))]
                )
            )
            for index in sheet.candidates(gates):
                label = labels[index]
                if label["keep"] is None:
                    continue
                goes: bool | None = not label["keep"]
                if goes and cues.labels and label.get("category") not in cues.labels:
                    goes = None
                rows.append(Row(goes, sheet.signs(index), len(readings) - 1, index, sheet.speaks(index)))
    return readings, rows


class _Model:
    """Logistic regression on cues, as weights by name."""

    def __init__(self, rows: Sequence[Signs], goes: Sequence[bool], weight: Sequence[float]) -> None:
        try:
            from sklearn.feature_extraction import DictVectorizer
            from sklearn.linear_model import LogisticRegression
        except ImportError:
            raise CleanerError("fitting needs scikit-learn: pip install 'corpus-cleaner[fit]'") from None
        vectors = DictVectorizer(sort=True)
        matrix = vectors.fit_transform(rows)
        model = LogisticRegression(C=REGULARISATION, max_iter=2000, random_state=0)
        model.fit(matrix, list(goes), sample_weight=list(weight))
        weights = dict(zip(vectors.get_feature_names_out().tolist(), model.coef_[0].tolist(), strict=True))
        self.weights = {"bias": float(model.intercept_[0])} | weights
        self.weights = {name: round(value, 3) for name, value in self.weights.items() if abs(value) >= 0.0005}


def fit(readings: Sequence[Reading], rows: Sequence[Row], rule: Rule) -> Fit:
    """Weights and thresholds from labelled lines. Raises CleanerError where there is too little to learn from."""
    sites = sorted({reading.site for reading in readings})
    known = [row for row in rows if row.goes is not None]
    if len(sites) < FOLDS or sum(row.goes is True for row in known) < 20 or not any(row.goes is False for row in known):
        raise CleanerError(
            f"too little to learn from: {len(sites)} sites, {sum(row.goes is True for row in known)} lines that go; "
            f"a fit needs {FOLDS} sites, 20 lines that go, and some that stay"
        )
    order = sorted(sites, key=lambda site: hashlib.sha256(site.encode()).digest())
    fold = {site: place % FOLDS for place, site in enumerate(order)}
    of = [fold[readings[row.page].site] for row in rows]
    counts: dict[int, int] = {}
    for row in rows:
        counts[row.page] = counts.get(row.page, 0) + 1
    weight = [min(1.0, _MOST_OF_A_DOCUMENT / counts[row.page]) * readings[row.page].worth for row in rows]

    def train(signs: Sequence[Signs], chosen: Sequence[int]) -> _Model:
        use = [i for i in chosen if rows[i].goes is not None]
        return _Model([signs[i] for i in use], [bool(rows[i].goes) for i in use], [weight[i] for i in use])

    everything = range(len(rows))
    alone = [row.signs for row in rows]
    standing = _standing(readings, rows, _crossed(train, alone, of))
    together = [row.signs | around(row.line, standing[row.page]) for row in rows]
    sums = _crossed(train, together, of)
    first, second = train(alone, everything), train(together, everything)
    judged = sorted(
        (
            (sums[i], bool(rows[i].goes), weight[i])
            for i in everything
            if rows[i].goes is not None and rows[i].speaks and readings[rows[i].page].worth == 1
        ),
        key=lambda row: -row[0],
    )
    threshold, figures = {}, {}
    assert isinstance(rule.detector, Cues)
    stays = sum(weight[i] for i in everything if rows[i].goes is False and readings[rows[i].page].worth == 1)
    for name, loss in (rule.detector.loss or LOSS).items():
        threshold[name], figures[name] = _threshold(judged, loss * stays)
    return Fit(
        first.weights,
        second.weights,
        threshold,
        figures,
        sum(row.goes is True for row in rows),
        sum(row.goes is False for row in rows),
        sum(reading.draw == 0 for reading in readings),
        len(sites),
    )


def _crossed(train: Any, signs: Sequence[Signs], of: Sequence[int]) -> list[float]:
    """The sum of each line by weights that were fitted without its site."""
    sums = [0.0] * len(signs)
    for fold in range(FOLDS):
        weights = train(signs, [i for i, its in enumerate(of) if its != fold]).weights
        for i, its in enumerate(of):
            if its == fold:
                sums[i] = total(weights, signs[i])
    return sums


def _standing(readings: Sequence[Reading], rows: Sequence[Row], sums: Sequence[float]) -> list[list[float]]:
    standing = [list(reading.standing) for reading in readings]
    for row, value in zip(rows, sums, strict=True):
        standing[row.page][row.line] = chance(value)
    return standing


def _threshold(judged: Sequence[tuple[float, bool, float]], most: float) -> tuple[float, tuple[int, int]]:
    """The least sum at and above which lines of at most this weight go wrongly, and how many go (rightly, wrongly) there.

    Weighed, because one page that is all list must not decide for all others.
    """
    right = wrong = 0
    lost, least = 0.0, 99.0
    for value, goes, weight in judged:
        least = value
        if not goes and lost + weight > most:
            break
        right, wrong, lost = right + goes, wrong + (not goes), lost + weight * (not goes)
    return round(least + 0.005, 2), (right, wrong)


def digest(paths: Iterable[Path]) -> str:
    """Names the labelled data: the digest of the files' bytes, in order."""
    total_digest = hashlib.sha256()
    for path in paths:
        total_digest.update(path.read_bytes())
    return total_digest.hexdigest()[:16]


def written(source: str, rule: str, found: Fit, origin: Mapping[str, Any]) -> str:
    """The text of a rule file with the fitted tables of one rule replaced.

    Args:
        source: the file's text.
        rule: the rule's id without its family.
        found: what the fit has found.
        origin: where it comes from: digest, date and the like; a flat table.
    Raises:
        CleanerError: for a file without this rule.
    """
    entry = re.search(rf'^\[\[rule\]\]\nid = "{re.escape(rule)}"\n(?:(?!^\[)[\s\S])*?(?=^\[|\Z)', source, re.MULTILINE)
    if entry is None:
        raise CleanerError(f"no entry that begins with [[rule]] and id = {rule!r}")
    tables = re.compile(r"(?:^\[rule\.(?:fitted|threshold|alone|together)\]\n(?:(?!^\[)[\s\S])*)*", re.MULTILINE)
    behind = tables.match(source, entry.end())
    assert behind is not None
    counts = {name: f"{right} rightly, {wrong} wrongly" for name, (right, wrong) in found.figures.items()}
    fitted = {**origin, "documents": found.documents, "sites": found.sites, "goes": found.goes, "stays": found.stays, **counts}
    text = "".join(
        _table(name, table)
        for name, table in (
            ("fitted", fitted),
            ("threshold", found.threshold),
            ("alone", found.alone),
            ("together", found.together),
        )
    )
    return source[: entry.end()].rstrip() + "\n" + text + "\n" + source[behind.end() :].lstrip("\n")


def _table(name: str, values: Mapping[str, Any]) -> str:
    keys = (key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key) for key in values)
    rows = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in zip(keys, values.values(), strict=True))
    return f"\n[rule.{name}]\n" + "".join(rows)
