"""Stages in processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from cleaner.document import CleanerError

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_work: Callable[..., object]


def _begin(work: Callable[..., object]) -> None:
    """In a new worker: keeps the work, and leaves Ctrl-C to the main process."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends the worker when the main process is gone, however it went: nobody would give it work or stop it."""
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


def _do(batch: object) -> object:
    return _work(batch)


def run(work: Callable[[Batch], Result], batches: Iterable[Batch], jobs: int) -> Iterator[Result]:
    """The results of the work on each batch, in the order of the batches, whatever the number of jobs.

    With one job nothing leaves this process. Raises CleanerError when a worker dies.
    """
    if jobs <= 1:
        yield from map(work, batches)
        return
    # fork starts at once, but a process that holds threads may not be forked safely
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(work,))
    waiting: deque[Future[object]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(_do, batch))
            while len(waiting) > 4 * jobs:
                yield waiting.popleft().result()  # type: ignore[misc]
        while waiting:
            yield waiting.popleft().result()  # type: ignore[misc]
    except BrokenProcessPool:
        raise CleanerError("a worker process died (out of memory?); try again with --jobs 1") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
