"""The page on which a reviewer asks the office: what can be ticked, what is ticked, and what it lacks."""

import pytest
from django.utils import timezone

from priorauth.roles import Role
from priorauth.services import judge
from tests.admin_helpers import act, case_page, held_by, in_review, signed_in, snapshot, typed
from tests.cases import NO_IMAGING, WORDS, facts, person, score_all, sent_case, submission

pytestmark = pytest.mark.django_db


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
