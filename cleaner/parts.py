"""The work of a run cut into parts, so that one that was killed goes on where it was.

A part is some documents in a row: their outcomes are written to a file of its own, which bears the digest of everything that they
depend on, and bears it only when it is whole. Whoever starts the run again takes the parts that are there, and does the rest; a part
whose input, rules or settings have changed has another name.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from cleaner import audit
from cleaner.formats import Options, Raw, ReadError, compression
from cleaner.sources import Source
from cleaner.staging import Staged, read
from cleaner.work import Done, Task, counting

_DOCUMENTS, _BYTES = 2000, 1 << 24
BATCH_DOCUMENTS, BATCH_BYTES = 64, 1 << 20
"""What a worker is given at a time."""

Run = Callable[[Iterable[list[Task]]], Iterator[list[Done]]]
"""Has batches done, in order."""


def tasks(sources: Sequence[Source], options: Options, skipped: dict[str, int]) -> Iterator[Task]:
    """The records of some files, unread, in order; where a file breaks off, a task that says so.

    Records that are no documents are added to ``skipped``, by kind.
    """
    for index, source in enumerate(sources):
        number = 0
        if source.failure:
            yield Task(index, Raw(0, None), 0, source.failure)
            continue
        try:
            for raw in counting(source.reader.raws(source.path, options), skipped):
                number = raw.number
                yield Task(index, raw, len(raw.line) + 1 if raw.line is not None else size(source.path))
        except ReadError as error:
            yield Task(index, Raw(number + 1, None), 0, str(error))


def size(path: Path) -> int:
    """The bytes of a file; 0 if nobody can say."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


class Reach:
    """How many bytes of the files are done when a task is done; the tasks pass through it, and are done in the same order.

    In a file of records that are read as they stand their lines tell it. Of other files it is known only that they are done.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._ends = array("q", itertools.accumulate((0 if source.failure else size(source.path) for source in sources), initial=0))
        self._ahead: deque[int] = deque()
        self._told = 0

    @property
    def whole(self) -> int:
        """The bytes of all files."""
        return self._ends[-1]

    def through(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """The same tasks, with their places noted."""
        for index, own in itertools.groupby(tasks, key=lambda task: task.source):
            source, at, end = self._sources[index], self._ends[index], self._ends[index + 1]
            plain = source.format == "jsonl" and not compression.split(source.path.name)[1] and not compression.note(source.path)
            for task in own:
                if not source.reader.many:
                    at = end
                elif plain:
                    at = min(end, at + task.size)
                self._ahead.append(at)
                yield task

    def further(self) -> int:
        """One more task is done: the bytes that this adds."""
        at = self._ahead.popleft()
        step, self._told = at - self._told, at
        return step

    def rest(self) -> int:
        """All tasks are done: the bytes that have not been told of."""
        step, self._told = self.whole - self._told, self.whole
        return step


class Parts:
    """The parts of a run, in a folder.

    Args:
        folder: holds what earlier starts of the run have done.
        settings: all that outcomes depend on but their input.
        sources: names a task's source and what tells that it has changed.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], sources: Callable[[int], str]) -> None:
        self.folder = folder
        self._settings = json.dumps(settings, sort_keys=True).encode("utf-8", "surrogatepass")
        self._sources = sources
        self._names: list[str] = []
        self._files: dict[int, IO[bytes]] = {}
        self._opened_by = os.getpid()

    def done(self, tasks: Iterable[Task], run: Run, again: Callable[[Staged], Done]) -> Iterator[tuple[Done, int, int, bool]]:
        """(what was done, number of its part, place in the part's file, whether it was done before) for each task, in order.

        Args:
            tasks: the work.
            run: has batches of it done.
            again: what was done, of what was staged for it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        plan: deque[tuple[str, int]] = deque()  # a part's name and how many batches are to be done for it
        results = run(self._planned(tasks, plan))
        ready: deque[list[Done]] = deque()
        while True:
            if not plan or (plan[0][1] and not ready):
                batch = next(results, None)
                if batch is not None:
                    ready.append(batch)
                elif not plan:
                    break
                continue
            name, batches = plan.popleft()
            self._names.append(name)
            number = len(self._names) - 1
            if not batches:
                yield from ((again(staged), number, at, True) for at, staged in _staged(self._path(name)))
                continue
            with audit.replacing(self._path(name)) as temporary, temporary.open("wb") as file:
                for _ in range(batches):
                    for done in ready.popleft() if ready else next(results):
                        yield done, number, file.tell(), False
                        file.write(done.staged)
                file.flush()
                os.fsync(file.fileno())

    def _planned(self, tasks: Iterable[Task], plan: deque[tuple[str, int]]) -> Iterator[list[Task]]:
        """The batches of the parts that are not there yet."""
        for part in _cut(tasks, _DOCUMENTS, _BYTES):
            name = self._name(part)
            if self._path(name).exists():
                plan.append((name, 0))
                continue
            batches = list(_cut(part, BATCH_DOCUMENTS, BATCH_BYTES))
            plan.append((name, len(batches)))
            yield from batches

    def _name(self, part: list[Task]) -> str:
        digest = hashlib.blake2b(self._settings, digest_size=16)
        source, known = -1, ""
        for task in part:
            if task.source != source:
                source, known = task.source, self._sources(task.source)
            raw = task.raw
            head = json.dumps([known, raw.number, len(raw.line or b""), task.failure or raw.failure or raw.damage])
            digest.update(head.encode("utf-8", "surrogatepass"))
            digest.update(task.raw.line or b"")
        return digest.hexdigest()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def __iter__(self) -> Iterator[Staged]:
        """All outcomes, in order."""
        for name in self._names:
            yield from (staged for _, staged in _staged(self._path(name)))

    def at(self, part: int, place: int) -> Staged:
        """The outcome at a place of a part's file."""
        if self._opened_by != os.getpid():  # where a file is read is shared with the process that this one was forked from
            self._files, self._opened_by = {}, os.getpid()
        if part not in self._files:
            if len(self._files) >= 64:
                self._files.pop(next(iter(self._files))).close()
            self._files[part] = self._path(self._names[part]).open("rb")
        file = self._files[part]
        file.seek(place)
        found = read(file)
        assert found is not None
        return found

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_sources": None, "_files": {}}  # another process looks at what is there

    def close(self) -> None:
        """Closes what was opened."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        self._files.clear()


def _staged(path: Path) -> Iterator[tuple[int, Staged]]:
    with path.open("rb") as file:
        at = 0
        while found := read(file):
            yield at, found
            at = file.tell()


def _cut(tasks: Iterable[Task], documents: int, most: int) -> Iterator[list[Task]]:
    """Tasks in lists of at most so many, that end with the one that makes them so many bytes."""
    cut: list[Task] = []
    held = 0
    for task in tasks:
        cut.append(task)
        held += task.size
        if len(cut) >= documents or held >= most:
            yield cut
            cut, held = [], 0
    if cut:
        yield cut
