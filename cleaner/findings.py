"""What cleaning would take away, place by place: for `check`, `fix` and `explain`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cleaner import audit
from cleaner.document import Cleaned, CleanerError, Edit, visible
from cleaner.engine import Cleaner
from cleaner.formats import Options, Record, compression
from cleaner.formats.encoding import Decoded
from cleaner.review import share_removed, too_much
from cleaner.rulebook import Rulebook
from cleaner.sources import Source
from cleaner.version import __version__


class Finding(NamedTuple):
    """One place. ``line`` counts from 1: in a text file its line, in a file of records that of the record (of a table its row)."""

    path: str
    line: int
    rule: str
    category: str
    text: str
    evidence: str


class Failure(NamedTuple):
    """A record that could not be read, and why."""

    path: str
    line: int
    reason: str


def shown(path: str | Path) -> str:
    """A path that begins a line: one that begins with ``::`` would be a command to the runner of a workflow."""
    name = visible(str(path), name=True)
    return f"./{name}" if name.lstrip().startswith("::") else name


def check(source: Source, cleaner: Cleaner, options: Options) -> Iterator[Finding | Failure]:
    """The findings of one file, in order."""
    for number, result in cleaned(source, cleaner, options):
        if isinstance(result, str):
            yield Failure(shown(source.shown), number or 1, visible(result, name=True))
            continue
        record, result_of = result
        for edit in result_of.edits:
            # the text of a page has lines of its own: they are no places in its file
            line = number or (1 if record.extracted else _line_of(record.document.text, edit))
            text = " ".join(visible(edit.old if not edit.new else f"{edit.old} -> {edit.new}").split())
            yield Finding(shown(source.shown), line, edit.rule, edit.category, text, visible(edit.evidence, name=True))


def cleaned(source: Source, cleaner: Cleaner, options: Options) -> Iterator[tuple[int, tuple[Record, Cleaned] | str]]:
    """(line of the record in its file, 0 where the file is one document; the record and its cleaning, or why there is none)."""
    number = 0
    try:
        if source.failure:
            raise CleanerError(source.failure)
        for raw in source.reader.raws(source.path, options):
            number = raw.number
            try:
                record = source.reader.parse(source.path, source.relative, raw, options)
                yield number, (record, cleaner.clean(record.document))
            except CleanerError as error:
                yield number, str(error)
            except Exception as error:  # a document that breaks a library must not take the others with it
                yield number, f"{type(error).__name__}: {error}"
    except CleanerError as error:
        yield (number + 1 if source.reader.many else 0), str(error)


def _line_of(text: str, edit: Edit) -> int:
    solid = edit.start + len(edit.old) - len(edit.old.lstrip())
    before = text[: solid if solid < edit.end else edit.start]
    return 1 + before.count("\n") + before.count("\r") - before.count("\r\n")


# --- ways to write findings --------------------------------------------------------------------------------------


def as_text(found: Iterable[Finding | Failure], book: Rulebook) -> Iterator[str]:
    for one in found:
        if isinstance(one, Failure):
            yield f"{one.path}:{one.line}: cannot be cleaned: {one.reason}"
        else:
            yield f"{one.path}:{one.line}: {one.rule}: {_short(one.text)}"


def as_json(found: Iterable[Finding | Failure], book: Rulebook) -> Iterator[str]:
    rows = []
    for one in found:
        row = one._asdict()
        if isinstance(one, Finding):
            row["why"] = _why(book, one.rule)
        rows.append(row)
    yield audit.shown(rows, indent=2)


def as_github(found: Iterable[Finding | Failure], book: Rulebook) -> Iterator[str]:
    for one in found:
        if isinstance(one, Failure):
            yield f"::error file={_property(one.path)},line={one.line}::{_github(one.reason)}"
        else:
            yield f"::warning file={_property(one.path)},line={one.line},title={_property(one.rule)}::{_github(_short(one.text))}"


def as_sarif(found: Iterable[Finding | Failure], book: Rulebook) -> Iterator[str]:
    from urllib.parse import quote

    results: list[dict[str, Any]] = []
    rules: dict[str, dict[str, Any]] = {}
    for one in found:
        place = {"physicalLocation": {"artifactLocation": {"uri": quote(one.path)}, "region": {"startLine": one.line}}}
        if isinstance(one, Failure):
            results.append({"ruleId": "unreadable", "level": "error", "message": {"text": one.reason}, "locations": [place]})
            continue
        rules[one.rule] = {"id": one.rule, "shortDescription": {"text": _why(book, one.rule)}}
        results.append({"ruleId": one.rule, "level": "warning", "message": {"text": _short(one.text)}, "locations": [place]})
    driver = {"name": "corpus-cleaner", "version": __version__, "rules": [rules[name] for name in sorted(rules)]}
    import json

    yield json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "results": results}],
        },
        indent=2,
    )


Writer = Callable[[Iterable[Finding | Failure], Rulebook], Iterator[str]]
WRITERS: dict[str, Writer] = {"text": as_text, "json": as_json, "github": as_github, "sarif": as_sarif}


def _why(book: Rulebook, rule_id: str) -> str:
    return next((str(rule.page["why"]) for rule in book.rules if rule.id == rule_id), "")


def _short(text: str, most: int = 100) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _github(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _github(text).replace(":", "%3A").replace(",", "%2C")


# --- fix and explain ---------------------------------------------------------------------------------------------


def fix(source: Source, cleaner: Cleaner, options: Options) -> int:
    """Cleans a file in place; how many edits that took. The file is replaced at once or not at all.

    Raises:
        CleanerError: it cannot be read, is not all text, is a page (whose text has no place to go), or nearly all of it would go.
    """
    if source.format == "html":
        raise CleanerError("a page cannot be cleaned in place; 'cleaner clean' writes its text")
    units: dict[int, bytes] = {}  # line of the record (0: the file) -> what it becomes
    edits = 0
    if source.reader.many and source.format != "jsonl":
        raise CleanerError(f"a file of the format {source.format} cannot be cleaned in place; 'cleaner clean' writes a clean copy")
    for number, result in cleaned(source, cleaner, options):
        if isinstance(result, str):
            raise CleanerError(f"line {number}: {result}" if number else result)
        record, result_of = result
        meta = record.document.meta
        if "replaced" in meta:
            raise CleanerError("not all of its bytes are text; left as it is. 'cleaner clean' reads it with replacements")
        if record.extracted:
            raise CleanerError(f"line {number}: a page cannot be cleaned in place; 'cleaner clean' writes its text")
        if too_much(result_of):
            if number:
                continue  # the record stays as it is
            raise CleanerError(f"{share_removed(result_of):.0%} of it would go; left as it is. 'cleaner explain' shows what")
        if result_of.edits:
            edits += len(result_of.edits)
            written = source.reader.render(record, result_of.text)
            decoded = Decoded("", meta.get("encoding", "utf-8"), bom="bom" in meta, replaced=0)
            try:
                units[number] = decoded.encode(written)
            except UnicodeEncodeError as error:
                raise CleanerError(f"{error.object[error.start]!r} cannot be written in {decoded.encoding}; left as it is") from None
    if edits:
        _write(source.path.resolve(), units)  # a link stays a link
    return edits


def _write(path: Path, units: Mapping[int, bytes]) -> None:
    """Replaces a file's content, or the lines of it that are named; all other lines stay to the byte."""
    import shutil

    if 0 in units:
        content = units[0]
    else:
        lines = compression.content(path, None).split(b"\n")
        for number, unit in units.items():
            old = lines[number - 1]
            head = b"\xef\xbb\xbf" if number == 1 and old.startswith(b"\xef\xbb\xbf") else b""
            lines[number - 1] = head + unit + (b"\r" if old.endswith(b"\r") else b"")
        content = b"\n".join(lines)
    try:
        with audit.replacing(path) as temporary:
            with compression.writing(temporary) as stream:
                stream.write(content)
            shutil.copymode(path, temporary)
            _same_owner(path, temporary)
    except OSError as error:
        raise CleanerError(f"cannot be written: {error.strerror}; left as it is") from None


def _same_owner(path: Path, copy: Path) -> None:
    import shutil

    status = path.stat()
    if status.st_uid != os.geteuid():
        shutil.chown(copy, status.st_uid, status.st_gid)


def explain(of: Cleaned, *, color: bool) -> str:
    """The text with each edit in it: ``[-what went-]{rule}``, ``[-was-]{+is+}{rule}``; in colour on a terminal."""
    off, red, green, grey = ("\x1b[0m", "\x1b[31m", "\x1b[32m", "\x1b[2m") if color else ("", "", "", "")
    text = of.document.text
    parts: list[str] = []
    at = 0
    for edit in of.edits:
        head = edit.old[: len(edit.old) - len(edit.old.lstrip())] if not edit.new else ""
        tail = edit.old[len(edit.old.rstrip()) :] if not edit.new and edit.old.strip() else ""
        old = edit.old[len(head) : len(edit.old) - len(tail)] if edit.old.strip() else edit.old
        head = head if edit.old.strip() else ""
        new = f"{green}{{+{visible(edit.new)}+}}{off}" if edit.new else ""
        evidence = f": {visible(edit.evidence)}" if edit.evidence else ""
        parts += [
            visible(text[at : edit.start]),
            visible(head),
            f"{red}[-{visible(old)}-]{off}{new}{grey}{{{edit.rule}{evidence}}}{off}",
            visible(tail),
        ]
        at = edit.end
    parts.append(visible(text[at:]))
    return "".join(parts)
