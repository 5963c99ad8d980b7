"""The key of the trail changes without breaking a chain, and a retired key signs nothing more."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from priorauth import audit
from priorauth.audit import checkpoints
from priorauth.models import AuditEvent
from priorauth.roles import SYSTEM, Role
from priorauth.services import claim
from tests.cases import NOW, approve, case_in_review, draft_case, person, sent_case
from tests.tampering import force, guards_off

pytestmark = pytest.mark.django_db

OLD, NEW, NEWEST = "the first key of the trail", "the second key", "the third key"


@pytest.fixture
def rotate(settings):
    """Sign with another key from now on; the ones before it are retired, the latest first."""

    def rotate(key):
        settings.AUDIT_KEYS_RETIRED = [settings.AUDIT_KEY, *settings.AUDIT_KEYS_RETIRED]
        settings.AUDIT_KEY = key

    settings.AUDIT_KEY = OLD
    return rotate


def ids(*keys):
    return [audit.key_id(key.encode()) for key in keys]


def keys_of(case):
    events = AuditEvent.objects.filter(stream=audit.case_stream(case)).order_by("sequence")
    return list(events.values_list("key_id", flat=True))


def sign_with(key, event):
    """Append an event of a case as somebody could who still holds a key and owns the database."""
    last = AuditEvent.objects.filter(stream=event.stream).order_by("-sequence").first()
    event.sequence, event.previous = last.sequence + 1, last.hash
    event.case_version = event.sequence if event.stream.startswith("case:") else None
    event.key_id = audit.key_id(key.encode())
    event.hash = audit.event_hash(event, key.encode())
    event.pk = None
    with guards_off():
        event.save(force_insert=True)
        reference = event.stream.removeprefix("case:")
        with transaction.atomic():
            force("UPDATE priorauth_case SET version = %s WHERE reference = %s", event.sequence, reference)


def test_chains_and_checkpoints_go_on_under_a_new_key_and_stay_provable(rotate):
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case, early = case_in_review(clerk), draft_case(clerk)
    checkpoints.take(NOW)
    rotate(NEW)
    claim.claim(case, by=nurse, at=NOW)
    checkpoints.take(NOW)
    rotate(NEWEST)
    approve(case, nurse)
    later = sent_case(clerk)
    checkpoints.take(NOW)
    old, new, newest = ids(OLD, NEW, NEWEST)
    assert keys_of(case) == [old] * 3 + [new] + [newest] * 2
    assert (keys_of(early), keys_of(later)) == ([old], [newest] * 2)
    assert audit.report().faults == []
    assert audit.verify_case(case) == (None, 6)


def test_a_retired_key_that_nobody_kept_is_named(rotate, settings):
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    checkpoints.take(NOW)
    rotate(NEW)
    settings.AUDIT_KEYS_RETIRED = []
    told = f"was written under the audit key {ids(OLD)[0]}, which is neither AUDIT_KEY nor in AUDIT_KEYS_RETIRED"
    assert audit.report().faults == [f"{audit.case_stream(case)}: event 1 {told}", f"checkpoints: number 1 {told}"]


def test_a_process_with_a_key_that_the_trail_has_left_behind_writes_nothing(rotate, settings):
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = case_in_review(clerk)
    rotate(NEW)
    claim.claim(case, by=nurse, at=NOW)
    settings.AUDIT_KEY, settings.AUDIT_KEYS_RETIRED = OLD, []
    with pytest.raises(ImproperlyConfigured, match=f"was written under the audit key {ids(NEW)[0]}"):
        claim.release(case, by=nurse, at=NOW)
    settings.AUDIT_KEY, settings.AUDIT_KEYS_RETIRED = NEW, [OLD]
    case.refresh_from_db()
    assert audit.verify_case(case) == (None, 4)


def test_an_event_signed_with_a_retired_key_after_a_newer_one_is_a_fault(rotate):
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = case_in_review(clerk)
    rotate(NEW)
    claim.claim(case, by=nurse, at=NOW)
    sign_with(OLD, AuditEvent.objects.get(stream=audit.case_stream(case), sequence=4))
    assert str(audit.verify_case(case)[0]).endswith("event 5 was signed with a retired key after a newer one")


def test_so_is_one_in_a_stream_that_the_newer_key_never_signed_once_a_checkpoint_has(rotate):
    nurse, other = person(Role.NURSE), person(Role.NURSE)
    for reader in (nurse, other):
        with transaction.atomic():
            audit.record(by=reader, at=NOW, action="read_case")
    rotate(NEW)
    with transaction.atomic():
        audit.record(by=SYSTEM, at=NOW, action="read_case")
    checkpoints.take(NOW)
    assert audit.report().faults == []
    sign_with(OLD, AuditEvent.objects.get(stream=audit.user_stream(nurse, NOW)))
    fault = f"{audit.user_stream(nurse, NOW)}: event 2 was signed with a retired key after a newer one"
    assert audit.report().faults == [fault], "newer than the checkpoint"
    checkpoints.take(NOW)
    assert audit.report().faults == [fault], "taken into the next checkpoint"


def test_so_is_a_checkpoint(rotate, settings):
    draft_case(person(Role.CLERK))
    rotate(NEW)
    checkpoints.take(NOW)
    draft_case(person(Role.CLERK))
    settings.AUDIT_KEY, settings.AUDIT_KEYS_RETIRED = OLD, [NEW]
    checkpoints.take(NOW)
    settings.AUDIT_KEY, settings.AUDIT_KEYS_RETIRED = NEW, [OLD]
    assert "checkpoints: number 2 was signed with a retired key after a newer one" in audit.report().faults


def test_the_rows_of_an_act_are_proved_by_the_key_that_sealed_them(rotate):
    case = case_in_review(person(Role.CLERK))
    rotate(NEW)
    assert audit.verify_case(case) == (None, 3)
    force("UPDATE priorauth_revision SET facts = jsonb_set(facts, '{product}', '\"hmo\"') WHERE case_id = %s", case.pk)
    assert "event 2 wrote revision" in str(audit.verify_case(case)[0])
