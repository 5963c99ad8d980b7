"""The job table is the truth; a Celery message only wakes a worker and carries no ids (invariant 4).

A try is counted first; then the job is locked (SKIP LOCKED), done and marked in one transaction: a killed worker
leaves it waiting, whole, for a moment later. A job that fails waits longer each time; after five tries the case
goes to a person.
"""

import datetime as dt
import logging
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from celery import current_app
from django.db import Error, connection, transaction
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat

from priorauth import prepared
from priorauth.models import Attachment, Case, Heartbeat, Job

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
BACKOFF_SECONDS = (2, 10, 60, 300)
LOST_SECONDS = 2  # after a try whose worker, or whose database, went away: mostly no fault of the job's
BROKER_PAUSE_SECONDS = 15
BROKER_PATIENCE_SECONDS = 0.1

WORKER = "worker"
BEAT = dt.timedelta(seconds=1)  # a heartbeat is written no more often
SILENCE = dt.timedelta(seconds=8)  # beat wakes a worker every 3 seconds; longer without a sign means that none works
PATIENCE = dt.timedelta(minutes=1)  # a job takes seconds; one that has been due for longer finds no worker

Handler = Callable[[Job, dt.datetime], None]


def enqueue(kind: Job.Kind, case: Case | None, *, dedupe_key: str, at: dt.datetime) -> Job:
    """Write a job in the caller's transaction and wake a worker once that is committed."""
    job = Job(kind=kind, case=case, dedupe_key=dedupe_key, run_after=at, created_at=at)
    prepared.insert(job)
    transaction.on_commit(lambda: call(kind))
    return job


def enqueue_each(kind: Job.Kind, case: Case, dedupe_keys: Iterable[str], at: dt.datetime) -> None:
    """Write one job for each key that has none yet, in one statement, and wake a worker once."""
    new = [Job(kind=kind, case=case, dedupe_key=key, run_after=at, created_at=at) for key in dedupe_keys]
    Job.objects.bulk_create(new, ignore_conflicts=True)
    transaction.on_commit(lambda: call(kind))


def enqueue_files(kind: Job.Kind, files: QuerySet[Attachment], at: dt.datetime) -> int:
    """Have a job done for each of the files that none waits for: one that failed is tried again. Returns how many."""
    files = files.annotate(key=Concat(Value(f"{kind}:"), Cast("pk", CharField())))
    with transaction.atomic():
        failed = Job.objects.filter(kind=kind, state=Job.State.FAILED, dedupe_key__in=files.values("key"))
        again = failed.update(state=Job.State.WAITING, attempts=0, run_after=at)
        new = files.exclude(key__in=Job.objects.filter(kind=kind).values("dedupe_key")).select_related("case")
        for file in new:
            enqueue_each(kind, file.case, [file.key], at)
        return again + len(new)


def run_due(kind: Job.Kind, handler: Handler, failed: Handler, now: dt.datetime) -> int:
    """Do every job of `kind` that is due at `now`, one transaction each. Returns how many were tried."""
    tried = 0
    while run_next(kind, handler, failed, now):
        tried += 1
    return tried


def due(kind: Job.Kind, now: dt.datetime) -> QuerySet[Job]:
    """The jobs that wait and whose time has come, the oldest first."""
    return Job.objects.filter(kind=kind, state=Job.State.WAITING, run_after__lte=now).order_by("run_after", "id")


def overdue(now: dt.datetime) -> QuerySet[Job]:
    """The jobs of any kind that have been due for longer than PATIENCE: no worker works, or none keeps up."""
    return Job.objects.filter(state=Job.State.WAITING, run_after__lt=now - PATIENCE)


def sign_of_life(now: dt.datetime) -> None:
    """Note that a worker works, at most once in BEAT, so that many wake-ups do not queue for one row."""
    if not Heartbeat.objects.filter(name=WORKER, at__lt=now - BEAT).update(at=now):
        Heartbeat.objects.bulk_create([Heartbeat(name=WORKER, at=now)], ignore_conflicts=True)


def silent(now: dt.datetime) -> bool:
    """Whether no worker gave a sign of life for longer than SILENCE."""
    return not Heartbeat.objects.filter(name=WORKER, at__gte=now - SILENCE).exists()


def run_next(kind: Job.Kind, handler: Handler, failed: Handler, now: dt.datetime) -> bool:
    """Try the job of `kind` that has been due longest, if any. Returns whether there was one.

    Raises what the database raises when it goes away: the job then waits, whole.
    """
    taken = take(kind, now)
    if taken is None:
        return False
    with transaction.atomic():
        rows = Job.objects.filter(pk=taken.pk, state=Job.State.WAITING, attempts=taken.attempts)
        job = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if job is not None:
            _try(job, handler, failed, now)
            job.save(update_fields=["state", "last_error", "done_at", "run_after"])
    return True


def take(kind: Job.Kind, now: dt.datetime, lost_after: float = LOST_SECONDS) -> Job | None:
    """Count the try, and set when the next would be if this one is lost, before the work and in a transaction of its
    own: a job that kills its worker is counted too, and does not come back at once.

    Work that calls outside goes on with no transaction open; it ends with a short one that finds the job still
    waiting at this number of attempts. `lost_after` is then longer than the call may take.
    """
    with transaction.atomic():
        job = due(kind, now).select_for_update(skip_locked=True, of=("self",)).first()
        if job is not None:
            job.attempts += 1
            job.run_after = _later(now, lost_after)
            job.save(update_fields=["attempts", "run_after"])
        return job


def retry_at(job: Job, now: dt.datetime) -> dt.datetime:
    """When a job that failed is tried again: later each time."""
    return _later(now, BACKOFF_SECONDS[min(job.attempts, len(BACKOFF_SECONDS)) - 1])


def held(job: Job) -> QuerySet[Job]:
    """The row of a job that was taken, as long as nobody else has taken it since."""
    return Job.objects.filter(pk=job.pk, state=Job.State.WAITING, attempts=job.attempts)


def end(job: Job, now: dt.datetime, *, failure: str = "") -> bool:
    """Mark a job that was taken as done, or as failed for good. Returns whether it was still this worker's."""
    state, done_at = (Job.State.FAILED, None) if failure else (Job.State.DONE, now)
    return bool(held(job).update(state=state, last_error=failure, done_at=done_at))


def put_off(job: Job, now: dt.datetime, failure: str, *, with_the_others: bool) -> None:
    """Try a job that was taken again later, with all others of its kind where none of them can be done."""
    log.warning("job %s is put off, try %s: %s", job.pk, job.attempts, failure)
    later = retry_at(job, now)
    with transaction.atomic():
        held(job).update(last_error=failure, run_after=later)
        if with_the_others:
            due(job.kind, later).update(run_after=later)


def _later(now: dt.datetime, seconds: float) -> dt.datetime:
    return now + dt.timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter


def _try(job: Job, handler: Handler, failed: Handler, now: dt.datetime) -> None:
    """Do the work; after MAX_ATTEMPTS hand the case to a person. Where even that fails the job waits once more."""
    if job.attempts <= MAX_ATTEMPTS:
        job.last_error = _attempt(handler, job, now)
        if not job.last_error:
            job.state, job.done_at = Job.State.DONE, now
            return
        log.warning("job %s failed, try %s: %s", job.pk, job.attempts, job.last_error)
    job.run_after = retry_at(job, now)
    if job.attempts >= MAX_ATTEMPTS:
        trouble = _attempt(failed, job, now)
        if trouble:
            log.error("job %s cannot be handed to a person: %s", job.pk, trouble)
            job.last_error = trouble
        else:
            job.state = Job.State.FAILED
            job.last_error = job.last_error or "The worker ended in the middle of each try"


def _attempt(handler: Handler, job: Job, now: dt.datetime) -> str:
    """Run a handler whole or not at all. Returns "" or what went wrong."""
    try:
        with transaction.atomic():
            handler(job, now)
    except Exception as error:  # whatever a handler raises must not block the other jobs
        return describe(error)
    return ""


def describe(error: Exception) -> str:
    """The error's class and place. Its text is left out: it may quote patient data."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"[:200]


class _Broker:
    """Sends wake-ups. After a failure it stops trying for a while, and while one thread tries the others do not wait:
    a broker that is dead, or hangs, must not slow the requests down."""

    def __init__(self) -> None:
        self.pause_until = 0.0
        self._trying = threading.Lock()

    def send(self, kind: str) -> None:
        if not self._trying.acquire(timeout=BROKER_PATIENCE_SECONDS):
            return
        try:
            if time.monotonic() >= self.pause_until:
                self._send(kind)
        finally:
            self._trying.release()

    def _send(self, kind: str) -> None:
        try:
            current_app.send_task("kick", args=[kind], retry=False, expires=10)
        except Exception as error:  # whatever a broker says, the request behind this stands
            self.pause_until = time.monotonic() + BROKER_PAUSE_SECONDS
            log.warning("no wake-up sent (%s): the job waits for the next beat", type(error).__name__)


_broker = _Broker()


def wake(kind: Any) -> None:
    """Ask a worker to look at the job table now. Losing this message costs a few seconds, never a job."""
    _broker.send(str(kind))


def channel(kind: str) -> str:
    """On which PostgreSQL tells of new jobs."""
    return f"job_{kind}"


def call(kind: Job.Kind) -> None:
    """Have a new job done at once: tell the worker that listens, and wake another. To be called after the commit: of
    transactions that tell, PostgreSQL commits one after the other."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {channel(kind)}")
    except Error as error:  # the job stands
        log.warning("nobody was told of a job: %s", type(error).__name__)
    wake(kind)
