"""Standard error for programs: one JSON object a line, and nothing else."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Mapping
from time import monotonic
from typing import Any, TextIO

from cleaner.document import CleanerError
from cleaner.progress import UNITS, Pace, Progress

FORMATS = ("text", "json")
EVERY = 5.0
"""Seconds between two events that tell of progress, at least."""


class Lines(io.TextIOBase):
    """A stream of events. What anybody else writes into it becomes events too, a line a ``message``: warnings, tracebacks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rest = ""

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """Writes one line, in ASCII: whatever a text holds, it drives no terminal and breaks no line."""
        import json
        from datetime import UTC, datetime

        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"event": name, "time": time, **fields}, default=str)
        self._stream.write(line + "\n")
        self._stream.flush()

    def write(self, text: str, /) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, lines):
            self.event("message", {"message": line})
        return len(text)

    def flush(self) -> None:
        if self._rest:
            self.write("\n")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        super().close()
        self._stream.close()


def begin(form: str) -> None:
    """Sets standard error up. Raises CleanerError for a form that is none."""
    if form not in FORMATS:
        raise CleanerError(f"no log format {form!r}; there are {', '.join(FORMATS)}")
    if form == "json" and not isinstance(sys.stderr, Lines):
        sys.stderr = Lines(sys.stderr)


def asked(words: list[str]) -> bool:
    """Do the words of a command ask for JSON? To be known before they are parsed, so that a mistake in them is told in it too."""
    return "--log-format=json" in words or ("--log-format", "json") in itertools.pairwise(words)


def event(name: str, **fields: Any) -> bool:
    """Tells of an event, and whether there is a log that is told of any."""
    if not isinstance(sys.stderr, Lines):
        return False
    sys.stderr.event(name, fields)
    return True


class Log(Progress):
    """Tells all of a run in events; ``quiet``: only what went wrong."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._stage = ""
        self._pace = Pace(0, 0)
        self._told = 0.0

    def _tell(self, name: str, **fields: Any) -> None:
        if not self._quiet:
            event(name, **fields)

    def start(self, about: Mapping[str, Any]) -> None:
        self._tell("start", **about)

    def begin(self, stage: str, documents: int, size: int) -> None:
        self._stage, self._pace, self._told = stage, Pace(documents, size, UNITS.get(stage, "documents")), monotonic()
        self._tell("stage_start", stage=stage, documents=documents or None, bytes=size or None)

    def expect(self, pairs: int) -> None:
        self._pace = Pace(pairs, 0, "pairs")

    def advance(self, steps: int, size: int, *, fresh: bool) -> None:
        self._pace.advance(steps, size, fresh=fresh)
        if monotonic() - self._told < EVERY:
            return
        self._told = monotonic()
        pace = self._pace
        rate, flow = pace.rates()
        rates = {f"{pace.unit}_per_second": round(rate, 1)} | ({"bytes_per_second": round(flow, 1)} if pace.size else {})
        share, left = pace.share, pace.left
        known = {"share": share if share is None else round(share, 4), "seconds_left": left if left is None else round(left)}
        self._tell("progress", stage=self._stage, **self._done(), **rates, **known)

    def _done(self) -> dict[str, int]:
        return {self._pace.unit: self._pace.steps} | ({"bytes": self._pace.size} if self._pace.size else {})

    def finish(self, stage: str, seconds: float) -> None:
        self._tell("stage_end", stage=stage, seconds=seconds, **self._done())

    def failed(self, name: str, reason: str) -> None:
        event("failure", id=name, reason=reason)

    def replaced(self) -> None:
        event("worker_replaced", reason="a worker died; another takes its place")

    def end(self, run: Mapping[str, Any]) -> None:
        self._tell("end", counts=run["counts"], chars=run["chars"], **run["performance"])
