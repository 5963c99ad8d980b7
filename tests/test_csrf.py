"""T10: no unsafe request without its token is done, whoever is signed in. (No safe one writes: test_permissions.py.)"""

import logging
from collections.abc import Iterator

import pytest

from tests.walking import MATRIX, World, ask, every_route, session_of, undone, written_tables

pytestmark = pytest.mark.django_db

# Reads no session and answers 404 to everything.
NOBODYS = {"api:unknown"}
PASSING = {"django_session", "priorauth_auditevent"}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def test_every_unsafe_request_without_a_token_is_refused_and_writes_nothing():
    world, asked, wrong = World(), 0, []
    cookies = {who: session_of(actor) for who, actor in world.actors.items()} | {"nobody": ""}
    for route in every_route():
        for method in {"POST", "PUT", "PATCH", "DELETE"} & {*MATRIX[route.name]}:
            for who, cookie in cookies.items():
                where = route.path(world.values(route, who))
                with undone(), written_tables() as tables:
                    response = ask(method, where, cookie, strict=True)
                asked += 1
                refused = response.status_code in ((404,) if route.name in NOBODYS else (401, 403))
                if not refused or tables - PASSING:
                    wrong.append(f"{method} {where} as {who}: {response.status_code}, wrote {tables}")
    assert wrong == [], "\n".join(wrong)
    assert asked > 200


def test_with_its_token_the_same_request_is_done():
    world = World()
    cookie = session_of(world.clerk)
    page = ask("GET", "/requests/", cookie, strict=True)
    token = page.cookies["csrftoken"].value
    body = {"data": f"csrfmiddlewaretoken={token}&sought=Nobody", "content_type": "application/x-www-form-urlencoded"}
    assert ask("POST", "/requests/", f"{cookie}; csrftoken={token}", strict=True, **body).status_code == 200
