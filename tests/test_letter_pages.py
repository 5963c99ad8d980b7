"""The pages around letters: the plan's own texts, the preview before an act, and who may read a letter."""

import html
import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from priorauth.models import AuditEvent, LetterText
from priorauth.models.letter import TEXTS
from priorauth.roles import Role
from priorauth.services import letter_texts
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from tests import cases
from tests.admin_helpers import (
    act,
    case_page,
    held_by,
    in_review,
    ready,
    ready_to_refuse,
    signed_in,
    typed,
    with_physician,
)
from tests.cases import NO_IMAGING, NOW, approve, case_in_review, person
from tests.factories import browser
from tests.letters import FOR_MEMBER, approved, asked, refused
from tests.tampering import force

pytestmark = pytest.mark.django_db

# The plan's texts


def test_no_letter_is_sent_without_texts():
    force("DELETE FROM priorauth_lettertext")
    case, nurse = case_in_review(person(Role.CLERK)), person(Role.NURSE)
    with pytest.raises(Conflict, match="There are no texts for letters yet"):
        approve(case, nurse)
    case.refresh_from_db()
    assert case.status == "in_review"
    letter_texts.install()
    letter_texts.install()
    assert LetterText.objects.get().version == 1


@pytest.mark.parametrize("name", [*TEXTS, "appeal_days"])
def test_an_empty_text_is_refused_by_the_service_by_the_database_and_on_the_page(name):
    now, lead = letter_texts.current(), person(Role.LEAD)
    fields = {one: getattr(now, one) for one in (*TEXTS, "appeal_days")}
    empty = fields | {name: 0 if name == "appeal_days" else " \u200b"}
    with pytest.raises(Incomplete) as missing:
        letter_texts.keep(empty, by=lead, at=NOW, after=1)
    assert missing.value.field == name
    blank = LetterText(version=2, kept_by_id=lead.user_id, kept_at=NOW, **fields)
    setattr(blank, name, 0 if name == "appeal_days" else " \n")
    with pytest.raises(IntegrityError, match="letter_texts_are_not_empty"), transaction.atomic():
        blank.save()
    for value in ("", empty[name]):
        page = browser(lead).post(reverse("admin:priorauth_lettertext_add"), {**fields, name: value, "after": 1})
        words = html.unescape(page.content.decode())
        assert (page.status_code, f'<a href="#id_{name}">{missing.value}</a>' in words) == (200, True)
    assert LetterText.objects.count() == 1


def test_leads_and_administrators_add_versions_and_nobody_changes_one():
    add, listed = (reverse(f"admin:priorauth_lettertext_{what}") for what in ("add", "changelist"))
    for number, role in enumerate((Role.LEAD, Role.ADMINISTRATOR), start=2):
        _, client = signed_in(role)
        form = client.get(add).context["adminform"].form
        values = {name: form.initial[name] for name in form.fields} | {"contact": f"Call {number}."}
        assert client.post(add, values).status_code == 302
        assert client.post(add, values | {"contact": "Too late."}, follow=True).redirect_chain[0][0] == listed
        assert letter_texts.current().contact == f"Call {number}."
        assert f"Version {number}" in client.get(listed).content.decode()
        row = reverse("admin:priorauth_lettertext_change", args=[letter_texts.current().pk])
        page = client.get(row).content.decode()
        assert (f"Call {number}." in page, "<textarea" in page, client.post(row, values).status_code) == (
            True,
            False,
            403,
        )
    with pytest.raises(NotPermitted):
        letter_texts.keep({}, by=person(Role.NURSE), at=NOW, after=3)
    assert LetterText.objects.count() == 3


# Preview


def test_a_reviewer_reads_the_letter_before_it_is_sent():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    ready(actor, case)
    data = typed("approve", case)
    del data["confirmed"]
    page = html.unescape(nurse.post(act(case, "approve"), data).content.decode())
    for said in (
        "The letter, as it will be sent",
        "We approved this request",
        "(given when you confirm)",
        "Feb 28, 2027",
    ):
        assert said in page
    assert "nobody of the plan has confirmed them" in page
    assert re.findall(r"AU-[0-9A-Z]{12}", page) == []
    assert page.count("<h1") == 1
    assert not case.letters.exists()
    assert nurse.post(act(case, "approve"), data | {"confirmed": "1"}).status_code == 302
    assert case.letters.get().kind == "approved"

    other = held_by(actor, in_review(NO_IMAGING))
    data = typed("ask", other)
    del data["confirmed"]
    page = nurse.post(act(other, "ask"), data).content.decode()
    assert ("We need more facts" in page, other.letters.exists()) == (True, False)


def test_a_reason_that_is_hard_to_read_is_told_to_the_physician_and_not_refused():
    case, (actor, physician) = with_physician(in_review(NO_IMAGING)), signed_in(Role.PHYSICIAN)
    ready_to_refuse(actor, case)
    hard = "Documentation insufficiently demonstrates symptomatology attributable to 22511 by MRI."
    for reason, advised in ((hard, True), (FOR_MEMBER, False)):
        data = typed("not-approve", case, reason_for_member=reason)
        del data["confirmed"]
        page = html.unescape(physician.post(act(case, "not-approve"), data).content.decode())
        assert ("reads like school grade" in page, "has “22511”, “MRI”." in page) == (advised, advised)
    assert (
        physician.post(act(case, "not-approve"), typed("not-approve", case, reason_for_member=hard)).status_code == 302
    )


# Who reads it


def test_office_staff_and_payer_read_a_letter_and_each_reading_is_an_event():
    letter = approve(in_review(), person(Role.NURSE), at=timezone.now()).letter
    case = letter.case
    pages = {
        Role.CLERK: f"/requests/{case.reference}/letter/1",
        Role.AUDITOR: f"/admin/priorauth/case/{case.pk}/letters/1",
        Role.PAYER: f"/payer/letters/{case.reference}/1",
    }
    for role, page in pages.items():
        actor, client = signed_in(role)
        for count, kind in enumerate(("/", ".pdf"), start=1):
            assert client.get(page + kind).status_code == 200
            events = AuditEvent.objects.filter(actor_id=actor.user_id, action="read_letter")
            assert [event.entities for event in events] == [{"case": case.reference, "letter": 1}] * count
        assert client.get(page[:-1] + "2/").status_code == 404
    _, clerk = signed_in(Role.CLERK)
    assert "data-print" in clerk.get(f"{pages[Role.CLERK]}/").content.decode()
    assert f"{pages[Role.CLERK]}.pdf" in clerk.get(f"/requests/{case.reference}/").content.decode()
    _, nurse = signed_in(Role.NURSE)
    assert f"{pages[Role.AUDITOR]}/" in nurse.get(case_page(case)).content.decode()
    stranger = browser(person(Role.CLERK, cases.office("Bay Pain Clinic")))
    assert stranger.get(f"{pages[Role.CLERK]}/").status_code == 404


def test_payer_operations_find_the_letters_of_a_day_without_a_patients_name(monkeypatch):
    letters = [approved(), refused(), asked()]
    _, payer = signed_in(Role.PAYER)
    page = payer.get("/payer/letters/?day=11/20/2026").content.decode()
    assert all(letter.case.reference in page for letter in letters)
    assert "Synthetic" not in page
    for other in ("19", "21"):
        page = payer.get(f"/payer/letters/?day=2026-11-{other}").content.decode()
        assert f"No letter was issued on Nov {other}, 2026" in page
    assert "No letter was issued" in payer.get("/payer/letters/").content.decode()
    wrong = payer.get("/payer/letters/?day=soon")
    assert (wrong.status_code, "Enter a real date, like 11/27/2026." in wrong.content.decode()) == (400, True)
    monkeypatch.setattr("portal.payer.letters.PAGE", 2)
    first = payer.get("/payer/letters/?day=11/20/2026").content.decode()
    (onward,) = re.findall(r'href="\?(day=[^"]+)"', first)
    second = payer.get(f"/payer/letters/?{html.unescape(onward)}").content.decode()
    assert [letter.case.reference in second for letter in letters] == [False, False, True]
