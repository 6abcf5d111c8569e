"""Where a run's documents go: what is kept under its name, what is left out, unchanged, into the record.

A file appears under its name when it is whole, and not at all if the run ends before.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from cleaner import audit
from cleaner.formats import Raw, ReadError
from cleaner.formats.compression import writing
from cleaner.walk import Source


class Writer:
    """The output of one source. To be given its documents in the order in which they stand in it."""

    def __init__(self, source: Source, out: Path, left_out: Path, stack: ExitStack, *, discard: bool) -> None:
        self.source = source
        self.out = out
        self.left_out = left_out
        self.stack = stack
        self.discard = discard
        self.streams: dict[Path, IO[bytes]] = {}
        self.raws: Iterator[Raw] = iter(())
        self.current = Raw(-1, None)
        if source.reader.many and not source.failure:
            self.raws = source.reader.raws(source.path)
            self._stream(out / source.output)

    def keep(self, number: int, unit: str | None) -> str:
        """Writes a document that is kept; the name of its file, relative to the output.

        Args:
            number: of the record in its source.
            unit: what to write; None: the line as it was read.
        Raises:
            ReadError: when that line is not there any more.
        """
        name = self.source.output
        if not self.source.reader.many:
            return self._file(self.out, name, unit or "")
        if unit is not None:
            line = unit.encode("utf-8")
        elif self._reach(number) and self.current.line is not None:
            line = self.current.line
        else:
            raise ReadError(f"{self.source.path}: was changed during the run; run again")
        self._stream(self.out / name).write(line + b"\n")
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
        if not self._reach(number) or self.current.line is None:
            return self._copy(relative + ".damaged")  # the file breaks off here: the whole of it is put aside
        self._stream(self.left_out / relative).write(self.current.line + b"\n")
        return relative

    def _reach(self, number: int) -> bool:
        """Reads on to the record of this number in its source; whether it is there."""
        while self.current.number < number:
            try:
                self.current = next(self.raws)
            except (StopIteration, ReadError):
                return False
        return self.current.number == number

    def _file(self, folder: Path, name: str, text: str) -> str:
        with audit.replacing(folder / name) as temporary, writing(temporary) as stream:
            stream.write(text.encode("utf-8", "surrogatepass"))
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

    def _stream(self, path: Path) -> IO[bytes]:
        if path not in self.streams:
            temporary = self.stack.enter_context(audit.replacing(path))
            self.streams[path] = self.stack.enter_context(writing(temporary))
        return self.streams[path]
