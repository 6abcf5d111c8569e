"""Where a run's documents go: what is kept under its name, what is left out, unchanged, into the record.

A file appears under its name when it is whole, and not at all if the run ends before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path

from cleaner import audit
from cleaner.document import CleanerError
from cleaner.formats import Options, ReadError, Rewriting
from cleaner.lock import alone
from cleaner.names import Names
from cleaner.sources import Source
from cleaner.walk import RECORD

STAGING = "staging"
"""What a run has done so far."""
UNFINISHED = "unfinished.jsonl"
"""What a run is going to write; gone when it is done, so that one that was cut off can be told and replaced."""


@contextmanager
def held(out: Path, url: str = "") -> Iterator[None]:
    """The output directory, made if it is not there, for this run alone; ``url``: where it is sent then.

    Raises CleanerError where another run writes there, or none can.
    """
    if out.exists() and not out.is_dir():
        raise CleanerError(f"{out}: is a file; name a directory with -o")
    made = not out.exists()
    with ExitStack() as stack:
        try:
            out.mkdir(parents=True, exist_ok=True, mode=0o700 if url else 0o777)
            stack.enter_context(alone(out, f"writing {url or 'there'}"))
        except OSError as error:
            there = f"; the output for {url} is made there" if url else ""
            raise CleanerError(f"{out}: cannot be written: {error.strerror}{there}") from None
        try:
            yield
        finally:
            if made:
                with suppress(OSError):  # a run that was refused leaves nothing behind
                    out.rmdir()


@contextmanager
def prepared(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """The output directory, which is there, made ready, and a staging folder in it that is gone when the run is done.

    What a run that was cut off has done is in the staging folder; it is taken up again.
    """
    record = out / RECORD
    staging = record / STAGING
    try:
        if any(out.iterdir()):
            if not overwrite and not (record / UNFINISHED).exists():
                raise CleanerError(f"{out}: is not empty; name another directory, or let it be replaced with --overwrite")
            _clear(out)
        staging.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CleanerError(f"{out}: cannot be written: {error.strerror}") from None
    try:
        yield staging
    except OSError as error:
        left = "what stands under its name is whole; the same command goes on from here"
        raise CleanerError(f"{error.filename or out}: cannot be written: {error.strerror}; {left}") from None
    shutil.rmtree(staging, ignore_errors=True)


def _clear(out: Path) -> None:
    """Takes away what an earlier run wrote, finished or not, and nothing else; looks first, so that a refusal changes nothing."""
    record = out / RECORD
    written = names_written(record, str(out))
    rest = min((path for path in _files(out) if path.relative_to(out).as_posix() not in written and ".part" not in path.name), default=None)
    if rest:
        raise CleanerError(f"{rest}: was not written by the earlier run; move it away before --overwrite")
    for path in _files(out):
        path.unlink()
    for path in record.iterdir():
        if path.name not in (STAGING, UNFINISHED):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for folder, _, _ in os.walk(out, topdown=False):
        with suppress(OSError):  # it is not empty
            Path(folder).rmdir()


def _files(out: Path) -> Iterator[Path]:
    """What lies in an output but folders and its record. There may be millions."""
    for folder, folders, names in os.walk(out):
        if Path(folder) == out and RECORD in folders:
            folders.remove(RECORD)
        yield from (path for path in map(Path(folder).joinpath, folders) if path.is_symlink())
        yield from map(Path(folder).joinpath, names)


def names_written(record: Path, shown: str) -> Names:
    """The files that a run wrote, or was going to write, beside its record. Raises CleanerError where no run was."""
    plan = record / UNFINISHED
    if not plan.exists() and not (record / audit.DOCUMENTS).exists():
        raise CleanerError(f"{shown}: holds files that no run of cleaner wrote; --overwrite replaces the output of a run only")
    rows = audit.rows(plan) if plan.exists() else audit.rows(record / audit.DOCUMENTS)
    return Names(name for name in chain((row.get("output") for row in rows), audit.bare(record)) if name)


class Writer:
    """The output of one source. To be given its documents in the order in which they stand in it."""

    def __init__(self, source: Source, out: Path, stack: ExitStack, options: Options, *, discard: bool) -> None:
        self.source = source
        self.out = out
        self.left_out = out / RECORD / audit.LEFT_OUT
        self.stack = stack
        self.options = options
        self.discard = discard
        self.bare = False
        self.damaged = ""
        self.kept: Rewriting | None = None
        self.aside: Rewriting | None = None
        if source.reader.many and not source.failure:
            try:
                self.kept = self._rewriting(out / source.output, options._replace(column="added"))
            except ReadError:  # its verdict says so
                return
            self.bare = True

    def keep(self, number: int, unit: str | None) -> str:
        """Writes a document that is kept; the name of its file, relative to the output.

        Args:
            number: of the record in its source.
            unit: what to write; None: the record as it was read.
        Raises:
            ReadError: when that record is not there any more.
        """
        name = self.source.output
        if not self.source.reader.many:
            return self._file(self.out, name, unit or "")
        try:
            if self.kept is None:
                raise ReadError("it cannot be read")
            self.kept.keep(number, unit)
        except ReadError:
            raise ReadError(f"{self.source.shown}: was changed during the run; run again") from None
        self.bare = False
        return name

    def leave_out(self, number: int, aside: str | None) -> str:
        """Puts aside a document that is not kept, as it was; the name of its file, relative to ``left-out``.

        Args:
            number: of the record in its source.
            aside: what was taken from it, as it is written, if it is a page that has a text or a record of pages.
        Returns:
            The name, or nothing where it cannot, or shall not, be put aside.
        """
        relative = self.source.relative
        if self.discard or self.source.failure:
            return ""
        if not self.source.reader.many:
            return self._file(self.left_out, self.source.output, aside) if aside else self._copy(relative)
        taken = self.source.reader.target is not None  # what is put aside is what was taken from a page
        if aside is None if taken else self.kept is None or not self.kept.has(number):
            # the file breaks here: the whole of it is put aside, once
            self.damaged = self.damaged or self._copy(relative + ".damaged")
            return self.damaged
        name = self.source.output if taken else relative
        if self.aside is None:
            self.aside = self._rewriting(self.left_out / name, self.options)
        self.aside.keep(number, aside if taken else None)
        return name

    def _rewriting(self, path: Path, options: Options) -> Rewriting:
        with ExitStack() as own:  # what cannot be begun leaves nothing behind
            temporary = own.enter_context(audit.replacing(path))
            rewriting = own.enter_context(self.source.reader.rewriting([self.source.path], temporary, options))
            self.stack.push(own.pop_all())
        return rewriting

    def _file(self, folder: Path, name: str, text: str) -> str:
        with (
            audit.replacing(folder / name) as temporary,
            self.source.reader.rewriting([self.source.path], temporary, self.options) as file,
        ):
            file.keep(0, text)
        return name

    def _copy(self, name: str) -> str:
        try:
            with audit.replacing(self.left_out / name) as temporary:
                shutil.copyfile(self.source.path, temporary)
        except OSError as error:
            if error.filename == str(self.source.path):  # it cannot be read: its verdict says so
                return ""
            raise
        return name
