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


def shown(value: Any, **options: Any) -> str:
    """The same for a terminal: what is no character to be seen is an escape."""
    text = dumps(value, **options)
    if text.isascii() and "\x7f" not in text:
        return text
    units = (c if c.isprintable() or c == "\n" else c.encode("utf-16-be", "surrogatepass").hex() for c in text)
    return "".join(unit if len(unit) == 1 else "".join(f"\\u{unit[n : n + 4]}" for n in range(0, len(unit), 4)) for unit in units)


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


_NEEDED = {
    DOCUMENTS: ("id", "source", "verdict", "format"),
    REMOVALS: ("id", "start", "old", "rule", "category"),
    DUPLICATES: ("a", "b", "kind", "jaccard", "containment"),
}
_KINDS: dict[str, type] = {"start": int, "jaccard": float, "containment": float, "aligned": float} | dict.fromkeys(
    ("id", "source", "verdict", "format", "output", "left_out", "encoding", "old", "new", "rule", "category", "a", "b", "kind"), str
)


def _fault(row: Any, needed: Iterable[str]) -> str:
    """What keeps a row from being one; "" for nothing."""
    if not isinstance(row, dict):
        return "not an object"
    missing = [name for name in needed if name not in row]
    wrong = [name for name, kind in _KINDS.items() if name in row and not isinstance(row[name], kind)]
    return f"no {missing[0]!r}" if missing else f"{wrong[0]!r} is no {_KINDS[wrong[0]].__name__}" if wrong else ""


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of the record. Raises CleanerError with file and line."""
    import json

    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, text in enumerate(file, 1):
                try:
                    row = json.loads(text)
                except (ValueError, RecursionError) as error:
                    raise CleanerError(f"{path}:{number}: not a row of the record: {error}") from None
                if fault := _fault(row, _NEEDED.get(path.name, ())):
                    raise CleanerError(f"{path}:{number}: not a row of the record: {fault}")
                yield row
    except OSError as error:
        raise CleanerError(f"{path}: cannot be read: {error.strerror}; is this the output of a run?") from None


def bare(record: Path) -> list[str]:
    """The files of a finished run's output that hold no record: no row of the record names them."""
    found = _told(record, "bare")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def added(record: Path) -> dict[str, str]:
    """The tables of a finished run's output that have got a column for their text, and their format."""
    found = _told(record, "added")
    return {name: str(form) for name, form in found.items()} if isinstance(found, dict) else {}


def _told(record: Path, name: str) -> Any:
    """What run.json says under a name; None where it says nothing."""
    import json

    try:
        return json.loads((record / RUN).read_bytes())[name]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def inside(root: Path, name: str) -> Path:
    """The path of a file below ``root``. Raises CleanerError for a name that leads out of it."""
    path = root / name
    if "\0" in name or not path.resolve().is_relative_to(root.resolve()):
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
