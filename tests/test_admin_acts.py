"""The pages of the acts: who may, what is refused and how, and that two people make one decision."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from priorauth.admin import clock_acts, ready_reasons
from priorauth.admin.acts import PAGES
from priorauth.models import AuditEvent, Case, Credential, Decision
from priorauth.roles import Role
from priorauth.services import judge, submit
from priorauth.statuses import TRANSITIONS
from tests.admin_helpers import (
    REASON,
    act,
    case_page,
    held_by,
    in_review,
    lacking,
    ready,
    ready_to_refuse,
    signed_in,
    snapshot,
    typed,
    with_physician,
)
from tests.cases import NO_IMAGING, WORDS, approve, draft_case, facts, person, score_all, sent_case, submission
from tests.factories import browser
from tests.together import at_once
from tests.walking import undone

pytestmark = pytest.mark.django_db

STAFF = (Role.NURSE, Role.LEAD, Role.PHYSICIAN, Role.AUDITOR, Role.ADMINISTRATOR)
NOT_REQUIRED = {"product": "indemnity", "setting": "outpatient"}


def closable() -> Case:
    """A request that needs no authorization: an Indemnity plan, outside a hospital stay."""
    clerk = person(Role.CLERK)
    case = submit.send(draft_case(clerk), submission(facts() | NOT_REQUIRED), by=clerk, at=timezone.now())
    score_all(timezone.now())
    case.refresh_from_db()
    assert case.determination == "prior_auth_not_required"
    return case


# Who may do what

ALLOWED = {
    "judge": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "read": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "reopen": {Role.LEAD},
    "claim": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "release": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "approve": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "ask": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "message": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "escalate": {Role.NURSE, Role.LEAD},
    "not-approve": {Role.PHYSICIAN},
    "close": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "hand-over": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "take-over": {Role.LEAD},
}
NOT_HELD = ("claim", "reopen", "take-over")


def case_for(slug: str) -> Case:
    case = closable() if slug == "close" else in_review()
    if slug == "reopen":
        approve(case, person(Role.NURSE), at=timezone.now())
    return held_by(person(Role.NURSE), case) if slug == "take-over" else case


def ready_for(slug, actor, case):
    prepare = {"approve": ready, "not-approve": ready_to_refuse}.get(slug, held_by)
    return prepare(actor, case)


@pytest.mark.parametrize("slug", ALLOWED)
def test_each_act_is_open_to_its_roles_and_refused_to_the_others(slug):
    """Its page and its post, by each of the plan's people, each from the same state."""
    made = case_for(slug)
    for role in STAFF:
        with undone():
            may, case = role in ALLOWED[slug], Case.objects.unscoped("a test begins anew").get(pk=made.pk)
            actor, client = signed_in(role)
            if may and slug not in NOT_HELD:
                ready_for(slug, actor, case)
            assert client.get(act(case, slug)).status_code == (200 if may else 403), role
            refused = AuditEvent.objects.filter(actor_id=actor.user_id, action__startswith="refused_")
            before, refused_before = snapshot(case), refused.count()
            response = client.post(act(case, slug), typed(slug, case))
            if may:
                assert (response.status_code, response.headers["Location"]) == (302, case_page(case)), role
                assert snapshot(case)["version"] == before["version"] + 1, role
                assert refused.count() == 0, role
            else:
                assert response.status_code == 403, role
                assert snapshot(case) == before, role
                assert refused.count() == refused_before + 1, role


LACKS = {  # slug -> how many things its page lacks when nothing was chosen or written
    "judge": 1,
    "read": 1,
    "reopen": 1,
    "approve": 2,
    "ask": 2,
    "message": 1,
    "escalate": 2,
    "not-approve": 5,
    "close": 1,
    "hand-over": 2,
    "take-over": 1,
}


@pytest.mark.parametrize("slug", LACKS)
def test_each_page_says_at_each_field_what_it_lacks_and_leads_to_it(slug):
    case, (actor, client) = case_for(slug), signed_in(min(ALLOWED[slug]))
    if slug not in NOT_HELD:
        ready_for(slug, actor, case)
    assert set(LACKS) == set(ALLOWED) - {"claim", "release"}
    assert len(lacking(client, case, slug)) == LACKS[slug]


def test_offices_and_payer_operations_do_not_enter_the_admin():
    case = in_review()
    for role in (Role.CLERK, Role.OFFICE_ADMIN, Role.PAYER):
        _, client = signed_in(role)
        for path in ("/admin/", "/admin/password_change/", case_page(case)):
            assert client.get(path, follow=True).status_code == 403
        assert client.post(act(case, "approve"), typed("approve", case), follow=True).status_code == 403
        assert snapshot(case)["decisions"] == 0


# A nurse never denies


@pytest.mark.parametrize("data", [{}, {"confirmed": "1"}, {"lines": [1], "reason_codes": ["N05"]}])
def test_a_nurses_raw_post_to_not_approve_is_refused_audited_and_changes_nothing(data):
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    before = snapshot(case)
    response = nurse.post(act(case, "not-approve"), {"version": case.version, **data})
    assert response.status_code == 403
    assert "Only a physician with an active licence may decide not to approve" in response.content.decode()
    assert snapshot(case) == before
    assert AuditEvent.objects.filter(actor_id=actor.user_id, action="refused_not_approve").count() == 1


def test_the_case_page_tells_the_nurse_why_not_approve_is_not_there():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    ready(actor, case)
    page = nurse.get(case_page(case)).content.decode()
    assert "Physicians only. Escalate instead." in page
    assert act(case, "not-approve") not in page
    assert 'value="not-approve"' not in page
    assert 'name="then" value="approve"' in page


def test_a_physician_with_an_expired_licence_cannot_decide():
    case, (actor, physician) = with_physician(in_review()), signed_in(Role.PHYSICIAN)
    Credential.objects.filter(user_id=actor.user_id).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    held_by(actor, case)
    before = snapshot(case)
    for slug in ("approve", "not-approve"):
        response = physician.post(act(case, slug), typed(slug, case))
        assert response.status_code == 403
        assert "licence" in response.content.decode()
    rehearsed = typed("not-approve", case)
    del rehearsed["confirmed"]
    assert physician.post(act(case, "not-approve"), rehearsed).status_code == 403
    assert snapshot(case) == before
    refused = AuditEvent.objects.filter(actor_id=actor.user_id, action__startswith="refused_").order_by("pk")
    actions = [event.action for event in refused]
    assert actions == ["refused_approve", "refused_not_approve", "refused_not_approve"]


def test_a_physician_who_treats_the_member_cannot_decide():
    case, (actor, physician) = with_physician(in_review()), signed_in(Role.PHYSICIAN)
    Credential.objects.filter(user_id=actor.user_id).update(npi=case.clinician.npi)
    held_by(actor, case)
    response = physician.post(act(case, "approve"), typed("approve", case))
    assert response.status_code == 403
    assert "You took part in this request" in response.content.decode()


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


# Asking and escalating


def test_where_nothing_can_be_ticked_the_page_says_that_a_mark_names_the_fact():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    page = held_by(actor, case) and nurse.get(act(case, "ask")).content.decode()
    assert ("mark “Needs more” at its criterion" in page, f'href="{case_page(case)}#result"' in page) == (True, True)
    judge.judge(case, by=actor, at=timezone.now(), marks=[judge.Mark("L1", "symptomatic", "unknown", WORDS)])
    page = nurse.get(act(case, "ask")).content.decode()
    assert ("Needs more” at its" in page, 'name="items"' in page) == (False, True)


def test_what_is_shown_as_missing_beside_something_not_met_can_be_ticked_and_is_not():
    document = facts(NO_IMAGING)
    document["levels"]["L1"]["purpose"] = "prophylactic"
    actor, nurse = signed_in(Role.NURSE)
    case = sent_case(person(Role.CLERK), at=timezone.now(), facts=submission(document).facts)
    score_all(timezone.now())
    case.refresh_from_db()
    held_by(actor, case)
    assert case.assessments.get().result["missing"] == []
    form = nurse.get(act(case, "ask")).context["form"]
    ticked, words = form["items"].value(), [str(one.choice_label) for one in form["items"]]
    assert (ticked, "L1: Please send more on this point" in words[0]) == ([], True)
    assert nurse.post(act(case, "ask"), typed("ask", case, items=["0"])).status_code == 302


def test_asking_starts_with_all_that_the_policy_still_needs():
    case, (actor, nurse) = in_review(NO_IMAGING), signed_in(Role.NURSE)
    held_by(actor, case)
    page = nurse.get(act(case, "ask")).content.decode()
    missing = case.assessments.get().result["missing"]
    assert missing
    assert page.count(" checked") == len(missing)
    data = typed("ask", case, items=[str(n) for n in range(len(missing))])
    assert nurse.post(act(case, "ask"), data).status_code == 302
    request = case.information_requests.get()
    assert (request.items, request.question) == (missing, data["question"])
    assert snapshot(case)["status"] == "information_needed"


def test_a_question_without_words_is_not_sent():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    response = nurse.post(act(case, "ask"), typed("ask", case, question="  "))
    assert (response.status_code, "Write what the office should send." in response.content.decode()) == (400, True)
    assert not case.information_requests.exists()


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


def test_a_request_that_the_policy_governs_is_not_closed():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    response = nurse.post(act(case, "close"), typed("close", case))
    assert (response.status_code, "needs a decision" in response.content.decode()) == (403, True)
    assert snapshot(case)["status"] == "in_review"


# Two people, one case


def test_whoever_comes_second_reads_who_decided_and_keeps_what_was_typed():
    case, (first, nurse), (_, other) = in_review(), signed_in(Role.NURSE), signed_in(Role.NURSE)
    ready(first, case)
    stale = typed("ask", case, question="Please send the note of the visit.")
    assert nurse.post(act(case, "approve"), typed("approve", case)).status_code == 302
    response = other.post(act(case, "ask"), stale)
    page = response.content.decode()
    assert response.status_code == 409
    assert f"{first.name} decided this case at" in page
    assert "Please send the note of the visit." in page
    assert case.information_requests.count() == 0


def test_a_criterion_that_is_offered_no_more_is_shown_again_in_words():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    ready_to_refuse(actor, case)
    response = nurse.post(act(case, "not-approve"), typed("not-approve", case, relied_on=["L1.osteoporotic"]))
    page = response.content.decode()
    assert (response.status_code, "L1.osteoporotic" in page) == (403, False)
    assert "L1, A1: The fracture is due to osteoporosis" in page


def test_a_page_that_is_older_than_the_case_decides_nothing():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    ready(actor, case)
    for slug, version in (("approve", case.version - 1), ("message", 2**31 - 1), ("message", 10**30), ("message", -1)):
        response = nurse.post(act(case, slug), typed(slug, case, version=version))
        assert (response.status_code, "The case was changed at" in response.content.decode()) == (409, True), version
    assert snapshot(case)["decisions"] == 0


def test_without_a_claim_nothing_is_decided():
    case, (_, nurse) = in_review(), signed_in(Role.NURSE)
    for answer in (nurse.get(act(case, "approve")), nurse.post(act(case, "approve"), typed("approve", case))):
        assert answer.status_code == 409
        assert "Claim the case first" in answer.content.decode()
    assert snapshot(case)["decisions"] == 0


def posted_at_once(*posts):
    """The answers to posts that are sent at the same instant."""
    answers = []
    at_once(lambda post: answers.append(post[0].post(*post[1:])), posts)
    return answers


@pytest.mark.django_db(transaction=True)
def test_one_reviewer_in_two_windows_makes_one_decision_and_reads_one_clear_answer():
    for _ in range(5):
        case, (actor, _) = in_review(), signed_in(Role.LEAD)
        ready(actor, case)
        windows = [(browser(actor), act(case, "approve"), typed("approve", case)) for _ in range(2)]
        answers = posted_at_once(*windows)
        assert sorted(answer.status_code for answer in answers) == [302, 409]
        lost = next(answer for answer in answers if answer.status_code == 409).content.decode()
        assert f"{actor.name} decided this case at" in lost
        assert snapshot(case)["decisions"] == 1


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_who_claim_at_once_get_one_holder_and_one_refusal():
    for _ in range(5):
        case = in_review()
        people = [person(Role.NURSE), person(Role.NURSE)]
        answers = posted_at_once(*[(browser(actor), act(case, "claim"), typed("claim", case)) for actor in people])
        assert sorted(answer.status_code for answer in answers) == [302, 409]
        lost = next(answer for answer in answers if answer.status_code == 409).content.decode()
        case.refresh_from_db()
        assert case.claimed_by_id in {actor.user_id for actor in people}
        assert f"{case.claimed_by} holds this case until" in lost or "The case was changed at" in lost


@pytest.mark.django_db(transaction=True)
def test_eight_reviewers_who_claim_next_at_once_get_eight_cases():
    clerk = person(Role.CLERK)
    for _ in range(8):
        sent_case(clerk, at=timezone.now())
    score_all(timezone.now())
    people = [person(Role.NURSE) for _ in range(8)]
    answers = posted_at_once(*[(browser(actor), "/admin/priorauth/case/next/", {}) for actor in people])
    assert len({answer.headers["Location"] for answer in answers}) == 8


# Every act page is known here


def test_every_act_of_the_pages_stands_in_the_table_of_transitions():
    # The marks are made on the case page itself; of the clock: test_clock_pages.py.
    assert {*PAGES, "judge"} == {*ALLOWED, *clock_acts.PAGES}
    for slug, page in PAGES.items() - clock_acts.PAGES.items():
        assert TRANSITIONS[page.act].roles & set(STAFF) == ALLOWED[slug]
