"""Threads beside the test's own, each with a database connection of its own."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


def at_once(work: Callable[[Any], object], on: Sequence[Any]) -> float:
    """Do `work(thing)` in one thread for each thing, all starting together. Returns the seconds it took.

    Fails with what any of the threads raised.
    """
    barrier, troubles = threading.Barrier(len(on) + 1), []

    def run(thing: Any) -> None:
        try:
            barrier.wait()
            work(thing)
        except Exception as trouble:
            troubles.append(trouble)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[thing]) for thing in on]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    assert troubles == []
    return time.perf_counter() - start


@contextmanager
def held_elsewhere(lock: Callable[[], object], patience: str) -> Iterator[None]:
    """Another transaction holds what `lock` locked; the test's own waits for a lock for `patience` at most."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            lock()
            held.set()
            done.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(20)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{patience}'")
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
        done.set()
        holder.join()
