"""What an office changed after the panel was shown: kept with before and after, bounded, and shown to the reviewer."""

import datetime as dt

import pytest
from django.utils import timezone

from priorauth.roles import Role
from priorauth.services import amend, claim, information, panel_record
from priorauth.services.errors import Incomplete
from priorauth.services.panel_record import Shown
from tests.admin_helpers import case_page
from tests.cases import person, score_all
from tests.factories import browser, clerk, day, draft_of, post_edit, saved_draft, treatment_row, valid_form

START = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def casey(db):
    return clerk()


def kept(by, *saves):
    """The changes after saves of (minute, answers)."""
    record = {}
    for minute, answers in saves:
        at = START + dt.timedelta(minutes=minute)
        record = panel_record.after(record, Shown(answers, f"said at {minute}"), by=by, at=at)
    return [(one["what"], one["before"], one["after"]) for one in record.get("changes", [])]


@pytest.mark.parametrize(
    ("saves", "changes"),
    [
        ([(0, {"onset": "Oct 14"})], []),
        ([(0, {}), (5, {"onset": "Oct 14"})], []),  # filled in for the first time
        ([(0, {"onset": "Oct 14"}), (5, {"onset": "Oct 14"})], []),
        ([(0, {"onset": "Oct 14"}), (5, {"onset": "Aug 30"})], [("onset", "Oct 14", "Aug 30")]),
        ([(0, {"onset": "Oct 14"}), (5, {})], [("onset", "Oct 14", "")]),
        # cleared and filled again is one change; back to what it was is none
        ([(0, {"onset": "Oct 14"}), (5, {}), (9, {"onset": "Aug 30"})], [("onset", "Oct 14", "Aug 30")]),
        ([(0, {"onset": "Oct 14"}), (5, {}), (9, {"onset": "Oct 14"})], []),
        # two steps of one edit within a minute are one; later ones are each kept, also the way back
        ([(0, {"score": "8"}), (5, {"score": "1"}), (5.5, {"score": "10"})], [("score", "8", "10")]),
        (
            [(0, {"score": "8"}), (5, {"score": "1"}), (6, {"score": "10"})],
            [("score", "8", "1"), ("score", "1", "10")],
        ),
        (
            [(0, {"score": "8"}), (5, {"score": "3"}), (9, {"score": "8"})],
            [("score", "8", "3"), ("score", "3", "8")],
        ),
    ],
)
def test_a_change_is_kept_with_before_and_after(casey, saves, changes):
    assert kept(casey, *saves) == changes


def test_a_change_names_what_was_shown_and_since_when(casey):
    record = {}
    for minute, said, onset in ((0, "5 of 6 weeks", "Oct 14"), (3, "5 of 6 weeks", "Oct 14"), (4, "met", "Aug 30")):
        shown = Shown({"onset": onset}, said)
        record = panel_record.after(record, shown, by=casey, at=START + dt.timedelta(minutes=minute))
    (change,) = record["changes"]
    assert (change["said"], change["shown_at"], change["at"]) == (
        "5 of 6 weeks",
        "2026-11-20T15:00:00Z",
        "2026-11-20T15:04:00Z",
    )
    assert change["by"] == casey.name


def test_two_people_in_one_minute_are_two_changes(casey):
    record, robin = {}, clerk()
    for second, by, score in ((0, casey, "8"), (60, casey, "1"), (70, robin, "10")):
        at = START + dt.timedelta(seconds=second)
        record = panel_record.after(record, Shown({"score": score}, ""), by=by, at=at)
    assert [(one["by"], one["after"]) for one in record["changes"]] == [(casey.name, "1"), (robin.name, "10")]


def test_the_record_is_bounded(casey):
    answers = {f"answer {number} " + "x" * 400: "y" * 400 for number in range(300)}
    record = panel_record.after({}, Shown(answers, "z" * 400), by=casey, at=START)
    changed = Shown(dict.fromkeys(answers, "n" * 400), "")
    record = panel_record.after(record, changed, by=casey, at=START + dt.timedelta(hours=1))
    assert len(record["changes"]) == panel_record.MOST
    assert max(len(text) for change in record["changes"] for text in change.values()) == panel_record.LONGEST


def test_the_reviewer_sees_what_was_changed_after_the_panel(casey):
    client = browser(casey)
    case = saved_draft(
        client, **{"levels-0-onset": day(35), "treatments-count": "1"}, **treatment_row(0, start=day(35))
    )
    first = draft_of(case).record
    assert "35 days since the fracture; 42 asked" in first["shown"]["said"]
    assert "changes" not in first or first["changes"] == []
    changes = {"levels-0-onset": day(89), "treatments-0-name": "Not watched", "imaging-0-findings-0": ["healed"]}
    fields = draft_of(case).fields | changes
    post_edit(client, case, fields)
    assert client.post(
        f"/requests/{case.reference}/edit/check/", {"version": draft_of(case).version, "statement": "yes"}
    )["Location"].endswith("/submitted/")
    kept_changes = case.revisions.get().details["changes_after_panel"]
    watched = {"L1: When did this pain start?", "MRI 1, L1: Findings"}
    assert {change["what"] for change in kept_changes} == watched
    score_all(timezone.now())
    page = browser(person(Role.NURSE)).get(case_page(case)).content.decode()
    assert "Changed after the portal showed what is missing" in page
    assert "Less than 1 min after the portal showed it, by" in page
    assert "35 days since the fracture; 42 asked" in page
    assert "Bone marrow edema" in page


def test_what_was_changed_after_the_panel_stays_with_every_later_revision(casey):
    """And it does not pass for a change: an answer or a correction that brings nothing is refused, as without it."""
    client, nurse = browser(casey), person(Role.NURSE)
    case = saved_draft(client, **{"levels-0-onset": day(35)})
    post_edit(client, case, valid_form(**{"levels-0-onset": day(89)}))
    client.post(f"/requests/{case.reference}/edit/check/", {"version": draft_of(case).version, "statement": "yes"})
    score_all(timezone.now())
    case.refresh_from_db()
    first = case.revisions.get()
    brought = {"facts": first.facts, "details": typed_on_the_form(first), "by": casey, "at": timezone.now()}
    with pytest.raises(Incomplete, match="Nothing was changed"):
        amend.amend(case, **brought)
    information.ask(
        claim.claim(case, by=nurse, at=timezone.now()), by=nurse, at=timezone.now(), question="When?", items=[]
    )
    with pytest.raises(Incomplete):
        information.answer(case, note=" ", **brought)
    amend.amend(case, **brought | {"facts": first.facts | {"treatment_response": "none"}})
    assert case.revisions.get(number=2).details == first.details


def typed_on_the_form(revision):
    """The details that a form brings: without what the sending added."""
    return {name: part for name, part in revision.details.items() if name not in ("changes_after_panel", "confirmed")}


def test_a_request_whose_answers_stayed_shows_no_such_table(casey):
    client = browser(casey)
    case = saved_draft(client)
    post_edit(client, case, valid_form(note="Only a note"))
    client.post(f"/requests/{case.reference}/edit/check/", {"version": draft_of(case).version, "statement": "yes"})
    assert "changes_after_panel" not in case.revisions.get().details
