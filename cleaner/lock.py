"""One run at a time in a folder. A lock is free when its holder ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleaner.document import CleanerError

_held: set[int] = set()


@contextmanager
def alone(folder: Path, doing: str) -> Iterator[None]:
    """Holds a folder, which is there, for one run of this machine.

    Args:
        doing: what another run that holds it is said to be doing.
    Raises:
        CleanerError: for a folder that another run holds.
        OSError: for one that cannot be opened.
    """
    try:
        import fcntl
    except ImportError:  # a system without such locks
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CleanerError(f"{folder}: another run is {doing}; try again when it is done") from None
        except OSError:
            pass  # a file system without such locks, as some are in a network
        _held.add(descriptor)
        yield
    finally:
        _held.discard(descriptor)
        os.close(descriptor)


def _leave() -> None:
    """In a new process: its lock would outlive the run's, by a killed run's workers for instance."""
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave)
