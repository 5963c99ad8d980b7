"""What passes between reviewers, the office and a lead: the time to answer, a hidden recommendation, a new round."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from priorauth.models import AuditEvent, Job
from priorauth.roles import Role
from priorauth.services import (
    claim,
    escalate,
    expire,
    information,
    judge,
    recommendation,
    reopen,
    withdraw,
)
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.tasks import end_questions
from tests import cases
from tests.admin_helpers import act, case_page, held_by, in_review, signed_in, typed
from tests.cases import WORDS, person
from tests.factories import browser
from tests.rail_cases import WHY, decided, mark, missing
from tests.together import at_once

pytestmark = pytest.mark.django_db


# The time to answer


def test_a_question_whose_time_is_over_ends_once_decides_nothing_and_may_be_asked_again():
    actor, client = signed_in(Role.NURSE)
    case = missing(actor)
    data = typed("ask", case, items=["0"])
    assert client.post(act(case, "ask"), data).status_code == 302
    question = case.information_requests.get()
    due = question.answer_by
    assert expire.sweep(due - dt.timedelta(seconds=1)) == 0
    assert (expire.sweep(due), expire.sweep(due), end_questions()) == (1, 0, 0)
    case.refresh_from_db()
    question.refresh_from_db()
    assert (case.status, case.decisions.exists(), question.expired_at) == ("in_review", False, due)
    clerk = browser(cases.Actor.of(case.created_by))
    page = clerk.get(f"/requests/{case.reference}/").content.decode()
    assert ("The time to answer ended" in page, f"/requests/{case.reference}/amend/" in page) == (True, True)
    with pytest.raises(Conflict):
        information.answer(case, by=cases.Actor.of(case.created_by), at=due, note="Too late.")
    held_by(actor, case)
    assert "(asked before)" in client.get(act(case, "ask")).content.decode()
    again = typed("ask", case, items=["0"], again="The report names no level.")
    assert client.post(act(case, "ask"), again).status_code == 302
    assert case.information_requests.get(number=2).again == "The report names no level."
    with pytest.raises(IntegrityError, match="only_an_unanswered_question_expires"), transaction.atomic():
        case.information_requests.filter(number=2).update(expired_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_end_each_question_once(settings):
    """With the events, the versions and the mails counted."""
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    nurse = person(Role.NURSE)
    asked = [missing(nurse) for _ in range(6)]
    for case in asked:
        information.ask(case, by=nurse, at=timezone.now(), question="Please send the MRI report.", items=[])
    due, counts = max(case.information_requests.get().answer_by for case in asked), []
    at_once(lambda _: counts.append(expire.sweep(due)), range(4))
    assert sum(counts) == 6
    for case in asked:
        before = case.version
        case.refresh_from_db()
        assert (case.status, case.version) == ("in_review", before + 1)
    assert AuditEvent.objects.filter(action="expire").count() == 6
    mails = Job.objects.filter(kind=Job.Kind.NOTIFY, dedupe_key__startswith="notify:expired:")
    assert mails.count() == 6 * 6, "each clerk of the office, of each case"


def test_the_office_is_told_until_when_on_its_page_and_in_the_letter():
    nurse = person(Role.NURSE)
    case = missing(nurse)
    question = information.ask(case, by=nurse, at=timezone.now(), question="Please send the MRI.", items=[])
    words = moment(question.answer_by)
    page = browser(cases.Actor.of(case.created_by)).get(f"/requests/{case.reference}/").content.decode()
    assert f"Answer by {words}" in page
    assert words in str(question.letter.content)


def test_only_what_the_policy_needs_is_asked():
    nurse = person(Role.NURSE)
    case = missing(nurse)
    asks = {"case": case, "by": nurse, "at": timezone.now(), "question": "?"}
    for items in (
        [{"criterion": "osteoporotic", "level": "L1"}],
        [{"criterion": "imaging_nonhealing", "level": "L1"}] * 2,
    ):
        with pytest.raises(Incomplete) as refused:
            information.ask(**asks, items=items)
        assert refused.value.field == "items"
    mark(case, nurse, "osteoporotic", "unknown")
    information.ask(**asks, items=[{"criterion": "osteoporotic", "level": "L1"}])


# The recommendation


def test_a_physician_reads_the_recommendation_only_after_marking_the_criteria():
    nurse, (physician, client) = person(Role.NURSE), signed_in(Role.PHYSICIAN)
    case = held_by(nurse, in_review())
    secret = "The second study is the better one."
    how = {"question": "Is it new?", "recommendation": "not_approve", "because": secret}
    with pytest.raises(Incomplete, match="what you recommend"):
        escalate.escalate(case, by=nurse, at=timezone.now(), **{**how, "recommendation": "deny"})
    escalate.escalate(case, by=nurse, at=timezone.now(), **how)
    held_by(physician, case)
    pages = (case_page(case), act(case, "trail"))
    hidden = " ".join(client.get(page).content.decode() for page in pages)
    assert (secret in hidden, "Recommends:" in hidden) == (False, False)
    assert "8 left at L1" in hidden
    assert recommendation.hidden_from(case, nurse) == ""
    assert secret in browser(nurse).get(case_page(case)).content.decode()
    way = case.assessments.get().result["lines"][0]["levels"][0]["criteria"]["A"]
    marks = [judge.Mark("L1", one, "met", WORDS) for one in way]
    judge.judge(case, by=physician, at=timezone.now(), marks=marks[1:])
    assert "1 left at L1" in recommendation.hidden_from(case, physician)
    judge.judge(case, by=physician, at=timezone.now(), marks=marks[:1])
    shown = client.get(case_page(case)).content.decode()
    top = shown[: shown.index('<h2 id="result"')]
    assert (secret in top, "Recommends: not approve." in top) == (True, True), "with the question, above the work"
    assert "left at L1" in recommendation.hidden_from(case, person(Role.PHYSICIAN)), "each for themselves"
    claim.release(case, by=physician, at=timezone.now())
    cases.approve(case, person(Role.PHYSICIAN), timezone.now())
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=WHY)
    assert "8 left at L1" in recommendation.hidden_from(case, physician), "and in each round anew"
    assert "Marked by" not in client.get(case_page(case)).content.decode()


# Opening a decided case again


def test_a_lead_opens_a_decided_case_again_and_the_former_decision_stays():
    first, (_, client) = person(Role.NURSE), signed_in(Role.LEAD)
    case = decided(first)
    old, holds = (
        case.decisions.get(),
        "The approval holds, with its number and its days, until there is a new decision.",
    )
    asked = client.get(act(case, "reopen")).content.decode()
    assert (holds in asked, f"Decided {moment(old.decided_at)}. Member" in asked) == (True, True)
    assert client.post(act(case, "reopen"), typed("reopen", case)).status_code == 302
    case.refresh_from_db()
    assert (case.status, case.round, case.decided_at, case.claimed_by) == ("in_review", 2, None, None)
    assert case.due_at > old.due_at
    office = browser(cases.Actor.of(case.created_by)).get(f"/requests/{case.reference}/").content.decode()
    assert ("Opened again" in office, "Former decision: Approved" in office, office.count(holds)) == (True, True, 2)
    assert re.search(rf">{old.authorization_number}<.*?{holds}", office), "beside its number too"
    assert "no longer holds" not in office
    counted = "2 business days from when it was opened again (M.G.L."
    assert (counted in office, counted in client.get(case_page(case)).content.decode()) == (True, True)
    read = client.get(case_page(case)).content.decode()
    assert ("Former decision: Approved" in read, read.count(holds)) == (True, 1)
    with pytest.raises(NotPermitted, match="You decided this case before"):
        cases.approve(case, first, timezone.now())
    claim.release(case, by=first, at=timezone.now())
    cases.not_approve(case, person(Role.PHYSICIAN), timezone.now())
    assert [one.outcome for one in case.decisions.order_by("round")] == ["approved", "not_approved"]
    letters = list(case.letters.all())
    assert [letter.kind for letter in letters] == ["approved", "not_approved"]
    ends = f"From now on the approval number {old.authorization_number} is no longer good."
    assert [ends in str(letter.content) for letter in letters] == [False, True]
    pages = [browser(cases.Actor.of(case.created_by)).get(f"/requests/{case.reference}/"), client.get(case_page(case))]
    for page in pages:
        assert re.search(rf"{old.authorization_number}.*?No longer good: a later decision", page.content.decode())
    again = f"['We opened it again on', '{moment(case.reopenings.get().reopened_at)}']"
    assert [again in str(letter.content) for letter in letters] == [False, True]
    assert holds not in browser(cases.Actor.of(case.created_by)).get(f"/requests/{case.reference}/").content.decode()
    case.refresh_from_db()
    page = client.get(act(case, "reopen")).content.decode()
    assert (holds in page, "The former decision stays until there is a new one." in page) == (False, True)
    new = case.decisions.get(round=2)
    assert (old.clock_from, new.clock_from) == (case.received_at, case.reopenings.get().reopened_at)
    assert AuditEvent.objects.filter(action="reopen").count() == 1


def test_an_approval_outlives_the_withdrawal_of_a_case_that_was_opened_again():
    case = decided()
    clerk = cases.Actor.of(case.created_by)
    office = browser(clerk)
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=WHY)
    stays = "The approval still holds, with its number and its days."
    assert stays in office.get(f"/requests/{case.reference}/withdraw/").content.decode()
    withdraw.withdraw(case, by=clerk, at=timezone.now(), reason="No second level is needed.")
    pages = [office.get(f"/requests/{case.reference}/"), browser(person(Role.LEAD)).get(case_page(case))]
    assert [stays in page.content.decode() for page in pages] == [True, True]
