"""The Celery tasks. They carry a kind, never an id: what is to be done stands in the job table."""

from celery import shared_task
from django.utils import timezone

from priorauth import jobs
from priorauth.models import Job
from priorauth.services import score

HANDLERS = {Job.Kind.SCORE: (score.run, score.give_up)}


@shared_task(name="kick")
def kick(kind: str) -> int:
    """Do every due job of one kind. Sent after each new job, and by beat every few seconds."""
    handler, failed = HANDLERS[Job.Kind(kind)]
    return jobs.run_due(Job.Kind(kind), handler, failed, timezone.now())
