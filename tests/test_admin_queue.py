"""The reviewers' queue: its order, its views, claiming the next case, and what it costs."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from priorauth.models import Case
from priorauth.roles import Role
from priorauth.services import claim
from priorauth.services.base import moment
from priorauth.statuses import Urgency
from tests.admin_helpers import act, case_page, held_by, in_review, signed_in, with_physician
from tests.cases import NO_IMAGING, approve, draft_case, person, score_all, sent_case
from tests.factories import browser
from tests.tampering import force

pytestmark = pytest.mark.django_db

QUEUE = reverse("admin:priorauth_case_changelist")
NEXT = reverse("admin:priorauth_case_next")
NOTING = 5  # statements that write the event of a reading, with the savepoint that this test's transaction makes of it


def references(response) -> list[str]:
    """The references of the list, in the order of the page."""
    return list(dict.fromkeys(re.findall(r"PA(?:-\w{4}){3}", response.content.decode())))


def received(clerk, hours_ago: int, urgency=Urgency.STANDARD) -> Case:
    at = timezone.now() - dt.timedelta(hours=hours_ago)
    return sent_case(clerk, at=at, urgency=urgency)


def test_expedited_cases_come_first_then_what_is_due_first():
    clerk, (_, nurse) = person(Role.CLERK), signed_in(Role.NURSE)
    late_standard, standard = received(clerk, 200), received(clerk, 1)
    expedited, older_expedited = received(clerk, 2, Urgency.EXPEDITED), received(clerk, 5, Urgency.EXPEDITED)
    score_all(timezone.now())
    wanted = [older_expedited, expedited, late_standard, standard]
    assert references(nurse.get(QUEUE)) == [case.reference for case in wanted]


def test_the_order_cannot_be_changed_by_the_address():
    clerk, (_, nurse) = person(Role.CLERK), signed_in(Role.NURSE)
    standard, expedited = received(clerk, 90), received(clerk, 2, Urgency.EXPEDITED)
    score_all(timezone.now())
    assert references(nurse.get(QUEUE, {"o": "2.-1"})) == [expedited.reference, standard.reference]


def test_of_the_decided_cases_the_latest_decision_comes_first():
    clerk, (actor, nurse) = person(Role.CLERK), signed_in(Role.NURSE)
    first, second, third = (in_review(clerk=clerk) for _ in range(3))
    for case in (second, third, first):
        approve(case, actor, timezone.now())
    wanted = [case.reference for case in (first, third, second)]
    assert references(nurse.get(QUEUE, {"view": "decided"})) == wanted


def test_a_row_tells_due_member_result_score_status_and_holder_in_words():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    page = re.sub("<[^>]+>", "", nurse.get(QUEUE).content.decode())
    for words in ("h left", "A. Synthetic, 78", "Meets the policy (path A)", "100", "Standard", "In review"):
        assert words in page
    assert re.search(r"You until .+ E[SD]T$", page, re.MULTILINE), "with its zone"
    assert re.search(r"\w{3} \w{3} \d+, \d+:\d\d [ap].m. E[SD]T \d+ ", page), "a row needs no year but another one"


def test_a_case_past_its_time_says_so():
    clerk, (_, nurse) = person(Role.CLERK), signed_in(Role.NURSE)
    received(clerk, 30, Urgency.EXPEDITED)
    score_all(timezone.now())
    assert "Late by 6 h" in nurse.get(QUEUE).content.decode()


def test_each_view_lists_its_cases():
    clerk, (actor, nurse), (_, physician) = person(Role.CLERK), signed_in(Role.NURSE), signed_in(Role.PHYSICIAN)
    free, mine, escalated, decided = (in_review(clerk=clerk) for _ in range(4))
    held_by(actor, mine)
    with_physician(escalated)
    approve(decided, actor, timezone.now())
    wanted = {
        "queue": {free, mine},
        "physician": {escalated},
        "mine": {mine},
        "unassigned": {free},
        "information": set(),
        "late": set(),
        "open": {free, mine, escalated},
        "decided": {decided},
    }
    for view, cases in wanted.items():
        assert set(references(nurse.get(QUEUE, {"view": view}))) == {case.reference for case in cases}, view
    assert set(references(nurse.get(QUEUE))) == {free.reference, mine.reference}
    assert references(physician.get(QUEUE)) == [escalated.reference]


def test_filters_narrow_the_view():
    (_, nurse), mass, bay = signed_in(Role.NURSE), in_review(), in_review(NO_IMAGING)
    force("UPDATE priorauth_case SET product = 'hmo' WHERE id = %s", bay.pk)
    assert references(nurse.get(QUEUE, {"product": "hmo"})) == [bay.reference]
    assert references(nurse.get(QUEUE, {"product": "ppo"})) == [mass.reference]
    assert len(references(nurse.get(QUEUE, {"office": mass.office_id, "urgency": "standard"}))) == 2
    assert references(nurse.get(QUEUE, {"office": "no number"})) == []


def test_the_search_in_the_address_knows_references_alone():
    case, (_, nurse) = in_review(), signed_in(Role.NURSE)
    assert references(nurse.get(QUEUE, {"q": case.reference.lower()})) == [case.reference]
    for patient_data in ("Synthetic", "XYZ123456"):
        assert references(nurse.get(QUEUE, {"q": patient_data})) == []
    assert nurse.get(QUEUE, {"member__last_name": "Synthetic"}).status_code == 400
    unknown = nurse.get(QUEUE, {"tab": "all"})
    page = unknown.content.decode()
    assert (unknown.status_code, f'<a href="{QUEUE}">' in page, "shorten" in page) == (400, True, False)
    assert "The address asks this page for something that it does not know" in page


@pytest.mark.parametrize("text", ["XYZ-123 456", "synthetic", "1234567893"])
def test_a_posted_search_finds_by_member_name_and_npi(text):
    case, (_, nurse) = in_review(), signed_in(Role.NURSE)
    page = reverse("admin:priorauth_case_find")
    assert references(nurse.post(page, {"text": text})) == [case.reference]
    assert references(nurse.post(page, {"text": "Nobody"})) == []


def test_drafts_are_in_no_list_and_answer_like_a_case_that_never_was():
    draft, (_, nurse) = draft_case(person(Role.CLERK)), signed_in(Role.NURSE)
    assert references(nurse.get(QUEUE, {"view": "open"})) == []
    assert "No case matches" in nurse.get(QUEUE, {"q": draft.reference}).content.decode()
    assert (
        "No case matches"
        in nurse.post(reverse("admin:priorauth_case_find"), {"text": draft.reference}).content.decode()
    )
    absent = Case(pk=draft.pk + 1000, version=1)
    for page in (case_page, lambda case: act(case, "approve"), lambda case: act(case, "trail")):
        hidden, never = nurse.get(page(draft)), nurse.get(page(absent))
        assert (hidden.status_code, hidden.headers.get("Location")) == (
            never.status_code,
            never.headers.get("Location"),
        )
        assert hidden.status_code in (302, 404)


def test_the_queue_takes_the_same_few_queries_for_two_rows_and_for_twenty():
    clerk, (_, nurse) = person(Role.CLERK), signed_in(Role.NURSE)
    counts = []
    for more in (2, 18):
        for _ in range(more):
            held_by(person(Role.NURSE), in_review(clerk=clerk))
        with CaptureQueriesContext(connection) as queries:
            assert len(references(nurse.get(QUEUE))) == sum(([2, 18])[: len(counts) + 1])
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14 + NOTING


def test_the_board_takes_the_same_few_queries_for_two_cases_and_for_twelve():
    actor, lead = signed_in(Role.LEAD)
    counts = []
    for more in (2, 10):
        for _ in range(more):
            held_by(actor, in_review())
        with CaptureQueriesContext(connection) as queries:
            page = lead.get(reverse("admin:index"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 21 + NOTING
    assert len(references(page)) == 12


def test_the_queue_offers_no_bulk_action_and_no_way_to_add_change_or_delete():
    case, (_, nurse) = in_review(), signed_in(Role.NURSE)
    page = nurse.get(QUEUE).content.decode()
    assert "_selected_action" not in page
    assert "addlink" not in page
    before = Case.objects.unscoped("a test compares").values().get(pk=case.pk)
    data = {"action": "delete_selected", "_selected_action": case.pk, "status": "approved", "form-0-status": "approved"}
    assert nurse.post(QUEUE, data).status_code == 405
    assert nurse.post(reverse("admin:priorauth_case_add"), data).status_code == 403
    assert nurse.post(reverse("admin:priorauth_case_delete", args=[case.pk]), data).status_code == 403
    assert Case.objects.unscoped("a test compares").values().get(pk=case.pk) == before


def test_claim_next_opens_the_first_case_and_then_the_next():
    clerk, (actor, nurse) = person(Role.CLERK), signed_in(Role.NURSE)
    first, second = received(clerk, 200), received(clerk, 1)
    score_all(timezone.now())
    for case in (first, second):
        response = nurse.post(NEXT)
        assert response.headers["Location"] == case_page(case)
        case.refresh_from_db()
        assert case.claimed_by_id == actor.user_id
    assert "You hold" in nurse.get(case_page(second)).content.decode()


def test_claim_next_says_what_the_others_hold_when_nothing_waits():
    _, nurse = signed_in(Role.NURSE)
    assert "Nothing waits for you." in nurse.post(NEXT, follow=True).content.decode()
    held_by(person(Role.NURSE), in_review())
    page = nurse.post(NEXT, follow=True).content.decode()
    assert "1 case is with another reviewer; the next one is due" in page


def test_claim_next_is_posted_and_for_reviewers():
    in_review()
    assert signed_in(Role.NURSE)[1].get(NEXT).headers["Location"] == QUEUE
    assert not Case.objects.unscoped("the test looks for a claim").filter(claimed_by__isnull=False).exists()
    assert signed_in(Role.AUDITOR)[1].post(NEXT).status_code == 403
    assert signed_in(Role.ADMINISTRATOR)[1].post(NEXT).status_code == 403


def test_a_case_is_released_by_its_holder_or_a_lead_and_by_nobody_else():
    case, (holder, nurse), (_, other), (_, lead) = (
        in_review(),
        signed_in(Role.NURSE),
        signed_in(Role.NURSE),
        signed_in(Role.LEAD),
    )
    held_by(holder, case)
    assert other.post(act(case, "release"), {"version": case.version}).status_code == 409
    assert nurse.post(act(case, "release"), {"version": case.version}).status_code == 302
    case.refresh_from_db()
    assert case.claimed_by is None
    claim.claim(case, by=holder, at=timezone.now())
    assert lead.post(act(case, "release"), {"version": case.version}).status_code == 302
    case.refresh_from_db()
    assert case.claimed_by is None


def test_the_board_counts_and_links_to_the_lists():
    clerk, (actor, _) = person(Role.CLERK), signed_in(Role.NURSE)
    received(clerk, 30, Urgency.EXPEDITED)
    with_physician(in_review(clerk=clerk))
    held_by(actor, in_review(clerk=clerk))
    score_all(timezone.now())
    page = browser(actor).get(reverse("admin:index")).content.decode()
    for view, count in (("late", 1), ("unassigned", 1), ("physician", 1), ("information", 0)):
        assert f'?view={view}"><b>{count}</b>' in page
    assert len(references(browser(actor).get(reverse("admin:index")))) == 1


def test_the_board_says_when_scoring_is_behind():
    sent = timezone.now() - dt.timedelta(minutes=6)
    sent_case(person(Role.CLERK), at=sent)
    page = signed_in(Role.NURSE)[1].get(reverse("admin:index")).content.decode()
    assert "Scoring is behind." in page
    assert f"1 request waits to be scored, the oldest since {moment(sent)}" in page
    score_all(timezone.now())
    assert "Scoring is behind." not in signed_in(Role.NURSE)[1].get(reverse("admin:index")).content.decode()
