"""Patience with a deadline instead of a fixed pause."""

import time
from collections.abc import Callable

from django.db import connection


def until(condition: Callable[[], object], seconds: float = 30) -> bool:
    """Return True as soon as `condition` holds, False when it has not after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def eventually(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until `condition` holds. Fails, saying what did not come about, after `seconds`."""
    assert until(condition, seconds), f"did not come about within {seconds:.0f} s: {what}"


def waiting_for_a_lock() -> int:
    """How many locks of the database somebody waits for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]
