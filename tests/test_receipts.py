"""What an office keeps of a decision, and what the plan's trail must still hold."""

import re

import pytest
from django.core.management import CommandError, call_command

from priorauth import audit
from priorauth.audit import receipts
from priorauth.models import AuditEvent
from priorauth.roles import Role
from tests.cases import approve, case_in_review, not_approve, person
from tests.factories import browser
from tests.tampering import force

pytestmark = pytest.mark.django_db


@pytest.fixture
def decision():
    return approve(case_in_review(person(Role.CLERK)), person(Role.NURSE))


def check(text, capsys):
    call_command("verify_audit", "--receipt", str(text))
    return capsys.readouterr().out


def test_the_office_sees_the_receipt_of_its_decision_short_and_whole(decision):
    event = AuditEvent.objects.get(stream=audit.case_stream(decision.case), action="approve")
    page = browser(person(Role.CLERK)).get(f"/requests/{decision.case.reference}/").content.decode()
    assert re.search(rf"event 6, <span[^>]*>{event.hash[:16]}…", page)
    assert f"{decision.case.reference}:6:{event.hash}" in page


def test_no_receipt_before_a_decision():
    clerk = person(Role.CLERK)
    case = case_in_review(clerk)
    assert "Receipt" not in browser(clerk).get(f"/requests/{case.reference}/").content.decode()


def test_the_trail_says_that_it_holds_a_receipt_whole_or_short(decision, capsys):
    receipt = receipts.of_decision(decision)
    assert f"Event 6 of {decision.case.reference} stands" in check(receipt, capsys)
    assert "stands" in check(receipt._replace(hash=receipt.short), capsys)


def test_a_refused_request_has_its_own_receipt(decision, capsys):
    other = not_approve(case_in_review(person(Role.CLERK)), person(Role.PHYSICIAN))
    mine, theirs = receipts.of_decision(decision), receipts.of_decision(other)
    assert mine.hash != theirs.hash
    with pytest.raises(CommandError, match="event 6 is not the one on the receipt"):
        check(mine._replace(reference=theirs.reference), capsys)


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        ("DELETE FROM priorauth_auditevent WHERE stream = %s AND sequence = 6", "event 6 is missing, though there"),
        ("DELETE FROM priorauth_auditevent WHERE stream = %s", "event 6 is missing, though there is a receipt"),
        ("UPDATE priorauth_auditevent SET action = 'close' WHERE stream = %s AND sequence = 6", "event 6 was changed"),
        ("UPDATE priorauth_auditevent SET role = 'lead' WHERE stream = %s AND sequence = 2", "event 2 was changed"),
    ],
)
def test_a_decision_taken_away_is_told_at_once_without_any_checkpoint(decision, attack, told, capsys):
    receipt = receipts.of_decision(decision)
    force(attack, audit.case_stream(decision.case))
    with pytest.raises(CommandError, match=told):
        check(receipt, capsys)


def test_a_decision_rewritten_with_the_key_is_told_by_its_receipt(decision, capsys):
    receipt = receipts.of_decision(decision)
    event = AuditEvent.objects.get(stream=audit.case_stream(decision.case), sequence=6)
    event.actor_name = "Somebody else"
    signed = audit.event_hash(event, audit.signing_key())
    force(
        "UPDATE priorauth_auditevent SET actor_name = %s, hash = %s WHERE id = %s", event.actor_name, signed, event.pk
    )
    assert audit.verify_case(decision.case)[0] is None, "the chain alone cannot know"
    with pytest.raises(CommandError, match="event 6 is not the one on the receipt"):
        check(receipt, capsys)


@pytest.mark.parametrize("text", ["", "PA-1", "PA-0000-0000-0000:5:abc", "PA-0000-0000-0000:x:" + "a" * 64])
def test_a_text_that_is_no_receipt_is_answered_with_what_one_looks_like(text):
    with pytest.raises(ValueError, match="A receipt looks like PA-0000-0000-0000:5:1a2b"):
        receipts.parse(text)
