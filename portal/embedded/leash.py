"""Run a command on a leash: it ends when the process that wanted it lets go or dies, SIGKILL included.

Between the two stands a small process, this file run as a script. It holds the read end of a pipe
whose write end only the owner has: when that closes, for whatever reason, the command is stopped. So
an orderly stop and the death of the owner take the same path. Should this small process be killed
itself, the kernel stops the command (PR_SET_PDEATHSIG, set in the child after the change of user,
which would clear it; safe here since this process has one thread, where an owner may have many).
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

# Signals to try in turn, each with the seconds that the command gets to end; SIGKILL comes last by itself.
Stops = Sequence[tuple[int, float]]

PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Leash:
    """The owner's end: a started command, its log, and the way to stop it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        stops: Stops,
        env: Mapping[str, str],
        cwd: Path = Path("/"),
        user: int | None = None,
        lock: int | None = None,
        remove: Path | None = None,
    ) -> None:
        """Start `command`, its output appended to `log` (mode 600).

        `user` is the numeric user and group to change to, `lock` a descriptor to keep open until the
        command has ended, `remove` a folder to delete after that.
        """
        self.name, self.log, self._stops = name, log, stops
        order = {
            "command": list(command),
            "env": dict(env),
            "stops": [list(stop) for stop in stops],
            "user": user,
            "remove": str(remove) if remove else None,
            "owner": os.getpid(),
        }
        self._process = _keeper(name, log, cwd, () if lock is None else (lock,))
        # The order goes through the pipe: its environment holds passwords, and arguments are public.
        with contextlib.suppress(BrokenPipeError):
            self._pipe.write(json.dumps(order).encode() + b"\n")
            self._pipe.flush()

    @property
    def _pipe(self) -> Any:
        return self._process.stdin

    def ended(self) -> int | None:
        """Return None while the command runs, then its exit status (128 + n when signal n ended it)."""
        return self._process.poll()

    def stop(self) -> None:
        """Let go, and return when the command has ended."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.close()
        try:
            self._process.wait(sum(seconds for _, seconds in self._stops) + 10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _keeper(name: str, log: Path, cwd: Path, kept_open: Sequence[int]) -> subprocess.Popen[bytes]:
    """The small process that holds the leash, waiting for its order."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603  this file, under this Python
            [sys.executable, "-I", "-S", __file__, name],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=cwd,
            start_new_session=True,
            pass_fds=kept_open,
        )
    finally:
        os.close(output)


def main() -> int:
    """Run the command that the owner ordered on standard input; return its exit status."""
    bell = _signal_bell()
    try:
        order = json.loads(sys.stdin.buffer.readline())
    except ValueError:
        return 1  # the owner died before it had given the whole order
    child = _start(order)
    _mind(child.pid, order["owner"], bell)
    _stop(child.pid, order["stops"], bell)
    status = child.wait()
    if order["remove"]:
        shutil.rmtree(order["remove"], ignore_errors=True)
    return status if status >= 0 else 128 - status


def _signal_bell() -> int:
    """Return a descriptor from which each signal that arrives can be read as one byte."""
    bell, ring = os.pipe()
    os.set_blocking(ring, False)
    signal.set_wakeup_fd(ring)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return bell


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    user = order["user"]
    return subprocess.Popen(  # noqa: S603  the owner's own command
        order["command"],
        env=order["env"],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_dies_with_me(order["stops"][0][0]),
        **({} if user is None else {"user": user, "group": user, "extra_groups": []}),
    )


def _dies_with_me(number: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) and None


def _mind(pid: int, owner: int, bell: int) -> None:
    """Return when the command has ended or is no longer wanted."""
    poll = select.poll()
    poll.register(sys.stdin.fileno(), select.POLLIN)
    poll.register(bell, select.POLLIN)
    while not _ended(pid) and os.getppid() == owner:
        for descriptor, _ in poll.poll(1000):
            if descriptor != bell or set(os.read(bell, 512)) - {signal.SIGCHLD}:
                return


def _stop(pid: int, stops: Stops, bell: int) -> None:
    """Stop the command, then whatever it left behind in its process group."""
    for number, seconds in stops:
        if _ended(pid):
            break
        os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while not _ended(pid) and (left := deadline - time.monotonic()) > 0:
            if select.select([bell], [], [], left)[0]:
                os.read(bell, 512)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _ended(pid: int) -> bool:
    """Tell whether the child has ended, and leave it a zombie: its process group keeps its number."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


if __name__ == "__main__":
    sys.exit(main())
