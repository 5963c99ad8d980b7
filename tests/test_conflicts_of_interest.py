"""Conflicts of interest that reviewers declare, and every other reason why a case is never handed to somebody."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from priorauth.admin.tabs import waiting
from priorauth.models import AuditEvent, ConflictOfInterest, Credential
from priorauth.roles import Role
from priorauth.services import claim, conflicts, reopen
from priorauth.services.barred import barred, undeclared
from priorauth.services.errors import NotPermitted
from tests.admin_helpers import act, case_page, held_by, in_review, signed_in, snapshot, typed, with_physician
from tests.cases import approve, office, person
from tests.tampering import force
from tests.test_claims import BOARD, LINE, NEXT, fresh, refusals, text

pytestmark = pytest.mark.django_db

CONFLICTS = reverse("admin:priorauth_case_conflicts")


WITH = {
    "office": (lambda case: {"office": case.office_id}, conflicts.WITH_OFFICE),
    "member": (lambda case: {"member_id": "xyz 123-456", "birth_date": "3/14/1948"}, conflicts.WITH_MEMBER),
    "clinician": (lambda case: {"npi": "123 456-7893"}, conflicts.WITH_CLINICIAN),
}


@pytest.mark.parametrize("kind", WITH)
def test_a_declared_conflict_keeps_a_case_from_a_person_until_it_is_ended(kind):
    (nurse, page), case = signed_in(Role.NURSE), in_review()
    values, why = WITH[kind]
    held = held_by(nurse, in_review())
    assert page.post(CONFLICTS, values(case)).headers["Location"] == CONFLICTS
    assert "End<span" in text(page.get(CONFLICTS))
    assert page.post(NEXT).headers["Location"] == BOARD, "Claim next gave a case out that they must not decide"
    for answer in (page.get(act(case, "claim")), page.post(act(case, "claim"), typed("claim", case))):
        assert (answer.status_code, why in text(answer)) == (403, True)
    assert page.post(act(held, "approve"), typed("approve", held)).status_code == 403
    assert refusals(nurse) == ["refused_claim", "refused_approve"]
    assert fresh(case).claimed_by is None
    row = ConflictOfInterest.objects.get()
    assert signed_in(Role.NURSE)[1].post(reverse("admin:priorauth_case_conflict-end", args=[row.pk])).status_code == 404
    end = reverse("admin:priorauth_case_conflict-end", args=[row.pk])
    assert page.get(end).headers["Location"] == CONFLICTS
    assert "is ended" in text(page.post(end, follow=True))
    assert "was ended before" in text(page.post(end, follow=True))
    assert page.post(NEXT).headers["Location"] == case_page(case)
    events = AuditEvent.objects.filter(action__in=["declare_conflict", "end_conflict"])
    assert [event.entities["conflict"] for event in events] == [row.pk, row.pk]
    assert "XYZ123456" not in str(list(events.values()))


@pytest.mark.parametrize("slug", ["ask", "escalate", "extend", "stop-clock", "resume-clock"])
def test_a_conflict_declared_while_a_case_is_held_keeps_its_holder_from_moving_it(slug):
    (nurse, page), case = signed_in(Role.NURSE), in_review()
    held_by(nurse, case)
    conflicts.declare(by=person(Role.LEAD), at=timezone.now(), reviewer=nurse.user_id, office=case.office)
    before = snapshot(case)
    shown = page.get(case_page(case))
    assert act(case, slug) not in text(shown)
    assert conflicts.WITH_OFFICE in text(shown)
    for answer in (page.get(act(case, slug)), page.post(act(case, slug), typed(slug, case))):
        assert answer.status_code == 403
        assert conflicts.WITH_OFFICE in text(answer)
    assert snapshot(case) == before
    assert AuditEvent.objects.get(actor_id=nurse.user_id, action__startswith="refused_")


def test_a_button_that_is_pressed_twice_declares_once_and_a_lead_still_declares_apart():
    (lead, lead_page), (nurse, page), harbor = signed_in(Role.LEAD), signed_in(Role.NURSE), in_review().office
    for client in (page, page, lead_page, lead_page):
        client.post(CONFLICTS, {"office": harbor.pk, "reviewer": nurse.user_id, "note": "My sister works there."})
    rows = ConflictOfInterest.objects.order_by("pk").values_list("reviewer", "declared_by")
    assert list(rows) == [(nurse.user_id, nurse.user_id), (nurse.user_id, lead.user_id)]
    assert AuditEvent.objects.filter(action="declare_conflict").count() == 2


def test_a_lead_declares_for_others_and_everybody_else_for_themselves():
    (lead, lead_page), (nurse, page), harbor = signed_in(Role.LEAD), signed_in(Role.NURSE), in_review().office
    page.post(CONFLICTS, {"reviewer": lead.user_id, "office": harbor.pk})
    assert ConflictOfInterest.objects.get().reviewer_id == nurse.user_id
    with pytest.raises(NotPermitted):
        conflicts.declare(by=nurse, at=timezone.now(), reviewer=lead.user_id, office=harbor)
    lead_page.post(CONFLICTS, {"reviewer": nurse.user_id, "npi": "1003000126"})
    assert ConflictOfInterest.objects.filter(reviewer=nurse.user_id, declared_by=lead.user_id).count() == 1
    assert (text(page.get(CONFLICTS)).count("End<span"), text(lead_page.get(CONFLICTS)).count("End<span")) == (1, 2)
    by_the_lead = ConflictOfInterest.objects.get(declared_by=lead.user_id)
    assert f"{lead.name} or another lead can" in text(page.get(CONFLICTS))
    assert page.post(reverse("admin:priorauth_case_conflict-end", args=[by_the_lead.pk])).status_code == 404
    assert ConflictOfInterest.objects.filter(ended_at=None).count() == 2, "nobody frees themselves"
    assert text(signed_in(Role.NURSE)[1].get(CONFLICTS)).count("End<span") == 0


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({}, "Name one: an office, a member, or a clinician."),
        ({"member_id": "XYZ123456"}, "both: the member ID and the date of birth"),
        ({"birth_date": "3/14/1948"}, "both: the member ID and the date of birth"),
        ({"npi": "1234567890"}, "NPI"),
        ({"npi": "1234567893", "member_id": "XYZ123456", "birth_date": "3/14/1948"}, "Name one"),
        ({"office": "999999"}, "Choose an office of the list."),
        ({"birth_date": "yesterday", "member_id": "X1"}, "Enter a date"),
    ],
)
def test_a_conflict_names_one_office_member_or_clinician(wrong, why):
    answer = signed_in(Role.NURSE)[1].post(CONFLICTS, wrong)
    assert (answer.status_code, why in text(answer)) == (400, True)
    assert not ConflictOfInterest.objects.exists()


TOOK_PART = "You took part in this request"


def who(role, **columns):
    """A reviewer and a case that waits for that role, some columns of which were changed."""
    reviewer, case = person(role), with_physician(in_review()) if role == Role.PHYSICIAN else in_review()
    for table, change in columns.items():
        key = {"case": "id", "revision": "case_id"}.get(table, "id")
        row = case.clinician_id if table == "clinician" else case.pk
        force(f"UPDATE priorauth_{table} SET {change} WHERE {key} = %s", *[reviewer.user_id] * change.count("%s"), row)
    return reviewer, case


def of_the_office():
    return person(Role.NURSE, office()), in_review()


def once_a_physician():
    """With the number of the treating clinician, and a nurse now."""
    nurse, case = who(Role.NURSE)
    Credential.objects.create(
        user_id=nurse.user_id, licence_number="MA1", state="MA", npi=case.clinician.npi, expires_on=dt.date(2030, 1, 1)
    )
    return nurse, case


def decided_before():
    nurse, case = who(Role.NURSE)
    approve(case, nurse, timezone.now())
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=LINE)
    return nurse, case


def without_licence():
    physician, case = who(Role.PHYSICIAN)
    Credential.objects.filter(user=physician.user_id).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    return physician, case


def declared(**about):
    nurse, case = who(Role.NURSE)
    about = {name: given(case) for name, given in about.items()}
    conflicts.declare(by=nurse, at=timezone.now(), **about)
    return nurse, case


BARS = {  # why -> the ways in which it comes
    TOOK_PART: [
        of_the_office,
        once_a_physician,
        lambda: who(Role.NURSE, case="created_by_id = %s"),
        lambda: who(Role.PHYSICIAN, case="clinician_id = NULL", revision="created_by_id = %s"),
        lambda: who(Role.PHYSICIAN, clinician="npi = '1003000126'"),
    ],
    "You decided this case before": [decided_before],
    "Your licence is not on file": [without_licence],
    conflicts.WITH_OFFICE: [lambda: declared(office=lambda case: case.office)],
    conflicts.WITH_CLINICIAN: [lambda: declared(npi=lambda case: case.clinician.npi)],
    conflicts.WITH_MEMBER: [
        lambda: declared(member_id=lambda case: case.member.member_id, birth_date=lambda case: case.member.birth_date)
    ],
}


@pytest.mark.parametrize(("why", "way"), [(why, way) for why, ways in BARS.items() for way in ways])
def test_whoever_is_barred_from_a_case_is_never_handed_it_and_others_are(why, way):
    """One rule, written twice: services/barred.py in Python, services/next_case.py in SQL. What is counted as waiting
    keeps to it too."""
    reviewer, case = way()
    assert waiting(reviewer, timezone.now()) == ""
    assert why in barred(fresh(case), by=reviewer, at=timezone.now())
    if way is without_licence:
        with pytest.raises(NotPermitted, match="no case can be given to you"):
            claim.claim_next(by=reviewer, at=timezone.now())
    else:
        assert claim.claim_next(by=reviewer, at=timezone.now()) is None
    if case.clinician_id:
        force("UPDATE priorauth_clinician SET npi = '1234567893' WHERE id = %s", case.clinician_id)
    other = person(Role(reviewer.role))
    assert barred(fresh(case), by=other, at=timezone.now()) == ""
    assert waiting(other, timezone.now()) == "1"
    assert claim.claim_next(by=other, at=timezone.now()) == case
    assert waiting(other, timezone.now()) == "", "what somebody holds does not wait"


def test_each_reason_that_bars_is_in_the_table_above():
    words = [text for text in undeclared.__code__.co_consts if isinstance(text, str) and text.startswith("You")]
    words += [text for name, text in vars(conflicts).items() if name.startswith("WITH_")]
    assert len(words) == len(BARS)
    assert all(any(why in text for why in BARS) for text in words)


def test_claim_next_gives_nothing_to_an_office_and_says_why_to_who_may_not_sign():
    physician, page = signed_in(Role.PHYSICIAN)
    Credential.objects.filter(user=physician.user_id).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    assert conflicts.NO_LICENCE in text(page.post(NEXT, follow=True))
    assert conflicts.NO_LICENCE in text(page.get(BOARD))
    assert refusals(physician) == ["refused_claim"]
    assert "Nothing waits for you." in text(signed_in(Role.NURSE)[1].post(NEXT, follow=True))
    with pytest.raises(NotPermitted, match="As office clerk"):
        claim.claim_next(by=person(Role.CLERK), at=timezone.now())
