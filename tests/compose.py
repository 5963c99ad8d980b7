"""docker-compose.yml and Dockerfile, read as Docker reads them and carried out as plain processes of this machine.

There is no Docker engine here. What it adds (the file system, users, networks) is read as data in test_compose.py;
what it would run is run: the same commands, with the environment that the files give and nothing else.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from portal.embedded import postgres, valkey
from portal.embedded.files import free_port
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<sign>[?-])(?P<rest>[^}]*))?\})")
DOCKERFILE = ROOT / "Dockerfile"


def services(variables: dict[str, str]) -> dict[str, Any]:
    """The services with every variable filled in. Raises KeyError for one that is needed and missing."""

    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: filled(value) for key, value in part.items()}
        if isinstance(part, list):
            return [filled(value) for value in part]
        return VARIABLE.sub(value_of, part) if isinstance(part, str) else part

    def value_of(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        if match["sign"] == "-":
            return variables.get(match["name"]) or match["rest"]
        return variables[match["name"]]

    return filled(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


def instructions(word: str) -> list[str]:
    """What stands after one word of the Dockerfile, line by line."""
    return re.findall(rf"^{word} (.*)$", DOCKERFILE.read_text(), re.MULTILINE)


class Machine:
    """One host that runs the services of docker-compose.yml as processes, all under `folder`."""

    def __init__(self, folder: Path, stack: ExitStack, lock: int) -> None:
        self.folder, self._stack, self._lock = folder, stack, lock
        self.clone, self.app, self.data, self.tools = (folder / name for name in ("clone", "app", "data", "tools"))
        for path in (self.clone, self.app, self.data, self.tools):
            path.mkdir()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {"web": free_port(), "broker": free_port()}

    def make_secrets(self, host: str) -> None:
        """Run deploy/new-env in a clone, and read what it wrote."""
        shutil.copytree(ROOT / "deploy", self.clone / "deploy")
        subprocess.run([self.clone / "deploy" / "new-env", host], check=True, capture_output=True)
        lines = (self.clone / ".env").read_text().splitlines()
        self.variables = dict(line.split("=", 1) for line in lines)
        self.services = services(self.variables)

    def secrets(self) -> list[str]:
        return [value for name, value in self.variables.items() if name.endswith(("_KEY", "_PASSWORD"))]

    def build(self) -> None:
        """Make the image's folder: what the Dockerfile copies, and the command with which it collects static files."""
        for copied in instructions("COPY"):
            name = copied.split()[0]
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.app / name)
        self.image = {"PATH": f"{self.tools}:{os.environ['PATH']}", "HOME": "/nonexistent"}
        for line in instructions("ENV"):
            self.image |= dict(pair.split("=", 1) for pair in self._local(line).split())
        self._tool("python", f'exec {sys.executable} "$@"')
        for name in ("gunicorn", "celery"):
            self._tool(name, f'exec {sys.executable} -m {name} "$@"')
        collect = next(part for line in instructions("RUN") for part in line.split(" && ") if "collectstatic" in part)
        subprocess.run(["sh", "-c", collect], cwd=self.app, env=self.image, check=True, capture_output=True)
        for path in self.app.rglob("*"):
            path.chmod(path.stat().st_mode & ~0o222)

    def start_database(self) -> None:
        """PostgreSQL as its image starts it: an empty volume, the superuser's password, then deploy/owner.sql."""
        service = self.services["database"]
        place = self.place = postgres._place(self.folder, postgres._programs())
        place.account.write(place.home / "password", service["environment"]["POSTGRES_PASSWORD"])
        own = shlex.split(service["environment"]["POSTGRES_INITDB_ARGS"])
        initdb = [place.programs / "initdb", f"--pgdata={place.data}", f"--pwfile={place.home / 'password'}", *own]
        made = place.account.run([*map(str, initdb), "--username=postgres", "--auth=scram-sha-256", "--no-sync"])
        assert made.returncode == 0, made.stderr
        settings = dict(option.removeprefix("-c").split("=", 1) for option in service["command"][1:])
        settings |= {"unix_socket_directories": "", "fsync": "off"}
        self.database_log = self.folder / "database.log"
        port, leash = postgres._start(place, self.database_log, settings, postgres.AT_ONCE, self._lock, None)
        self._stack.callback(leash.stop)
        self.ports["database"] = port
        first = self.services["database"]["environment"] | {"PGHOST": "127.0.0.1", "PGPORT": str(port)}
        first |= {"PGUSER": "postgres", "PGPASSWORD": first["POSTGRES_PASSWORD"]}
        psql = [place.programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        subprocess.run([*psql, "--file", ROOT / "deploy" / "owner.sql"], env=first, check=True, capture_output=True)

    def start_broker(self) -> None:
        """The broker's own command; where it says redis-server, this machine has Valkey."""
        extra = f"--port {self.ports['broker']} --bind 127.0.0.1 --dir {self.folder}"
        self._tool("redis-server", f'exec {valkey._program()} "$@" {extra}')
        self.start("broker")
        from redis import Redis

        password = self.variables["REDIS_PASSWORD"]
        self.redis = self._stack.enter_context(Redis(port=self.ports["broker"], password=password))
        eventually(self._broker_answers, "the broker answers")

    def environment(self, service: str) -> dict[str, str]:
        """What a container of this service would find, with this machine's addresses in the place of names."""
        own = {name: self._local(value) for name, value in self.services[service]["environment"].items()}
        if "build" in self.services[service]:
            return self.image | own
        if "PGHOST" in own:
            own |= {"PGHOST": "127.0.0.1", "PGPORT": str(self.ports["database"])}
        return {"PATH": f"{self.place.programs}:{self.image['PATH']}"} | own

    def run(self, service: str, *command: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """`docker compose run SERVICE COMMAND`; the service's own command where none is given."""
        given = command or [self._local(part) for part in self.services[service]["command"]]
        how = {"capture_output": True, "text": True, "umask": 0o022} | how
        return subprocess.run(given, cwd=self.app, env=self.environment(service), check=False, **how)

    def start(self, service: str) -> None:
        """Start a service that stays, its output in a log of its name."""
        with (self.folder / f"{service}.log").open("wb") as log:
            process = self.processes[service] = subprocess.Popen(
                [self._local(part) for part in self.services[service]["command"]],
                cwd=self.app,
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o022,
            )
        self._stack.callback(process.wait, 30)
        self._stack.callback(process.kill)

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text(errors="replace")

    def is_healthy(self, service: str) -> bool:
        """What the service's own health check says."""
        check = self.services[service]["healthcheck"]
        command = [self._local(part) for part in check["test"][1:]]
        seconds = int(check["timeout"].removesuffix("s"))
        return self.run(service, *command, timeout=seconds).returncode == 0

    def _local(self, text: str) -> str:
        """The addresses and folders of the containers, as they are on this machine."""
        for inside, here in {
            "database:5432": f"127.0.0.1:{self.ports.get('database')}",
            "broker:6379": f"127.0.0.1:{self.ports['broker']}",
            "0.0.0.0:8000": f"127.0.0.1:{self.ports['web']}",
            "127.0.0.1:8000": f"127.0.0.1:{self.ports['web']}",
        }.items():
            text = text.replace(inside, here)
        for inside, here in {"app": self.app, "data": self.data, "deploy": self.clone / "deploy"}.items():
            text = re.sub(rf"(^|=)/{inside}\b", rf"\g<1>{here}", text)
        return text

    def _tool(self, name: str, line: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def _broker_answers(self) -> bool:
        from redis import RedisError

        try:
            return self.redis.ping()
        except RedisError:
            return False
