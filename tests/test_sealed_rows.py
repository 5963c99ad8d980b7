"""The rows that the events speak of are compared with what the events sealed: a value changed in the database is named
with its case, and the trail holds neither the value nor a digest that could be guessed."""

import hashlib
import json
import re

import pytest
from django.apps import apps
from django.db import connection

from priorauth import audit
from priorauth.audit import contents
from priorauth.models import Attachment, AuditEvent, Case, Revision
from priorauth.roles import Role
from priorauth.services import attach, claim, escalate, information, write
from tests.cases import (
    NO_IMAGING,
    NOW,
    WORDS,
    approve,
    case_in_review,
    draft_case,
    facts,
    not_approve,
    person,
    score_all,
)
from tests.factories import report
from tests.tampering import force, guards_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def story():
    """One case that has a row of every kind: sent, asked about, answered with a file, escalated, refused."""
    clerk, nurse, physician = person(Role.CLERK), person(Role.NURSE), person(Role.PHYSICIAN)
    case = case_in_review(clerk, NO_IMAGING)
    claim.claim(case, by=nurse, at=NOW)
    information.ask(case, by=nurse, at=NOW, question="Please send the MRI report of L1.", items=[])
    file = attach.attach(case, report(), by=clerk, at=NOW, question=case.information_requests.get())
    details = {"contact": {"name": "Casey Clerk", "phone": "617-555-0100"}, "files": [str(file.pk)]}
    information.answer(case, by=clerk, at=NOW, facts=facts(), details=details, note="It is attached.")
    score_all()
    case.refresh_from_db()
    write.write(case, by=clerk, at=NOW, text="The report is on page 2.")
    claim.claim(case, by=nurse, at=NOW)
    claim.release(case, by=nurse, at=NOW, line="Page 2 is to be read.")
    claim.claim(case, by=nurse, at=NOW)
    escalate.escalate(case, by=nurse, at=NOW, question="Is the fracture new?", recommendation="approve")
    not_approve(case, physician)
    assert audit.verify_case(case) == (None, case.version)
    return case


def named(case):
    fault, _ = audit.verify_case(case)
    return str(fault)


CHANGES = {
    "revision": ("facts = jsonb_set(facts, '{product}', '\"hmo\"')", "wrote revision"),
    "assessment": ("result = jsonb_set(result, '{determination}', '\"meets\"')", "wrote assessment"),
    "decision": ("reason_for_member = 'Something else was written here.'", "wrote decision"),
    "decisionline": ("units = 9", "wrote decision line"),
    "informationrequest": ("answer = 'It is not attached.'", "wrote information request"),
    "escalation": ("question = 'Is it old?'", "wrote escalation"),
    "message": ("text = 'It is lost.'", "wrote message"),
    "handover": ("words = 'Page 1 is to be read.'", "wrote handover"),
    "letter": ("sha256 = repeat('0', 64)", "wrote letter"),
    "judgement": ("reason = 'Something else was written here.'", "wrote judgement"),
    "attachment": ("sha256 = repeat('0', 64)", "wrote attachment"),
    "member": ("birth_date = '1958-03-14'", "wrote member"),
    "clinician": ("npi = '1003000126'", "wrote clinician"),
    "facility": ("name = 'Another Hospital'", "wrote facility"),
    "case": ("due_at = due_at + interval '1 day'", "wrote the case"),
}


@pytest.mark.parametrize("table", CHANGES)
def test_a_row_changed_in_the_database_is_named_with_its_case(story, table):
    other = case_in_review(person(Role.CLERK))
    change, words = CHANGES[table]
    before = {"member", "clinician", "facility"}
    force(f"UPDATE priorauth_{table} SET {change}" + ("" if table in before else where(table)), *of(story, table))
    assert words in named(story)
    if table not in before:  # the two cases of one office share these
        faults = [fault for _, fault, _ in audit.verify_all() if fault]
        assert [fault.stream for fault in faults] == [audit.case_stream(story)]
        assert audit.verify_case(other)[0] is None


def where(table):
    if table == "decisionline":
        return " WHERE decision_id IN (SELECT id FROM priorauth_decision WHERE case_id = %s)"
    return " WHERE id = %s" if table == "case" else " WHERE case_id = %s"


def of(case, table):
    return [] if table in ("member", "clinician", "facility") else [case.pk]


@pytest.mark.parametrize("table", ["assessment", "decisionline", "escalation", "attachment"])
def test_a_row_taken_away_is_named(story, table):
    with guards_off(), connection.cursor() as cursor:
        if table == "assessment":  # that the decision points to
            cursor.execute("UPDATE priorauth_decision SET assessment_id = NULL")
        cursor.execute(f"DELETE FROM priorauth_{table}" + where(table), [story.pk])
    words = apps.get_model("priorauth", table)._meta.verbose_name
    assert re.search(rf"event \d+ wrote {words} \S+, which is gone", named(story))


def test_a_row_put_in_past_the_services_is_named(story):
    revision = story.revisions.order_by("number").last()
    revision.pk, revision.number = None, revision.number + 1
    with guards_off():
        revision.save(force_insert=True)
    assert named(story).endswith(f"event {story.version} is the last, and none wrote revision {revision.pk}")


def test_an_answer_a_file_and_a_file_removed_again_leave_the_rows_sound():
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    kept, removed = (attach.attach(case, report(name), by=clerk, at=NOW) for name in ("a.pdf", "b.pdf"))
    attach.detach(case, removed, by=clerk, at=NOW)
    assert audit.verify_case(case) == (None, 4)
    with guards_off():
        removed.save(force_insert=True)
    assert f"none wrote attachment {removed.pk}" in named(case), "a row that was removed and is back"
    force("DELETE FROM priorauth_attachment WHERE id = %s", removed.pk)
    force("DELETE FROM priorauth_attachment WHERE id = %s", kept.pk)
    assert f"event 2 wrote attachment {kept.pk}, which is gone" in named(case)


def test_a_file_is_read_when_that_is_asked_for(story):
    attachment = Attachment.objects.unscoped("the test looks").get(case=story)

    def faults():
        return [fault.what for _, fault, _ in audit.verify_all(files=True) if fault]

    assert faults() == []
    path = attachment.file.path
    with open(path, "ab") as file:  # noqa: PTH123
        file.write(b" ")
    assert faults() == [f"stored a file that is gone or has other bytes now (attachment {attachment.pk})"]
    assert [fault for _, fault, _ in audit.verify_all() if fault] == []
    attachment.file.delete(save=False)
    assert faults() == [f"stored a file that is gone or has other bytes now (attachment {attachment.pk})"]


def test_numbers_that_postgresql_writes_otherwise_are_sealed_as_the_same(story):
    row = {"a": -0.0, "b": 1e16, "c": 1e300, "d": 5e-324, "e": [1, 1.0, 10**30], "f": {"1": None, "2": True}}
    revision = Revision(pk=7, case=story, number=9, facts=row, details={}, created_by_id=1, created_at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [json.dumps(row)])
        stored = json.loads(cursor.fetchone()[0])
    assert str(stored) != str(row)
    sealed = contents.seal(revision)
    revision.facts = stored
    assert contents.seal(revision) == sealed
    revision.facts = {**stored, "a": "0"}
    assert contents.seal(revision) != sealed


def test_the_trail_holds_no_value_and_no_digest_that_can_be_guessed(story):
    text = str(list(AuditEvent.objects.values()))
    for value in ("Synthetic", "XYZ123456", "1948-03-14", WORDS, "It is attached."):
        assert value not in text
        assert hashlib.sha256(value.encode()).hexdigest() not in text
    for row in contents.rows_of([story])[story.pk]:
        assert contents.seal(row) in text
        assert contents.seal(row, b"a guess") not in text


def test_a_trail_that_version_0_1_began_is_compared_as_far_as_it_was_sealed():
    clerk = person(Role.CLERK)
    case = case_in_review(clerk)
    events = list(AuditEvent.objects.filter(stream=audit.case_stream(case)).order_by("sequence"))
    previous = audit.GENESIS
    for event in events:
        event.entities.pop("rows")
        event.previous = previous
        event.hash = previous = audit.event_hash(event, audit.signing_key())
    with guards_off(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM priorauth_auditevent WHERE stream = %s", [audit.case_stream(case)])
        AuditEvent.objects.bulk_create(events)
    assert audit.verify_case(case) == (None, 3)
    approve(case, person(Role.NURSE))
    assert audit.verify_case(case) == (None, 6)
    force("UPDATE priorauth_decision SET due_at = due_at + interval '1 day' WHERE case_id = %s", case.pk)
    assert "event 6 wrote decision" in named(case)
    assert Case.objects.unscoped("the test looks").count() == 1
