"""What `make run` does: servers, tables, demo, then web, worker and beat, until Ctrl-C.

Each process is held on a leash (portal.embedded.leash), so none outlives this one, and has its log in
the data folder. When one ends, the tail of its log is shown and all end. This module needs the standard
library only; Django runs in processes of its own.

Environment: PORT (8000), DATA_DIR (var), and every variable that portal/settings.py reads. Exit status:
0 after Ctrl-C or SIGTERM, 1 after trouble, which is told in one sentence.
"""

import contextlib
import http.client
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

from portal.embedded import Services, StartError, services
from portal.embedded.files import fresh_log, held, port_refusal, private_folder, tail
from portal.embedded.leash import Leash, Stops

ROOT = Path(__file__).resolve().parent.parent
WEB_PATIENCE = 60.0  # seconds until the web process must answer
STOPS: Stops = ((signal.SIGTERM, 15), (signal.SIGQUIT, 5))  # finish the request or task at hand; then drop it
BUSY = "The portal already runs from {folder} (process {{pid}}): stop it there with Ctrl-C."


class Stopped(BaseException):
    """Ctrl-C or a request to end arrived."""


def launch() -> int:
    """Run the portal until a signal; return the exit status."""
    os.umask(0o077)  # attachments, logs and keys are for this user only
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        _run()
    except StartError as trouble:
        print(trouble, file=sys.stderr, flush=True)
        return 1
    except Stopped:
        _say("Stopped.")
        return 0


def _run() -> NoReturn:
    port = chosen_port(os.environ.get("PORT") or "8000")
    folder = (ROOT / (os.environ.get("DATA_DIR") or "var")).absolute()
    check_writable(private_folder(folder, passable=os.geteuid() == 0))
    with held(folder / "run.lock", busy=BUSY.format(folder=folder)) as lock:
        if refusal := port_refusal(port):
            raise StartError(f"Port {port} cannot be used ({refusal}): choose another, as in `make run PORT=8123`.")
        with services(folder) as servers, ExitStack() as stack:
            try:
                _serve(stack, folder, port, servers, lock)
            finally:
                _ignore_signals()


def _serve(stack: ExitStack, folder: Path, port: int, servers: Services, lock: int) -> NoReturn:
    """Prepare the database, start the portal's processes, watch them. Raises StartError, Stopped."""
    for note in servers.notes:
        _say(note)
    env = environment(folder, servers)
    owner = {"DATABASE_OWNER_URL": servers.database} if servers.database != servers.application else {}
    _manage("migrate", env | owner, folder, quiet=True)
    _manage("demo", env, folder, quiet=False)
    leashes = [*servers.leashes]
    for name, command in commands(port).items():
        log = fresh_log(folder / "log" / f"{name}.log")
        leash = Leash(name, [sys.executable, "-m", *command], log=log, stops=STOPS, env=env, cwd=ROOT, lock=lock)
        stack.callback(leash.stop)
        leashes.append(leash)
    _wait_for_web(port, leashes)
    _say(f"\nThe portal answers at http://127.0.0.1:{port}/\nCtrl-C stops it. Data and logs are in {folder}.")
    while True:
        _check(leashes)
        time.sleep(0.5)


def commands(port: int) -> dict[str, list[str]]:
    """Return the portal's processes in starting order; they stop in the opposite one, so web goes first."""
    return {
        "worker": [
            *("celery", "-A", "portal", "--quiet", "worker", "--concurrency=2", "--loglevel=INFO"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),  # workers need not know of each other
        ],
        "beat": ["celery", "-A", "portal", "--quiet", "beat", "--loglevel=INFO"],
        "web": [
            *("gunicorn", "portal.wsgi", f"--bind=127.0.0.1:{port}", "--workers=2", "--threads=4"),
            *("--graceful-timeout=10", "--no-control-socket"),
        ],
    }


def chosen_port(text: str) -> int:
    """Read a TCP port. Raises StartError when it is none."""
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise StartError(f"PORT must be a number from 1 to 65535, not {text!r}.")


def check_writable(folder: Path) -> None:
    """Raise StartError when no file can be made in `folder`."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StartError(
            f"The folder {folder} cannot be written ({error.strerror}): choose another with DATA_DIR."
        ) from error


def environment(folder: Path, servers: Services) -> dict[str, str]:
    """Return the environment of the portal's processes; keep what it adds in `folder`/env (mode 600).

    The settings read that file too, so `manage.py` works beside a running portal. The keys in it are
    made once; a variable that stands in the environment wins and is not written.
    """
    file = folder / "env"
    saved = dict(line.split("=", 1) for line in _lines(file) if "=" in line)
    for name in ("SECRET_KEY", "AUDIT_KEY"):
        saved.setdefault(name, secrets.token_urlsafe(48))
    current = {"DATABASE_URL": servers.application, "REDIS_URL": servers.redis, "HTTPS": "0", "DEVELOPMENT": "1"}
    saved |= {name: value for name, value in current.items() if name not in os.environ}
    half = file.with_name("env.new")
    half.unlink(missing_ok=True)
    half.touch(mode=0o600)
    half.write_text("".join(f"{name}={value}\n" for name, value in saved.items()))
    half.rename(file)
    own = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}  # for `migrate` alone
    return {**saved, **own, "DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"}


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _manage(command: str, env: dict[str, str], folder: Path, *, quiet: bool) -> None:
    """Run a management command; its output goes to the terminal, or to its log when `quiet`."""
    log = fresh_log(folder / "log" / f"{command}.log")
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT, 0o600), "w") as output:
        done = subprocess.run(  # noqa: S603  our own manage.py
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output if quiet else None,
            stderr=output,
            start_new_session=True,
            check=False,
        )
    if done.returncode:
        raise StartError(f"`manage.py {command}` failed; the end of {log}:\n{tail(log)}")


def _wait_for_web(port: int, leashes: list[Leash]) -> None:
    deadline = time.monotonic() + WEB_PATIENCE
    while not _answers(port):
        _check(leashes)
        if time.monotonic() > deadline:
            log = leashes[-1].log
            raise StartError(f"The web process does not answer; the end of {log}:\n{tail(log)}")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    return False


def _check(leashes: list[Leash]) -> None:
    """Raise StartError when one of the processes has ended."""
    for leash in leashes:
        if (status := leash.ended()) is not None:
            raise StartError(
                f"The {leash.name} process ended (status {status}), so everything stops; the end of "
                f"{leash.log}:\n{tail(leash.log)}"
            )


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    _ignore_signals()
    raise Stopped


def _ignore_signals() -> None:
    """From here on everything ends anyway, and ends in order."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(text, flush=True)
