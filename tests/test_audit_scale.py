"""The check of a long trail: its memory does not grow with it (RELIABILITY L3). `SOAK=1 pytest -s` prints the rates."""

import resource
import time
import uuid

import pytest
from django.db import connection

from priorauth import audit
from priorauth.audit import checkpoints, contents
from priorauth.audit.chain import GENESIS
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from tests.cases import NOW, person
from tests.soak import figure
from tests.tampering import guards_off

pytestmark = pytest.mark.django_db

PER_CASE = 8
MIB = 1024  # ru_maxrss counts KiB


def trail_of(case, clerk):
    """The events that eight acts on a draft leave."""
    previous = GENESIS
    for number in range(1, PER_CASE + 1):
        event = AuditEvent(
            stream=audit.case_stream(case),
            sequence=number,
            at=audit.utc_text(NOW),
            actor_id=clerk.user_id,
            actor_name=clerk.name,
            role=clerk.role,
            organization=clerk.organization_name,
            action="create" if number == 1 else "attach",
            entities={"rows": contents.seals([case])},
            fields=["updated_at"],
            change_digest=audit.digest({"number": number}),
            case_version=number,
            request_id=uuid.uuid4().hex,
            key_id=audit.key_id(audit.signing_key()),
            previous=previous,
        )
        event.hash = previous = audit.event_hash(event, audit.signing_key())
        yield event


def grow(clerk, number):
    cases = Case.objects.unscoped("the test makes many").bulk_create(
        Case(office_id=clerk.organization_id, created_by_id=clerk.user_id, created_at=NOW, updated_at=NOW, version=8)
        for _ in range(number)
    )
    for start in range(0, number, 500):
        batch = cases[start : start + 500]
        AuditEvent.objects.bulk_create(event for case in batch for event in trail_of(case, clerk))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_long_trail_is_checked_with_flat_memory():
    clerk = person(Role.CLERK)
    with guards_off():
        grow(clerk, figure(100_000) // PER_CASE)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE priorauth_auditevent, priorauth_case")
    start = time.perf_counter()
    lines = checkpoints.take(NOW)
    written = time.perf_counter() - start
    before, start = peak(), time.perf_counter()
    report = audit.report()
    took = time.perf_counter() - start
    assert (report.faults, report.events) == ([], figure(100_000) // PER_CASE * PER_CASE)
    assert peak() - before <= 20 * MIB
    print(f"{report.events:,} events checked at {report.events / took:,.0f}/s, {lines} checkpoints in {written:.1f} s")
    event = AuditEvent.objects.order_by("id").first()
    start = time.perf_counter()
    for _ in range(figure(100_000)):
        audit.event_hash(event, audit.signing_key())
    print(f"{figure(100_000) / (time.perf_counter() - start):,.0f} hashes/s in memory")
