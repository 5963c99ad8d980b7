"""Checking the whole trail: a job, since it reads everything; asked for by a person, and by the portal every night.

It runs outside of any transaction of the job table, so that a long check holds no row.
"""

import datetime as dt
import logging
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils import timezone

from priorauth import audit, jobs
from priorauth.models import AuditCheck, Job
from priorauth.roles import TRAIL_READER_ROLES, Actor
from priorauth.services.errors import NotPermitted

log = logging.getLogger(__name__)

LONGEST = dt.timedelta(hours=6)  # after that a check counts as lost
NIGHT = dt.timedelta(hours=2)  # the nightly check is due at two in the morning of the plan's day
KEPT = 90  # results


def ask(*, by: Actor, at: dt.datetime) -> bool:
    """Have a worker check everything. Returns False where a check is waiting or running already."""
    if by.role not in TRAIL_READER_ROLES:
        raise NotPermitted("The audit trail is checked by a review lead, an auditor or an administrator.")
    last = latest_job()
    if last and last.state == Job.State.WAITING:
        return False
    with transaction.atomic():
        audit.record(by=by, at=at, action="check_trail")
        return _enqueue(f"verify:after:{last.pk if last else 0}", at)


def ask_for_tonight(at: dt.datetime) -> bool:
    """The nightly check, once for each of the plan's nights. Returns whether it was not asked for before."""
    night = timezone.localdate(at - NIGHT)
    with transaction.atomic():
        return _enqueue(f"verify:night:{night}", at)


def _enqueue(key: str, at: dt.datetime) -> bool:
    if Job.objects.filter(dedupe_key=key).exists():
        return False
    try:
        with transaction.atomic():
            jobs.enqueue(Job.Kind.VERIFY, None, dedupe_key=key, at=at)
    except IntegrityError:  # somebody was faster
        return False
    return True


def latest_job() -> Job | None:
    return Job.objects.filter(kind=Job.Kind.VERIFY).order_by("-id").first()


def latest_result() -> AuditCheck | None:
    return AuditCheck.objects.order_by("-id").first()


def run(clock: Callable[[], dt.datetime]) -> AuditCheck | None:
    """Do the check that is due, if any, and keep what it found. The log names the first fault: stream and event."""
    started = clock()
    job = _take(started)
    if job is None:
        return None
    try:
        report = audit.report()
    except Exception as error:  # whatever it is: it is told, and tried again
        _put_off(job, jobs.describe(error), clock())
        return None
    if report.fault_count:
        log.error("the audit trail has %s fault(s); the first: %s", report.fault_count, report.faults[0])
    return _finish(job, report, started, clock())


def _take(now: dt.datetime) -> Job | None:
    with transaction.atomic():
        job = jobs.due(Job.Kind.VERIFY, now).select_for_update(skip_locked=True, of=("self",)).first()
        if job is not None:
            job.attempts += 1
            job.run_after = now + LONGEST
            job.save(update_fields=["attempts", "run_after"])
        return job


def _put_off(job: Job, trouble: str, now: dt.datetime) -> None:
    log.error("the audit trail could not be checked, try %s: %s", job.attempts, trouble)
    job.last_error = trouble
    job.run_after = now + dt.timedelta(seconds=jobs.BACKOFF_SECONDS[-1])
    job.state = Job.State.FAILED if job.attempts >= jobs.MAX_ATTEMPTS else Job.State.WAITING
    job.save(update_fields=["last_error", "run_after", "state"])


def _finish(job: Job, report: audit.Report, started: dt.datetime, now: dt.datetime) -> AuditCheck:
    check = AuditCheck(
        started_at=started,
        finished_at=now,
        streams=report.streams,
        events=report.events,
        checkpoints=report.checkpoints,
        fault_count=report.fault_count,
        faults=report.faults,
    )
    with transaction.atomic():
        check.save(force_insert=True)
        AuditCheck.objects.filter(pk__lte=check.pk - KEPT).delete()
        job.state, job.last_error, job.done_at = Job.State.DONE, "", now
        job.save(update_fields=["state", "last_error", "done_at"])
    return check
