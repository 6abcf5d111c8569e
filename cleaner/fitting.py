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
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cleaner.detectors.cues import Cues, around, chance, total
from cleaner.detectors.said import Signs
from cleaner.detectors.sheet import Sheet, Standing
from cleaner.document import CleanerError
from cleaner.engine import Cleaner, taken
from cleaner.features import tests
from cleaner.rulebook import Rule
from cleaner.segment import Page

DRAWS = 4
"""How often a document is read; the first time with all rules, then with about half of those that speak on it silent."""
NOISY = 0.3
"""What a line of a noisy file counts: its label was guessed by a program. It bears on the weights and never on a threshold."""
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
                if source is None:
                    raise CleanerError(f"{path}:{number}: a line that long is no document")
                if source.strip():
                    yield _checked(path, number, source)
        except ReadError as error:
            raise CleanerError(f"{path}: {error}") from None


def _checked(path: Path, number: int, source: bytes) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise CleanerError(f"{path}:{number}: not JSON: {error}") from None
    lines = row.get("lines") if isinstance(row, dict) else None
    if not isinstance(lines, list) or not all(isinstance(one, dict) and isinstance(one.get("text"), str) for one in lines):
        raise CleanerError(f"{path}:{number}: a labelled document has 'lines', a list of objects with 'text' and 'keep'")
    for place, line in enumerate(lines, 1):
        if "keep" not in line or line["keep"] not in (True, False, None):
            raise CleanerError(f"{path}:{number}: line {place} of the document: 'keep' is true, false or null")
    for name in ("title", "site", "url", "lang"):
        if not isinstance(row.get(name), str | None):
            raise CleanerError(f"{path}:{number}: {name!r} is a string")
    return row


def _site(row: Mapping[str, Any], number: int) -> str:
    try:
        host = urlsplit(row.get("url") or "").netloc
    except ValueError:  # an address that is none
        host = ""
    return str(row.get("site") or host or row.get("id") or number)


def _silent(rule: str, document: str, draw: int) -> bool:
    return hashlib.sha256(f"{draw} {document} {rule}".encode("utf-8", "surrogatepass")).digest()[0] < 128


def read(
    documents: Iterable[Mapping[str, Any]],
    cleaner: Cleaner,
    rule: Rule,
    draws: int = DRAWS,
    *,
    noisy: Iterable[Mapping[str, Any]] = (),
) -> tuple[list[Reading], list[Row]]:
    """The readings of labelled documents and the lines that the rule would weigh on each.

    Args:
        documents: labelled documents (see `labelled`).
        cleaner: the rules whose work the weighed lines have survived.
        rule: the rule of kind ``cues``.
        draws: how often a document is read, at most.
        noisy: documents whose labels were guessed by a program; a line of theirs counts `NOISY`.
    """
    cues = rule.detector
    assert isinstance(cues, Cues)
    # as the engine does it: the lists of all files of such rules are there for each of them
    others = (other for other in cleaner.book.rules if other.kind == "cues")
    words = {name: frozenset(listed) for other in others for name, listed in other.settings.get("words", {}).items()}
    gates = [(tests(rule.when), cues.paragraph)]
    readings: list[Reading] = []
    rows: list[Row] = []
    given = chain(((one, 1.0) for one in documents), ((one, NOISY) for one in noisy))
    for number, (document, worth) in enumerate(given):
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
            readings.append(Reading(_site(document, number), draw, worth, [float(i in gone) for i in range(len(page.lines))]))
            for index in sheet.candidates(gates):
                label = labels[index]
                if label["keep"] is None:
                    continue
                goes: bool | None = not label["keep"]
                if goes and cues.labels and label.get("category") not in cues.labels:
                    goes = None
                rows.append(Row(goes, sheet.signs(index), len(readings) - 1, index, sheet.speaks(index)))
    return readings, rows


def learning() -> tuple[Any, Any]:
    """What of scikit-learn a fit needs. Raises CleanerError where it is missing."""
    try:
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise CleanerError("fitting needs scikit-learn: pip install 'corpus-cleaner[fit]'") from None
    return DictVectorizer, LogisticRegression


class _Model:
    """Logistic regression on cues, as weights by name."""

    def __init__(self, rows: Sequence[Signs], goes: Sequence[bool], weight: Sequence[float]) -> None:
        DictVectorizer, LogisticRegression = learning()  # noqa: N806 - classes
        vectors = DictVectorizer(sort=True)
        matrix = vectors.fit_transform(rows)
        model = LogisticRegression(C=REGULARISATION, max_iter=2000, random_state=0)
        model.fit(matrix, list(goes), sample_weight=list(weight))
        weights = dict(zip(vectors.get_feature_names_out().tolist(), model.coef_[0].tolist(), strict=True))
        self.weights = {"bias": float(model.intercept_[0])} | weights
        self.weights = {name: round(value, 3) for name, value in self.weights.items() if abs(value) >= 0.0005}


def fit(readings: Sequence[Reading], rows: Sequence[Row], rule: Rule) -> Fit:
    """Weights and thresholds from labelled lines. Raises CleanerError where there is too little to learn from."""
    assert isinstance(rule.detector, Cues)
    sites = sorted({reading.site for reading in readings})
    order = sorted(sites, key=lambda site: hashlib.sha256(site.encode("utf-8", "surrogatepass")).digest())
    fold = {site: place % FOLDS for place, site in enumerate(order)}
    _check_enough(readings, rows, fold)
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
    together = [row.signs | around(row.line, standing[row.page], wide=rule.detector.pages == "whole") for row in rows]
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


def _check_enough(readings: Sequence[Reading], rows: Sequence[Row], fold: Mapping[str, int]) -> None:
    """Raises CleanerError where there is too little to learn from, or to judge by: what is noisy does not count."""
    sites = {reading.site for reading in readings if reading.worth == 1}
    known = [row for row in rows if row.goes is not None]
    goes = sum(row.goes is True and readings[row.page].worth == 1 for row in known)
    # with one part of the sites left out, lines of both sorts must be left to learn from
    parts = [len({fold[readings[row.page].site] for row in known if row.goes is sort}) for sort in (True, False)]
    if len(sites) < FOLDS or goes < 20 or min(parts) < 2:
        stays = sum(row.goes is False and readings[row.page].worth == 1 for row in known)
        raise CleanerError(
            f"too little to learn from: {len(sites)} sites, {goes} lines that go, {stays} that stay among those the rule would weigh; "
            f"a fit needs {FOLDS} sites, 20 lines that go, and some that stay, both on several sites"
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


# --- the rule file -----------------------------------------------------------------------------------------------------

_FITTED = ("fitted", "threshold", "alone", "together")
"""The tables of a rule that a fit writes."""
_PIECE = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|(?P<comment>\#[^\n]*)"""
    r"""|^[ \t]*(?P<head>\[\[?[ \t]*(?:rule|words)\b[^\]\n]*\]\]?)""",
    re.DOTALL | re.MULTILINE,
)
"""What a rule file is made of where it matters: strings and comments, in which no table begins, and the heads of tables."""


def written(source: str, rule: str, found: Fit, origin: Mapping[str, Any]) -> str:
    """The text of a rule file with the fitted tables of one rule replaced, and nothing else changed.

    Args:
        source: the file's text.
        rule: the rule's id without its family.
        found: what the fit has found.
        origin: where it comes from: digest, date and the like; a flat table.
    Raises:
        CleanerError: for a file without this rule, or one that is written so that its tables cannot be told.
    """
    import tomllib

    wanted = tomllib.loads(source)
    place = next((place for place, entry in enumerate(wanted.get("rule", [])) if entry.get("id") == rule), None)
    if place is None:
        raise CleanerError(f"holds no rule {rule!r}")
    counts = {name: f"{right} rightly, {wrong} wrongly" for name, (right, wrong) in found.figures.items()}
    fitted = {**origin, "documents": found.documents, "sites": found.sites, "goes": found.goes, "stays": found.stays, **counts}
    tables = dict(zip(_FITTED, (fitted, found.threshold, found.alone, found.together), strict=True))
    wanted["rule"][place] |= tables
    text = "\n" + "".join(_table(name, table) for name, table in tables.items())
    made = _spliced(source, place, text.replace("\n", "\r\n") if "\r\n" in source else text)
    try:
        if tomllib.loads(made) == wanted:
            return made
    except tomllib.TOMLDecodeError:
        pass
    raise CleanerError(f"what is fitted of rule {rule!r} must stand in tables of their own, [rule.threshold] and the like, behind its keys")


def _spliced(source: str, place: int, text: str) -> str:
    """The source with some tables in the place of the fitted ones of its rule at ``place``, or behind that rule's last table.

    Comments and blank lines above a table's head stay.
    """
    pieces = list(_PIECE.finditer(source))
    comments = {match.start() for match in pieces if match["comment"]}
    heads = [(match.start("head"), re.sub(r"[\s\[\]]", "", match["head"])) for match in pieces if match["head"]]
    rules = [number for number, (_at, name) in enumerate(heads) if name == "rule"]
    first = rules[place] if place < len(rules) else len(heads)
    cuts: list[tuple[int, int]] = []
    behind = len(source)
    for number in range(first, len(heads)):
        start, name = heads[number]
        if number > first and not name.startswith("rule."):
            break
        end = _body_end(source, start, heads[number + 1][0] if number + 1 < len(heads) else len(source), comments)
        if name.removeprefix("rule.") in _FITTED:
            cuts.append((len(source[:start].rstrip()), end))
        else:
            behind = end
    stops = [end for _start, end in cuts] or [behind]
    starts = [*(start for start, _end in cuts[1:]), len(source)]
    rest = "".join(source[a:b] for a, b in zip(stops, starts, strict=True))
    head = source[: cuts[0][0] if cuts else behind]
    return head + (text.rstrip("\r\n") + rest if rest else text)


def _body_end(source: str, start: int, end: int, comments: Container[int]) -> int:
    """Where the last line of a table that is neither blank nor a comment ends."""
    while end > start:
        line = max(start, source.rfind("\n", start, end - 1) + 1)
        solid = source[line:end].strip()
        if solid and source.index(solid[0], line) not in comments:
            return line + len(source[line:end].rstrip("\r\n"))
        end = line
    return start


def _table(name: str, values: Mapping[str, Any]) -> str:
    keys = (key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key) for key in values)
    rows = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in zip(keys, values.values(), strict=True))
    return f"\n[rule.{name}]\n" + "".join(rows)
