"""Several threads that start at the same moment, each with a database connection of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection


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
