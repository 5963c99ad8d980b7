"""The pages on which a request is approved and not approved."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from priorauth.admin import ready_reasons
from priorauth.models import AuditEvent, Decision
from priorauth.roles import Role
from priorauth.services import judge, submit
from tests.admin_helpers import (
    REASON,
    act,
    held_by,
    in_review,
    ready,
    ready_to_refuse,
    signed_in,
    snapshot,
    typed,
    with_physician,
)
from tests.cases import NO_IMAGING, WORDS, draft_case, facts, person, score_all, submission

pytestmark = pytest.mark.django_db


# Approving


def test_approving_records_the_typed_days_and_says_so():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    ready(actor, case)
    page = nurse.post(act(case, "approve"), typed("approve", case), follow=True).content.decode()
    decision = Decision.objects.for_actor(actor).get(case=case)
    line = decision.lines.get()
    assert (line.valid_from, line.valid_to, line.units) == (dt.date(2026, 11, 30), dt.date(2027, 2, 28), 1)
    assert "Decision: Approved" in page
    assert decision.authorization_number in page


def test_the_form_starts_with_ninety_days_from_the_planned_date_or_today():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    ready(actor, case)
    first = max(dt.date(2026, 11, 30), timezone.localdate())
    page = nurse.get(act(case, "approve")).content.decode()
    assert f'value="{first:%m/%d/%Y}"' in page
    assert f'value="{first + dt.timedelta(days=90):%m/%d/%Y}"' in page
    assert "against the computed result" not in page


def test_approving_against_the_computed_result_is_for_physicians_with_a_reason():
    case, (actor, nurse) = in_review(NO_IMAGING), signed_in(Role.NURSE)
    held_by(actor, case)
    response = nurse.post(act(case, "approve"), typed("approve", case))
    assert (response.status_code, "only a physician may approve" in response.content.decode()) == (403, True)
    assert REASON in response.content.decode()

    nurse.post(act(case, "escalate"), typed("escalate", case))
    md, physician = signed_in(Role.PHYSICIAN)
    case.refresh_from_db()
    held_by(md, case)
    short = physician.post(act(case, "approve"), typed("approve", case, reason="Fine."))
    assert (short.status_code, "at least 20 characters" in short.content.decode()) == (400, True)
    assert physician.post(act(case, "approve"), typed("approve", case)).status_code == 302
    assert Decision.objects.for_actor(md).get(case=case).against_computed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"valid_from": ""}, "Enter a date: first day of the authorization."),
        ({"valid_to": "soon"}, "Enter a date like 12/27/2026."),
        ({"valid_to": "11/1/2026"}, "The last day must be on or after the first"),
        ({"version": ""}, "Open the case again: this page is out of date."),
    ],
)
def test_a_wrong_answer_is_shown_again_with_one_sentence(changes, message):
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    ready(actor, case)
    before = snapshot(case)
    response = nurse.post(act(case, "approve"), typed("approve", case, **changes))
    page = response.content.decode()
    assert (response.status_code, message in page, "There is a problem" in page) == (400, True, True)
    assert "<title>Error: " in page
    assert snapshot(case) == before


# Deciding not to approve


def test_a_denial_is_confirmed_on_a_page_of_its_own_before_it_is_recorded():
    case, (actor, physician) = with_physician(in_review()), signed_in(Role.PHYSICIAN)
    ready_to_refuse(actor, case)
    before = snapshot(case)
    data = typed("not-approve", case)
    del data["confirmed"]
    response = physician.post(act(case, "not-approve"), data)
    page = response.content.decode()
    assert (response.status_code, "Nothing is recorded yet." in page, WORDS in page) == (200, True, True)
    for words in ("N05 Exam and imaging do not tie the pain to the level", "Line 1: 22511, L1", "With a physician"):
        assert words in page
    assert snapshot(case) == before
    assert not AuditEvent.objects.filter(action="not_approve").exists()

    back = physician.post(act(case, "not-approve"), {**data, "change": "1"}).content.decode()
    assert (WORDS in back, "Go on: read it once more" in back) == (True, True)
    assert physician.post(act(case, "not-approve"), {**data, "confirmed": "1"}).status_code == 302
    decision = Decision.objects.for_actor(actor).get(case=case)
    assert (decision.outcome, decision.reason_codes, decision.decided_by_id) == ("not_approved", ["N05"], actor.user_id)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("lines", "Choose at least one line"),
        ("reason_codes", "Choose at least one reason."),
        ("relied_on", "Name at least one criterion that you marked"),
        ("what_would_change", "what would change this decision"),
        ("reason_for_member", "Write the reason for the member in at least 20 characters."),
        ("reason_for_clinician", "Write the reason for the clinician in at least 20 characters."),
    ],
)
def test_a_denial_lacks_nothing(field, message):
    case, (actor, physician) = with_physician(in_review()), signed_in(Role.PHYSICIAN)
    ready_to_refuse(actor, case)
    response = physician.post(act(case, "not-approve"), typed("not-approve", case, **{field: []}))
    assert (response.status_code, message in response.content.decode()) == (400, True)
    assert snapshot(case)["decisions"] == 0


def test_codes_and_sentences_are_proposed_from_the_marks_and_taken_only_where_they_are_ticked():
    case, (actor, physician) = in_review(), signed_in(Role.PHYSICIAN)
    held_by(actor, case)
    marks = [judge.Mark("L1", one, "not_met", WORDS) for one in ("conservative_6_weeks", "imaging_nonhealing")]
    judge.judge(case, by=actor, at=timezone.now(), marks=marks)
    form = physician.get(act(case, "not-approve")).context["form"]
    assert re.findall(r"N0\d \(L1: [^;)]+", form.fields["reason_codes"].help_text) == [
        "N01 (L1: At least 6 weeks of conservative treatment since the fracture",
        "N05 (L1: Imaging shows that the fracture has not healed",
    ]
    healed = {"levels": {"L1": {"imaging": [{"finding": "healed"}]}}}
    assert "N04 (L1: scan)" in ready_reasons.codes({("L1", "imaging_nonhealing"): {"label": "scan"}}, healed)
    assert (form["reason_codes"].value(), form["reason_for_member"].value()) == (None, None), (
        "nothing is taken silently"
    )
    member, clinician = ([key for key, _ in form.fields[f"ready_{one}"].choices] for one in ("member", "clinician"))
    assert "“A scan shows that the break has not healed.” A physician read the records" in member[1]
    assert "days of treatment; 42 asked" in clinician[0]
    data = typed("not-approve", case, reason_for_member=WORDS, reason_for_clinician="", ready_clinician=clinician)
    changed = physician.post(act(case, "not-approve"), {**data, "change": "1"}).context["form"]
    assert changed["reason_for_clinician"].value().splitlines() == clinician, "in the text, to be changed"
    assert physician.post(act(case, "not-approve"), {**data, "ready_member": member[:1]}).status_code == 302
    decision = case.decisions.get()
    assert (decision.reason_for_member, decision.reason_for_clinician) == (
        f"{WORDS}\n{member[0]}",
        "\n".join(clinician),
    )


def test_some_lines_can_be_approved_and_the_others_not():
    clerk = person(Role.CLERK)
    document = facts()
    document["lines"].append({"line": 2, "code": "22512", "levels": ["L2"], "units": 1, "technique": None})
    document["levels"]["L2"] = document["levels"]["L1"]
    case = submit.send(draft_case(clerk), submission(document), by=clerk, at=timezone.now())
    score_all(timezone.now())
    case.refresh_from_db()
    with_physician(case)
    actor, physician = signed_in(Role.PHYSICIAN)
    ready_to_refuse(actor, case)
    data = typed("not-approve", case, lines=[2], valid_from="11/30/2026", valid_to="1/30/2027")
    assert physician.post(act(case, "not-approve"), data).status_code == 302
    decision = Decision.objects.for_actor(actor).get(case=case)
    assert [line.outcome for line in decision.lines.all()] == ["approved", "not_approved"]
    assert snapshot(case)["status"] == "partly_approved"
