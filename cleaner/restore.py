"""The documents as they were before cleaning, from a run's output alone."""

from __future__ import annotations

import itertools
import json
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cleaner import audit
from cleaner.document import CleanerError, Edit, revert
from cleaner.formats import FORMATS, Format, Options, Raw, ReadError, Rewriting, written
from cleaner.formats.compression import content, writing
from cleaner.formats.csv import recode
from cleaner.formats.encoding import Decoded
from cleaner.remote import downloaded, on_this_machine
from cleaner.walk import RECORD, is_url

Row = dict[str, Any]


def restore(out: str | Path, destination: str | Path) -> list[str]:
    """Writes every document of a run's output as it was before cleaning.

    A text file comes back byte for byte (compressed ones: their content), a record with its text field as it was and
    its other fields untouched, a page as the text that was taken from it, a table without the column that it got.

    Args:
        out: the output of a run, with its ``_cleaner`` folder, here or elsewhere.
        destination: a directory that does not exist yet, or is empty.
    Returns:
        A sentence for each document that could not come back exactly, and why.
    Raises:
        CleanerError: for an output without a record, or one that was changed since; a destination that is not empty.
    """
    out, destination = on_this_machine(out), on_this_machine(destination)
    if is_url(destination):
        raise CleanerError(f"{destination}: restore writes to this machine; name a directory with -o")
    if isinstance(out, str) and is_url(out):
        with downloaded(out) as folder:
            return restore(folder, destination)
    out, destination = Path(out), Path(destination)
    try:
        settings = dict(json.loads((out / RECORD / audit.RUN).read_bytes())["settings"])
        asked = Options(settings["text_field"], settings["id_field"], "utf-8")
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise CleanerError(f"{out}: holds no finished run ({RECORD}/{audit.RUN})") from None
    if destination.resolve().is_relative_to(out.resolve()):
        raise CleanerError(f"{destination}: lies in {out}; name a directory outside of it with -o")
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise CleanerError(f"{destination}: is not empty; name a new directory with -o")
    try:
        destination.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CleanerError(f"{destination}: cannot be written: {error.strerror}") from None
    edits = _Edits(audit.rows(out / RECORD / audit.REMOVALS))
    notes: list[str] = []
    done: set[str] = set()
    rows = audit.rows(out / RECORD / audit.DOCUMENTS)
    added = audit.added(out / RECORD)
    for (source, kind), documents in itertools.groupby(rows, key=lambda row: (row["source"], row["format"])):
        try:
            form = FORMATS[kind]
            if form.many:
                options = asked._replace(column="dropped" if source in added else "kept")
                notes += _records(out, destination, documents, edits, written(kind), options, done)
            else:
                notes += (note for row in documents for note in _file(out, destination, row, edits))
        except (OSError, ReadError) as error:
            raise CleanerError(f"{source}: cannot be restored: {error}") from None
        except (LookupError, ValueError, TypeError) as error:
            raise CleanerError(f"{source}: cannot be restored: its record was changed ({type(error).__name__}: {error})") from None
    for name in set(audit.bare(out / RECORD)) - done:  # files that never held a record
        with audit.replacing(audit.inside(destination, name)) as temporary:
            if name in added:
                _without_column(audit.inside(out, name), temporary, added[name], asked)
            else:
                shutil.copyfile(audit.inside(out, name), temporary)
    return notes


def _without_column(path: Path, target: Path, kind: str, options: Options) -> None:
    """Writes a table of no rows without the column for their text."""
    try:
        with FORMATS[kind].rewriting([path], target, options._replace(column="dropped")):
            pass
    except (LookupError, OSError, ReadError) as error:
        raise CleanerError(f"{path}: cannot be restored: {error}") from None


class _Edits:
    """The edits of each document, read along with the documents: both files have the same order."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._groups = itertools.groupby(rows, key=lambda row: row["id"])
        self._next = next(self._groups, None)

    def of(self, document: str) -> list[Edit]:
        if self._next is None or self._next[0] != document:
            return []
        found = [audit.edit(row) for row in self._next[1]]
        self._next = next(self._groups, None)
        return found


def _source(row: Row, text: str, edits: list[Edit]) -> str:
    try:
        if zlib.crc32(text.encode("utf-8", "surrogatepass")) == row["crc32"]:
            return revert(text, edits)
    except ValueError:
        pass
    raise CleanerError(f"{row['output']}: {row['id']} was changed after the run; it cannot be restored from the record")


def _note(row: Row) -> Iterator[str]:
    if "replaced" in row:
        yield f"{row['id']}: not all of its bytes were text ({row['replaced']} unreadable); restored as it was decoded"


def _file(out: Path, destination: Path, row: Row, edits: _Edits) -> Iterator[str]:
    found = edits.of(row["id"])
    if row["verdict"] != "kept":
        yield from _left_out(out, destination, row)
        return
    text = _source(row, content(audit.inside(out, row["output"])).decode("utf-8", "surrogatepass"), found)
    name, decoded = row["output"], Decoded("", "utf-8", bom=False, replaced=0)
    if row["format"] == "text":
        name, decoded = row["source"], Decoded("", row["encoding"], bom="bom" in row, replaced=0)
    with audit.replacing(audit.inside(destination, name)) as temporary, writing(temporary) as stream:
        stream.write(decoded.encode(text))
    yield from _note(row)


def _left_out(out: Path, destination: Path, row: Row) -> Iterator[str]:
    if "left_out" not in row:
        yield f"{row['id']}: was not kept with the run ({row['verdict']}: {row['reason'] or ''})"
        return
    with audit.replacing(audit.inside(destination, row["left_out"])) as temporary:
        shutil.copyfile(audit.inside(out / RECORD / audit.LEFT_OUT, row["left_out"]), temporary)


def _records(out: Path, destination: Path, rows: Iterable[Row], edits: _Edits, form: Format, options: Options, done: set[str]) -> list[str]:
    """The records of a file, taken in turn from what was kept and what was left out; its name is added to ``done``."""
    notes: list[str] = []
    name, encoding = "", None
    with ExitStack() as stack:
        target = None
        for row in rows:
            changes = edits.of(row["id"])
            encoding = encoding or row.get("encoding")
            place = row.get("output") or row.get("left_out")
            if place == f"{row['source']}.damaged":
                notes.append(f"{row['id']}: {row['reason'] or ''}; the damaged file is {RECORD}/{audit.LEFT_OUT}/{place}")
            elif not place:
                notes += _left_out(out, destination, row)
            else:
                if target is None:
                    name = place
                    target = stack.enter_context(_restoring(out, destination, name, form, options))
                if row["verdict"] == "kept":
                    target.put_back(row, changes)
                    notes += _note(row)
                else:
                    target.copy(row)
    done.add(name)
    if name and encoding and form is FORMATS["csv"]:
        path = audit.inside(destination, name)
        with audit.replacing(path) as temporary:
            recode(path, encoding, temporary)
    return notes


@contextmanager
def _restoring(out: Path, destination: Path, name: str, form: Format, options: Options) -> Iterator[_Target]:
    """A file of records that is put together from what was kept and what was left out under its name."""
    places = (audit.inside(out, name), audit.inside(out / RECORD / audit.LEFT_OUT, name))
    paths = [path for path in places if path.exists()]
    if not paths:
        raise CleanerError(f"{name} is not there any more; it cannot be restored from the record")
    with audit.replacing(audit.inside(destination, name)) as temporary, form.rewriting(paths, temporary, options) as file:
        yield _Target(file, places, paths, form, options)


class _Target:
    """A file of records on its way back."""

    def __init__(self, file: Rewriting, places: tuple[Path, Path], paths: list[Path], form: Format, options: Options) -> None:
        self._file = file
        self._places = places
        self._paths = paths
        self._raws = [form.raws(path, options) for path in paths]
        self._form = form
        self._options = options

    def put_back(self, row: Row, edits: list[Edit]) -> None:
        """The next record of what was kept, with its text as it was."""
        raw, of = self._next(row)
        record = self._form.parse(self._paths[of], row["source"], raw, self._options)
        self._file.keep(raw.number, self._form.render(record, _source(row, record.document.text, edits)), of)

    def copy(self, row: Row) -> None:
        """The next record of what was left out."""
        raw, of = self._next(row)
        self._file.keep(raw.number, None, of)

    def _next(self, row: Row) -> tuple[Raw, int]:
        place = self._places[row["verdict"] != "kept"]
        of = self._paths.index(place) if place in self._paths else None
        raw = None if of is None else next(self._raws[of], None)
        if raw is None or of is None:
            raise _gone(row)
        return raw, of


def _gone(row: Row) -> CleanerError:
    return CleanerError(f"{row['source']}: {row['id']} is not there any more; it cannot be restored from the record")
