"""The check of the whole trail as the admin tells of it: what the last one found, and whether another is under way."""

from typing import Any

from django.template.defaultfilters import pluralize

from priorauth.models import AuditCheck, Job
from priorauth.services import check_trail
from priorauth.services.base import moment


def last_check() -> dict[str, Any]:
    """The last result, if any, in words, and what is under way."""
    result = check_trail.latest_result()
    return {"check": result, "found": found(result) if result else "", "progress": progress(check_trail.latest_job())}


def progress(job: Job | None) -> str:
    """How far the last check that somebody asked for has come."""
    if job is None or job.state == Job.State.DONE:
        return "Reads every event of every stream, the rows they wrote and the checkpoints; that may take minutes."
    if job.state == Job.State.FAILED:
        return "The last check could not be done. The list of jobs says why."
    if not job.attempts:
        return f"A check was asked for at {moment(job.created_at)} and waits for a worker. Load this page again later."
    if job.last_error:
        return f"A check failed and is tried again after {moment(job.run_after)}."
    return f"A check, asked for at {moment(job.created_at)}, is running. Load this page again later."


def found(check: AuditCheck) -> str:
    """`Sun Nov 22, 2026, 2:00 a.m. EST: unbroken, 12,345 events in 1,234 streams, 56 checkpoints`."""
    read = f"{_counted(check.events, 'event')} in {_counted(check.streams, 'stream')}"
    verdict = _counted(check.fault_count, "fault") if check.fault_count else "unbroken"
    return f"{moment(check.finished_at)}: {verdict}, {read}, {_counted(check.checkpoints, 'checkpoint')}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{pluralize(number)}"


def alarm() -> AuditCheck | None:
    """The last result where it names faults."""
    check = check_trail.latest_result()
    return check if check and check.fault_count else None
