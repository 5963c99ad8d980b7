"""A fault of ours: a calm page with the number of the request, and the same number in the log."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from priorauth import selectors
from priorauth.models import User
from priorauth.roles import Role
from tests.cases import person

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
