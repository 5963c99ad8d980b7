"""A worker that has emptied the job table listens for a moment: the next job then starts without the way through broker
and pool. What nobody hears, a message wakes a worker for, as ever (decision 48)."""

import os
import select
import time
from collections.abc import Iterator

from django.db import connection

from priorauth.alone import alone
from priorauth.jobs import channel
from priorauth.models import Job

ALONE = 484_048  # the advisory lock of the one that listens: the others have to be free for other work

_ending: list[int] = []  # in a worker, both ends of a pipe from its main process: readable once it is to end


def begin() -> None:
    """Let the processes listen that this main process of a worker will have."""
    _ending[:] = os.pipe()


def end() -> None:
    """Let none of them listen any longer."""
    if _ending:
        os.write(_ending[1], b"!")


def moments(kind: Job.Kind, seconds: float) -> Iterator[None]:
    """When to look for jobs of `kind`: now and, where this process may listen, whenever one was written, for `seconds`.
    To be closed. Raises what the database raises when it goes away."""
    until = time.monotonic() + seconds
    yield
    if not _ending:
        return
    with alone(ALONE) as mine, connection.cursor() as cursor:
        if not mine:
            return
        cursor.execute(f"LISTEN {channel(kind)}")
        try:
            yield  # for what was written before anybody listened
            while _heard(until):
                yield
        finally:
            cursor.execute(f"UNLISTEN {channel(kind)}")


def _heard(until: float) -> bool:
    """Wait for a job. False once it is `until`, or the worker is to end."""
    while not list(connection.connection.notifies(timeout=0)):
        ready, _, _ = select.select([connection.connection, _ending[0]], [], [], max(0, until - time.monotonic()))
        if not ready or _ending[0] in ready:
            return False
    return time.monotonic() < until
