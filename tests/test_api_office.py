"""The office's operations of the API: check, send, list, read, answer, withdraw."""

import datetime as dt
from unittest.mock import ANY

import pytest
from django.utils import timezone

from portal.api.answers import brief
from portal.web.next_step import next_step
from priorauth.admin.not_approve_form import NotApproveForm
from priorauth.models import AuditEvent, Case, User
from priorauth.roles import Actor, Role
from priorauth.selectors import with_answer_by
from priorauth.services import claim, information, read, reopen, withdraw
from priorauth.services.scored import latest_assessment
from tests.api_helpers import CHECK, REQUESTS, new_request, office_program, one
from tests.cases import (
    NO_IMAGING,
    REASONS,
    WORDS,
    approve,
    draft_case,
    facts,
    not_approve,
    person,
    score_all,
    sent_case,
)
from tests.factories import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return office_program()


def the_case(reference):
    return Case.objects.unscoped("a test reads what was sent").get(reference=reference)


def sent(program, **changes):
    """A request that a program sent and the portal scored."""
    response = program.send(REQUESTS, new_request(**changes))
    assert response.status_code == 201, response.content
    score_all(timezone.now())
    return the_case(response.json()["reference"])


def asked(program, **changes):
    """A request about which the plan has asked."""
    case, nurse = sent(program, **changes), person(Role.NURSE)
    claim.claim(case, by=nurse, at=timezone.now())
    items = latest_assessment(case).result["missing"]
    information.ask(case, by=nurse, at=timezone.now(), question="Which imaging was done?", items=items)
    return case


def pointed(value):
    """The same JSON value with a point in every number: 7.0 for 7."""
    if isinstance(value, dict):
        return {name: pointed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [pointed(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_a_whole_number_with_a_point_is_that_number_on_every_page(program):
    """Else a physician's form has a “line 2.0”, of which no part could be left out."""
    document = facts()
    document["levels"]["T12"] = document["levels"]["L1"]
    document["lines"] = [
        {"line": 1, "code": "22511", "levels": ["L1", "T12"], "units": 2},
        {"line": 2, "code": "22512", "levels": ["T12"], "units": 1},
    ]
    case = sent(program, facts=pointed(document))
    assert str([[line["line"], line["units"]] for line in case.revisions.get().facts["lines"]]) == "[[1, 2], [2, 1]]"
    offered = NotApproveForm(case, person(Role.PHYSICIAN)).fields["lines"].choices
    assert [key for key, _ in offered] == ["1.L1", "1.T12", "2"]
    assert "2.0" not in browser(person(Role.CLERK)).get(f"/requests/{case.reference}/amend/").content.decode()


def test_a_request_is_received_with_reference_due_time_and_rule(program):
    response = program.send(REQUESTS, new_request())
    receipt = response.json()
    assert response.status_code == 201
    case = the_case(receipt["reference"])
    assert response.headers["Location"] == one(case.reference)
    assert receipt["status"] == case.status == "received"
    assert receipt["rule"].startswith("Massachusetts commercial, standard: 2 business days")
    assert dt.datetime.fromisoformat(receipt["due_at"]) == case.due_at.replace(microsecond=0)
    assert str(case.member) == "Alma Synthetic"
    assert case.member.member_id == "XYZ123456"
    assert case.clinician.npi == "1205804119"


def test_the_receipt_sets_day_reference_and_age_whatever_was_sent_in_them(program):
    document = facts() | {"request_date": "2020-01-01", "case_id": "ours-17"}
    document["patient"]["age"] = 12
    case = sent(program, facts=document)
    stored = case.revisions.get().facts
    assert stored["request_date"] == timezone.localdate(case.received_at).isoformat()
    assert stored["case_id"] == case.reference
    assert stored["patient"]["age"] > 70


def test_a_program_acts_as_its_own_account_in_the_trail(program):
    case = sent(program)
    event = AuditEvent.objects.get(action="send", stream=f"case:{case.reference}")
    assert (event.actor_name, event.role, event.organization) == ("Night program", "clerk", "Harbor Spine Office")


def test_reading_tells_where_it_stands_and_what_is_missing(program):
    case = sent(program, facts=facts(NO_IMAGING))
    answer = program.get(one(case.reference)).json()
    assert answer["status"] == "in_review"
    assert answer["next_step"] == {"who": "plan", "what": "decision"}
    assert answer["assessment"]["determination"] == "insufficient_information"
    assert [item["criterion"] for item in answer["assessment"]["missing"]]
    assert answer["lines"] == [
        {"line": 1, "code": "22511", "levels": ["L1"], "determination": "insufficient_information"}
    ]
    assert answer["decisions"] == []


def test_what_was_read_otherwise_and_counts_is_told_in_the_words_of_the_offices_page(program):
    case, nurse = sent(program), person(Role.NURSE)
    claim.claim(case, by=nurse, at=timezone.now())
    assert program.get(one(case.reference)).json()["read_otherwise"] == []
    which = ("levels.L1.imaging.0.finding", "counts", "cleft", WORDS), ("pain.score", "stands", 3, WORDS)
    read.read(case, by=nurse, at=timezone.now(), findings=[read.Finding(*found) for found in which])
    answer = program.get(one(case.reference))
    (words,) = answer.json()["read_otherwise"]
    assert words.endswith("what it shows: Cleft, where the request says: Edema")
    clerk = browser(Actor.of(User.objects.get(pk=case.created_by_id)))
    assert (words in clerk.get(f"/requests/{case.reference}/").content.decode(), WORDS in str(answer.json())) == (
        True,
        False,
    )


def test_what_is_late_is_the_next_step_as_on_the_page(program):
    """Where the plan asked, that is the answer, whatever became of the decision's own time."""
    case = asked(program, facts=facts(NO_IMAGING))
    at = timezone.now()
    late = case.information_requests.get().answer_by + dt.timedelta(seconds=1)
    row = with_answer_by(Case.objects.unscoped("a test asks for a moment"), person(Role.CLERK)).get(pk=case.pk)
    row.due_at = at - dt.timedelta(days=1)
    for now, is_late in ((at, False), (late, True)):
        assert (brief(row, now)["late"], next_step(row, now).late) == (is_late, is_late)
    assert program.get(REQUESTS).json()["results"][0]["late"] is False


def test_before_the_scoring_nothing_is_found_yet(program):
    reference = program.send(REQUESTS, new_request()).json()["reference"]
    answer = program.get(one(reference)).json()
    assert (answer["status"], answer["assessment"]) == ("received", None)


def test_a_decision_is_told_with_its_letters_and_the_authorization_of_each_line(program):
    case = sent(program)
    approve(case, person(Role.NURSE), at=timezone.now())
    answer, number = program.get(one(case.reference)).json(), case.decisions.get()
    decision, page = answer["decisions"][0], f"/requests/{case.reference}/letter/1"
    (letter,) = answer["issued_letters"]
    del letter["issued_at"]
    digest = case.letters.get().sha256
    assert letter == {"number": 1, "kind": "approved", "sha256": digest, "page": f"{page}/", "pdf": f"{page}.pdf"}
    assert decision["outcome"] == "approved"
    assert decision["letters"] == []
    assert decision["lines"] == [
        {
            "line": 1,
            "code": "22511",
            "levels": ["L1"],
            "levels_not_approved": [],
            "outcome": "approved",
            "authorization_number": number.authorization_number,
            "units": 1,
            "valid_from": "2026-11-30",
            "valid_to": "2027-02-28",
        }
    ]


def test_a_decision_not_to_approve_is_told_with_reasons_and_without_an_authorization(program):
    case = sent(program)
    not_approve(case, person(Role.PHYSICIAN), at=timezone.now())
    decision = program.get(one(case.reference)).json()["decisions"][0]
    assert decision["outcome"] == "not_approved"
    assert decision["reason_codes"] == ["N01"]
    assert decision["reasons"][0].startswith("N01 ")
    assert decision["what_would_change"] == REASONS["what_would_change"]
    assert decision["relied_on"] == [{"level": "L1", "criterion": ANY}]
    assert decision["letters"] == [{"to": "clinician", "text": WORDS}, {"to": "member", "text": WORDS}]
    assert decision["lines"][0]["authorization_number"] is None


def test_a_request_that_was_opened_again_says_since_when_and_which_decision_holds(program):
    case, at = sent(program), timezone.now()
    approve(case, person(Role.NURSE), at=at)
    before = program.get(one(case.reference)).json()
    assert (before["round"], before["reopenings"], before["decisions"][0]["round"]) == (1, [], 1)
    reopen.reopen(case, by=person(Role.LEAD), at=at, reason="The office sent a newer report by post.")
    answer = program.get(one(case.reference))
    again = answer.json()
    assert (again["status"], again["round"], [one["round"] for one in again["decisions"]]) == ("in_review", 2, [1])
    assert again["reopenings"] == [{"round": 2, "reopened_at": f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"}]
    assert "newer report" not in answer.content.decode()
    not_approve(case, person(Role.PHYSICIAN), at=at)
    decided = program.get(one(case.reference)).json()["decisions"]
    assert [(one["round"], one["outcome"]) for one in decided] == [(2, "not_approved"), (1, "approved")]


def test_reading_one_is_an_event_and_listing_shows_no_patient(program):
    case = sent(program)
    program.get(one(case.reference))
    event = AuditEvent.objects.get(action="read_case")
    assert (event.entities, event.actor_name) == ({"case": case.reference}, "Night program")
    listed = program.get(REQUESTS).content.decode()
    assert case.reference in listed
    for value in ("Alma", "Synthetic", "XYZ123456", "1948"):
        assert value not in listed


def test_an_answer_with_a_text_is_a_new_revision_with_the_facts_of_before(program):
    case = asked(program)
    response = program.send(one(case.reference, "answers"), {"text": "We have no other imaging.", "question": 1})
    assert response.status_code == 201
    assert response.json() | {"answered_at": "", "due_at": ""} == {
        "reference": case.reference,
        "status": "received",
        "question": 1,
        "revision": 2,
        "answered_at": "",
        "due_at": "",
    }
    first, second = case.revisions.order_by("number")
    assert second.facts["levels"] == first.facts["levels"]
    assert second.details == first.details
    assert case.information_requests.get().answer == "We have no other imaging."


def test_an_answer_with_new_facts_replaces_those_of_before(program):
    case = asked(program, facts=facts(NO_IMAGING))
    assert program.send(one(case.reference, "answers"), {"facts": facts()}).status_code == 201
    score_all(timezone.now())
    answer = program.get(one(case.reference)).json()
    assert answer["revision"] == 2
    assert answer["assessment"]["determination"] == "meets"
    assert answer["questions"][0]["answered_at"]


def test_new_facts_take_the_place_of_what_was_typed_on_the_form(program):
    case = asked(program, facts=facts(NO_IMAGING))
    typed = {"form": {"t_score": ["-2.9"]}, "typed_dates": {}, "note": "kept"}
    latest = case.revisions.get()
    clerk = person(Role.CLERK)
    information.answer(case, by=clerk, at=timezone.now(), facts=latest.facts, details=latest.details | typed, note="1")
    score_all(timezone.now())
    case.refresh_from_db()
    nurse = person(Role.NURSE)
    claim.claim(case, by=nurse, at=timezone.now())
    information.ask(case, by=nurse, at=timezone.now(), question="And the MRI?", items=[])
    assert program.send(one(case.reference, "answers"), {"facts": facts()}).status_code == 201
    details = case.revisions.order_by("-number")[0].details
    assert "form" not in details
    assert details["note"] == "kept"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 422, "Change an answer, add a file, or write why"),
        ({"text": " \u200b "}, 422, "Change an answer, add a file, or write why"),
        ({"text": "Here", "question": 2}, 409, "Question 2 is not open on this request: question 1 is."),
        ({"facts": {"lines": [], "levels": {}}}, 422, "Give at least one procedure line."),
    ],
)
def test_an_answer_that_cannot_be_taken_says_why(program, body, status, said):
    case = asked(program)
    response = program.send(one(case.reference, "answers"), body)
    assert response.status_code == status
    assert said in response.content.decode()
    assert case.revisions.count() == 1


def test_without_an_open_question_there_is_nothing_to_answer(program):
    response = program.send(one(sent(program).reference, "answers"), {"text": "Hello"})
    assert response.status_code == 409
    assert response.json()["detail"] == "No question of the plan is open on this request."


def test_a_request_is_withdrawn_with_a_reason_once(program):
    case = sent(program)
    assert program.send(one(case.reference, "withdrawal"), {"reason": " "}).status_code == 422
    response = program.send(one(case.reference, "withdrawal"), {"reason": "Another clinic."})
    assert (response.status_code, response.json()["status"]) == (200, "withdrawn")
    assert program.get(one(case.reference)).json()["withdrawal_reason"] == "Another clinic."
    again = program.send(one(case.reference, "withdrawal"), {"reason": "Another clinic."})
    assert again.status_code == 409
    assert "“Withdrawn”" in again.json()["detail"]


def test_a_check_says_what_is_missing_and_keeps_nothing(program, django_assert_num_queries):
    response = program.send(CHECK, {"facts": facts(NO_IMAGING)}, key="")
    assert response.status_code == 200
    found = response.json()
    assert found["determination"] == "insufficient_information"
    assert found["missing"][0]["ask"]
    assert not Case.objects.unscoped("a test counts").exists()
    with django_assert_num_queries(1):  # the key with its account
        program.send(CHECK, {"facts": facts()}, key="")


def test_a_sending_that_a_person_answers_on_the_page_keeps_contact_codes_and_sources(program):
    from portal.web import refill

    body = new_request()
    body["details"]["sources"] = {"levels.L1.onset": "Office note, page 2", "treatments.0": "Pharmacy list"}
    case = sent(program, details=body["details"])
    typed = refill.from_revision(case, case.revisions.get())
    for name, text in {
        "contact_name": "Casey Clerk",
        "contact_phone": "617-555-0100",
        "diagnosis_codes": "M80.08XA",
        "note": "The MRI came late.",
        "levels-0-onset_source": "Office note, page 2",
        "treatments-0-source": "Pharmacy list",
    }.items():
        assert typed[name] == [text]


def listed(program, query=""):
    """All references, page by page."""
    seen, cursor = [], ""
    for _ in range(9):
        answer = program.get(f"{REQUESTS}?limit=2{query}{cursor and f'&cursor={cursor}'}").json()
        seen += [row["reference"] for row in answer["results"]]
        cursor = answer["next"]
        if cursor is None:
            break
    return seen


def test_the_list_comes_page_by_page_in_the_order_of_change_each_request_once(program):
    clerk, at = person(Role.CLERK), timezone.now()
    cases = [sent_case(clerk, at=at) for _ in range(5)]  # of the same instant: their number tells them apart
    draft = draft_case(clerk)
    assert listed(program) == [case.reference for case in (draft, *cases)]
    withdraw.withdraw(cases[0], by=clerk, at=at + dt.timedelta(seconds=1), reason="Another clinic.")
    assert listed(program)[-1] == cases[0].reference


def test_what_changes_while_the_pages_are_read_comes_at_the_end(program):
    clerk, at = person(Role.CLERK), timezone.now()
    first, second, third = (sent_case(clerk, at=at + dt.timedelta(seconds=n)) for n in range(3))
    page = program.get(f"{REQUESTS}?limit=2").json()
    withdraw.withdraw(first, by=clerk, at=at + dt.timedelta(seconds=9), reason="Another clinic.")
    rest = program.get(f"{REQUESTS}?limit=2&cursor={page['next']}").json()
    assert [row["reference"] for row in page["results"]] == [first.reference, second.reference]
    assert [row["reference"] for row in rest["results"]] == [third.reference, first.reference]
    assert rest["results"][1]["status"] == "withdrawn"


def test_the_list_is_chosen_by_status_and_by_the_time_of_change(program):
    clerk, at = person(Role.CLERK), timezone.now()
    early, late = sent_case(clerk, at=at - dt.timedelta(hours=2)), sent_case(clerk, at=at)
    draft = draft_case(clerk)
    since = (at - dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert listed(program, "&status=draft") == [draft.reference]
    assert set(listed(program, "&status=draft&status=received")) == {draft.reference, early.reference, late.reference}
    assert listed(program, f"&updated_since={since}&status=received") == [late.reference]
    exactly = program.get(f"{REQUESTS}?status=received").json()["results"][0]["updated_at"].replace("+", "%2B")
    assert listed(program, f"&updated_since={exactly}&status=received") == [early.reference, late.reference]


def test_the_number_of_queries_of_list_and_request_stays_the_same(program, django_assert_num_queries):
    case = asked(program)
    for _ in range(2):
        with django_assert_num_queries(2):  # the key, the page
            program.get(REQUESTS)
        with django_assert_num_queries(12):  # the key, the request with what hangs on it, the event of reading
            program.get(one(case.reference))
        for _ in range(3):
            sent_case(person(Role.CLERK))
