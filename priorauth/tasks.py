"""The Celery tasks. They carry a kind, never an id: what is to be done stands in the job table."""

import datetime as dt
import logging
from contextlib import closing

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from priorauth import jobs, listening
from priorauth.audit import checkpoints
from priorauth.models import Job
from priorauth.services import check_trail, expire, kept, look, notify, scan, score, warn

log = logging.getLogger(__name__)

HANDLERS = {Job.Kind.SCORE: (score.run, score.give_up)}
SLICE = dt.timedelta(seconds=2)


@shared_task(name="kick")
def kick(kind: str) -> int:
    """Do the due jobs of one kind. Sent after each new job, and by beat every few seconds. Returns how many were tried.

    One worker stays and listens for the next. After SLICE it makes room, for other kinds and for a worker that is to
    stop, and sends itself again.
    """
    if kind == Job.Kind.VERIFY:
        check.apply_async(expires=60, retry=False)
        return 0
    if kind == Job.Kind.SCAN:
        return scan.run(timezone.now)
    if kind == Job.Kind.LOOK:
        return look.run(timezone.now)
    if kind == Job.Kind.NOTIFY:
        return notify.run(timezone.now)
    handler, failed = HANDLERS[Job.Kind(kind)]
    start = timezone.now()
    jobs.sign_of_life(start)
    tried = 0
    with closing(listening.moments(Job.Kind(kind), SLICE.total_seconds())) as moments:
        for _ in moments:
            now = timezone.now()
            while now - start <= SLICE and jobs.run_next(Job.Kind(kind), handler, failed, now):
                tried += 1
                now = timezone.now()
    if timezone.now() - start > SLICE:
        jobs.wake(kind)
    return tried


@shared_task(name="scan_missed")
def scan_missed() -> int:
    """Have the files scanned that a scanner out of order left without a verdict. Sent by beat every hour."""
    return scan.enqueue_missed(timezone.now())


@shared_task(name="look_missed")
def look_missed() -> int:
    """Have the files looked at that no look has told of. Sent by beat every hour."""
    return look.enqueue_missed(timezone.now())


@shared_task(name="remind")
def remind() -> int:
    """Remind the offices whose answer is waited for while the time runs out. Sent by beat every few minutes."""
    return notify.enqueue_due(timezone.now())


@shared_task(name="watch_deadlines")
def watch_deadlines() -> int:
    """Tell the leads of the cases that are due soon, and of those that are late. Sent by beat every minute."""
    return warn.sweep(timezone.now())


@shared_task(name="end_questions")
def end_questions() -> int:
    """End the questions whose time to answer is over. Sent by beat every minute. Returns how many."""
    return expire.sweep(timezone.now())


@shared_task(name="forget_kept")
def forget_kept() -> int:
    """Delete what was typed too late and not put back in time. Returns how many."""
    return kept.sweep(timezone.now())


@shared_task(name="check_trail", time_limit=check_trail.LONGEST.total_seconds())
def check() -> bool:
    """Check the whole audit trail where somebody asked for it, and every night. A task of its own: it may take long."""
    check_trail.ask_for_tonight(timezone.now())
    return check_trail.run(timezone.now) is not None


@shared_task(name="checkpoint")
def checkpoint() -> int:
    """Write what is new in the audit trail to the file of checkpoints. Returns how many lines."""
    try:
        return checkpoints.take(timezone.now())
    except (OSError, OperationalError) as error:
        log.error("no checkpoint was written, the next one covers what it would have: %s", jobs.describe(error))
        return 0
