"""Find the processes that belong to a folder."""

import contextlib
from pathlib import Path

from tests.waiting import until


def belonging_to(folder: Path) -> dict[int, str]:
    """Return the live processes that work in `folder` or name it in arguments or environment, by id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if "\nState:\tZ" not in (entry / "status").read_text() and _names(entry, folder):
                found[int(entry.name)] = _arguments(entry)
    return found


def none_left(folder: Path) -> bool:
    """Return True when no process belongs to `folder` any more, after 30 seconds at most."""
    return until(lambda: not belonging_to(folder))


def _names(entry: Path, folder: Path) -> bool:
    if (entry / "cwd").readlink().is_relative_to(folder):
        return True
    return str(folder).encode() in (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()


def _arguments(entry: Path) -> str:
    return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
