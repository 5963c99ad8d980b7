"""The audit trail: eight writers at once with and without the chain, and the check of a long trail.

An event without a chain is the same row, saved by the same ORM in a transaction of its own, with the place and the hash
of another: nothing is looked up, digested, sealed or hashed.
"""

import statistics
import uuid
from collections.abc import Iterator

from django.db import connection, transaction
from django.utils import timezone

from benchmarks.measure import Finding, at_least, rates
from benchmarks.together import at_once
from priorauth import audit
from priorauth.audit import checkpoints, verify
from priorauth.models import AuditEvent, Case
from priorauth.roles import Actor, Role
from priorauth.statuses import Act
from tests.cases import case_in_review, person
from tests.tampering import guards_off
from tests.test_audit_scale import grow

WRITERS, ROUNDS, EACH = 8, 5, 60
EVENTS, MOST = 40_000, 100_000


def measure() -> Iterator[Finding]:
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    yield from _checked(clerk)
    cases = [case_in_review(clerk, at=timezone.now()) for _ in range(WRITERS)]
    event = AuditEvent.objects.order_by("id").last()
    rounds = []
    for _ in range(ROUNDS):
        unchained, _ = at_once(lambda case: _unchained(case, event), cases)
        chained, _ = at_once(lambda case: _chained(case, nurse), cases)
        rounds.append((unchained / chained, unchained, chained))
    with guards_off():  # their trails are longer than they should be: nobody is to claim them
        Case.objects.unscoped("the benchmark's own").filter(pk__in=[case.pk for case in cases]).update(
            status="withdrawn"
        )
    part, unchained, chained = sorted(rounds)[ROUNDS // 2]
    events = WRITERS * EACH
    told = f"{events / unchained:,.0f} events/s without, {events / chained:,.0f} with it"
    yield at_least("audit event, 8 writers, against no chain", 0.5, part, told)


def _chained(case: Case, nurse: Actor) -> None:
    """Events of the size that a claim leaves, on a case that does not move: the insert alone is weighed."""
    for _ in range(EACH):
        at = timezone.now()
        with transaction.atomic():
            change = {"claimed_by_id": nurse.user_id, "claimed_until": audit.utc_text(at)}
            audit.record(by=nurse, at=at, action=Act.CLAIM, case=case, change=change)


def _unchained(case: Case, event: AuditEvent) -> None:
    values = {field.attname: getattr(event, field.attname) for field in AuditEvent._meta.concrete_fields}
    for number in range(EACH):
        place = {"id": None, "stream": f"none:{case.pk}:{uuid.uuid4().hex}", "sequence": number}
        with transaction.atomic():
            AuditEvent(**values | place).save(force_insert=True)


def _checked(clerk: Actor) -> Iterator[Finding]:
    """A trail with eight events to a case, checked by one process: its chains, and everything, which is the chains, the
    rows that they tell of, and the checkpoints."""
    with guards_off():
        grow(clerk, EVENTS // 8)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE priorauth_auditevent, priorauth_case")
    checkpoints.take(timezone.now())
    found = audit.report()
    if found.faults:
        raise RuntimeError(f"the trail is broken: {found.faults[0]}")
    chains, everything = (
        found.events / statistics.median(seconds) for seconds in rates([_chains, audit.report], ROUNDS)
    )
    told = f"of processor time, {found.streams:,} streams; {everything:,.0f} with their rows and the checkpoints"
    yield Finding("chains of the trail", f"at least {MOST:,} events/s", f"{chains:,.0f} events/s", chains >= MOST, told)


def _chains() -> None:
    with verify.one_instant():
        if any(walked.fault for walked in verify.chains(audit.key_ring())):
            raise RuntimeError("the trail is broken")
