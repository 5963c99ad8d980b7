"""From the commit of a sent request to the start of its scoring in a real worker, through the broker, against a NOTIFY
from the commit of a transaction to another process: medians, on the clock on the wall."""

import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, connections, transaction
from django.utils import timezone

from benchmarks.measure import Finding, at_most
from portal.embedded import Services
from portal.launch import commands
from priorauth import jobs
from priorauth.models import Heartbeat, Job
from priorauth.roles import Actor, Role
from priorauth.services import submit
from tests.cases import draft_case, person, submission

TIMES, WARM = 40, 5
PATIENCE = 60.0
WORKER = [sys.executable, "-m", *commands(0)["worker"]]  # the one that `make run` starts


def measure(servers: Services) -> Iterator[Finding]:
    clerk = person(Role.CLERK)
    with _listener(servers.application) as heard:
        notified = [_notified(heard) for _ in range(TIMES + WARM)][WARM:]
    with _worker():
        started = [_started(clerk) for _ in range(TIMES + WARM)][WARM:]
    limit, ours = (1000 * statistics.median(each) for each in (notified, started))
    told = f"{limit:.1f} ms by NOTIFY, {ours:.1f} ms by broker and worker"
    yield at_most("commit to scoring started", 4, ours / limit, told)


def _started(clerk: Actor) -> float:
    """Seconds from the last statement of a sending to what the worker notes as the start of its work."""
    case = draft_case(clerk)
    with transaction.atomic():
        submit.send(case, submission(), by=clerk, at=timezone.now())
        sent = time.time()
    return _done(case.jobs.get()).done_at.timestamp() - sent


def _done(job: Job) -> Job:
    until = time.monotonic() + PATIENCE
    while job.state != Job.State.DONE:
        if time.monotonic() > until:
            raise RuntimeError("the worker did not score")
        time.sleep(0.02)
        job.refresh_from_db()
    return job


def _notified(heard: Any) -> float:
    with transaction.atomic(), connection.cursor() as cursor:
        Heartbeat.objects.update_or_create(name="benchmark", defaults={"at": timezone.now()})
        cursor.execute("NOTIFY benchmark")
        sent = time.time()
    return heard.recv() - sent


@contextmanager
def _listener(address: str) -> Iterator[Any]:
    """Where a process that listens tells when it heard something."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    place, end = context.Pipe(duplex=False)
    process = context.Process(target=_listen, args=(address, end), daemon=True)
    process.start()
    place.recv()
    try:
        yield place
    finally:
        process.terminate()
        process.join()


def _listen(address: str, end: Any) -> None:
    with psycopg.connect(address, autocommit=True) as plain:
        plain.execute("LISTEN benchmark")
        end.send(0.0)
        for _ in plain.notifies():
            end.send(time.time())


@contextmanager
def _worker() -> Iterator[None]:
    """A worker, once it works."""
    process = subprocess.Popen(WORKER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        while jobs.silent(timezone.now()):
            if process.poll() is not None:
                raise RuntimeError("the worker ended")
            jobs.wake(Job.Kind.SCORE)
            time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait(30)
