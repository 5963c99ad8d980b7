"""Copying a past request, and a second request for the same: what is taken along, and what must be said."""

import datetime as dt

import pytest
from django.utils import timezone

from portal.web import second_request
from priorauth import audit, selectors
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from priorauth.services import claim, information, withdraw
from tests.cases import case_in_review, person, score_all, sent_case
from tests.factories import (
    browser,
    clerk,
    draft_of,
    level_row,
    post_edit,
    report,
    saved_draft,
    sent_through_the_page,
    study_row,
    valid_form,
)
from tests.tampering import force

pytestmark = pytest.mark.django_db

FRESH = (
    *("service_date", "urgency", "urgency_reason", "note", "treated", "response", "pain_present", "pain_score"),
    *("pain_word", "pain_date", "walking", "walking_cause", "walking_before", "hospital", "levels-0-onset"),
    *("levels-0-exam", "levels-0-exam_date", "levels-0-other_source", "imaging-0-modality", "imaging-0-findings-0"),
    *("imaging-0-attachment", "treatments-0-modality", "treatments-1-start", "treatments-count", "imaging-count"),
)
KEPT = (
    *("birth_date", "first_name", "last_name", "product", "setting", "diagnosis_codes", "clinician_npi"),
    *("facility_name", "lines-0-code", "lines-0-levels", "lines-0-technique", "levels-0-name", "levels-0-etiology"),
    *("levels-0-mechanism", "levels-0-purpose", "t_score", "osteoporosis_dx", "contact_name", "contact_phone"),
)
OF_THE_PATIENT = {
    name for name in KEPT if name.startswith(("levels", "lines", "birth", "first", "last", "t_", "osteo"))
}


def text(response):
    return response.content.decode()


def copied(client, case, patient="same"):
    where = f"/requests/{case.reference}/copy/"
    token = client.get(where).context["token"]
    first, second = (client.post(where, {"token": token, "patient": patient}) for _ in range(2))
    assert first["Location"] == second["Location"], "one press or two: one draft"
    draft = Case.objects.unscoped("a test reads it").get(reference=first["Location"].split("/")[2])
    return draft, draft_of(draft).fields


@pytest.mark.parametrize("make", [sent_through_the_page, saved_draft], ids=["sent", "draft"])
def test_a_copy_takes_along_what_stays_and_leaves_what_must_be_fresh(make):
    client = browser(clerk())
    note = {"note": "Please hurry.", "imaging-0-file": report(), "safety_notes": "Active infection"}
    case = make(client, **note)
    before = draft_of(case).fields if make is saved_draft else None
    draft, fields = copied(client, case)
    assert {name for name in FRESH if name in fields} == set()
    assert {name for name in KEPT if not any(fields.get(name, ()))} == set()
    assert "".join(fields["member_id"]).replace(" ", "").replace("-", "") == "XYZ123456"
    assert fields["safety_notes"] == ["Active infection"]
    assert not draft.attachments.exists()
    assert (before is None) or draft_of(case).fields == before
    shown = text(client.get(f"/requests/{draft.reference}/edit/"))
    assert f"Copied from {case.reference}. Not copied: files and imaging studies, treatments" in shown
    started = AuditEvent.objects.get(action="create", entities__copy_of=case.reference)
    assert started.stream == f"case:{draft.reference}"
    assert [fault for _, fault, _ in audit.verify_all() if fault] == []


def test_a_copy_for_another_patient_has_nobody_in_it():
    client = browser(clerk())
    _, fields = copied(client, sent_through_the_page(client), "another")
    assert {name for name in fields if name in OF_THE_PATIENT | {"member_id"} and any(fields[name])} == set()
    assert {name for name in ("clinician_npi", "facility_name", "contact_name", "setting") if name in fields} == {
        "clinician_npi",
        "facility_name",
        "contact_name",
        "setting",
    }


def test_a_request_that_came_by_the_api_is_copied_from_its_facts():
    by = clerk()
    _, fields = copied(browser(by), sent_case(by))
    assert fields["lines-0-code"] == ["22511"]
    assert fields["last_name"] == ["Synthetic"]


def test_the_list_and_the_pages_lead_to_the_copy_and_strangers_find_none():
    client = browser(clerk())
    case = sent_through_the_page(client)
    where = f"/requests/{case.reference}/copy/"
    for page in ("/requests/", f"/requests/{case.reference}/", f"/requests/{case.reference}/submitted/"):
        assert where in text(client.get(page))
    other = browser(clerk("Bay Pain Clinic"))
    assert other.get(where).status_code == other.post(where).status_code == 404


# A second request for the same member and level


def check(client, case, **post):
    where = f"/requests/{case.reference}/edit/check/"
    return client.post(where, {"version": draft_of(case).version, **post}) if post else client.get(where)


def test_the_form_tells_of_a_likely_second_request_as_soon_as_it_names_member_and_level():
    client = browser(clerk())
    first = sent_through_the_page(client)
    case = saved_draft(client, **{"levels-0-name": "", "lines-0-levels": ""})
    edit = f"/requests/{case.reference}/edit/"
    told = f'href="/requests/{first.reference}/"'
    assert told not in text(client.get(edit))
    fields = valid_form(version=draft_of(case).version, first_name="Berta")
    live = text(client.post(f"{edit}missing/", fields))
    assert (told in live, "a second request for the same" in live) == (False, True), "no reading without its event"
    assert '<h1 id="heading" data-live>Vertebroplasty request for B. Synthetic</h1>' in live
    assert told in text(client.get(edit))
    assert "a second request for the same" not in text(browser(clerk("Bay Pain Clinic")).get("/requests/new/"))


def test_a_second_request_needs_a_reason_which_the_reviewer_reads():
    client = browser(clerk())
    first = sent_through_the_page(client)
    second = saved_draft(client, **level_row(1, "L2"), **{"levels-count": "2", "lines-0-levels": "L1, L2"})
    shown = text(check(client, second))
    assert f'href="/requests/{first.reference}/"' in shown
    assert "Send a second request because" in shown
    refused = text(check(client, second, statement="yes", second_because=" "))
    assert '<a href="#second_because">Say why you send a second request, or open the first one.' in refused
    assert "can have 500 characters" in text(check(client, second, statement="yes", second_because="a" * 501))
    alone = {"second_because": "Kept by itself."}
    assert client.post(f"/requests/{second.reference}/edit/check/", alone, headers={"X-Background": "1"}).content == b""
    whole = draft_of(second).fields
    post_edit(client, second, whole | {"last_name": ""})
    assert "problems=all" in check(client, second, statement="yes", **alone).headers["Location"]
    post_edit(client, second, whole)
    assert 'value="Kept by itself."' in text(check(client, second)), "a press that led back to the form sent nothing"
    given = {"\u200b \u200b": second_request.WHY, "a" * 500: "", "a" * 501: second_request.TOO_LONG}
    assert {because: second_request.problem_of([first], because) for because in given} == given
    unticked = text(check(client, second, second_because="The pain came back."))
    assert 'value="The pain came back."' in unticked
    assert check(client, second, statement="yes", second_because="The pain came back.").status_code == 302
    score_all(timezone.now())
    second.refresh_from_db()
    details = second.revisions.get().details
    assert details["second_request"] == {"of": [first.reference], "because": "The pain came back."}
    nurse = person(Role.NURSE)
    page = text(browser(nurse).get(f"/admin/priorauth/case/{second.pk}/change/"))
    assert "The pain came back." in page
    assert f"/admin/priorauth/case/{first.pk}/change/" in page
    information.ask(
        claim.claim(second, by=nurse, at=timezone.now()), by=nurse, at=timezone.now(), question="When?", items=[]
    )
    answer = {**valid_form(), **level_row(1, "L2"), "levels-count": "2", "lines-0-levels": "L1, L2", "action": "send"}
    answer |= {"version": second.version, "note_to_answer": "Here.", **study_row(0, **{"findings-1": ["edema"]})}
    assert client.post(f"/requests/{second.reference}/answer/1/", answer).status_code == 302
    assert second.revisions.get(number=2).details["second_request"]["because"] == "The pain came back."


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({}, True),
        ({"last_name": "Renamed"}, True),
        ({"member_id": "XYZ123457"}, False),
        ({"birth_date": "3/15/1948"}, False),
        ({**level_row(0, "L2"), "lines-0-levels": "L2"}, False),
    ],
)
def test_only_the_same_member_at_the_same_level_is_a_duplicate(changes, warned):
    client = browser(clerk())
    sent_through_the_page(client)
    assert ("Send a second request because" in text(check(client, saved_draft(client, **changes)))) == warned


def test_withdrawn_and_old_requests_are_no_duplicates_and_other_offices_are_told_to_the_plan_alone():
    by, other = clerk(), clerk("Bay Pain Clinic")
    nurse = person(Role.NURSE)
    mine = case_in_review(by)
    asked = {"member_id": "XYZ123456", "birth_date": mine.member.birth_date}
    theirs = sent_case(other, member={**asked, "first_name": "A", "last_name": "S"})
    about = {**asked, "levels": {"L1"}, "besides": None}

    def found(actor, days=0, **changes):
        at = mine.received_at + dt.timedelta(days=days)
        return {case.pk for case in selectors.duplicates(actor, at=at, **{**about, **changes})}

    assert found(by) == {mine.pk}
    assert found(other) == {theirs.pk}
    assert found(nurse) == {mine.pk, theirs.pk}
    assert found(nurse, besides=mine.pk) == {theirs.pk}
    second = 1 / 86_400  # of a day
    days = (-60 - second, -60, 60, 60 + second)
    assert [found(by, day) for day in days] == [set(), {mine.pk}, {mine.pk}, set()]
    assert found(by, levels={"L2", "T12"}) == set()
    force("UPDATE priorauth_case SET levels = 'L2, T12' WHERE id = %s", theirs.pk)
    assert [found(other, levels={level}) for level in ("T1", "T12", "L2")] == [set(), {theirs.pk}, {theirs.pk}]
    withdraw.withdraw(mine, by=by, at=mine.received_at, reason="Sent twice.")
    assert found(by) == set()
