"""One worker at a time: for work that calls a server outside, so that one that hangs never holds them all."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from priorauth import jobs
from priorauth.models import Job

# Then the worker makes room; below the time limit of a task by more than one server's patience.
SLICE = dt.timedelta(seconds=60)
Clock = Callable[[], dt.datetime]


@contextmanager
def alone(lock: int) -> Iterator[bool]:
    """Whether nobody else holds this advisory lock. The database gives it back when its holder's connection ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock])
        (got,) = cursor.fetchone()
    try:
        yield got
    finally:
        if got:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [lock])


def in_turn(lock: int, kind: Job.Kind, run_next: Callable[[Clock], bool], clock: Clock) -> int:
    """Do what is due of `kind`, for about a SLICE; `run_next` tells whether the next may be tried. Returns how many
    were tried; 0 where another worker holds the lock."""
    start, tried = clock(), 0
    with alone(lock) as mine:
        while mine and run_next(clock):
            tried += 1
            if clock() - start > SLICE:
                jobs.wake(kind)
                break
    return tried
