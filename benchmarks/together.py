"""Several processes that start at the same moment, each with a database connection of its own."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections


def at_once(work: Callable[[Any], object], on: Sequence[Any]) -> tuple[float, list[Any]]:
    """Do `work(thing)` in one process for each thing, all starting together. Returns the seconds that it took and what
    each gave. Raises what the first to fail raised, as a RuntimeError."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier, pipes = context.Barrier(len(on) + 1), [context.Pipe(duplex=False) for _ in on]
    each = zip(on, pipes, strict=True)
    processes = [context.Process(target=_work, args=(barrier, work, thing, end)) for thing, (_, end) in each]
    for process in processes:
        process.start()
    barrier.wait()
    began = time.perf_counter()
    found = [place.recv() for place, _ in pipes]
    seconds = time.perf_counter() - began
    for process in processes:
        process.join()
    if failed := [what for good, what in found if not good]:
        raise RuntimeError(failed[0])
    return seconds, [what for _, what in found]


def _work(barrier: Any, work: Callable[[Any], object], thing: Any, end: Any) -> None:
    connections["default"].ensure_connection()
    barrier.wait()
    try:
        end.send((True, work(thing)))
    except Exception as trouble:  # the parent raises it
        end.send((False, repr(trouble)))
    finally:
        connections.close_all()
