"""Servers that a killed run left behind: find them by the folder they work in, and end them."""

import contextlib
import os
import signal
import time
from pathlib import Path

SERVERS = {"postgres", "valkey-server"}


def end_leftovers(folder: Path) -> None:
    """End every server that works in `folder`: politely, then with force. The caller holds its lock."""
    for number, seconds in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + seconds
        found = working_in(folder)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while found and time.monotonic() < deadline:
            time.sleep(0.05)
            found = working_in(folder)


def working_in(folder: Path) -> list[int]:
    """Return the ids of this user's servers whose working directory is `folder` or below (Linux only)."""
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _works_in(entry, folder)]


def _works_in(entry: Path, folder: Path) -> bool:
    try:
        if (entry / "comm").read_text().strip() not in SERVERS:
            return False
        return (entry / "cwd").readlink().is_relative_to(folder.resolve())
    except OSError:
        return False  # it has ended, or belongs to another user
