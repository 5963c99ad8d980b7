"""The watch over every answer of the suite (tests/canaries.py) sees a leak where there is one."""

import contextlib
import logging

import pytest
from django.core import mail
from django.db import models

from priorauth.models import Case
from priorauth.roles import Role
from priorauth.tenancy import TenantManager
from tests.canaries import Leak, watched
from tests.cases import draft_case, office, person, sent_case, submission
from tests.factories import browser, clerk, saved_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_offices():
    """Another office's request and draft, and the browser of a neighbour."""
    theirs = clerk("Bay Pain Clinic")
    case, draft = sent_case(theirs), saved_draft(browser(theirs))
    return case, draft, browser(clerk())


def test_a_list_without_its_filter_is_caught(two_offices, monkeypatch):
    monkeypatch.setattr(TenantManager, "for_actor", lambda manager, _: models.Manager.get_queryset(manager))
    with pytest.raises(Leak, match="GET /requests/ as clerk shows"):
        two_offices[2].get("/requests/")


def test_a_redirect_and_a_stream_are_searched_too(two_offices, monkeypatch):
    case, _, neighbour = two_offices
    monkeypatch.setattr(TenantManager, "for_actor", lambda manager, _: models.Manager.get_queryset(manager))
    with pytest.raises(Leak, match="POST /requests/ as clerk shows"):
        neighbour.post("/requests/", {"sought": "Bay"})
    assert neighbour.get(f"/requests/{case.reference}/edit/").status_code == 302, "said back to who asked: no leak"


def mail_it(text: str) -> None:
    mail.send_mail("Hello", text, None, ["a@example.test"])


@pytest.mark.parametrize("tell", [logging.getLogger("portal.test").warning, mail_it])
def test_a_patients_name_in_the_log_or_in_a_mail_is_caught(tell):
    member = {**submission().member, "last_name": "Quillfeather"}  # the suite's own watch has not seen her
    with contextlib.ExitStack() as stack:
        canaries = stack.enter_context(watched())
        canaries.note_sending(draft_case(clerk()), submission(member=member))
        tell("Quillfeather was born")
        with pytest.raises(Leak, match="Quillfeather"):
            stack.pop_all().close()
    mail.outbox.clear()


def test_ones_own_words_are_no_leak(two_offices):
    assert b"BayPainClinic" in browser(person(Role.OFFICE_ADMIN, office("Bay Pain Clinic"))).get("/requests/").content
    assert Case.objects.unscoped("a test counts").count() == 2
