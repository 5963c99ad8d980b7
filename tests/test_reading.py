"""A7: what a reading leaves in the trail, for offices and plan alike. (That none is forgotten: test_permissions.py.)"""

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from priorauth import audit
from priorauth.models import Attachment, AuditEvent, Case
from priorauth.roles import Role
from tests.admin_helpers import act, case_page, in_review, signed_in
from tests.api_helpers import office_program, one
from tests.cases import person, sent_case
from tests.factories import browser, report, sent_through_the_page

pytestmark = pytest.mark.django_db

NAME = "Synthetic"


def readings(actor_id: int) -> list[tuple[str, dict]]:
    events = AuditEvent.objects.filter(actor_id=actor_id, stream__startswith=f"user:{actor_id}:").order_by("pk")
    return [(event.action, event.entities) for event in events]


def test_an_office_that_reads_its_own_request_and_file_is_in_its_own_stream_of_the_day():
    clerk = person(Role.CLERK)
    client = browser(clerk)
    case = sent_through_the_page(client, **{"imaging-0-file": report()})
    file = Attachment.objects.unscoped("a test opens it").get(case=case)
    chain, before = AuditEvent.objects.filter(stream=audit.case_stream(case)).count(), len(readings(clerk.user_id))
    client.get(f"/requests/{case.reference}/")
    assert b"".join(client.get(f"/requests/{case.reference}/files/{file.pk}/"))
    assert readings(clerk.user_id)[before:] == [
        ("read_case", {"case": case.reference}),
        ("read_file", {"case": case.reference, "attachment": str(file.pk)}),
    ]
    assert AuditEvent.objects.filter(stream=audit.case_stream(case)).count() == chain, "looking is no act on the case"


def test_a_search_leaves_a_keyed_digest_of_its_words_and_never_the_words():
    (actor, nurse), case = signed_in(Role.NURSE), in_review()
    find = reverse("admin:priorauth_case_find")
    for text in (NAME, NAME, "Nobody"):
        nurse.post(find, {"text": text})
    events = list(AuditEvent.objects.filter(actor_id=actor.user_id, action="search").order_by("pk"))
    assert [event.fields for event in events] == [["terms"]] * 3
    first, again, other = (event.change_digest for event in events)
    assert first == again != other
    assert NAME not in str([vars(event) for event in events])
    assert case.reference not in str(events[0].entities)


@pytest.mark.parametrize("loss", ["absent", "refused", "redirected"])
def test_what_was_not_shown_is_not_noted(loss):
    actor, nurse = signed_in(Role.NURSE)
    case = in_review()
    path = {
        "absent": reverse("admin:priorauth_case_trail", args=[2_000_000_000]),
        "refused": reverse("admin:priorauth_user_changelist"),
        "redirected": reverse("admin:priorauth_case_history", args=[case.pk]),
    }[loss]
    assert nurse.get(path).status_code in (302, 403, 404)
    assert readings(actor.user_id) == []


def test_whoever_is_told_why_an_act_is_not_theirs_has_read_the_case_too():
    case, (actor, auditor) = in_review(), signed_in(Role.AUDITOR)
    page = auditor.post(act(case, "claim"), {"version": case.version})
    assert page.status_code == 403
    assert case.member.short_name in page.content.decode()
    assert readings(actor.user_id) == [
        ("refused_claim", {"case": case.reference}),
        ("read_case", {"case": case.reference}),
    ]


def test_without_its_event_nothing_is_shown(monkeypatch):
    case, (_, nurse) = in_review(), signed_in(Role.NURSE)
    nurse.raise_request_exception = False

    def fails(**_):
        raise DatabaseError("the trail cannot be written")

    monkeypatch.setattr("portal.reading.audit.record", fails)
    page = nurse.get(case_page(case))
    assert page.status_code == 500
    assert case.member.last_name not in page.content.decode()


def test_a_program_that_reads_a_request_is_in_its_own_stream():
    case = sent_case(person(Role.CLERK), at=timezone.now())
    program = office_program()
    assert program.get(one(case.reference)).status_code == 200
    event = AuditEvent.objects.get(action="read_case")
    assert event.entities == {"case": case.reference}
    assert event.stream.startswith(f"user:{event.actor_id}:")
    assert Case.objects.unscoped("a test compares").get(pk=case.pk).version == case.version
