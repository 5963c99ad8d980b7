"""Real processes of the portal, and where they and this process send wake-ups."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from celery import current_app
from django.db import connection

from priorauth import jobs

ROOT = Path(__file__).resolve().parent.parent


def environment(redis_url: str) -> dict[str, str]:
    """The environment of a process that works on the test database."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + connection.settings_dict["NAME"])
    return {**os.environ, "DATABASE_URL": urlunsplit(database), "REDIS_URL": redis_url}


class Process:
    """A Python module in a process group of its own, so that it can be killed whole."""

    def __init__(self, log: Path, env: dict[str, str], *module: str) -> None:
        self.log = log
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def lives(self) -> bool:
        return self.popen.poll() is None

    def has_said(self, words: str, offset: int) -> bool:
        """Whether the words stand in its log after `offset` bytes. Fails with the log if it ended instead."""
        text = self.log.read_bytes()[offset:].decode(errors="replace")
        assert self.lives(), f"the process ended:\n{text[-3000:]}"
        return words in text

    def kill(self) -> None:
        """Kill the whole group at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(20)


@contextmanager
def publishing_to(redis_url: str) -> Iterator[None]:
    """Let this process send its wake-ups to another broker."""
    kept = current_app.conf.broker_url
    _use(redis_url)
    try:
        yield
    finally:
        _use(kept)


def _use(redis_url: str) -> None:
    current_app.conf.broker_url = redis_url
    current_app._pool = current_app.amqp._producer_pool = None
    jobs._broker.pause_until = 0.0
