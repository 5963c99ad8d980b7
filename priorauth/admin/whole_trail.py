"""The check of the whole trail as the admin tells of it: what the last one found, and whether another is under way."""

from typing import Any

from priorauth.models import AuditCheck, Job
from priorauth.services import check_trail
from priorauth.services.base import clock


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
        return f"A check was asked for at {clock(job.created_at)} and waits for a worker. Load this page again later."
    if job.last_error:
        return f"A check failed and is tried again after {clock(job.run_after)}."
    return f"A check, asked for at {clock(job.created_at)}, is running. Load this page again later."


def found(check: AuditCheck) -> str:
    """`12,345 events in 1,234 streams and 56 checkpoints, unbroken, checked Sun Nov 22, 2026, 2:00 a.m. EST`."""
    read = f"{check.events:,} events in {check.streams:,} streams and {check.checkpoints:,} checkpoints"
    faults = "1 fault" if check.fault_count == 1 else f"{check.fault_count:,} faults"
    return f"{faults if check.fault_count else 'unbroken'} in {read}, checked {clock(check.finished_at)}"


def alarm() -> AuditCheck | None:
    """The last result where it names faults."""
    check = check_trail.latest_result()
    return check if check and check.fault_count else None
