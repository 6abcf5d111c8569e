"""Stages in processes of this machine."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_work: Callable[..., list[object]]
_stopped: Connection
_busy = False

DIED = "the process that worked on it died (a crash in a library, or out of memory)"


def _begin(work: Callable[..., list[object]], stopped: Connection) -> None:
    """In a new worker: keeps the work, and leaves Ctrl-C to the main process. There is something in ``stopped`` once all is over."""
    global _work, _stopped
    _work, _stopped = work, stopped
    gc.freeze()  # what came with the fork is not searched for garbage, so that its memory stays shared
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    """Has the worker leave what it does once all is over; ends it when the main process is gone, however it went."""
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent:
        if parent.sentinel not in wait([parent.sentinel, _stopped]):
            os.kill(os.getpid(), signal.SIGINT)
            wait([parent.sentinel])
        os._exit(1)


class _StoppedError(BaseException):
    """All is over; no handler of errors is to take it for one."""


def _stop(*_: object) -> None:
    if _busy and _stopped.poll():  # Ctrl-C alone is the main process's, which may have something left to do
        raise _StoppedError


def _do(batch: list[object]) -> list[object]:
    global _busy
    try:
        _busy = True
        return [] if _stopped.poll() else _work(batch)
    except _StoppedError:
        return []
    finally:
        _busy = False


class _Pool(Generic[Item, Result]):
    """Workers that are replaced when one dies."""

    def __init__(self, work: Callable[[list[Item]], list[Result]], jobs: int, method: str, replaced: Callable[[], None]) -> None:
        self._work = work
        self._jobs = jobs
        self._method = method
        self._replaced = replaced
        self._pool: ProcessPoolExecutor | None = None
        self._ends: tuple[Connection, Connection]
        self.number = 0
        """Which pool this is: one more for each that broke."""

    def submit(self, batch: list[Item]) -> Future[list[Result]]:
        if self._pool is None:
            context = multiprocessing.get_context(self._method)
            self._ends = context.Pipe(duplex=False)
            begin = partial(_begin, self._work, self._ends[0])  # type: ignore[arg-type]
            self._pool = ProcessPoolExecutor(self._jobs, mp_context=context, initializer=begin)
        try:
            return self._pool.submit(_do, batch)  # type: ignore[arg-type]
        except BrokenProcessPool:
            self.replace()
            return self.submit(batch)

    def replace(self) -> None:
        """A worker died; new ones take the place of all."""
        self.close()
        self.number += 1
        self._replaced()

    def close(self) -> None:
        """Ends the workers; what they were given and is not done yet is left."""
        if self._pool is not None:
            self._ends[1].send_bytes(b".")
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
            for end in self._ends:
                end.close()


def run(
    work: Callable[[list[Item]], list[Result]],
    batches: Iterable[list[Item]],
    jobs: int,
    lost: Callable[[Item, str], Result],
    replaced: Callable[[], None],
) -> Iterator[list[Result]]:
    """The results of the work on each batch, in the order of the batches, whatever the number of jobs.

    With one job nothing leaves this process. A worker that dies takes down those beside it: what they had is done again in a process
    of its own, one item after another once it is known which batch kills, and the item that kills gets the result of ``lost``.

    Args:
        work: done in the workers.
        batches: lists of items.
        jobs: the number of workers.
        lost: the result of an item whose worker died twice, given the reason.
        replaced: told of each worker that died.
    """
    if jobs <= 1:
        yield from map(work, batches)
        return
    # fork starts at once, but a process that holds threads may not be forked safely
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    pool = _Pool(work, jobs, method, replaced)
    waiting: deque[tuple[list[Item], Future[list[Result]], int]] = deque()

    def first() -> list[Result]:
        batch, future, number = waiting.popleft()
        try:
            return future.result()
        except BrokenProcessPool:
            if number == pool.number:  # not one that broke before, and was replaced
                pool.replace()
            return list(_alone(_Pool(work, 1, method, replaced), batch, lost))

    try:
        for batch in batches:
            waiting.append((batch, pool.submit(batch), pool.number))
            while len(waiting) > 4 * jobs:
                yield first()
        while waiting:
            yield first()
    finally:
        pool.close()


def _alone(pool: _Pool[Item, Result], batch: list[Item], lost: Callable[[Item, str], Result]) -> Iterator[Result]:
    """The results of a batch that may have killed its worker, in a process of its own."""
    try:
        try:
            yield from pool.submit(batch).result()
            return
        except BrokenProcessPool:
            pool.replace()
        for item in batch:
            try:
                yield from pool.submit([item]).result()
            except BrokenProcessPool:
                pool.replace()
                yield lost(item, DIED)
    finally:
        pool.close()
