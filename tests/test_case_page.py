"""What stands on the case page beside facts and marks: what was written, lateness, the member's other requests."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from priorauth.roles import Role
from priorauth.services import submit, write
from tests.admin_helpers import act, case_page, held_by, in_review, ready_to_refuse, signed_in, text_of, typed
from tests.cases import NO_IMAGING, case_in_review, draft_case, office, person, submission
from tests.cases import approve as approved

pytestmark = pytest.mark.django_db


def test_what_the_office_wrote_stands_above_the_criteria_until_it_is_answered():
    sender = person(Role.CLERK)
    nurse, reviewer = signed_in(Role.NURSE)
    case = held_by(nurse, in_review(clerk=sender))
    page, board = reviewer.get(case_page(case)), reviewer.get(reverse("admin:index"))
    assert "of the office" not in text_of(page)
    assert "The office wrote to you" not in text_of(board)
    write.write(case, by=sender, at=timezone.now(), text="Stop: she fell again.")
    write.write(case, by=sender, at=timezone.now(), text="A new MRI is taken today.")
    page = text_of(reviewer.get(case_page(case)))
    first, second, criteria_ = (page.index(words) for words in ("Stop: she", "A new MRI", "Criterion"))
    assert first < second < criteria_
    assert "The office wrote to you" in text_of(reviewer.get(reverse("admin:index")))
    write.write(case, by=nurse, at=timezone.now(), text="Thank you. We wait.")
    assert "of the office, wrote" not in text_of(reviewer.get(case_page(case)))


def test_a_case_that_was_decided_late_says_so_on_its_page_in_the_list_and_to_the_lead():
    nurse, reviewer = signed_in(Role.NURSE)
    case = in_review()
    approved(case, nurse, case.due_at + dt.timedelta(minutes=67))
    for page in (case_page(case), f"{reverse('admin:priorauth_case_changelist')}?view=decided"):
        assert "Decided late by 1 h 7 min" in text_of(reviewer.get(page))
    page = text_of(reviewer.get(case_page(case)))
    assert "Nobody holds this case" not in page
    assert "Claim next case" in page
    assert "1 decided late in the last 30 days" in text_of(signed_in(Role.LEAD)[1].get(reverse("admin:index")))


def test_what_is_not_approved_after_a_time_that_may_count_as_an_approval_is_told_before_and_shown_to_the_lead():
    (physician, client), lead = signed_in(Role.PHYSICIAN), signed_in(Role.LEAD)[1]
    case = case_in_review(person(Role.CLERK), at=timezone.now() - dt.timedelta(days=9))
    in_time = ready_to_refuse(physician, in_review())
    ready_to_refuse(physician, case)
    told = []
    for one in (case, in_time):
        answers = typed("not-approve", one)
        confirm = client.post(act(one, "not-approve"), {name: answers[name] for name in answers if name != "confirmed"})
        told.append("By this rule that may count as an approval." in text_of(confirm))
        assert client.post(act(one, "not-approve"), answers).status_code == 302
    assert told == [True, False]
    board = text_of(lead.get(reverse("admin:index")))
    listed = board[board.index("where by the rule silence may have been an approval") :]
    listed = listed[: listed.index("My cases")]
    assert (case.reference in listed, in_time.reference in listed) == (True, False)
    pages = [text_of(lead.get(case_page(one))) for one in (case, in_time)]
    assert ["A person finds out which of the two holds." in page for page in pages] == [True, False]


def test_past_cases_of_the_member_are_capped_and_cost_the_same_however_many():
    at = timezone.now()
    case, nurse = in_review(), signed_in(Role.NURSE)[1]
    other = in_review(NO_IMAGING, person(Role.CLERK, office("Bay Pain Clinic")))
    assert "Past cases of the member None." in text_of(nurse.get(case_page(case)))
    approved(in_review(), person(Role.NURSE), at=at)
    with CaptureQueriesContext(connection) as few:
        page = text_of(nurse.get(case_page(case)))
    assert "L1 Approved" in page
    assert other.reference not in page, "another member, by another office"
    for _ in range(6):
        submit.send(draft_case(person(Role.CLERK)), submission(), by=person(Role.CLERK), at=at)
    with CaptureQueriesContext(connection) as many:
        page = text_of(nurse.get(case_page(case)))
    assert "and 2 more" in page
    assert len(many) == len(few)
    assert len(many) < 55, len(many)
    assert str(many.captured_queries).count('FROM "priorauth_conflictofinterest"') == 1
