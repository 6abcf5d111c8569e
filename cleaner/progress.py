"""Who is told how a run goes: nobody, or a person at a terminal (see `log` for programs)."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_ENOUGH = 2.0
"""Seconds of work after which the rest can be told from it."""
UNITS = {"comparing": "pairs"}
"""What a step of a stage is, where it is no document."""
WORKED_BESIDE = ("reading", "cleaning")
"""Stages that start processes."""


class Progress:
    """Is told how a run goes; this one keeps it to itself. To be entered before the run, and left however it ends."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves nothing on the screen."""

    def start(self, about: Mapping[str, Any]) -> None:
        """Before the first stage: version and settings."""

    def begin(self, stage: str, documents: int, size: int) -> None:
        """A stage begins that will do so many documents, or read so many bytes; 0 where that is not known."""

    def expect(self, pairs: int) -> None:
        """From here on the stage compares so many pairs, one a step."""

    def advance(self, steps: int, size: int, *, fresh: bool) -> None:
        """So many documents, or pairs, more are done, and so many bytes; ``fresh``: not by an earlier start of the run."""

    def finish(self, stage: str, seconds: float) -> None:
        """A stage is done."""

    def failed(self, name: str, reason: str) -> None:
        """A document failed."""

    def replaced(self) -> None:
        """A worker died, and another takes its place."""

    def end(self, run: Mapping[str, Any]) -> None:
        """All is done; the content of run.json."""


class Pace:
    """How fast a stage goes, and how long it will go on.

    Args:
        steps: how many documents, or pairs, there are; 0: not known.
        size: the bytes there are; 0: not known.
        unit: what a step is.
    """

    def __init__(self, steps: int, size: int, unit: str = "documents") -> None:
        self.unit = unit
        self.whole = size or steps
        self._by_size = bool(size)
        self.steps = self.size = self.done = 0
        self._fresh_steps = self._fresh_size = 0
        self._begun = self._moved = monotonic()
        self._first: float | None = None
        self._since_first = 0

    def advance(self, steps: int, size: int, *, fresh: bool) -> None:
        further = size if self._by_size else steps
        self.steps += steps
        self.size += size
        self.done += further
        if fresh:
            self._fresh_steps += steps
            self._fresh_size += size
        if fresh and further:
            self._moved = monotonic()
            if self._first is None:
                self._first = self._moved
            else:
                self._since_first += further

    @property
    def share(self) -> float | None:
        """What is done of the whole, 0 to 1, where that is known."""
        return min(1.0, self.done / self.whole) if self.whole else None

    def rates(self) -> tuple[float, float]:
        """Steps and bytes a second, of those that were not done before."""
        seconds = max(monotonic() - self._begun, 1e-6)
        return self._fresh_steps / seconds, self._fresh_size / seconds

    @property
    def left(self) -> float | None:
        """Seconds, from what was done since the first step and how long it took: what came before is the start of the workers.

        None while too little is done to tell, or when it takes longer than it was to take.
        """
        taken = 0.0 if self._first is None else self._moved - self._first
        if not self.whole or not self._since_first or taken < _ENOUGH:
            return None
        left = taken * (self.whole - self.done) / self._since_first - (monotonic() - self._moved)
        return left if left >= 0 else None


class Bars(Progress):
    """A bar on a terminal's standard error, one a stage; it is gone when the stage is done."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._pace = Pace(0, 0)
        self._shown = 0.0

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def begin(self, stage: str, documents: int, size: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self._pace = Pace(documents, size, UNITS.get(stage, "documents"))
        columns = (SpinnerColumn(), TextColumn(stage), BarColumn(12), TimeElapsedColumn(), TextColumn("{task.description}"))
        # it is drawn by a thread of its own, but not where processes are to be started: one that holds threads is better not forked
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True, auto_refresh=stage not in WORKED_BESIDE)
        self._bar.add_task("", total=self._pace.whole or None)
        self._bar.start()
        self._bar.refresh()

    def expect(self, pairs: int) -> None:
        self._pace = Pace(pairs, 0, "pairs")
        if self._bar:
            self._bar.update(self._bar.task_ids[0], total=pairs or None, completed=0)

    def advance(self, steps: int, size: int, *, fresh: bool) -> None:
        self._pace.advance(steps, size, fresh=fresh)
        now = monotonic()
        if self._bar and now - self._shown >= 0.1:
            self._shown = now
            done = self._pace.done if self._pace.whole else None
            self._bar.update(self._bar.task_ids[0], completed=done, description=self._said(), refresh=True)

    def _said(self) -> str:
        pace = self._pace
        share, left = pace.share, pace.left
        words = [f"{pace.steps:,} {pace.unit}", f"{pace.rates()[0]:,.0f}/s"]
        if share is not None:
            words.insert(0, f"{share:.0%}")
        return ", ".join(words if left is None else [*words, f"{span(left)} left"])

    def finish(self, stage: str, seconds: float) -> None:
        self.__exit__()


def span(seconds: float) -> str:
    """A time in the words of a person: 45 s, 12 min, 3 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
