"""The job table is the truth; a Celery message only wakes a worker and carries no ids (invariant 4).

A job is claimed with SKIP LOCKED, done and marked in one transaction: a killed worker leaves it waiting, whole.
"""

import datetime as dt
import logging
import random
import time
import traceback
from collections.abc import Callable
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet

from priorauth.models import Case, Job

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
BACKOFF_SECONDS = (2, 10, 60, 300)
BROKER_PAUSE_SECONDS = 15

Handler = Callable[[Job, dt.datetime], None]


def enqueue(kind: Job.Kind, case: Case, *, dedupe_key: str, at: dt.datetime) -> Job:
    """Write a job in the caller's transaction and wake a worker once that is committed."""
    job = Job(kind=kind, case=case, dedupe_key=dedupe_key, run_after=at, created_at=at)
    job.save(force_insert=True)
    transaction.on_commit(lambda: wake(kind))
    return job


def run_due(kind: Job.Kind, handler: Handler, failed: Handler, now: dt.datetime) -> int:
    """Do every job of `kind` that is due at `now`, one transaction each. Returns how many were tried."""
    tried = 0
    while _run_one(kind, handler, failed, now):
        tried += 1
    return tried


def due(kind: Job.Kind, now: dt.datetime) -> QuerySet[Job]:
    """The jobs that wait and whose time has come, the oldest first."""
    return Job.objects.filter(kind=kind, state=Job.State.WAITING, run_after__lte=now).order_by("run_after", "id")


def _run_one(kind: Job.Kind, handler: Handler, failed: Handler, now: dt.datetime) -> bool:
    with transaction.atomic():
        job = due(kind, now).select_for_update(skip_locked=True, of=("self",)).first()
        if job is None:
            return False
        job.attempts += 1
        try:
            with transaction.atomic():
                handler(job, now)
        except Exception as error:
            _postpone(job, error, failed, now)
        else:
            job.state, job.done_at, job.last_error = Job.State.DONE, now, ""
        job.save(update_fields=["state", "attempts", "run_after", "last_error", "done_at"])
        return True


def _postpone(job: Job, error: Exception, failed: Handler, now: dt.datetime) -> None:
    """Try again later, each time later; after MAX_ATTEMPTS hand the case to a person. Where even that fails the job
    waits once more, so that it stands in nobody's way."""
    job.last_error = describe(error)
    log.warning("job %s failed, try %s: %s", job.pk, job.attempts, job.last_error)
    if job.attempts >= MAX_ATTEMPTS:
        try:
            with transaction.atomic():
                failed(job, now)
        except Exception as second:
            job.last_error = describe(second)
            log.error("job %s cannot be handed to a person: %s", job.pk, job.last_error)
        else:
            job.state = Job.State.FAILED
            return
    pause = BACKOFF_SECONDS[min(job.attempts, len(BACKOFF_SECONDS)) - 1]
    job.run_after = now + dt.timedelta(seconds=pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, no secret


def describe(error: Exception) -> str:
    """The error's class and place. Its text is left out: it may quote patient data."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"[:200]


class _Broker:
    """Sends wake-ups, and stops trying for a while after a failure: a dead broker must not slow the requests down."""

    def __init__(self) -> None:
        self.pause_until = 0.0

    def send(self, kind: str) -> None:
        if time.monotonic() < self.pause_until:
            return
        try:
            current_app.send_task("kick", args=[kind], retry=False, expires=10)
        except Exception as error:  # whatever a broker says, the request behind this stands
            self.pause_until = time.monotonic() + BROKER_PAUSE_SECONDS
            log.warning("no wake-up sent (%s): the job waits for the next beat", type(error).__name__)


_broker = _Broker()


def wake(kind: Any) -> None:
    """Ask a worker to look at the job table now. Losing this message costs a few seconds, never a job."""
    _broker.send(str(kind))
