"""The Celery tasks. They carry a kind, never an id: what is to be done stands in the job table."""

import datetime as dt

from celery import shared_task
from django.utils import timezone

from priorauth import jobs
from priorauth.models import Job
from priorauth.services import score

HANDLERS = {Job.Kind.SCORE: (score.run, score.give_up)}
SLICE = dt.timedelta(seconds=2)


@shared_task(name="kick")
def kick(kind: str) -> int:
    """Do the due jobs of one kind. Sent after each new job, and by beat every few seconds. Returns how many were tried.

    After SLICE it makes room, for other kinds and for a worker that is to stop, and sends itself again.
    """
    handler, failed = HANDLERS[Job.Kind(kind)]
    start = now = timezone.now()
    jobs.sign_of_life(now)
    tried = 0
    while jobs.run_next(Job.Kind(kind), handler, failed, now):
        tried += 1
        now = timezone.now()
        if now - start > SLICE:
            jobs.wake(kind)
            break
    return tried
