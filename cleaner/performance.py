"""What a run costs: seconds by stage, documents and bytes a second, memory. It is measured as the run goes, and told to a `Progress`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Any

from cleaner.progress import Progress
from cleaner.store import Candidates


class Performance:
    """The account of one run's time and memory."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._begun = perf_counter()
        self._stages: dict[str, float] = {}
        self._documents = self._bytes = self._taken_up = self._replaced = 0

    @contextmanager
    def stage(self, name: str, documents: int = 0, size: int = 0) -> Iterator[None]:
        """Times a stage that will do so many documents, or read so many bytes; 0 where that is not known."""
        begun = perf_counter()
        self.progress.begin(name, documents, size)
        yield
        self._stages[name] = round(perf_counter() - begun, 3)
        self.progress.finish(name, self._stages[name])

    def read(self, size: int, *, documents: int = 1, fresh: bool = True) -> None:
        """A document was read; ``fresh``: not by an earlier start of the run."""
        if fresh:
            self._documents += documents
            self._bytes += size
        else:
            self._taken_up += documents
        self.progress.advance(documents, size, fresh=fresh)

    def written(self) -> None:
        """A document was written."""
        self.progress.advance(1, 0, fresh=True)

    def compared(self, candidates: Candidates) -> Iterator[tuple[int, int]]:
        """Pairs that are compared, one after another."""
        self.progress.expect(candidates.number)
        for pair in candidates.pairs:
            yield pair
            self.progress.advance(1, 0, fresh=True)

    def failed(self, name: str, reason: str) -> None:
        """A document failed."""
        self.progress.failed(name, reason)

    def replaced(self) -> None:
        """A worker died, and another takes its place."""
        self._replaced += 1
        self.progress.replaced()

    def row(self) -> dict[str, Any]:
        """What run.json says of it."""
        seconds = round(max(perf_counter() - self._begun, 0.001), 3)
        return {
            "seconds": seconds,
            "stages": self._stages,
            "documents": self._documents,
            "taken_up": self._taken_up,
            "bytes": self._bytes,
            "documents_per_second": round(self._documents / seconds, 3),
            "bytes_per_second": round(self._bytes / seconds),
            "peak_memory": peaks(),
            "workers_replaced": self._replaced,
        }


def peaks() -> dict[str, int | None]:
    """The most bytes of memory that this process held at a time, and that one of the processes it started and has seen end did."""
    found: dict[str, int | None] = {"main": None, "worker": None}
    with suppress(ImportError):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        for name, who in (("main", resource.RUSAGE_SELF), ("worker", resource.RUSAGE_CHILDREN)):
            found[name] = resource.getrusage(who).ru_maxrss * unit or None
    return found
