"""The record of a run as JSON lines, and back: what became of each document, every edit, every pair."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cleaner.document import CleanerError, Edit

DOCUMENTS, REMOVALS, DUPLICATES, RUN, LEFT_OUT = "documents.jsonl", "removals.jsonl", "duplicates.jsonl", "run.json", "left-out"
REVIEW = "review.jsonl"
"""Edits that would have taken nearly all of a document and were not carried out."""


def dumps(value: Any, **options: Any) -> str:
    """JSON that can be read by eye and stored as UTF-8, lone surrogates included."""
    import json

    text = json.dumps(value, ensure_ascii=False, **options)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, **options)
    return text


def edit_row(document: str, edit: Edit) -> dict[str, Any]:
    """An edit as a row of removals.jsonl."""
    row = {"id": document, "start": edit.start, "end": edit.end, "rule": edit.rule, "category": edit.category, "old": edit.old}
    if edit.new:
        row["new"] = edit.new
    if edit.evidence:
        row["evidence"] = edit.evidence
    return row


def edit(row: Mapping[str, Any]) -> Edit:
    """A row of removals.jsonl as an edit."""
    return Edit(row["start"], row["old"], row.get("new", ""), row["rule"], row["category"], row.get("evidence", ""))


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of the record. Raises CleanerError with file and line."""
    import json

    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, text in enumerate(file, 1):
                try:
                    yield json.loads(text)
                except ValueError as error:
                    raise CleanerError(f"{path}:{number}: not a row of the record: {error}") from None
    except OSError as error:
        raise CleanerError(f"{path}: cannot be read: {error.strerror}; is this the output of a run?") from None


def bare(record: Path) -> list[str]:
    """The files of a finished run's output that hold no record: no row of the record names them."""
    import json

    try:
        found: list[str] = json.loads((record / RUN).read_bytes()).get("bare", [])
    except (OSError, ValueError):
        return []
    return found


def inside(root: Path, name: str) -> Path:
    """The path of a file below ``root``. Raises CleanerError for a name that leads out of it."""
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise CleanerError(f"{name!r} leads out of {root}; the record was tampered with")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place at the end, and is gone when anything fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # a name of its own, however long the file's is, with the suffix that tells how it is compressed
    temporary = path.with_name(f".{os.getpid()}-{zlib.crc32(path.name.encode('utf-8', 'surrogateescape')):08x}.part{path.suffix[-8:]}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[IO[str]]:
    """A text file of the record that appears under its name when it is whole."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def write_rows(path: Path, table: Iterable[Mapping[str, Any]]) -> None:
    """A file of the record."""
    with writing(path) as file:
        for row in table:
            file.write(dumps(row) + "\n")
