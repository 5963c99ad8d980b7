"""Batches of work for several processes, and what they give in the order of the batches.

Each worker has two pipes of its own and one batch at a time. So no two wait for each other for ever: the parent writes
only to a worker that reads, reads only from one that works, and a pipe tells when the process behind it has gone. (A
queue that workers share has a lock, and a worker that is killed while it holds it stops all the others.)
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Final, TypeVar

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_AHEAD: Final = 4  # batches for each worker, between the one whose turn it is and the one that is read
_FORK: Final = multiprocessing.get_context("fork")


class WorkerDiedError(Exception):
    """A worker process has gone without giving what it was asked for."""


def in_turn(batches: Iterable[Batch], work: Callable[[Batch], Sequence[Result]], jobs: int) -> Iterator[Result]:
    """What `work` gives for every batch, in order, by `jobs` processes that are a few batches ahead.

    The processes are forked: `work` may be any callable. They end with the iterator, and with the parent. Raises
    `WorkerDiedError`; what came before it has no gap.
    """
    crew = _Crew(work, jobs)
    try:
        for batch in batches:
            while crew.is_full():
                yield from crew.answers()
            crew.give(batch)
        while crew.busy:
            yield from crew.answers()
    finally:
        crew.end()


class _Crew:
    """The workers: those that are busy, by the pipe on which they answer, and with the number of their batch."""

    def __init__(self, work: Callable[[Any], Any], jobs: int) -> None:
        self._work, self._jobs = work, jobs
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []
        self.busy: dict[object, tuple[_Worker, int]] = {}
        self._early: dict[int, Sequence[Any]] = {}  # answers whose turn has not come
        self._given = self._turn = 0

    def is_full(self) -> bool:
        return len(self.busy) == self._jobs or self._given - self._turn == _AHEAD * self._jobs

    def give(self, batch: object) -> None:
        if not self._idle:
            self._workers.append(_Worker(self._work, self._workers))
            self._idle.append(self._workers[-1])
        worker = self._idle.pop()
        worker.give(batch)
        self.busy[worker.answers] = worker, self._given
        self._given += 1

    def answers(self) -> Iterator[Any]:
        """Waits for a worker, and gives the results whose turn has come."""
        for ready in wait([worker.answers for worker, _ in self.busy.values()]):
            worker, number = self.busy.pop(ready)
            self._early[number] = worker.take()
            self._idle.append(worker)
        while self._turn in self._early:
            yield from self._early.pop(self._turn)
            self._turn += 1

    def end(self) -> None:
        for worker in self._workers:
            worker.end()


class _Worker:
    """A process, the end of a pipe that gives it work, and the end of another on which it answers."""

    def __init__(self, work: Callable[[Any], Any], elder: Iterable[_Worker]) -> None:
        given, self._tasks = _FORK.Pipe(duplex=False)
        self.answers, taken = _FORK.Pipe(duplex=False)
        not_its_own = [*self.ends(), *(end for one in elder for end in one.ends())]
        self._process = _FORK.Process(target=_serve, args=(work, given, taken, not_its_own), daemon=True)
        self._process.start()
        given.close()
        taken.close()

    def ends(self) -> tuple[Connection, Connection]:
        """The parent's ends of its pipes; a fork copies them."""
        return self._tasks, self.answers

    def give(self, batch: object) -> None:
        try:
            self._tasks.send(batch)
        except OSError:
            raise WorkerDiedError from None

    def take(self) -> Any:
        try:
            return self.answers.recv()
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
