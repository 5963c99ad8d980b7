"""Score JSON Lines as they come: in order, with a bound on every line and on what waits, in one process or several."""

import codecs
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing.connection import wait
from typing import Any, BinaryIO, Final, TypeVar

from pydantic_core import to_json

from policies.jsonl import result_of

Result = tuple[bytes, bool]
T = TypeVar("T")
R = TypeVar("R")

LONGEST: Final = 1 << 20  # bytes of a line; a request that names every level is far below a tenth of it
_BATCH_LINES: Final = 64
_TOO_LONG: Final = to_json(
    {"case_id": None, "error": {"path": "", "message": "must be one request of at most 1 MiB on one line"}}
)


def results(stream: BinaryIO, policy_id: str, jobs: int) -> Iterator[Result]:
    """The result of every line that is not blank, in order, and whether it is an assessment.

    With several jobs the lines are read in batches, a few ahead of the results. Raises
    `concurrent.futures.process.BrokenProcessPool` where a worker process dies.
    """
    lines = lines_of(stream)
    if jobs == 1:
        return (_result(line, policy_id) for line in lines)
    return in_turn(_batches(lines), partial(_score, policy_id), jobs)


def lines_of(stream: BinaryIO) -> Iterator[bytes | None]:
    """Every line that is not blank; None in the place of one that is too long, which is never held in memory.

    A byte order mark before the first is passed over: some editors put it there.
    """
    mark = codecs.BOM_UTF8
    while line := stream.readline(LONGEST + 1):
        line, mark = line.removeprefix(mark), b""
        if len(line) > LONGEST and not line.endswith(b"\n"):
            while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
            yield None
        elif line.strip():
            yield line


def _result(line: bytes | None, policy_id: str) -> Result:
    return (_TOO_LONG, False) if line is None else result_of(line, policy_id)


def _batches(lines: Iterable[bytes | None]) -> Iterator[list[bytes | None]]:
    batch: list[bytes | None] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line or b"")
        if len(batch) == _BATCH_LINES or size > LONGEST:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def in_turn(batches: Iterable[list[T]], work: Callable[[list[T]], list[R]], jobs: int) -> Iterator[R]:
    """What `work` gives for each batch, in order, by several processes that read a few batches ahead.

    The processes are forked, so `work` may be any callable. Raises BrokenProcessPool where one of them dies.
    """
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), _begin, (work,))
    waiting: deque[Future[list[R]]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(_do, batch))
            while len(waiting) > 2 * jobs or (waiting and waiting[0].done()):
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _score(policy_id: str, batch: list[bytes | None]) -> list[Result]:
    return [_result(line, policy_id) for line in batch]


def _begin(work: Callable[[list[Any]], list[Any]]) -> None:
    """A worker keeps what it is to do, leaves Ctrl-C to its parent, and does not outlive it."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def _do(batch: list[Any]) -> list[Any]:
    return _work(batch)


_work: Callable[[list[Any]], list[Any]]
