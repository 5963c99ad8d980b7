"""The check of a long trail: its memory does not grow with it (RELIABILITY L3). `make soak` tells the rates."""

import time
import uuid

import pytest
from django.db import connection

from priorauth import audit
from priorauth.audit import checkpoints, contents, verify
from priorauth.audit.chain import GENESIS
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from tests.cases import NOW, person
from tests.held import held
from tests.soak import SOAK, report
from tests.tampering import guards_off

pytestmark = pytest.mark.django_db

PER_CASE = 8
EVENTS = 100_000 if SOAK else 4_000
MIB = 2**20


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


def test_a_long_trail_is_checked_with_flat_memory(monkeypatch):
    monkeypatch.setattr(verify, "CHUNK", 500)
    monkeypatch.setattr(verify, "BATCH", 50)
    clerk = person(Role.CLERK)
    with guards_off():
        grow(clerk, EVENTS // PER_CASE)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE priorauth_auditevent, priorauth_case")
    checkpoints.take(NOW)
    reports = []
    peak = held(lambda: reports.append(audit.report()), 5 * MIB)
    found = reports[-1]
    assert (found.faults, found.events) == ([], EVENTS)
    assert peak < 5 * MIB, f"{peak / MIB:.1f} MiB"
    report("L3", f"{found.events:,} events checked", f"{peak / MIB:.1f} MiB at most")
    if SOAK:
        tell_rates(found.events)


def tell_rates(events):
    start = time.perf_counter()
    audit.report()
    report("L3", "streams, rows and checkpoints", f"{events / (time.perf_counter() - start):,.0f} events/s")
    event, start = AuditEvent.objects.order_by("id").first(), time.perf_counter()
    for _ in range(events):
        audit.event_hash(event, audit.signing_key())
    report("L3", "hashes alone, in memory", f"{events / (time.perf_counter() - start):,.0f} events/s")
