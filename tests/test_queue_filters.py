"""The queue by path, missing criterion, edition and clinician, and sorted where a view allows it."""

import datetime as dt
import re
from html import unescape
from importlib import import_module

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from priorauth import audit
from priorauth.admin import saved_views
from priorauth.models import Case, Job
from priorauth.roles import Role
from priorauth.services import amend, information, score
from tests.admin_helpers import held_by, in_review, signed_in
from tests.cases import NO_IMAGING, approve, office, person, score_all, sent_case
from tests.tampering import force

pytestmark = pytest.mark.django_db

QUEUE = reverse("admin:priorauth_case_changelist")
EDITION = "bcbsma-484 2022-06"
ESCALATED = "with_physician"
OTHERS = "UPDATE priorauth_case SET paths = '{C}', missing = '{units}', edition = 'none' WHERE id = %s"


def listed(page, **asked) -> list[str]:
    return list(dict.fromkeys(re.findall(r"PA(?:-\w{4}){3}", page.get(QUEUE, asked).content.decode())))


def shown(page, **asked) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", page.get(QUEUE, asked).content.decode())))


def links(page, **asked) -> list[str]:
    return [unescape(found) for found in re.findall(r'href="(\?[^"]*)"', page.get(QUEUE, asked).content.decode())]


def columns(case: Case) -> tuple:
    case.refresh_from_db()
    return case.determination, case.paths, case.missing, case.edition


def test_each_score_keeps_what_lists_filter_by_and_giving_up_empties_it():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    met, open_ = in_review(clerk=clerk), in_review(NO_IMAGING, clerk=clerk)
    scored = ("insufficient_information", ["A"], ["imaging_nonhealing"], EDITION)
    assert columns(met) == ("meets", ["A"], [], EDITION)
    assert columns(open_) == scored
    force(OTHERS, open_.pk)
    information.ask(held_by(nurse, open_), by=nurse, at=timezone.now(), question="Which plan is it?", items=[])
    information.answer(open_, by=clerk, at=timezone.now(), note="It is a PPO.")
    score_all(timezone.now())
    assert columns(open_) == scored
    sent = met.revisions.get()
    changed = {**sent.facts, "pain": {"present": True, "score": 7}}
    amend.amend(met, by=clerk, at=timezone.now(), facts=changed, details=sent.details)
    assert columns(met) == ("", [], [], "")
    failed = sent_case(clerk)
    force(OTHERS, failed.pk)
    score.give_up(Job.objects.get(case=failed, kind=Job.Kind.SCORE), timezone.now())
    assert columns(failed) == ("", [], [], "")


def test_what_was_scored_before_is_filled_in_by_the_migration_and_no_seal_breaks():
    cases = [in_review(), in_review(NO_IMAGING), sent_case(person(Role.CLERK))]
    before = [columns(case) for case in cases]
    force("UPDATE priorauth_case SET paths = '{}', missing = '{}', edition = ''")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # this transaction made the rows: their checks are due
        cursor.execute(import_module("priorauth.migrations.0016_filters").FILL)
    assert [columns(case) for case in cases] == before
    assert before[1][1:3] == (["A"], ["imaging_nonhealing"])
    assert before[2] == ("", [], [], "")
    assert [audit.verify_case(case) for case in cases] == [(None, case.version) for case in cases]


@pytest.fixture
def three():
    """Cases of all three paths, and one missing fact: the first of them of another office."""
    clerk = person(Role.CLERK)
    bayside = person(Role.CLERK, office("Bayside Spine"))
    cases = [in_review(clerk=bayside), in_review(NO_IMAGING, clerk=clerk), in_review(clerk=clerk)]
    force("UPDATE priorauth_case SET paths = '{B,C}' WHERE id = %s", cases[2].pk)
    return cases


def test_each_filter_narrows_every_view_and_is_taken_away_alone(three):
    (_, page), (first, lacks, both) = signed_in(Role.NURSE), three
    force("UPDATE priorauth_clinician SET npi = '1205804119' WHERE id = %s", first.clinician_id)
    force(
        "UPDATE priorauth_case SET urgency = 'expedited', status = %s, edition = '' WHERE id = %s", ESCALATED, both.pk
    )
    wanted = [
        ({"path": "A"}, {first, lacks}),
        ({"path": "C", "view": "open"}, {both}),
        ({"missing": "imaging_nonhealing"}, {lacks}),
        ({"edition": EDITION, "view": "open"}, {first, lacks}),
        ({"urgency": "expedited", "view": "open"}, {both}),
        ({"status": ESCALATED, "view": "open"}, {both}),
        ({"determination": "meets", "view": "open"}, {first, both}),
        ({"office": lacks.office_id, "view": "open"}, {lacks, both}),
        ({"clinician": "1205804119", "view": "open"}, {first}),
        ({"clinician": lacks.clinician.npi, "view": "open"}, {lacks, both}),
        ({"clinician": "1003000126", "view": "open"}, set()),
        ({"path": "A", "missing": "imaging_nonhealing", "edition": EDITION, "view": "unassigned"}, {lacks}),
        ({"path": "B", "view": "open", "sort": "-due"}, {both}),
        ({"path": "A", "view": "decided"}, set()),
    ]
    for asked, cases in wanted:
        assert set(listed(page, **asked)) == {case.reference for case in cases}, asked
    asked = {"path": "A", "missing": "imaging_nonhealing", "view": "open", "sort": "score"}
    told = shown(page, **asked)
    assert "Path: A: Osteoporotic fracture, at least 6 weeks of treatment Remove Path" in told
    assert "Missing: Imaging shows that the fracture has not healed Remove Missing" in told
    assert "Information is missing (closest: path A)" in told
    addresses = links(page, **asked)
    assert "?missing=imaging_nonhealing&sort=score&view=open" in addresses, "the path is taken away alone"
    assert "?missing=imaging_nonhealing&path=A&view=decided" in addresses, "another view keeps filters, and no sort"
    assert "?view=open" in addresses, "Clear keeps the view"
    assert "484, 6/2022" in shown(page)
    assert "Clinician" not in shown(page), "of all offices there are too many"
    assert "Clinician Any A. Rivera MD" in shown(page, office=first.office_id)


@pytest.mark.parametrize("name", ["path", "missing", "edition", "due", "clinician"])
def test_a_value_that_is_none_is_told_and_taken_away(three, name):
    _, page = signed_in(Role.NURSE)
    asked = {name: "XYZ123456", "view": "open", "office": three[0].office_id}
    told = shown(page, **asked)
    assert "names nothing of this list Remove" in told
    assert "No case matches this view" in told
    assert "XYZ123456" not in told
    assert f"?office={three[0].office_id}&view=open" in links(page, **asked)
    assert "names nothing of this list Remove" in shown(page, **{name: "XYZ123456"}), "without an office too"


def test_an_empty_list_says_which_filter_leaves_nothing(three):
    _, page = signed_in(Role.NURSE)
    told = shown(page, view="open", path="A", urgency="expedited", missing="imaging_nonhealing")
    assert (
        "Alone, Urgency “Expedited” leaves none; Path “A: Osteoporotic fracture, at least 6 weeks of treatment” leaves"
        " 2; Missing “Imaging shows that the fracture has not healed” leaves 1. Remove a filter" in told
    )
    assert "Look at another view, or claim the next case." in shown(page, view="physician")


def test_all_open_and_decided_are_sorted_and_no_view_of_work_is(three):
    (actor, page), now = signed_in(Role.NURSE), timezone.now()
    values = [(3, 9, 50, "standard"), (1, 8, None, "standard"), (2, 7, 90, "expedited")]
    for case, (due, received, points, urgency) in zip(three, values, strict=True):
        force(
            "UPDATE priorauth_case SET due_at = %s, received_at = %s, score = %s, urgency = %s WHERE id = %s",
            *(now + due * dt.timedelta(days=1), now - received * dt.timedelta(hours=1), points, urgency, case.pk),
        )
    orders = {"due": [1, 2, 0], "received": [0, 1, 2], "score": [1, 0, 2]}
    order_of_work = [three[place].reference for place in (2, 1, 0)]
    for sort, places in orders.items():
        wanted = [three[place].reference for place in places]
        assert listed(page, view="open", sort=sort) == wanted, sort
        assert listed(page, view="open", sort=f"-{sort}") == wanted[::-1], sort
        assert listed(page, view="queue", sort=sort) == order_of_work, sort
        assert listed(page, sort=sort) == order_of_work, sort
    for none in ("decided", "member__last_name", "-", "due_at", "?"):
        assert listed(page, view="open", sort=none) == order_of_work, none
        assert "Sort: the address names nothing" in shown(page, view="open", sort=none)
    for case in (three[2], three[0]):
        case.refresh_from_db()
        approve(case, actor, timezone.now())
    assert listed(page, view="decided") == listed(page, view="decided", sort="-decided")
    assert listed(page, view="decided", sort="decided") == [three[2].reference, three[0].reference]
    assert listed(page, view="decided", sort="score") == [three[0].reference, three[2].reference]


def test_a_head_sorts_by_a_link_that_says_what_it_does(three):
    _, page = signed_in(Role.LEAD)

    def heads(**asked) -> str:
        return re.search("<thead>.*?</thead>", page.get(QUEUE, asked).content.decode(), re.S)[0]

    assert "<a" not in heads(view="queue") + heads(view="unassigned", sort="due") + heads(view="open", q="PA-")
    plain, down = heads(view="open", path="A"), heads(view="open", path="A", sort="-score")
    assert plain.count("<a") == 3
    assert "aria-sort" not in plain
    assert 'href="?path=A&amp;sort=due&amp;view=open">Due<span class="hidden">: sort, earliest first' in plain
    assert re.search(r'aria-sort="descending"><a href="\?path=A&amp;sort=score&amp;view=open">Score', down)
    assert '▼</span><span class="way">highest first</span><span class="hidden">: sort, lowest first' in down
    assert down.count("aria-sort") == 1


def test_a_saved_view_keeps_the_filters_and_a_sort_that_its_view_has():
    query = {"view": "open", "path": "C", "missing": "units", "edition": EDITION, "clinician": "1003000126"}
    kept = f"view=open&path=C&missing=units&edition={EDITION.replace(' ', '+')}&clinician=1003000126"
    assert saved_views.canonical({**query, "sort": "-score"}) == f"{kept}&sort=-score"
    assert saved_views.canonical({**query, "sort": "decided"}) == kept
    assert saved_views.canonical({"view": "queue", "sort": "due"}) == "view=queue"
    assert saved_views.canonical({"path": "Z", "missing": "Synthetic", "edition": "x", "clinician": "x"}) == ""
