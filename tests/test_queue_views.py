"""The reviewers' queue: its views and their counts, views that a person saves, and several cases at once."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from priorauth.admin import tabs
from priorauth.models import AuditEvent, Handover, SavedView
from priorauth.roles import Role
from priorauth.services import information, saved_views, write
from priorauth.statuses import Status
from tests.admin_helpers import act, case_page, held_by, in_review, signed_in, with_physician
from tests.cases import NOW, person, score_all
from tests.factories import browser
from tests.tampering import force
from tests.test_claims import BOARD, LINE, fresh, text

pytestmark = pytest.mark.django_db

QUEUE = reverse("admin:priorauth_case_changelist")
BULK = reverse("admin:priorauth_case_bulk")
HOUR = dt.timedelta(hours=1)


def references(response) -> set[str]:
    return set(re.findall(r"PA(?:-\w{4}){3}", response.content.decode()))


def test_information_arrived_lists_an_answered_case_until_somebody_claims_it():
    clerk, (nurse, page) = person(Role.CLERK), signed_in(Role.NURSE)
    case = in_review(clerk=clerk)
    information.ask(held_by(nurse, case), by=nurse, at=timezone.now(), question="Which plan is it?", items=[])
    assert references(page.get(QUEUE, {"view": "arrived"})) == set()
    information.answer(case, by=clerk, at=timezone.now(), note="It is a PPO.")
    score_all(timezone.now())
    assert references(page.get(QUEUE, {"view": "arrived"})) == {case.reference}
    assert re.search(r"view=arrived\S+ <b>1</b>|Information arrived <b>1</b>", text(page.get(QUEUE)))
    assert 'view=arrived"><b>1</b>' in text(page.get(BOARD))
    held_by(nurse, fresh(case))
    assert references(page.get(QUEUE, {"view": "arrived"})) == set()


def test_messages_to_answer_lists_cases_whose_last_message_is_the_offices():
    clerk, (nurse, page) = person(Role.CLERK), signed_in(Role.NURSE)
    waits, answered, _ = cases = [in_review(clerk=clerk) for _ in range(3)]
    for case in cases[:2]:
        write.write(case, by=clerk, at=timezone.now(), text="Did you get the report?")
    write.write(answered, by=nurse, at=timezone.now(), text="Yes.")
    assert references(page.get(QUEUE, {"view": "messages"})) == {waits.reference}
    assert 'view=messages"><b>1</b>' in text(page.get(BOARD))


def test_the_due_filter_has_no_gap_and_no_case_twice():
    (nurse, page), cases = signed_in(Role.NURSE), [in_review() for _ in range(8)]
    hours = [-1, 0.5, 7.9, 8.1, 23.9, 24.1, 71.9, 72.1]
    for case, left in zip(cases, hours, strict=True):
        force("UPDATE priorauth_case SET due_at = %s WHERE id = %s", timezone.now() + left * HOUR, case.pk)
    listed = {due: references(page.get(QUEUE, {"view": "open", "due": due})) for due in tabs.DUE_HOURS}
    numbers = {"late": [0], "8h": [1, 2], "24h": [3, 4], "72h": [5, 6], "later": [7]}
    assert listed == {due: {cases[number].reference for number in those} for due, those in numbers.items()}
    assert references(page.get(QUEUE, {"view": "soon"})) == listed["8h"]
    midday = dt.datetime(2026, 11, 1, 12, tzinfo=timezone.get_default_timezone())  # the clocks went back that night
    assert tabs.due("today", midday).children[1][1] == dt.datetime(2026, 11, 2, tzinfo=midday.tzinfo)
    held_by(nurse, cases[1])
    assert references(page.get(QUEUE, {"holder": nurse.user_id})) == {cases[1].reference}
    force("UPDATE priorauth_case SET claimed_until = now() - interval '1 second' WHERE id = %s", cases[1].pk)
    assert references(page.get(QUEUE, {"holder": nurse.user_id})) == set()


def test_tabs_are_counted_in_one_query_that_stops_at_a_cap(monkeypatch):
    lead = person(Role.LEAD)
    for _ in range(3):
        in_review()
    with CaptureQueriesContext(connection) as queries:
        counted = tabs.counts(lead, timezone.now())
    assert (len(queries), counted["queue"], counted["open"], counted["decided"]) == (1, 3, 3, 0)
    assert set(counted) == set(tabs.TABS)
    assert set(tabs.TABS) - set(tabs.tabs_of(person(Role.AUDITOR))) == {"mine"}, "who claims nothing has none"
    monkeypatch.setattr(tabs, "MOST", 1)
    assert tabs.counts(lead, timezone.now())["queue"] == 2
    assert "Queue <b>1+</b>" in text(browser(lead).get(QUEUE))
    assert [tabs.capped(count, 100) for count in (0, 100, 101)] == ["0", "100", "100+"]


def test_a_view_is_saved_under_a_name_for_one_person_and_holds_no_patient_data():
    (nurse, page), (_, other) = signed_in(Role.NURSE), signed_in(Role.NURSE)
    keep = reverse("admin:priorauth_case_saved-view")
    query = "product=ppo&q=XYZ123456&view=late&due=nonsense&office=7&member__last_name=Synthetic&holder=x"
    assert page.post(keep, {"name": " PPO,\x00 late ", "query": query}).headers["Location"].startswith(QUEUE)
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("PPO, late", "view=late&product=ppo&office=7")
    assert 'office=7" aria-current="page">PPO, late' in text(page.get(f"{QUEUE}?{view.query}"))
    assert "PPO, late" not in text(other.get(QUEUE))
    page.post(keep, {"name": "PPO, late", "query": "view=open"})
    assert SavedView.objects.get().query == "view=open"
    assert "Write a name" in text(page.post(keep, {"name": " ", "query": ""}))
    again = page.post(keep, {"name": "x" * 41, "query": "view=late"})
    assert again.status_code == 400
    for words in ("40 characters", f'value="{"x" * 41}"', 'name="query" value="view=late"'):
        assert words in text(again)
    assert AuditEvent.objects.filter(actor_id=nurse.user_id, action="read_list").count() > 2
    assert page.get(f"{keep}?view=late").headers["Location"] == f"{QUEUE}?view=late", "a tab of the page shown again"
    for number in range(saved_views.MOST - 1):
        saved_views.keep(by=nurse, at=NOW, name=f"View {number}", query="")
    assert "You have 20 views." in text(page.post(keep, {"name": "One more"}))
    forget = reverse("admin:priorauth_case_saved-view-delete", args=[SavedView.objects.get(name="PPO, late").pk])
    other.post(forget)
    page.get(forget)
    assert SavedView.objects.count() == saved_views.MOST
    assert "is deleted" in text(page.post(forget, follow=True))
    assert not SavedView.objects.filter(name="PPO, late").exists()


def test_several_cases_are_assigned_or_released_each_as_an_act_of_its_own():
    (_, page), nurse = signed_in(Role.LEAD), person(Role.NURSE)
    first, second, moved = (in_review() for _ in range(3))
    chosen = [f"{case.pk}:{case.version}" for case in (first, second, moved)]
    held_by(person(Role.NURSE), moved)
    post = {"case": [*chosen, "x", "1:", "9" * 30 + ":1"], "query": "view=open", "line": f"\x00{LINE}"}
    answer = text(page.post(BULK, {**post, "action": "assign", "to": ""}))
    assert "Choose a person who reviews." in answer
    assert (answer.count('form="bulk" checked'), answer.count(f'{LINE}"')) == (3, 1), "it has to be typed again"
    answer = page.post(BULK, {**post, "case": [chosen[2]], "action": "assign", "to": nurse.user_id})
    assert (answer.status_code, "0 cases assigned. 1 could not be assigned:" in text(answer)) == (400, True)
    assert f'<option value="{nurse.user_id}" selected>' in text(answer)
    answer = text(page.post(BULK, {**post, "action": "assign", "to": nurse.user_id}, follow=True))
    assert "2 cases assigned. 1 could not be assigned:" in answer
    assert f"{moved.reference}: The case was changed at" in answer
    assert [fresh(case).claimed_by_id for case in (first, second)] == [nurse.user_id] * 2
    assert Handover.objects.unscoped("a test reads").count() == 2
    again = {**post, "case": [f"{first.pk}:{fresh(first).version}"]}
    assert "Choose “Assign” or “Release”." in text(page.post(BULK, {**again, "action": "approve"}))
    assert fresh(first).status == Status.IN_REVIEW
    assert "1 case released." in text(page.post(BULK, {**again, "action": "release"}, follow=True))
    assert fresh(first).claimed_by_id is None
    assert "Choose cases in the list first." in text(page.post(BULK, {"action": "release"}))
    for role in (Role.NURSE, Role.PHYSICIAN, Role.AUDITOR):
        assert signed_in(role)[1].post(BULK, {**post, "action": "release"}).status_code == 403
    assert 'name="case"' not in text(signed_in(Role.NURSE)[1].get(QUEUE))
    assert text(page.get(QUEUE)).count('name="case"') == 3


def test_the_queue_offers_to_claim_what_the_person_may_claim():
    (_, page), free, escalated = signed_in(Role.NURSE), in_review(), with_physician(in_review())
    listed = text(page.get(QUEUE, {"view": "open"}))
    assert act(free, "claim") in listed
    assert act(escalated, "claim") not in listed
    assert act(escalated, "claim") not in text(page.get(case_page(escalated)))
    refused = page.get(act(escalated, "claim"))
    assert (refused.status_code, "The case waits for a physician." in text(refused)) == (403, True)
    assert act(escalated, "claim") in text(signed_in(Role.PHYSICIAN)[1].get(QUEUE))
    assert "Claim<span" not in text(signed_in(Role.AUDITOR)[1].get(QUEUE, {"view": "open"}))
    assert page.post(act(free, "claim"), {"version": free.version}).headers["Location"] == case_page(free)
    assert "You until" in text(page.get(QUEUE))
