"""The trail is append-only, chained, and every break is named (DESIGN.md 3.5)."""

import datetime as dt
import threading
from io import StringIO
from itertools import product

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from priorauth import audit, guards
from priorauth.audit import verify
from priorauth.guards import APPEND_ONLY
from priorauth.models import AuditEvent, Case, Checkpoint
from priorauth.roles import SYSTEM, Role
from priorauth.services import claim, extend, information, judge, read, reopen, replay, submit, warn, write
from tests.cases import NO_IMAGING, NOW, approve, case_in_review, draft_case, facts, person, score_all, submission
from tests.tampering import force

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided():
    case = case_in_review(person(Role.CLERK))
    approve(case, person(Role.NURSE))
    assert audit.verify_case(case) == (None, 6)
    return case


def correspond():
    """A mark, what was read, a question, its answer, a message and a line for the next reviewer; a changed clock, and
    whoever is told that it runs out; and a decided case that was opened again."""
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    decided = case_in_review(clerk)
    approve(decided, nurse)
    reopen.reopen(decided, by=person(Role.LEAD), at=NOW, reason="The office sent a newer report by post.")
    case = claim.claim(case_in_review(clerk, NO_IMAGING), by=nurse, at=NOW)
    judge.judge(case, by=nurse, at=NOW, marks=[judge.Mark("L1", "symptomatic", "met")])
    read.read(case, by=nurse, at=NOW, findings=[read.Finding("pain.score", "same")])
    items = [{"criterion": "imaging_nonhealing", "level": "L1"}]
    information.ask(case, by=nurse, at=NOW, question="How is the pain?", items=items)
    not_held = information.Item(0, not_held=True, words="No score was taken.", by_id=clerk.user_id, at=NOW)
    information.answer(case, by=clerk, at=NOW, note="", items=[not_held])
    write.write(case, by=clerk, at=NOW, text="Anything else?")
    score_all()
    case.refresh_from_db()
    claim.release(claim.claim(case, by=nurse, at=NOW), by=nurse, at=NOW, line="The report came.")
    sent = submission(facts() | {"product": "medicare_hmo_blue"})
    other = submit.send(draft_case(clerk), sent, by=clerk, at=NOW)
    reason = "More evidence is on its way."
    extend.extend(other, by=nurse, at=NOW, count=1, ground="evidence", reason=reason)
    warn.sweep(case.due_at)


def refuses(cursor, statement):
    try:
        with transaction.atomic():
            cursor.execute(statement)
    except IntegrityError as error:
        return "append-only" in str(error)
    return False


CHANGES = ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE")


def test_append_only_tables_refuse_every_change(decided):
    """Even the owner of the tables, as whom the tests work (A3)."""
    Checkpoint(number=1, upto=1, hash="").save(force_insert=True)
    replay.run(replay.installed()[-1], at=NOW)
    correspond()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, change in product(APPEND_ONLY, CHANGES):
            statement = change.format(table, "number" if table == "priorauth_checkpoint" else "id")
            assert refuses(cursor, statement), statement


def test_the_orm_cannot_change_an_event_either(decided):
    event = AuditEvent.objects.first()
    for attempt in (event.delete, lambda: event.save(), lambda: AuditEvent.objects.update(action="nothing")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            attempt()


@pytest.mark.parametrize(
    ("attack", "sequence", "what"),
    [
        (
            "UPDATE priorauth_auditevent SET actor_name = 'Somebody else' WHERE stream = %s AND sequence = 3",
            3,
            "changed",
        ),
        (
            "UPDATE priorauth_auditevent SET at = '2026-01-01T00:00:00.000000Z' WHERE stream = %s AND sequence = 2",
            2,
            "changed",
        ),
        ("DELETE FROM priorauth_auditevent WHERE stream = %s AND sequence = 2", 2, "missing"),
        ("DELETE FROM priorauth_auditevent WHERE stream = %s AND sequence = 5", 5, "missing"),
        ("DELETE FROM priorauth_auditevent WHERE stream = %s", 1, "no trail"),
        ("UPDATE priorauth_auditevent SET sequence = sequence + 1 WHERE stream = %s AND sequence = 6", 6, "missing"),
    ],
)
def test_each_attack_is_found_and_the_first_broken_event_named(decided, attack, sequence, what):
    force(attack, audit.case_stream(decided))
    fault, _ = audit.verify_case(decided)
    assert fault is not None
    assert (fault.sequence, what in fault.what) == (sequence, True)
    errors = StringIO()
    with pytest.raises(CommandError, match="1 fault"):
        call_command("verify_audit", stdout=StringIO(), stderr=errors)
    assert f"case:{decided.reference}: event {sequence} " in errors.getvalue()


def test_an_event_signed_anew_with_the_key_breaks_the_link_after_it(decided):
    event = AuditEvent.objects.get(stream=audit.case_stream(decided), sequence=3)
    event.actor_name = "Somebody else"
    signed = audit.event_hash(event, audit.signing_key())
    force(
        "UPDATE priorauth_auditevent SET actor_name = %s, hash = %s WHERE id = %s", event.actor_name, signed, event.pk
    )
    fault, _ = audit.verify_case(decided)
    assert str(fault).endswith("event 4 does not follow the one before it")


def test_a_status_that_no_act_led_to_is_found(decided):
    force("UPDATE priorauth_case SET status = 'not_approved' WHERE id = %s", decided.pk)
    fault, _ = audit.verify_case(decided)
    assert "the case is “not_approved”, its trail ends at “approved”" in str(fault)


def test_a_guard_that_is_off_is_named():
    assert guards.missing() == []
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE priorauth_decision DISABLE TRIGGER append_only_rows")
    errors = StringIO()
    with pytest.raises(CommandError, match="1 fault"):
        call_command("verify_audit", stdout=StringIO(), stderr=errors)
    assert "the guard append_only_rows on priorauth_decision is off" in errors.getvalue()


def test_a_chain_rewritten_without_the_key_is_found(decided, settings):
    stream = audit.case_stream(decided)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    settings.AUDIT_KEY, kept = "another key", settings.AUDIT_KEY
    previous = audit.GENESIS
    for event in AuditEvent.objects.filter(stream=stream).order_by("sequence"):
        event.previous, event.key_id = previous, audit.key_id(kept.encode())
        event.hash = previous = audit.event_hash(event, audit.signing_key())
        force(
            "UPDATE priorauth_auditevent SET previous = %s, hash = %s WHERE id = %s",
            event.previous,
            event.hash,
            event.pk,
        )
    settings.AUDIT_KEY = kept
    fault, _ = audit.verify_case(decided)
    assert fault is not None
    assert fault.sequence == 1


def test_an_untouched_trail_is_reported_unbroken(decided):
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue().strip().endswith("events, unbroken")


@pytest.mark.django_db(transaction=True)
def test_a_check_that_runs_while_people_work_raises_no_alarm(monkeypatch):
    """A case starts and others move on while the check reads: it sees the database as it stood at one instant."""
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    moving = [case_in_review(clerk), case_in_review(clerk)]
    monkeypatch.setattr(verify, "BATCH", 1)

    def work():
        draft_case(clerk)
        for case in moving:
            claim.claim(case, by=nurse, at=NOW)
        connection.close()

    checks = audit.verify_all()
    checked = [next(checks)]
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    checked += checks
    assert {stream for stream, _, _ in checked} == {audit.case_stream(case) for case in moving}
    assert [fault for _, fault, _ in checked if fault] == []
    assert [case.version for case in moving] == [4, 4]
    assert [fault for _, fault, _ in audit.verify_all()] == [None, None, None]


def test_a_trail_whose_case_is_gone_is_named(decided):
    gone = Case(reference="PA-0000-0000-0000", version=1)
    with transaction.atomic():
        audit.record(by=SYSTEM, at=NOW, action="create", case=gone)
    faults = {stream: str(fault) for stream, fault, _ in audit.verify_all() if fault}
    assert faults == {
        "case:PA-0000-0000-0000": "case:PA-0000-0000-0000: event 1 belongs to a case that no longer exists"
    }


def test_without_a_key_nothing_is_signed(settings):
    settings.AUDIT_KEY = ""
    with pytest.raises(ImproperlyConfigured, match="AUDIT_KEY"), transaction.atomic():
        audit.record(by=SYSTEM, at=NOW, action="anything")
    with pytest.raises(CommandError, match=r"priorauth\.E001"):
        call_command("check")


def test_an_event_holds_names_of_fields_but_no_value_of_a_patient(decided):
    send = AuditEvent.objects.get(stream=audit.case_stream(decided), action="send")
    assert "facts" in send.fields
    text = str(list(AuditEvent.objects.values()))
    for value in ("Synthetic", "XYZ123456", "1948-03-14"):
        assert value not in text


def test_the_digest_of_a_change_proves_the_stored_revision(decided):
    first, second = {"facts": {"a": 1}}, {"facts": {"a": 2}}
    assert audit.digest(first) == audit.digest({"facts": {"a": 1}}) != audit.digest(second)
    assert audit.digest({}) == ""


def test_an_event_outside_a_transaction_is_refused(transactional_db):
    with pytest.raises(transaction.TransactionManagementError):
        audit.record(by=SYSTEM, at=NOW, action="anything")


def test_acts_without_a_case_go_to_a_stream_per_person_and_day():
    nurse = person(Role.NURSE)
    for at in (NOW, NOW, NOW + dt.timedelta(days=1)):
        with transaction.atomic():
            audit.record(by=nurse, at=at, action="read_file")
    streams = list(AuditEvent.objects.order_by("id").values_list("stream", "sequence"))
    day = f"user:{nurse.user_id}:2026-11-20"
    assert streams == [(day, 1), (day, 2), (f"user:{nurse.user_id}:2026-11-21", 1)]
