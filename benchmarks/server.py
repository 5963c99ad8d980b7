"""What PostgreSQL spends on this process's statements."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

NANO = 1e-9


def spent_on(statement: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time that the server's process for this connection spends on a statement, and what it
    gives. Where the kernel does not tell (it does on Linux) the seconds are those of the clock on the wall."""
    clock = _of_backend(connection.connection.info.backend_pid)
    began = clock()
    result = statement()
    return clock() - began, result


@cache
def _of_backend(process: int) -> Callable[[], float]:
    file = Path(f"/proc/{process}/schedstat")
    return (lambda: NANO * int(file.read_text().split()[0])) if file.exists() else time.perf_counter
