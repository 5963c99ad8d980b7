"""Batches of work for several processes, done in turn and given back in the order of the batches.

Each worker has two pipes of its own and one batch at a time. So no two wait for each other for ever: the parent writes
only to a worker that reads, reads only from one that works, and a pipe tells when the process behind it has gone. (A
queue that workers share has a lock, and a worker that is killed while it holds it stops all the others.)
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_FORK: Final = multiprocessing.get_context("fork")


class WorkerDiedError(Exception):
    """A worker process has gone without giving what it was asked for."""


def in_turn(batches: Iterable[Batch], work: Callable[[Batch], Sequence[Result]], jobs: int) -> Iterator[Result]:
    """What `work` gives for every batch, in order, by `jobs` processes that are one batch each ahead.

    The processes are forked: `work` may be any callable. They end with the iterator, and with the parent. Raises
    `WorkerDiedError`; what came before it has no gap.
    """
    workers: list[_Worker] = []
    busy: deque[_Worker] = deque()
    try:
        for batch in batches:
            results: Sequence[Result] = ()
            if len(workers) < jobs:
                worker = _Worker(work, workers)
                workers.append(worker)
            else:
                worker = busy.popleft()
                results = worker.take()
            worker.give(batch)
            busy.append(worker)
            yield from results
        for worker in busy:
            yield from worker.take()
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process, the end of a pipe that gives it work, and the end of another on which it answers."""

    def __init__(self, work: Callable[[Any], Any], elder: Iterable[_Worker]) -> None:
        given, self._tasks = _FORK.Pipe(duplex=False)
        self._answers, taken = _FORK.Pipe(duplex=False)
        not_its_own = [*self.ends(), *(end for one in elder for end in one.ends())]
        self._process = _FORK.Process(target=_serve, args=(work, given, taken, not_its_own), daemon=True)
        self._process.start()
        given.close()
        taken.close()

    def ends(self) -> tuple[Connection, Connection]:
        """The parent's ends of its pipes; a fork copies them."""
        return self._tasks, self._answers

    def give(self, batch: object) -> None:
        try:
            self._tasks.send(batch)
        except OSError:
            raise WorkerDiedError from None

    def take(self) -> Any:
        try:
            return self._answers.recv()
        except (EOFError, OSError):
            raise WorkerDiedError from None

    def end(self) -> None:
        """It holds nothing that could be left half done."""
        self._process.kill()
        self._process.join()
        for end in self.ends():
            end.close()


def _serve(work: Callable[[Any], Any], given: Connection, taken: Connection, not_its_own: Iterable[Connection]) -> None:
    """A worker: it leaves Ctrl-C to its parent, and ends when a pipe says that the parent has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in not_its_own:
        end.close()
    with contextlib.suppress(EOFError, OSError):
        while True:
            taken.send(work(given.recv()))
