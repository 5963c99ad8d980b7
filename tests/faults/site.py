"""A whole portal of real processes that can be hurt: PostgreSQL, Valkey, web, worker and beat, behind TCP proxies."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import redis
from django.db import connections

from portal.embedded import leftovers, postgres, valkey
from portal.embedded.account import OWN, candidates
from portal.embedded.files import free_port, held, private_folder
from portal.launch import commands
from tests.fault_proxy import FaultProxy, Mode
from tests.processes import Process
from tests.waiting import eventually, until

ROOT = Path(__file__).resolve().parents[2]


class Database:
    """A PostgreSQL that keeps its word (fsync is on), at one address through crashes and starts."""

    def __init__(self, folder: Path, lock: int, proxy: FaultProxy) -> None:
        self.folder, self.lock, self.proxy = folder, lock, proxy
        self._stack = ExitStack()
        self.start()

    def start(self) -> None:
        server = postgres.running(self.folder, durable=True, lock=self.lock, remove=None)
        self.server = self._stack.enter_context(server)
        self.proxy.target = urlsplit(self.server.url).port

    def is_up(self) -> bool:
        return self.server.leash.ended() is None

    def crash(self) -> None:
        """End at once, as `pg_ctl stop -m immediate` does: nothing is written out, the next start recovers."""
        place = postgres._place(self.folder, postgres._programs())
        os.kill(int((place.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        eventually(lambda: not self.is_up(), "PostgreSQL ends")
        self._stack.close()
        connections.close_all()

    def cut(self) -> None:
        """Break every connection where it stands, this process's own as well."""
        self.proxy.cut()
        connections.close_all()

    def url(self, direct: str) -> str:
        """The address through the proxy of what the server calls `direct`."""
        return direct.replace(f":{urlsplit(direct).port}/", f":{self.proxy.port}/")


class Broker:
    """A Valkey at one address, with one password, through kills and starts."""

    def __init__(self, folder: Path, lock: int, proxy: FaultProxy) -> None:
        self.home, self.lock, self.proxy = private_folder(folder / "valkey"), lock, proxy
        program = valkey._program()
        self.account = next((a for a in candidates() if a.can_pass(folder) and a.can_run(program)), OWN)
        self.password = "only-of-these-tests"
        self.start()

    def start(self) -> None:
        self.port, self.leash = valkey._start(self.account, valkey._program(), self.home, self.password, self.lock)
        self.proxy.target = self.port

    def is_up(self) -> bool:
        return self.leash.ended() is None

    def kill(self) -> None:
        """SIGKILL: what it held is gone."""
        for pid in leftovers.working_in(self.home):
            os.kill(pid, signal.SIGKILL)
        self.leash.stop()

    def stop(self) -> None:
        self.leash.stop()

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.proxy.port}/0"

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """A connection past the proxy."""
        with redis.Redis(port=self.port, password=self.password) as client:
            yield client


class Site:
    """The servers and the portal's processes, started with the commands of `make run`."""

    def __init__(self, folder: Path, database: Database, broker: Broker) -> None:
        self.folder, self.database, self.broker = folder, database, broker
        self.port = free_port()
        self.owner_url = database.url(database.server.url)
        self.environment = {
            **os.environ,
            "DATABASE_URL": database.url(database.server.application),
            "REDIS_URL": broker.url,
            "DATA_DIR": str(folder / "files"),
            "PYTHONUNBUFFERED": "1",
        }
        self.commands = commands(self.port)
        self.commands["web"] += [f"--config={Path(__file__).with_name('gunicorn_conf.py')}"]
        self.processes: dict[str, Process] = {}

    def migrate(self) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=ROOT,
            env=self.environment | {"DATABASE_OWNER_URL": self.owner_url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def start(self, *names: str) -> None:
        """Start processes side by side, and return when they answer. `beat-2` is a second beat."""
        offsets = {}
        for name in names:
            log = self.folder / f"{name}.log"
            offsets[name] = log.stat().st_size if log.exists() else 0
            self.processes[name] = Process(log, self.environment, *self.commands[name.split("-")[0]])
        for name in names:
            eventually(lambda name=name: self._answers(name, offsets[name]), f"{name} is up")

    def _answers(self, name: str, offset: int) -> bool:
        process = self.processes[name]
        if name == "web":
            return process.lives() and self.status("/livez") == 200
        return process.has_said(" ready." if name == "worker" else "beat: Starting", offset)

    def kill(self, *names: str) -> None:
        """Kill whole process groups at once, as a power cut would."""
        for name in names:
            self.processes.pop(name).kill()

    def terminate(self, *names: str) -> None:
        """Ask processes to end, as a deploy does; each must end by itself in time."""
        leaving = [self.processes.pop(name) for name in names]
        for process in leaving:
            process.popen.send_signal(signal.SIGTERM)
        for process in leaving:
            process.popen.wait(30)

    def forget_the_brokers_last_failure(self) -> None:
        """New web processes: those that met a failing broker send no wake-up for a while."""
        self.kill("web")
        self.start("web")

    def mend(self) -> None:
        """Bring back whatever the test before has broken."""
        for server in (self.database, self.broker):
            if not server.is_up():
                server.start()
            if server.proxy.mode is not Mode.PASS:
                server.proxy.set(Mode.PASS)
        self.kill(*{*self.dead(), *(name for name in self.processes if "-" in name)})
        self.start(*({"worker", "beat", "web"} - self.processes.keys()))

    def dead(self) -> list[str]:
        """The processes that ended by themselves."""
        return [name for name, process in self.processes.items() if not process.lives()]

    def ask(self, path: str, timeout: float = 30) -> http.client.HTTPResponse | None:
        """The answer to a GET, or None where there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            response = connection.getresponse()
            response.text = response.read().decode()
            return response
        return None

    def status(self, path: str) -> int | None:
        response = self.ask(path)
        return response and response.status

    def readiness(self) -> tuple[int | None, dict[str, Any]]:
        """Status and checks of /readyz."""
        response = self.ask("/readyz")
        if response is None or not response.getheader("Content-Type", "").startswith("application/json"):
            return response and response.status, {}
        return response.status, json.loads(response.text)["checks"]

    def says(self, status: int, seconds: float = 10, **checks: str) -> bool:
        """Whether /readyz comes to answer `status` with these checks, in time."""

        def answered() -> bool:
            found, states = self.readiness()
            return found == status and checks.items() <= states.items()

        return until(answered, seconds)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


@contextmanager
def running() -> Iterator[Site]:
    """A portal with its tables made; its processes are started by `mend`."""
    folder = Path(tempfile.mkdtemp(prefix="portal-faults-", dir="/tmp"))
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        lock = stack.enter_context(held(folder / "servers.lock", busy="Process {pid} works in this folder."))
        before_database, before_broker = (stack.enter_context(FaultProxy().running()) for _ in range(2))
        database = Database(folder, lock, before_database)
        stack.callback(lambda: database.is_up() and database.crash())
        broker = Broker(folder, lock, before_broker)
        stack.callback(lambda: broker.stop())
        site = Site(folder, database, broker)
        stack.callback(lambda: site.kill(*site.processes))
        site.migrate()
        yield site


@contextmanager
def on_database(url: str) -> Iterator[None]:
    """Let the queries of this process go to another database."""
    kept, own = connections["default"], connections.databases["default"]
    connections.databases["default"] = own | dj_database_url.parse(url) | {"OPTIONS": own["OPTIONS"]}
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.databases["default"], connections["default"] = own, kept
