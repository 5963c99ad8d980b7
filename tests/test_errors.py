"""A fault of ours: a calm page with the number of the request, and the same number in the log."""

import json
import re

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from portal.errors import server_error
from priorauth import selectors
from priorauth.models import Case, User
from priorauth.roles import Role
from tests.admin_helpers import act, in_review, signed_in
from tests.cases import person
from tests.together import held_elsewhere

pytestmark = pytest.mark.django_db


def test_a_fault_shows_a_number_that_the_log_has_and_nothing_of_the_fault(monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("Alma Synthetic, born 1948")

    monkeypatch.setattr(selectors, "office_requests", broken)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=person(Role.CLERK).user_id))
    response = client.get(reverse("requests"))
    page = response.content.decode()
    assert response.status_code == 500
    assert "Alma" not in page
    number = re.search(r"[0-9a-f]{32}", page)
    assert number
    logged = [record for record in caplog.records if record.name == "django.request"]
    assert [record.request.id for record in logged] == [number[0]]


@pytest.mark.django_db(transaction=True)
def test_a_request_that_waits_too_long_for_a_lock_answers_503_and_writes_nothing():
    case, (_, nurse) = in_review(), signed_in(Role.NURSE)
    nurse.raise_request_exception = False
    row = Case.objects.unscoped("the test holds the row").filter(pk=case.pk).select_for_update(of=("self",))
    with held_elsewhere(row.get, "50ms"):
        response = nurse.post(act(case, "claim"), {"version": case.version})
    page = response.content.decode()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "no request is sent twice" in page
    assert re.search(r"[0-9a-f]{32}", page), "the number of the request"
    case.refresh_from_db()
    assert case.claimed_by is None
    assert nurse.post(act(case, "claim"), {"version": case.version}).status_code == 302


def test_a_program_reads_a_problem_document_when_the_database_is_away():
    try:
        with connection.cursor() as cursor, transaction.atomic():
            cursor.execute("SET LOCAL statement_timeout = 1")
            cursor.execute("SELECT pg_sleep(1)")
    except OperationalError:
        response = server_error(RequestFactory().get("/api/v1/requests"))
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert response.headers["Retry-After"] == "5"
    assert json.loads(response.content)["status"] == 503


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(OperationalError("the connection is lost"), 503), (DatabaseError("no such row"), 302)],
)
def test_a_session_that_cannot_be_kept_is_not_called_a_request_that_cannot_be_read(monkeypatch, trouble, status):
    """The act is done by then: it was not `Nothing was saved`."""
    client = signed_in(Role.NURSE)[1]

    def save(*_args, **_kwargs):
        raise trouble

    monkeypatch.setattr(Session, "save", save)
    assert client.get(reverse("admin:index")).status_code == status


def test_no_connection_waits_long_for_a_lock_or_stands_still_in_a_transaction():
    with connection.cursor() as cursor:
        shown = {}
        for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SHOW {name}")
            shown[name] = cursor.fetchone()[0]
    assert shown == {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "1min"}
