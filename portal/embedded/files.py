"""Small things on disk: private folders, secrets that are made once, a lock that its children share."""

import fcntl
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StartError(Exception):
    """Something a person can mend; its text is one sentence for them."""


def private_folder(path: Path, *, passable: bool = False) -> Path:
    """Make `path` for its owner only; `passable` lets other users walk through it but not list it.

    A folder that stands already keeps its mode. Raises StartError when it cannot be made.
    """
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir()
            folder.chmod(0o711 if passable else 0o700)
    except OSError as error:
        raise StartError(f"The folder {path} cannot be made: {error.strerror}.") from error
    return path


def kept_secret(path: Path) -> str:
    """Read the secret in `path`, or make it there (48 hexadecimal digits, mode 600) when there is none yet."""
    if not path.exists():
        half = path.with_name(f"{path.name}.new")
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(24))
            file.flush()
            os.fsync(file.fileno())
        half.rename(path)
    return path.read_text()


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_refusal(port: int) -> str:
    """Return why this port of 127.0.0.1 cannot be listened on, or an empty text where it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def fresh_log(path: Path) -> Path:
    """Put the log of the run before aside as `path`.1 and return `path` for a new one."""
    private_folder(path.parent)
    if path.exists():
        path.rename(path.with_name(f"{path.name}.1"))
    return path


def tail(path: Path, lines: int = 15) -> str:
    """Return the last lines of a log, or an empty text where there is no log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


@contextmanager
def held(path: Path, *, busy: str, patience: float = 30) -> Iterator[int]:
    """Hold the lock file `path` and give its descriptor.

    Leashes that inherit the descriptor keep the lock until their commands have ended. So where the
    holder on record is dead, its servers are on their way down: wait for them, `patience` seconds at
    most. Raises StartError with the text `busy` ({pid} becomes the holder's process id) otherwise.
    """
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartError(f"The file {path} cannot be written: {error.strerror}.") from error
    try:
        deadline = time.monotonic() + patience
        while not _locked(lock):
            pid = os.pread(lock, 32, 0).decode()
            if _alive(pid) or time.monotonic() > deadline:
                raise StartError(busy.format(pid=pid))
            time.sleep(0.05)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ValueError, ProcessLookupError):
        return False
    return True
