"""The API browser: the operations on one page; one sign-in for it, the office's pages and the admin."""

import pytest
from django.test import Client

from priorauth.roles import Role
from tests.api_helpers import DECISIONS, REQUESTS, V1
from tests.cases import person
from tests.factories import browser

pytestmark = pytest.mark.django_db
PAGE = "/api/"


def test_it_names_every_operation_with_its_parameters_and_answers():
    page = browser(person(Role.CLERK)).get(PAGE).content.decode()
    for path, methods in Client().get(f"{V1}/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    for words in ("Idempotency-Key", "updated_since", "The request has moved on.", "<dt>415</dt>"):
        assert words in page


@pytest.mark.parametrize(
    ("role", "opens"),
    [(Role.CLERK, {REQUESTS}), (Role.PAYER, {DECISIONS}), (Role.LEAD, {DECISIONS}), (Role.NURSE, set()), (None, set())],
)
def test_it_opens_what_the_person_may_read_with_the_session_at_hand(role, opens):
    client = browser(person(role)) if role else Client()
    page = client.get(PAGE).content.decode()
    assert {path for path in (REQUESTS, DECISIONS) if f'href="{path}"' in page} == opens
    assert ("Sign in</a>" in page) == (role is None)
    for path in opens:
        assert client.get(path).status_code == 200
