"""The payer's export page."""

import csv
import json
from io import StringIO

import pytest
from django.test import Client
from django.urls import reverse

from priorauth.models import AuditEvent, User
from priorauth.roles import Role
from tests.cases import NOW, approve, case_in_review, person

pytestmark = pytest.mark.django_db
DAYS = {"first": "11/20/2026", "last": "2026-11-20"}


def browser(role):
    client = Client()
    client.force_login(User.objects.get(pk=person(role).user_id))
    return client


@pytest.fixture
def decided():
    case = case_in_review(person(Role.CLERK))
    approve(case, person(Role.NURSE), at=NOW)
    return case


def test_the_page_shows_how_many_rows_there_are_and_the_first_of_them(decided):
    page = browser(Role.PAYER).get(reverse("exports"), DAYS).content.decode()
    assert "1 row<" in page
    assert decided.reference in page
    assert "Synthetic" not in page


def test_an_empty_period_says_what_to_do(decided):
    page = browser(Role.PAYER).get(reverse("exports"), {"first": "1/1/2026", "last": "1/2/2026"}).content.decode()
    assert "No decisions in this period" in page
    assert "Download" not in page


def test_the_download_is_the_csv_and_stands_in_the_trail(decided):
    response = browser(Role.PAYER).post(reverse("export-download"), {**DAYS, "status": "approved"})
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = 'attachment; filename="decisions-v2-2026-11-20-to-2026-11-20.csv"'
    assert response.headers["Content-Disposition"] == name
    rows = list(csv.DictReader(StringIO(b"".join(response.streaming_content).decode())))
    assert [row["reference"] for row in rows] == [decided.reference]
    assert AuditEvent.objects.get(action="export_decisions").entities["selection"]["outcomes"] == ["approved"]


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ({"first": "", "last": "11/20/2026"}, "Enter the first day."),
        ({"first": "11/20/2026", "last": "31/31/2026"}, "Enter a real date, like 10/27/2026."),
        ({"first": "11/20/2026", "last": "11/19/2026"}, "The last day must be on or after the first."),
        ({**DAYS, "status": "sideways"}, "Choose only answers that are offered."),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_wrong_choice_is_named_at_the_field(days, message, method):
    url = reverse("exports" if method == "get" else "export-download")
    response = getattr(browser(Role.PAYER), method)(url, days)
    assert response.status_code == 400
    assert response.content.decode().count(message) >= 2, "in the summary and at the field"


@pytest.mark.parametrize("role", [Role.CLERK, Role.NURSE, Role.AUDITOR, Role.ADMINISTRATOR])
def test_others_do_not_export(role):
    client = browser(role)
    assert client.get(reverse("exports")).status_code == 403
    assert client.post(reverse("export-download"), DAYS).status_code == 403
    assert not AuditEvent.objects.filter(action="export_decisions").exists()


def test_a_stranger_is_sent_to_the_sign_in_page(client):
    assert client.get(reverse("exports")).headers["Location"].startswith("/sign-in/")


def test_a_download_by_get_as_after_signing_in_again_leads_to_the_page_and_exports_nothing():
    response = browser(Role.PAYER).get(reverse("export-download"), DAYS)
    assert response.headers["Location"] == reverse("exports", query=DAYS)
    assert not AuditEvent.objects.filter(action="export_decisions").exists()


def test_the_download_can_be_json_lines(decided):
    response = browser(Role.PAYER).post(reverse("export-download"), {**DAYS, "format": "jsonl"})
    assert response.headers["Content-Type"] == "application/jsonl; charset=utf-8"
    assert response.headers["Content-Disposition"].endswith('-2026-11-20.jsonl"')
    assert json.loads(b"".join(response.streaming_content))["reference"] == decided.reference


def test_an_attempt_to_export_without_the_right_stands_in_the_trail():
    assert browser(Role.AUDITOR).post(reverse("export-download"), DAYS).status_code == 403
    assert AuditEvent.objects.get(action="refused_export_decisions").role == Role.AUDITOR
