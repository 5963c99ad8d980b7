"""Claiming, asking, escalating, deciding: what may be done by whom, and what the database itself refuses."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from priorauth import audit
from priorauth.models import AuditEvent, Credential, Decision
from priorauth.roles import Role
from priorauth.services import claim, decide, escalate, information, submit, withdraw
from priorauth.services.base import visible
from priorauth.services.decision_lines import Verdict
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.statuses import DECIDED, TRANSITIONS, Act, Status
from tests.cases import (
    NO_IMAGING,
    NOW,
    REASONS,
    WORDS,
    approve,
    case_in_review,
    certain,
    claimed,
    facts,
    not_approve,
    person,
    score_all,
    sent_case,
    submission,
)

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def trail(case):
    return list(
        AuditEvent.objects.filter(stream=audit.case_stream(case)).order_by("sequence").values_list("action", flat=True)
    )


def test_a_clean_request_is_scored_claimed_and_approved_by_a_nurse():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = case_in_review(clerk)
    assert (case.status, case.determination, case.score) == ("in_review", "meets", 100)
    decision = approve(case, nurse)
    case.refresh_from_db()
    assert (case.status, case.claimed_by, case.decided_at) == ("approved", None, NOW)
    assert decision.authorization_number.startswith("AU-")
    assert not decision.against_computed
    line = decision.lines.get()
    assert (line.code, line.levels, line.outcome, line.determination, line.pathways) == (
        "22511",
        "L1",
        "approved",
        "meets",
        "A",
    )
    assert trail(case) == ["create", "send", "score", "claim", "judge", "approve"]
    assert audit.verify_case(case) == (None, 6)


def test_a_nurse_cannot_approve_against_the_scored_facts_but_a_physician_can_with_a_reason():
    case = case_in_review(person(Role.CLERK), NO_IMAGING)
    nurse, physician = person(Role.NURSE), person(Role.PHYSICIAN)
    with pytest.raises(NotPermitted, match="only a physician"):
        approve(case, nurse)
    escalate.escalate(case, by=nurse, at=NOW, question="Is the outside report enough?", recommendation="approve")
    with pytest.raises(Incomplete, match="20 characters"):
        approve(case, physician, reason="fine")
    decision = approve(case, physician, reason="I read the outside MRI on the plan's viewer: edema at L1.")
    assert decision.against_computed


@pytest.mark.parametrize("role", [Role.NURSE, Role.LEAD])
def test_only_a_physician_decides_not_to_approve_and_the_attempt_is_in_the_trail(role):
    case, reviewer = case_in_review(person(Role.CLERK)), person(role)
    with pytest.raises(NotPermitted, match="physician"):
        not_approve(case, reviewer)
    assert not case.decisions.exists()
    refused = AuditEvent.objects.get(action="refused_not_approve")
    assert (refused.actor_id, refused.entities) == (reviewer.user_id, {"case": case.reference})


NOTHING: dict[str, dict] = {
    "claim": {},
    "release": {},
    "ask": {"question": " ", "items": []},
    "escalate": {"question": " ", "recommendation": ""},
    "approve": {"valid_from": None, "valid_to": None},
    "not_approve": {"verdict": Verdict(lines=[], relied_on=[], **dict.fromkeys(REASONS, ""))},
    "close": {"reason": ""},
    "answer": {"facts": {}, "details": {}, "note": ""},
    "withdraw": {"reason": ""},
    "send": {"submission": None},
}
SERVICES = {
    "claim": claim.claim,
    "release": claim.release,
    "ask": information.ask,
    "escalate": escalate.escalate,
    "approve": decide.approve,
    "not_approve": decide.not_approve,
    "close": decide.close,
    "answer": information.answer,
    "withdraw": withdraw.withdraw,
    "send": submit.send,
}


@pytest.mark.parametrize("act", SERVICES)
def test_the_role_comes_before_everything_else_and_the_refused_attempt_is_kept(act):
    case, auditor = case_in_review(person(Role.CLERK)), person(Role.AUDITOR)
    claimed(case, person(Role.NURSE))
    with pytest.raises(NotPermitted):
        SERVICES[act](case, by=auditor, at=NOW, **NOTHING[act])
    refused = AuditEvent.objects.get(actor_id=auditor.user_id)
    assert (refused.action, refused.entities) == (f"refused_{act}", {"case": case.reference})


def test_whatever_a_person_may_not_do_leaves_its_event():
    """Not only the role: one's own request, a licence, a result that does not meet, a case that waits for a
    physician."""
    case = case_in_review(person(Role.CLERK), NO_IMAGING)
    nurse, unlicensed = person(Role.NURSE), person(Role.PHYSICIAN, licensed=False)
    for attempt in (
        lambda: decide.approve(case, by=nurse, at=NOW, valid_from=None, valid_to=None),
        lambda: decide.close(case, by=nurse, at=NOW, reason=""),
        lambda: decide.not_approve(case, by=unlicensed, at=NOW, **NOTHING["not_approve"]),
    ):
        with pytest.raises(NotPermitted):
            attempt()
    escalate.escalate(claimed(case, nurse), by=nurse, at=NOW, question="Is the fracture new?", recommendation="approve")
    with pytest.raises(NotPermitted):
        claimed(case, nurse)
    refused = AuditEvent.objects.filter(action__startswith="refused_").order_by("pk")
    assert [event.action for event in refused] == [
        "refused_approve",
        "refused_close",
        "refused_not_approve",
        "refused_claim",
    ]


def test_a_reason_code_is_one_of_ours():
    case, physician = case_in_review(person(Role.CLERK)), person(Role.PHYSICIAN)
    with pytest.raises(Incomplete) as refused:
        not_approve(case, physician, reason_codes=["N99"])
    assert refused.value.field == "reason_codes"


def test_a_physician_decides_not_to_approve_with_a_code_and_reasons():
    case, physician = case_in_review(person(Role.CLERK)), person(Role.PHYSICIAN)
    for missing in REASONS:
        with pytest.raises(Incomplete) as refused:
            not_approve(case, physician, **{missing: "  "})
        assert refused.value.field == missing
    decision = not_approve(case, physician)
    case.refresh_from_db()
    assert case.status == "not_approved"
    assert (decision.credential.user_id, decision.decided_role) == (physician.user_id, "physician")
    assert decision.against_computed


def test_an_expired_licence_signs_nothing():
    case, physician = case_in_review(person(Role.CLERK)), person(Role.PHYSICIAN, licensed=False)
    for act in (approve, not_approve):
        with pytest.raises(NotPermitted, match="licence"):
            act(case, physician)


def test_some_lines_can_be_approved_and_others_not():
    document = facts()
    document["lines"].append({"line": 2, "code": "0200T", "levels": ["S1"], "units": 1, "technique": "sacroplasty"})
    clerk, physician = person(Role.CLERK), person(Role.PHYSICIAN)
    case = sent_case(clerk, facts=submission(document).facts)
    score_all()
    case.refresh_from_db()
    with pytest.raises(Incomplete) as refused:
        not_approve(case, physician, lines=[2])
    assert refused.value.field == "valid_from"
    decision = not_approve(
        case,
        physician,
        lines=[2],
        reason_codes=["N03"],
        valid_from=dt.date(2026, 11, 30),
        valid_to=dt.date(2027, 2, 28),
    )
    case.refresh_from_db()
    assert case.status == "partly_approved"
    assert list(decision.lines.values_list("number", "outcome")) == [(1, "approved"), (2, "not_approved")]


@pytest.mark.parametrize("days", [("0001-01-01", "0001-02-01"), ("2016-12-01", "2017-01-01"), ("9999-12-31",) * 2])
def test_an_authorization_begins_within_a_year_of_the_decision(days):
    case, nurse = case_in_review(person(Role.CLERK)), person(Role.NURSE)
    certain(claimed(case, nurse), nurse)
    first, last = map(dt.date.fromisoformat, days)
    with pytest.raises(Incomplete, match="within one year of today") as refused:
        decide.approve(case, by=nurse, at=NOW, valid_from=first, valid_to=last)
    assert refused.value.field == "valid_from"


@pytest.mark.parametrize("unseen", "\u200b\u2060\u3164\u2800\u115f\u1160\uffa0\u034f\ufe0f\u0301\xad")
def test_a_reason_that_nobody_can_see_is_none(unseen):
    assert (visible(unseen * 25), visible(f"not {unseen} e\u0301 {unseen}n한")) == (0, 8)
    case, physician = case_in_review(person(Role.CLERK)), person(Role.PHYSICIAN)
    with pytest.raises(Incomplete, match="20 characters"):
        not_approve(case, physician, reason_for_member=f"not{unseen * 25}.")


@pytest.mark.parametrize("lines", [[], [9]])
def test_a_refusal_names_lines_of_the_request(lines):
    case, physician = case_in_review(person(Role.CLERK)), person(Role.PHYSICIAN)
    with pytest.raises(Incomplete) as refused:
        not_approve(case, physician, lines=lines)
    assert refused.value.field == "lines"


def test_nobody_decides_a_request_in_which_they_took_part():
    clerk, physician = person(Role.CLERK), person(Role.PHYSICIAN)
    clinician = {"npi": "1003000126", "name": "The physician", "specialty": "", "phone": ""}
    case = sent_case(clerk, clinician=clinician)
    score_all()
    case.refresh_from_db()
    with pytest.raises(NotPermitted, match="took part"):
        approve(case, physician)


def test_a_request_that_the_policy_governs_cannot_be_closed_and_one_out_of_scope_can():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    governed = case_in_review(clerk)
    with pytest.raises(NotPermitted, match="governs"):
        decide.close(claimed(governed, nurse), by=nurse, at=NOW, reason=WORDS)
    document = facts()
    document["lines"][0]["code"] = "22514"
    case = sent_case(clerk, facts=submission(document).facts)
    score_all()
    case.refresh_from_db()
    assert case.determination == "not_in_scope"
    decision = decide.close(claimed(case, nurse), by=nurse, at=NOW, reason="Kyphoplasty is governed by policy 485.")
    case.refresh_from_db()
    assert (case.status, decision.lines.get().outcome) == ("closed", "closed")


def test_asking_answering_and_approving():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = case_in_review(clerk, NO_IMAGING)
    assert case.determination == "insufficient_information"
    items = [{"criterion": "imaging_nonhealing", "level": "L1", "ask": "Send an MRI report."}]
    information.ask(claimed(case, nurse), by=nurse, at=NOW, question="Please send the MRI report of L1.", items=items)
    assert (case.status, case.claimed_by) == ("information_needed", None)
    same, details = case.revisions.get().facts, case.revisions.get().details
    with pytest.raises(Incomplete, match="Change an answer"):
        information.answer(case, by=clerk, at=NOW + HOUR, facts=same, details=details, note=" ")
    information.answer(case, by=clerk, at=NOW + HOUR, facts=facts(), details=details, note="The report is attached.")
    case.refresh_from_db()
    assert (case.status, case.received_at) == ("received", NOW)
    assert score_all(NOW + HOUR) == 1
    case.refresh_from_db()
    assert (case.status, case.determination) == ("in_review", "meets")
    assert [a.revision.number for a in case.assessments.order_by("id")] == [1, 2]
    question = case.information_requests.get()
    assert (question.answer, question.revision.number) == ("The report is attached.", 2)
    approve(case, nurse, at=NOW + HOUR)
    assert audit.verify_case(case)[0] is None


def test_an_answer_that_changes_the_plan_changes_the_clock_from_the_first_receipt():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = case_in_review(clerk, NO_IMAGING)
    information.ask(claimed(case, nurse), by=nurse, at=NOW, question="Which plan is it?", items=[])
    document = facts() | {"product": "medicare_hmo_blue"}
    information.answer(case, by=clerk, at=NOW + HOUR, facts=document, details={}, note="")
    case.refresh_from_db()
    assert (case.regime, case.product) == ("cms-ma", "medicare_hmo_blue")
    assert case.due_at == NOW + dt.timedelta(days=7)


def test_an_answer_may_say_that_the_office_does_not_have_it():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = case_in_review(clerk, NO_IMAGING)
    information.ask(claimed(case, nurse), by=nurse, at=NOW, question="Please send the MRI report.", items=[])
    revision = case.revisions.get()
    answer = {"facts": revision.facts, "details": revision.details, "note": "The member cannot have an MRI."}
    information.answer(case, by=clerk, at=NOW + HOUR, **answer)
    assert case.revisions.count() == 2


def test_two_people_cannot_hold_one_case_and_a_lapsed_claim_is_free():
    case = case_in_review(person(Role.CLERK))
    first, second = person(Role.NURSE), person(Role.NURSE)
    claimed(case, first)
    with pytest.raises(Conflict, match="holds this case until"):
        claimed(case, second)
    later = NOW + claim.CLAIM
    assert claimed(case, second, at=later).claimed_by_id == second.user_id
    with pytest.raises(Conflict, match="holds this case"):
        decide.approve(case, by=first, at=later, valid_from=NOW.date(), valid_to=NOW.date())


def test_without_a_claim_or_after_it_lapsed_nothing_is_decided():
    case, nurse = case_in_review(person(Role.CLERK)), person(Role.NURSE)
    days = {"valid_from": NOW.date(), "valid_to": NOW.date()}
    with pytest.raises(Conflict, match="Claim the case first"):
        decide.approve(case, by=nurse, at=NOW, **days)
    claimed(case, nurse)
    with pytest.raises(Conflict, match="ran out"):
        decide.approve(case, by=nurse, at=NOW + claim.CLAIM, **days)


def test_claim_next_takes_expedited_first_then_the_earliest_due():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    late = case_in_review(clerk, at=NOW)
    early = case_in_review(clerk, at=NOW - HOUR)
    urgent = sent_case(clerk, urgency="expedited", at=NOW)
    score_all()
    order = [claim.claim_next(by=nurse, at=NOW) for _ in range(3)]
    assert [case.pk for case in order] == [urgent.pk, early.pk, late.pk]
    assert claim.claim_next(by=nurse, at=NOW) is None


def test_claim_next_gives_physicians_what_was_escalated():
    clerk, nurse, physician = person(Role.CLERK), person(Role.NURSE), person(Role.PHYSICIAN)
    case = case_in_review(clerk)
    assert claim.claim_next(by=physician, at=NOW) is None
    escalate.escalate(claimed(case, nurse), by=nurse, at=NOW, question="Sacral level?", recommendation="approve")
    assert claim.claim_next(by=nurse, at=NOW) is None
    with pytest.raises(NotPermitted, match="waits for a physician"):
        claimed(case, nurse)
    assert claim.claim_next(by=physician, at=NOW).pk == case.pk


def test_releasing_is_for_the_holder_or_a_lead():
    case, nurse = case_in_review(person(Role.CLERK)), person(Role.NURSE)
    claimed(case, nurse)
    with pytest.raises(Conflict, match="do not hold"):
        claim.release(case, by=person(Role.NURSE), at=NOW)
    assert claim.release(case, by=person(Role.LEAD), at=NOW).claimed_by is None


def test_a_decision_made_on_an_old_page_is_refused_with_a_clear_message():
    case, nurse = case_in_review(person(Role.CLERK)), person(Role.NURSE)
    page_version = claimed(case, nurse).version
    claim.release(case, by=nurse, at=NOW)
    claimed(case, nurse)
    days = {"valid_from": NOW.date(), "valid_to": NOW.date()}
    with pytest.raises(Conflict, match="while you had it open"):
        decide.approve(case, by=nurse, at=NOW, version=page_version, **days)


def test_the_office_withdraws_with_a_reason():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = case_in_review(clerk)
    claimed(case, nurse)
    with pytest.raises(Incomplete):
        withdraw.withdraw(case, by=clerk, at=NOW, reason=" ")
    withdraw.withdraw(case, by=clerk, at=NOW, reason="The patient chose another treatment.")
    with pytest.raises(Conflict, match="Withdrawn"):
        decide.approve(case, by=nurse, at=NOW, valid_from=NOW.date(), valid_to=NOW.date())


def test_an_approval_that_is_over_when_it_is_given_is_none():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = sent_case(clerk, facts=submission({**facts(), "service_date": None}).facts)
    score_all()
    case.refresh_from_db()
    first = NOW.date() - dt.timedelta(days=40)
    with pytest.raises(Incomplete, match="The last day has passed") as refused:
        approve(case, nurse, valid_from=first, valid_to=NOW.date() - dt.timedelta(days=1))
    assert refused.value.field == "valid_to"
    assert approve(case, nurse, valid_from=first, valid_to=NOW.date()).outcome == "approved"


@pytest.mark.parametrize("hours", [None, -1])
def test_validity_runs_forwards(hours):
    case, nurse = case_in_review(person(Role.CLERK)), person(Role.NURSE)
    last = None if hours is None else dt.date(2026, 11, 29)
    with pytest.raises(Incomplete) as refused:
        approve(case, nurse, valid_to=last)
    assert refused.value.field == "valid_to"


def test_every_act_of_the_table_has_its_statuses_and_roles_and_only_an_opening_moves_what_has_ended():
    assert set(TRANSITIONS) == set(Act) - {Act.CREATE}
    assert all(transition.sources and transition.roles for transition in TRANSITIONS.values())
    afterwards = {act for act, transition in TRANSITIONS.items() if transition.sources & (DECIDED | {Status.WITHDRAWN})}
    assert afterwards == {Act.REOPEN, Act.DETACH}
    assert TRANSITIONS[Act.DETACH].to is None, "a file that nobody sent goes, and the case stays as it is"


def denial(case, nurse, **changes):
    values = {
        "case": case,
        "round": 1,
        "outcome": "not_approved",
        "revision": case.revisions.get(),
        "decided_by_id": nurse.user_id,
        "decided_role": "physician",
        "decided_at": NOW,
        "clock_from": NOW,
        "due_at": NOW,
        **REASONS,
    }
    return Decision(**{**values, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"decided_role": "nurse"},
        {"reason_codes": []},
        {"reason_codes": ["N99"]},
        {"what_would_change": ""},
        {"reason_for_member": ""},
        {"reason_for_clinician": " \n"},
        {"outcome": "partly_approved"},
    ],
)
def test_the_database_itself_refuses_a_denial_without_physician_credential_code_or_reasons(changes):
    case, physician = case_in_review(person(Role.CLERK)), person(Role.PHYSICIAN)
    credential = None if not changes else physician_credential(physician)
    with pytest.raises(IntegrityError, match=r"denial_needs_a_physician|approval_has_a_number"), transaction.atomic():
        denial(case, physician, credential=credential, **changes).save()


def physician_credential(physician):
    return Credential.objects.get(user_id=physician.user_id)


def test_the_database_refuses_a_second_decision_of_a_round():
    case, nurse = case_in_review(person(Role.CLERK)), person(Role.NURSE)
    approve(case, nurse)
    physician = person(Role.PHYSICIAN)
    with pytest.raises(IntegrityError, match="one_decision_per_case"), transaction.atomic():
        denial(case, physician, credential=physician_credential(physician)).save()
