"""Real worker and beat processes on the tests' own database."""

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
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent


def environment(redis_url: str) -> dict[str, str]:
    """The environment of a process that works on the test database."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + connection.settings_dict["NAME"])
    return {**os.environ, "DATABASE_URL": urlunsplit(database), "REDIS_URL": redis_url}


class Process:
    """A Celery process in a group of its own, so that it can be killed whole."""

    def __init__(self, log: Path, redis_url: str, *command: str) -> None:
        self.log = log
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "portal", *command],
                cwd=ROOT,
                env=environment(redis_url),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_ready(self, offset: int) -> bool:
        """Whether a worker says so in its log after `offset` bytes. Fails with the log if it ended instead."""
        text = self.log.read_bytes()[offset:].decode(errors="replace")
        assert self.popen.poll() is None, f"the process ended:\n{text[-3000:]}"
        return " ready." in text

    def kill(self) -> None:
        """Kill the whole group at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(20)


@contextmanager
def worker(folder: Path, redis_url: str) -> Iterator[Process]:
    """A worker that is ready to take messages."""
    log = folder / "worker.log"
    before = log.stat().st_size if log.exists() else 0
    process = Process(log, redis_url, "worker", "--concurrency=2", "--loglevel=INFO", "--without-mingle")
    try:
        eventually(lambda: process.is_ready(before), "the worker is ready")
        yield process
    finally:
        process.kill()


@contextmanager
def beat(folder: Path, redis_url: str) -> Iterator[Process]:
    process = Process(folder / "beat.log", redis_url, "beat")
    try:
        yield process
    finally:
        process.kill()


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
