"""How much memory some work holds at once."""

import tracemalloc
from collections.abc import Callable

TRIES = 5


def held(work: Callable[[], object], limit: int) -> int:
    """The bytes that `work` holds at most; measured anew, a few times, where they are `limit` or more.

    What the work keeps it keeps each time. A table of the whole process, such as that of its strings, doubles once in
    a while.
    """
    for _ in range(TRIES):
        tracemalloc.start()
        work()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        if most < limit:
            break
    return most
