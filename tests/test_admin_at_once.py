"""Two people and one case: whoever comes second, has an older page, or does not hold the case."""

import pytest
from django.utils import timezone

from priorauth.roles import Role
from tests.admin_helpers import act, in_review, ready, ready_to_refuse, signed_in, snapshot, typed
from tests.cases import person, score_all, sent_case
from tests.factories import browser
from tests.together import at_once

pytestmark = pytest.mark.django_db


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
