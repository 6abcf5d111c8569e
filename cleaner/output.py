"""Where a run's documents go: what is kept under its name, what is left out, unchanged, into the record.

A file appears under its name when it is whole, and not at all if the run ends before.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

from cleaner import audit
from cleaner.formats import Options, ReadError, Rewriting
from cleaner.walk import RECORD, Source


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
        self.kept: Rewriting | None = None
        self.aside: Rewriting | None = None
        if source.reader.many and not source.failure:
            try:
                self.kept = self._rewriting(out / source.output)
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
            raise ReadError(f"{self.source.path}: was changed during the run; run again") from None
        self.bare = False
        return name

    def leave_out(self, number: int, aside: str | None) -> str:
        """Puts aside a document that is not kept, as it was; the name of its file, relative to ``left-out``.

        Args:
            number: of the record in its source.
            aside: the text that was taken from it, if it is a page that has one.
        Returns:
            The name, or nothing where it cannot, or shall not, be put aside.
        """
        relative = self.source.relative
        if self.discard or self.source.failure:
            return ""
        if not self.source.reader.many:
            return self._file(self.left_out, self.source.output, aside) if aside else self._copy(relative)
        if self.kept is None or not self.kept.has(number):
            return self._copy(relative + ".damaged")  # the file breaks off here: the whole of it is put aside
        if self.aside is None:
            self.aside = self._rewriting(self.left_out / relative)
        self.aside.keep(number, None)
        return relative

    def _rewriting(self, path: Path) -> Rewriting:
        with ExitStack() as own:  # what cannot be begun leaves nothing behind
            temporary = own.enter_context(audit.replacing(path))
            rewriting = own.enter_context(self.source.reader.rewriting([self.source.path], temporary, self.options))
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
