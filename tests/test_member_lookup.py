"""An office learns of a member by member ID and date of birth alone; what was not found is verified by the plan."""

import datetime as dt
from dataclasses import replace

import pytest
from django.utils import timezone

from priorauth import audit
from priorauth.models import AuditEvent, MemberLookup
from priorauth.roles import Role
from priorauth.services import brake, members
from priorauth.services.errors import NotPermitted
from tests.cases import NOW, case_in_review, draft_case, person, score_all
from tests.factories import (
    browser,
    clerk,
    day,
    draft_of,
    on_file,
    post_edit,
    saved_draft,
    sent_through_the_page,
    valid_form,
)

pytestmark = pytest.mark.django_db

BORN = dt.date(1948, 3, 14)
UNNAMED = {"first_name": "", "last_name": "", "product": ""}


def note(response):
    return getattr(response.context["member_note"], "text", None)


def edited(client, case):
    return client.get(f"/requests/{case.reference}/edit/")


def test_a_member_on_file_is_found_by_id_and_birth_date_and_what_is_blank_is_filled_in():
    on_file()
    client = browser(clerk())
    case = saved_draft(client, **UNNAMED)
    planned = timezone.localdate() + dt.timedelta(days=14)
    found = "Found: Alma Synthetic, born Mar 14, 1948, HMO, covered on"
    assert note(edited(client, case)) == f"{found} {planned:%b} {planned.day}, {planned.year}."
    typed = draft_of(case).fields
    assert [typed[name] for name in UNNAMED] == [["Alma"], ["Synthetic"], ["hmo"]]
    post_edit(client, case, valid_form(first_name="Almina", product="pos"))
    assert note(edited(client, case)).endswith(
        "The form has another name: check it, or the ID. The form has another plan: check the card."
    )
    assert draft_of(case).fields["product"] == ["pos"]
    checked = client.get(f"/requests/{case.reference}/edit/check/")
    assert "The form has another name" in checked.content.decode()


@pytest.mark.parametrize(
    ("changes", "planned", "words"),
    [
        ({"covered_to": "today"}, day(-14), "not covered on"),
        ({"covered_to": "today"}, "", "covered from"),
        ({"birth_date": dt.date(1948, 3, 15)}, day(-14), "We have no member with that ID and date of birth."),
        ({"member_id": "XYZ123457"}, day(-14), "We have no member with that ID and date of birth."),
    ],
)
def test_coverage_and_whom_nobody_has_are_told_and_nothing_is_stopped(changes, planned, words):
    today = timezone.localdate()
    on_file(**{name: today if value == "today" else value for name, value in changes.items()})
    client = browser(clerk())
    case = saved_draft(client, service_date=planned)
    assert words in note(edited(client, case))
    assert client.get(f"/requests/{case.reference}/edit/check/").status_code == 200


def test_somebody_is_covered_on_the_first_and_the_last_day_and_known_by_the_first_name():
    first, last, one = dt.date(2026, 1, 1), dt.date(2026, 12, 31), dt.timedelta(days=1)
    alma = members.Person("Alma", "Synthetic", BORN, "hmo", first, last)
    assert [alma.covers(day) for day in (first - one, first, last, last + one)] == [False, True, True, False]
    assert replace(alma, covered_to=None).covers(last + one)
    assert [alma.is_called(name) for name in (" ALMA ", "Alm", "")] == [True, False, False]
    assert alma.coverage(None) == "covered from Jan 1, 2026 to Dec 31, 2026"


def test_of_twins_one_is_chosen_by_first_name():
    on_file("Alma"), on_file("Anna", product="ppo")
    client = browser(clerk())
    case = saved_draft(client, **UNNAMED)
    answer = post_edit(client, case, valid_form(**UNNAMED) | {"action": "", "look_up": "member"})
    assert answer["Location"] == f"/requests/{case.reference}/edit/#member"
    assert "look_up" not in draft_of(case).fields
    page = edited(client, case)
    assert [str(one) for one in page.context["member_note"].people] == ["Alma Synthetic", "Anna Synthetic"]
    assert draft_of(case).fields["first_name"] == [""]
    post_edit(client, case, valid_form(**UNNAMED) | {"member": "Anna"})
    assert [draft_of(case).fields[name] for name in UNNAMED] == [["Anna"], ["Synthetic"], ["ppo"]]
    assert note(edited(client, case)).startswith("Found: Anna Synthetic")
    post_edit(client, case, valid_form(first_name="alma", last_name=""))
    assert draft_of(case).fields["last_name"] == ["Synthetic"]


def test_without_a_member_file_nothing_is_said_or_counted():
    client = browser(clerk())
    assert note(edited(client, saved_draft(client))) is None
    assert not MemberLookup.objects.unscoped("a test").exists()


def test_looking_up_is_an_event_that_names_nobody_and_the_same_question_counts_once():
    on_file()
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form(pain_score="7"))
    event = AuditEvent.objects.get(action="member_lookup")
    assert event.entities == {"case": case.reference, "found": 1}
    assert event.fields == ["asked"]
    assert [fault for _, fault, _ in audit.verify_all() if fault] == []
    assert edited(client, case).status_code == 200
    assert AuditEvent.objects.filter(action="member_lookup").count() == 1


def test_guessing_is_slowed_and_finding_one_does_not_wipe_out_what_was_guessed():
    on_file()
    by = clerk()
    case = draft_case(by)
    guesses = [f"XYZ12345{number}" for number in range(5)]
    assert all(members.look_up(case, guess, BORN, by=by, at=NOW) for guess in guesses[:4])
    assert members.look_up(case, "XYZ123456", BORN, by=by, at=NOW)
    assert members.look_up(case, guesses[4], BORN, by=by, at=NOW)
    assert not members.look_up(case, "XYZ123456", BORN, by=by, at=NOW)
    assert members.known_to(case, "XYZ123456", BORN, by=by) is None
    assert members.look_up(case, guesses[4], BORN, by=by, at=NOW), "asked before: not counted"
    assert members.look_up(case, "XYZ123456", BORN, by=by, at=NOW + brake.FIRST_WAIT)
    assert [str(one) for one in members.known_to(case, "XYZ123456", BORN, by=by)] == ["Alma Synthetic"]


def test_the_page_of_a_braked_lookup_goes_on(monkeypatch):
    on_file()
    monkeypatch.setattr(brake, "FREE_TRIES", 0)
    client = browser(clerk())
    saved_draft(client, member_id="NOBODY99")
    case = saved_draft(client)
    assert note(edited(client, case)).startswith("Not looked up yet.")
    assert "Alma Synthetic, born" not in edited(client, case).content.decode()


def test_nobody_else_looks_a_member_up():
    on_file()
    mine, other = clerk(), clerk("Bay Pain Clinic")
    case = draft_case(mine)
    members.look_up(case, "XYZ123456", BORN, by=mine, at=NOW)
    assert members.known_to(case, "XYZ123456", BORN, by=other) is None
    assert members.known_to(draft_case(mine), "XYZ123456", BORN, by=mine) is None, "each draft asks for itself"
    for by in (other, person(Role.NURSE), person(Role.ADMINISTRATOR)):
        with pytest.raises(NotPermitted):
            members.look_up(case, "XYZ123456", BORN, by=by, at=NOW)


def test_the_reviewer_sees_whether_the_member_is_on_file():
    by, nurse = clerk(), person(Role.NURSE)
    case = case_in_review(by)
    page = f"/admin/priorauth/case/{case.pk}/change/"
    assert "on file" not in browser(nurse).get(page).content.decode().lower()
    twin = on_file("Anna")
    assert "Not on file: verify" in browser(nurse).get(page).content.decode()
    twin.delete()
    on_file(last_name="Newname")
    assert "On file as Alma Newname: HMO, covered" in browser(nurse).get(page).content.decode()
    with pytest.raises(NotPermitted):
        members.on_file(case.member, by=by)


def test_a_request_whose_member_is_not_on_file_is_sent():
    on_file("Anna")
    client = browser(clerk())
    case = sent_through_the_page(client)
    score_all(timezone.now())
    assert case.received_at
