"""Sending is one transaction; sending twice makes one request."""

import datetime as dt
import threading
import uuid

import pytest
from django.db import connections, transaction

from priorauth import audit
from priorauth.models import AuditEvent, Case, Draft, Job, Member, Revision
from priorauth.roles import Role
from priorauth.services import drafts, submit, withdraw
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from tests.cases import NOW, ZONE, draft_case, facts, person, sent_case, submission
from tests.together import at_once
from tests.waiting import eventually, waiting_for_a_lock

pytestmark = pytest.mark.django_db


def rows():
    everything = "counting all rows in a test"
    return {
        "revisions": Revision.objects.unscoped(everything).count(),
        "jobs": Job.objects.count(),
        "members": Member.objects.unscoped(everything).count(),
    }


def test_a_sent_request_has_a_revision_a_job_an_event_and_a_due_time():
    clerk = person(Role.CLERK)
    case = sent_case(clerk)
    case.refresh_from_db()
    assert (case.status, case.version, case.regime) == ("received", 2, "ma-commercial")
    assert case.received_at == NOW
    assert case.due_at == dt.datetime(2026, 11, 24, 15, 30, tzinfo=ZONE)
    assert (case.levels, case.codes, case.product) == ("L1", "22511", "ppo")
    assert rows() == {"revisions": 1, "jobs": 1, "members": 1}
    assert [e.action for e in AuditEvent.objects.filter(stream=audit.case_stream(case)).order_by("sequence")] == [
        "create",
        "send",
    ]
    assert not Draft.objects.for_actor(clerk).exists()


def test_the_request_date_is_the_receipts_day_in_the_plans_time_zone():
    late_evening = dt.datetime(2026, 11, 21, 3, 30, tzinfo=dt.UTC)
    case = sent_case(person(Role.CLERK), at=late_evening)
    assert case.revisions.get().facts["request_date"] == "2026-11-20"


def test_sending_twice_gives_the_same_request_once():
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    stale = Case.objects.for_actor(clerk).get(pk=case.pk)
    first = submit.send(case, submission(), by=clerk, at=NOW)
    again = submit.send(stale, submission(), by=clerk, at=NOW)
    assert first.reference == again.reference
    assert again.status == "received"
    assert rows() == {"revisions": 1, "jobs": 1, "members": 1}


def test_starting_twice_with_one_token_gives_one_draft():
    clerk, token = person(Role.CLERK), uuid.uuid4()
    first = drafts.start(by=clerk, at=NOW, token=token, fields={})
    assert drafts.start(by=clerk, at=NOW, token=token, fields={}).pk == first.pk
    assert Case.objects.for_actor(clerk).count() == 1


def test_a_failing_trail_undoes_the_whole_sending(monkeypatch):
    clerk = person(Role.CLERK)
    case = draft_case(clerk)

    def broken(**_):
        raise RuntimeError("the trail cannot be written")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError, match="trail"):
        submit.send(case, submission(), by=clerk, at=NOW)
    stored = Case.objects.for_actor(clerk).get()
    assert (stored.status, stored.received_at) == ("draft", None)
    assert rows() == {"revisions": 0, "jobs": 0, "members": 0}
    assert Draft.objects.for_actor(clerk).count() == 1


def test_facts_outside_facts_v1_are_refused_with_their_path():
    clerk = person(Role.CLERK)
    document = facts()
    document["levels"]["L1"]["onset"]["earliest"] = "2026-13-01"
    with pytest.raises(Incomplete) as refused:
        submit.send(draft_case(clerk), submission(document), by=clerk, at=NOW)
    assert refused.value.field == "levels.L1.onset.earliest"
    assert rows()["revisions"] == 0


def test_a_draft_that_a_colleague_changed_is_not_sent():
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    drafts.save(case.draft, by=person(Role.CLERK), at=NOW, version=1, fields={"note": ["new"]})
    with pytest.raises(Conflict, match="colleague changed"):
        submit.send(case, submission(), by=clerk, at=NOW, draft_version=1)
    assert Case.objects.for_actor(clerk).get().status == "draft"
    assert submit.send(case, submission(), by=clerk, at=NOW, draft_version=2).status == "received"


def test_a_second_writer_of_a_draft_is_told_and_overwrites_nothing():
    clerk, colleague = person(Role.CLERK), person(Role.CLERK)
    draft = draft_case(clerk).draft
    drafts.save(draft, by=colleague, at=NOW, version=1, fields={"note": ["colleague"]})
    with pytest.raises(Conflict, match="Office clerk No"):
        drafts.save(draft, by=clerk, at=NOW, version=1, fields={"note": ["mine"]})
    assert Draft.objects.for_actor(clerk).get().fields == {"note": ["colleague"]}


def test_a_refused_save_leaves_the_case_as_it_was_and_says_what_happened():
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    draft, later = case.draft, NOW + dt.timedelta(minutes=5)
    with pytest.raises(Conflict, match="saved this request"):
        drafts.save(draft, by=clerk, at=later, version=9, fields={"note": ["mine"]})
    assert Case.objects.for_actor(clerk).get(pk=case.pk).updated_at == NOW
    withdraw.withdraw(case, by=clerk, at=later, reason="The patient chose another treatment.")
    with pytest.raises(Conflict, match="sent or withdrawn"):
        drafts.save(draft, by=clerk, at=later, version=1, fields={})


@pytest.mark.django_db(transaction=True)
def test_a_save_waits_for_the_case_before_it_touches_the_draft():
    """A sending holds the case and then takes the draft; a save in the other order would wait in a circle."""
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    draft, results = case.draft, []

    def save():
        try:
            drafts.save(draft, by=clerk, at=NOW, version=1, fields={"note": ["mine"]})
        except Conflict as refused:
            results.append(str(refused))
        finally:
            connections.close_all()

    with transaction.atomic():
        Case.objects.for_actor(clerk).select_for_update(of=("self",)).get(pk=case.pk)
        thread = threading.Thread(target=save)
        thread.start()
        eventually(waiting_for_a_lock, "the save waits for the case")
        submit.send(case, submission(), by=clerk, at=NOW)
    thread.join(timeout=20)
    assert results == ["A colleague has sent or withdrawn this request while you had it open."]


def test_the_second_press_of_one_save_is_no_conflict():
    clerk = person(Role.CLERK)
    draft = draft_case(clerk).draft
    first = drafts.save(draft, by=clerk, at=NOW, version=1, fields={"note": ["mine"]})
    again = drafts.save(draft, by=clerk, at=NOW, version=1, fields={"note": ["mine"]})
    assert (first.version, again.version) == (2, 2)


def test_a_nurse_cannot_send_and_the_attempt_is_in_the_trail():
    case, nurse = draft_case(person(Role.CLERK)), person(Role.NURSE)
    with pytest.raises(NotPermitted):
        drafts.start(by=nurse, at=NOW, token=uuid.uuid4(), fields={})
    with pytest.raises(NotPermitted, match="office clerk or office administrator"):
        submit.send(case, submission(), by=nurse, at=NOW)
    assert AuditEvent.objects.filter(actor_id=nurse.user_id, action="refused_send").count() == 1


def test_sending_costs_a_constant_number_of_queries(django_assert_max_num_queries):
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    with django_assert_max_num_queries(12):  # 8 statements, and 4 for the savepoints of this test
        submit.send(case, submission(), by=clerk, at=NOW, draft_version=1)


@pytest.mark.django_db(transaction=True)
def test_ten_presses_at_once_make_one_request():
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    seen = []

    def press(mine):
        seen.append(submit.send(mine, submission(), by=clerk, at=NOW, draft_version=1).reference)

    at_once(press, [Case.objects.for_actor(clerk).get(pk=case.pk) for _ in range(10)])
    assert seen == [case.reference] * 10
    assert rows() == {"revisions": 1, "jobs": 1, "members": 1}
