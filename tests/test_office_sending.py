"""Checking, sending, the confirmation, the answer, the case page and the list."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.templatetags.office import in_short
from priorauth.models import Attachment, Case, InformationRequest, Job, Revision
from priorauth.roles import Role
from priorauth.services import information, withdraw
from priorauth.services.attach import detach
from priorauth.services.base import moment
from priorauth.services.errors import Incomplete
from tests import cases
from tests.cases import person
from tests.factories import (
    browser,
    clerk,
    draft_of,
    post_edit,
    report,
    saved_draft,
    sent_through_the_page,
    valid_form,
)

pytestmark = pytest.mark.django_db
NO_IMAGING = {"imaging-0-findings-0": []}


def check_of(case):
    return f"/requests/{case.reference}/edit/check/"


def press_send(client, case, version=None, **extra):
    version = draft_of(case).version if version is None else version
    return client.post(check_of(case), {"version": version, "statement": "yes", **extra})


def test_check_leads_back_to_the_form_until_it_is_whole():
    client = browser(clerk())
    case = saved_draft(client, member_id="")
    again = f"/requests/{case.reference}/edit/?problems=all"
    assert post_edit(client, case, valid_form(member_id="", action="check"))["Location"] == again
    assert client.get(check_of(case))["Location"] == again
    assert press_send(client, case)["Location"] == again
    page = client.get(again).content.decode()
    assert "<title>Error: " in page
    assert page.count("Enter the member ID as on the card.") == 2
    assert post_edit(client, case, valid_form(action="check"))["Location"] == check_of(case)


def test_the_check_page_lists_the_answers_with_change_links():
    client = browser(clerk())
    case = saved_draft(client)
    page = client.get(check_of(case)).content.decode()
    for words in (
        "XYZ123456",
        "Mar 14, 1948",
        "Osteoporosis",
        "Bone marrow edema",
        "Acetaminophen 1 g",
        "Not provided",
    ):
        assert words in page
    assert f'href="/requests/{case.reference}/edit/#imaging"' in page
    assert "Send request" in page
    assert "nothing is missing" in page


def test_the_check_page_says_what_the_policy_misses_and_sends_all_the_same():
    client = browser(clerk())
    case = saved_draft(client, **NO_IMAGING, response="not_recorded")
    page = client.get(check_of(case)).content.decode()
    assert "Send with 2 items missing" in page
    assert "A nurse will then ask for what is missing; meanwhile the clock keeps running" in page
    assert "Did the treatment help" in page
    assert "will be approved" not in page
    assert press_send(client, case).status_code == 302


def test_the_arithmetic_and_what_rules_a_path_out_are_shown():
    client = browser(clerk())
    page = client.get(check_of(saved_draft(client))).content.decode()
    assert "days of treatment; 42 asked" in page
    assert "Path B: Lesion from myeloma or metastatic cancer, severe pain</strong>: does not apply." in page
    assert "a person confirms" in page
    assert "Policy 484, edition 2022-06" in page
    assert "bcbsma" not in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lines-0-code": "22513"}, "485"),
        ({"lines-0-code": "22520"}, "22510, 22511"),
        ({"lines-0-levels": "S1", "levels-0-name": "S1"}, "investigational"),
    ],
)
def test_codes_and_levels_that_the_policy_reads_otherwise_are_explained(changes, words):
    client = browser(clerk())
    assert words in client.get(check_of(saved_draft(client, **changes))).content.decode()


def test_without_the_statement_nothing_is_sent():
    client = browser(clerk())
    case = saved_draft(client)
    response = client.post(check_of(case), {"version": draft_of(case).version})
    assert response.content.decode().count("Tick the box") == 2
    case.refresh_from_db()
    assert case.status == "draft"


def test_sending_makes_one_case_one_revision_one_job_however_often_it_is_pressed():
    client = browser(clerk())
    case = saved_draft(client)
    version = draft_of(case).version
    answers = [press_send(client, case, version) for _ in range(3)]
    assert {response["Location"] for response in answers} == {f"/requests/{case.reference}/submitted/"}
    assert Revision.objects.unscoped("counting in a test").count() == 1
    assert Job.objects.count() == 1


def test_the_sent_facts_are_those_of_the_form():
    client = browser(clerk())
    case = sent_through_the_page(client)
    revision = case.revisions.get()
    assert revision.facts["levels"]["L1"]["imaging"][0]["finding"] == "edema"
    assert revision.facts["request_date"] == timezone.localdate().isoformat()
    assert revision.details["contact"]["contact_email"] == "casey@example.test"
    assert (case.member.member_id, case.clinician.npi, case.facility.npi) == ("XYZ123456", "1234567893", "1003000126")
    assert (case.status, case.urgency, case.levels) == ("received", "standard", "L1")


def test_a_draft_that_a_colleague_changed_is_shown_again_and_not_sent():
    client, colleague = browser(clerk()), browser(clerk())
    case = saved_draft(client)
    seen = draft_of(case).version
    post_edit(colleague, case, valid_form(last_name="Changed"))
    response = press_send(client, case, seen)
    assert response.status_code == 409
    assert "A colleague changed this request" in response.content.decode()
    assert "Changed" in response.content.decode()
    case.refresh_from_db()
    assert case.status == "draft"
    assert press_send(client, case).status_code == 302


def test_the_confirmation_tells_reference_receipt_due_time_and_rule():
    client = browser(clerk())
    case = sent_through_the_page(client, urgency="expedited", urgency_reason="Cannot turn in bed for pain.")
    response = client.get(f"/requests/{case.reference}/submitted/")
    page = response.content.decode()
    for words in (case.reference, moment(case.received_at), moment(case.due_at), "24 hours from receipt", "176O"):
        assert words in page
    assert "We are checking your facts: this takes seconds" in page
    assert response["Refresh"] == "4; url=?again=1"
    assert "Refresh" not in client.get(f"/requests/{case.reference}/submitted/?again=1")
    cases.score_all(timezone.now())
    page = client.get(f"/requests/{case.reference}/submitted/").content.decode()
    assert "These facts meet the policy" in page
    assert "Refresh" not in client.get(f"/requests/{case.reference}/submitted/")


def asked(client, **changes):
    """A sent request to which a nurse has put a question."""
    case = sent_through_the_page(client, **changes)
    cases.score_all(timezone.now())
    case.refresh_from_db()
    nurse = person(Role.NURSE)
    cases.claimed(case, nurse, timezone.now())
    result = case.assessments.get().result
    information.ask(
        case, by=nurse, at=timezone.now(), question="Please send the MRI report.\nThank you.", items=result["missing"]
    )
    case.refresh_from_db()
    return case


def answer_of(case):
    return f"/requests/{case.reference}/answer/1/"


def as_shown(client, case, **changes):
    """The post of the answer page as it was shown, with changes."""
    page = client.get(answer_of(case))
    return {**page.context["form"].raw, "version": page.context["case"].version, "action": "send", **changes}


def test_the_answer_page_shows_the_question_and_what_was_sent():
    client = browser(clerk())
    case = asked(client, **NO_IMAGING)
    page = client.get(answer_of(case)).content.decode()
    assert "Please send the MRI report.\nThank you." in page
    assert "Please send a dated MRI, CT or bone scan of L1" in page
    assert 'name="imaging-0-findings-0"' in page
    assert not any(f'name="{name}"' in page for name in ("member_id", "t_score", "treatments-0-name"))


def test_an_answer_with_new_facts_is_a_second_revision_and_is_scored_again():
    client = browser(clerk())
    case = asked(client, **NO_IMAGING)
    response = client.post(answer_of(case), as_shown(client, case, **{"imaging-0-findings-0": ["edema"]}))
    assert response["Location"] == f"/requests/{case.reference}/"
    case.refresh_from_db()
    assert case.status == "received"
    assert case.revisions.count() == 2
    latest = case.revisions.get(number=2)
    assert latest.facts["levels"]["L1"]["imaging"][0]["finding"] == "edema"
    assert latest.details["form"]["first_name"] == ["Alma"]
    assert cases.score_all(timezone.now()) == 1
    case.refresh_from_db()
    assert (case.status, case.determination) == ("in_review", "meets")
    assert "Question 1" in client.get(f"/requests/{case.reference}/").content.decode()


def test_an_answer_needs_a_change_a_file_or_a_reason():
    client = browser(clerk())
    case = asked(client, **NO_IMAGING)
    response = client.post(answer_of(case), as_shown(client, case))
    assert response.content.decode().count("Answer at least one item, or say that you do not have it.") == 2
    typed = as_shown(client, case, note_to_answer="We do not have this.")
    assert "1 of 1 item has no answer yet" in client.post(answer_of(case), typed).content.decode()
    assert client.post(answer_of(case), typed | {"action": "send_part"}).status_code == 302
    assert case.information_requests.get().answer == "We do not have this."


def test_an_answer_can_be_a_file():
    client = browser(clerk())
    case = asked(client, **NO_IMAGING)
    response = client.post(answer_of(case), as_shown(client, case) | {"imaging-0-file": report()})
    assert response.status_code == 302
    study = case.revisions.get(number=2).details["studies"][0]
    assert study["file"] == str(case.attachments.get().pk)


def test_nothing_typed_is_lost_on_a_mistake_or_a_new_row():
    client = browser(clerk())
    case = asked(client, **NO_IMAGING)
    typed = as_shown(client, case, pain_score="eleven", note_to_answer="Please see below.")
    typed["imaging-0-date"] = "soon"
    response = client.post(answer_of(case), typed)
    page = response.content.decode()
    assert page.count("whole number from 0 to 10") == 1, "said, without a field to go to: it is not on this page"
    assert page.count("Study 1, date") == 2
    assert 'value="soon"' in page
    assert "Please see below." in page
    response = client.post(answer_of(case), typed | {"action": "", "add": "imaging"})
    assert len(response.context["form"].studies) == 2
    assert 'value="soon"' in response.content.decode()
    assert case.revisions.count() == 1


def test_a_file_chosen_for_an_answer_is_the_offices_alone_until_it_is_sent():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, **NO_IMAGING)
    client.post(answer_of(case), as_shown(client, case, action="") | {"imaging-0-file": report()})
    attachment = case.attachments.get()
    assert not Attachment.objects.for_actor(nurse).exists()
    typed = as_shown(client, case, action="") | {"imaging-0-attachment": str(attachment.pk)}
    assert client.post(answer_of(case), typed | {"remove": "imaging-0"}).status_code == 200
    assert not case.attachments.exists()


def test_a_file_that_was_sent_is_seen_by_the_plan_and_stays():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, **NO_IMAGING)
    client.post(answer_of(case), as_shown(client, case) | {"imaging-0-file": report()})
    attachment = Attachment.objects.for_actor(nurse).get()
    assert attachment.revision.number == 2
    case.refresh_from_db()
    with pytest.raises(Incomplete, match="it stays"):
        detach(case, attachment, by=person(Role.CLERK), at=timezone.now())


def test_an_answer_cannot_change_for_whom_it_is():
    client = browser(clerk())
    case = asked(client, **NO_IMAGING)
    client.post(answer_of(case), as_shown(client, case, first_name="Eve", clinician_npi="1", response="none"))
    assert case.revisions.get(number=2).details["form"]["first_name"] == ["Alma"]


def test_two_colleagues_who_answer_make_one_answer():
    client, colleague = browser(clerk()), browser(clerk())
    case = asked(client, **NO_IMAGING)
    mine, theirs = (
        as_shown(one, case, note_to_answer="We have none.", action="send_part") for one in (client, colleague)
    )
    assert client.post(answer_of(case), mine).status_code == 302
    late = colleague.post(answer_of(case), theirs)
    assert (late.status_code, "We have none.</textarea>" in late.content.decode()) == (409, True), "it is not lost"
    assert client.post(answer_of(case), mine)["Location"] == f"/requests/{case.reference}/", "pressed twice"
    assert case.revisions.count() == 2


def test_an_answer_to_a_case_that_moved_on_is_shown_again():
    client = browser(clerk())
    case = asked(client, **NO_IMAGING)
    late = as_shown(client, case, note_to_answer="We have none.")
    withdraw.withdraw(case, by=clerk(), at=timezone.now(), reason="Treated elsewhere.")
    response = client.post(answer_of(case), late)
    assert response.status_code == 409
    assert "We have none." in response.content.decode()


def test_a_request_that_came_without_the_form_is_refilled_from_its_facts():
    actor = clerk()
    case = cases.case_in_review(actor, "A03", timezone.now())
    nurse = person(Role.NURSE)
    cases.claimed(case, nurse, timezone.now())
    information.ask(case, by=nurse, at=timezone.now(), question="Is it L1?", items=[])
    form = browser(actor).get(answer_of(case)).context["form"]
    assert form.known_levels == ["L1"]
    assert form.problems == []


@pytest.mark.parametrize("outcome", ["approved", "not_approved"])
def test_the_case_page_tells_the_outcome_with_its_reasons(outcome):
    client = browser(clerk())
    case = sent_through_the_page(client)
    now = timezone.now()
    cases.score_all(now)
    case.refresh_from_db()
    physician = person(Role.PHYSICIAN)
    decide = cases.approve if outcome == "approved" else cases.not_approve
    decision = decide(case, physician, now)
    page = client.get(f"/requests/{case.reference}/").content.decode()
    expected = [decision.authorization_number] if outcome == "approved" else [cases.WORDS, "N01 Fewer than 6 weeks"]
    for words in [*expected, decision.get_outcome_display(), moment(decision.decided_at), str(decision.decided_by)]:
        assert words in page


def test_the_case_page_tells_status_next_step_due_time_and_rule():
    client = browser(clerk())
    case = sent_through_the_page(client)
    page = client.get(f"/requests/{case.reference}/").content.decode()
    assert "We are checking your facts: this takes seconds" in page
    assert moment(case.due_at) in page
    assert "Massachusetts commercial, standard: 2 business days from receipt" in page
    cases.score_all(timezone.now())
    page = client.get(f"/requests/{case.reference}/").content.decode()
    assert "It is with the nurse reviewers of the plan." in page
    assert "Nothing is missing" in page
    assert "Acetaminophen 1 g" in page


def test_a_request_is_withdrawn_with_a_reason():
    client = browser(clerk())
    case = sent_through_the_page(client)
    url = f"/requests/{case.reference}/withdraw/"
    version = client.get(url).context["case"].version
    assert client.post(url, {"version": version, "reason": " "}).content.decode().count("Write why you withdraw") == 2
    assert client.post(url, {"version": version, "reason": "x" * 501}).status_code == 200
    assert client.post(url, {"version": version, "reason": "Treated elsewhere."}).status_code == 302
    case.refresh_from_db()
    assert case.status == "withdrawn"
    page = client.get(f"/requests/{case.reference}/").content.decode()
    assert "Treated elsewhere." in page
    assert "Withdraw this request" not in page


def test_withdrawing_what_moved_on_is_refused_as_a_page():
    client = browser(clerk())
    case = sent_through_the_page(client)
    response = client.post(f"/requests/{case.reference}/withdraw/", {"version": 1, "reason": "Treated elsewhere."})
    assert "Treated elsewhere." in response.content.decode(), "what was typed is not lost"
    assert response.status_code == 409
    assert "was changed at" in response.content.decode()


def test_the_list_shows_each_request_with_status_next_step_and_due_time():
    client = browser(clerk())
    draft = saved_draft(client, last_name="Draftperson", **{"lines-0-code": "22510", "levels-0-name": "T8"})
    case = sent_through_the_page(client)
    page = client.get("/requests/").content.decode()
    for words in (
        draft.reference,
        "A. Draftperson",
        "22510, T8",
        case.reference,
        in_short(case.due_at),
        "You:",
        "Plan:",
    ):
        assert words in page


def test_the_counts_filter_the_list():
    client = browser(clerk())
    saved_draft(client)
    case = asked(client, **NO_IMAGING)
    rows = client.get("/requests/?show=needs-you").context
    assert [row["case"] for row in rows["rows"]] == [case]
    assert [(one["name"], one["count"]) for one in rows["filters"]] == [
        ("needs-you", 1),
        ("drafts", 1),
        ("with-plan", 0),
        ("decided", 0),
    ]
    assert len(client.get("/requests/?show=nonsense&page=zzz").context["rows"]) == 2


@pytest.mark.parametrize(
    "sought", ["synthetic", "Alma Synthetic", "XYZ 123-456", "xyz123456", "3/14/1948", "REFERENCE"]
)
def test_the_search_finds_a_request_and_leaves_nothing_in_the_address(sought):
    client = browser(clerk())
    case = sent_through_the_page(client)
    other = sent_through_the_page(
        client, first_name="Zoe", last_name="Other", member_id="QQQ111", birth_date="1/2/1950"
    )
    response = client.post("/requests/", {"sought": case.reference if sought == "REFERENCE" else sought})
    assert response.status_code == 200
    assert [row["case"] for row in response.context["rows"]] == [case]
    assert other.reference not in response.content.decode()


def test_the_search_finds_drafts_and_survives_anything():
    client = browser(clerk())
    draft = saved_draft(client, last_name="Draftperson")
    assert [row["case"] for row in client.post("/requests/", {"sought": "draftp"}).context["rows"]] == [draft]
    for text in ("%", "\x00", "' OR 1=1", "x" * 5000, "2/31/2026", "_" * 30):
        assert client.post("/requests/", {"sought": text}).status_code == 200


@pytest.mark.parametrize("show", ["", "drafts", "with-plan"])
def test_the_list_costs_the_same_queries_for_one_and_for_thirty_requests(show):
    actor = clerk()
    client = browser(actor)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/requests/?show={show}")
        return len(captured)

    cases.sent_case(actor)
    cases.draft_case(actor)
    few = queries()
    for minute in range(30):
        cases.sent_case(actor, at=cases.NOW + dt.timedelta(minutes=minute))
        cases.draft_case(actor)
    assert queries() == few


def test_what_the_plan_works_on_is_listed_by_due_time():
    actor = clerk()
    later = cases.sent_case(actor, at=cases.NOW)
    earlier = cases.sent_case(actor, at=cases.NOW - dt.timedelta(days=1))
    rows = browser(actor).get("/requests/?show=with-plan").context["rows"]
    assert [row["case"] for row in rows] == [earlier, later]


def test_the_list_is_paged():
    actor = clerk()
    for _ in range(51):
        cases.draft_case(actor)
    page = browser(actor).get("/requests/?show=drafts&page=2")
    assert len(page.context["rows"]) == 25
    assert "Page 2 of 3" in page.content.decode()
    assert 'href="?show=drafts&amp;page=3"' in page.content.decode()


def test_an_office_without_requests_is_told_what_to_do():
    page = browser(clerk("Empty Office")).get("/requests/").content.decode()
    assert "No requests yet" in page
    assert '<a href="/requests/new/">Start' in page
    assert '<a href="/check/">whether' in page


def test_another_offices_question_cannot_be_answered():
    client = browser(clerk())
    case = asked(client, **NO_IMAGING)
    stranger = browser(clerk("Bay Pain Clinic"))
    assert stranger.post(answer_of(case), {"note_to_answer": "ha", "action": "send"}).status_code == 404
    assert InformationRequest.objects.unscoped("a test looks").get().answered_at is None
    assert Case.objects.unscoped("a test looks").get().status == "information_needed"
