"""Exact accounting of an office's requests: what was confirmed, what is stored, what was done to it."""

from collections import Counter
from collections.abc import Collection

from django.db import connection

from priorauth import audit
from priorauth.listening import ALONE
from priorauth.models import Assessment, AuditEvent, Case, Job, Revision
from tests.faults.office import Office
from tests.waiting import eventually

WHY = "the test counts everything"


def settled(office: Office, seconds: float = 30) -> None:
    """Wait until every request of the office is scored and no job of it waits."""
    eventually(lambda: not waiting(office), "every request is scored and no job waits", seconds)


def waiting(office: Office) -> int:
    """How many of the office's requests still wait for something."""
    jobs = Job.objects.filter(case__office=office.id, state=Job.State.WAITING).count()
    return jobs + cases(office).filter(status="received").count()


def cases(office: Office):
    return Case.objects.unscoped(WHY).filter(office=office.id)


def faults(office: Office, confirmed: Collection[str]) -> list[str]:
    """What is lost, double, stuck or half written; nothing, where every request was received, scored and noted once."""
    received = set(cases(office).filter(received_at__isnull=False).values_list("reference", flat=True))
    found = [f"{reference}: confirmed and lost" for reference in set(confirmed) - received]
    found += [f"{reference}: received and never confirmed" for reference in received - set(confirmed)]
    found += [f"{reference}: confirmed twice" for reference, times in Counter(confirmed).items() if times > 1]
    found += [f"{row} waiting" for row in [waiting(office)] if row]
    revisions = _per_case(Revision, office)
    assessments = _per_case(Assessment, office)
    jobs = Counter(Job.objects.filter(case__office=office.id).values_list("case", flat=True))
    for case in cases(office):
        counted = {"revision": revisions[case.pk], "assessment": assessments[case.pk], "job": jobs[case.pk]}
        found += [f"{case}: {times} times {what}" for what, times in counted.items() if times != 1]
        found += half_written(case)
    return sorted(found)


def half_written(case: Case) -> list[str]:
    """What the trail of a case says against its row: it must lead to its version and status, and was sent once."""
    fault, _ = audit.verify_case(case)
    stream = AuditEvent.objects.filter(stream=audit.case_stream(case), action__in=("create", "send", "score"))
    acts = Counter(stream.values_list("action", flat=True))
    twice = [f"{case}: {act} {times} times" for act, times in acts.items() if times > 1]
    return [*([str(fault)] if fault else []), *twice]


def tries(office: Office) -> int:
    """How often a worker took up a job of the office."""
    return sum(Job.objects.filter(case__office=office.id).values_list("attempts", flat=True))


def broken_streams() -> list[str]:
    """What `verify_audit` would say of the whole trail."""
    return [str(fault) for _, fault, _ in audit.verify_all() if fault]


def idle_in_transaction() -> int:
    """How many of the portal's connections stand still in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        )
        return cursor.fetchone()[0]


def _per_case(model: type, office: Office) -> Counter[int]:
    return Counter(model.objects.unscoped(WHY).filter(case__office=office.id).values_list("case", flat=True))


def somebody_listens() -> bool:
    """Whether a worker that has nothing to do hears at once of a new job (priorauth/listening.py)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted", [ALONE])
        return cursor.fetchone() is not None
