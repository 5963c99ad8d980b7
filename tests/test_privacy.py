"""A fault anywhere tells nobody anything (P2), every answer stays private (P5), no address names a patient (P4)."""

import io
import logging
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

import pytest
from django.conf import settings as configured
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.test.client import ClientHandler

from priorauth.roles import Role
from tests.cases import person
from tests.tampering import force
from tests.walking import MATRIX, PATIENT, Route, World, ask, every_route, session_of, undone

pytestmark = pytest.mark.django_db

BORN = "1948-03-14"
SECRET = f"{PATIENT['first_name']} {PATIENT['last_name']}, born {BORN}, {PATIENT['member_id']}"
WORDS = (*PATIENT.values(), BORN)
HERE = "tests.test_privacy"
REFERENCE = re.compile(r"PA(?:-\w{4}){3}")
NUMBER = re.compile(r"\b[0-9a-f]{32}\b")


class FaultAfterTheView:
    """Lets the view do and show all it does; then a fault, with the patient in its text and in its variables."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if file := getattr(response, "file_to_stream", None):
            file.close()
        shown = SECRET + str(response)
        raise RuntimeError(SECRET) from LookupError(shown)


class FaultBeforeTheView(FaultAfterTheView):
    """A fault as soon as the view is known."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        patient = SECRET
        raise RuntimeError(patient)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the portal's own handler would write."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    formatters = [h.formatter for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    handler.setFormatter(formatters[0])
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def someone_permitted(world: World, route: Route, method: str) -> str:
    """The cookie of the first person whom the matrix lets use this route."""
    allowed = MATRIX[route.name][method]
    groups = {"office": "clerk of A", "reviewers": "nurse", "case_readers": "nurse", "exporters": "payer"}
    groups |= {"admin_site": "nurse", "members": "nurse", "everyone": "nurse", "office_admin": "office_admin"}
    first = allowed if isinstance(allowed, str) else allowed[0]
    return groups.get(first, first)


@pytest.mark.parametrize("fault", ["FaultAfterTheView", "FaultBeforeTheView"])
def test_a_fault_on_any_route_tells_a_number_and_nothing_else(fault, log):
    world, asked = World(), 0
    cookies = {who: session_of(actor) for who, actor in world.actors.items()}
    body = "&".join(f"{name}={value}" for name, value in {**PATIENT, "sought": SECRET, "text": SECRET}.items())
    form = {"data": body, "content_type": "application/x-www-form-urlencoded", "HTTP_REFERER": f"http://x/{SECRET}"}
    with override_settings(MIDDLEWARE=[*configured.MIDDLEWARE, f"{HERE}.{fault}"]):
        handler = ClientHandler(enforce_csrf_checks=False)
        for route in every_route():
            for method in ("GET", "POST"):
                if MATRIX[route.name].get(method, "nobody") == "nobody":
                    continue
                who = someone_permitted(world, route, method)
                with undone():
                    where = f"{route.path(world.values(route, who))}?seen={PATIENT['last_name']}"
                    response = ask(method, where, cookies[who], handler, **form)
                asked += 1
                page = f"{response.body.decode()} {response.headers}"
                assert response.status_code == 500, f"{method} {route.name} as {who}: {response.status_code}"
                assert NUMBER.search(page), route.name
                assert [word for word in WORDS if word in page] == [], route.name
                assert response.headers["Cache-Control"] == "no-store"
    assert asked > 100
    assert [word for word in WORDS if word in log.getvalue()] == []
    assert log.getvalue().count("RuntimeError") >= asked, "each fault stands in the log"
    assert mail.outbox == []


@pytest.mark.parametrize("place", range(2, len(configured.MIDDLEWARE) + 1))
def test_a_fault_in_any_middleware_is_as_quiet_and_as_private(place, log):
    middleware = [*configured.MIDDLEWARE]
    middleware.insert(place, f"{HERE}.FaultAfterTheView")
    cookie = session_of(person(Role.CLERK))
    with override_settings(MIDDLEWARE=middleware):
        response = ask("GET", "/requests/", cookie, ClientHandler())
    page = f"{response.body.decode()} {response.headers} {log.getvalue()}"
    assert response.status_code == 500
    assert NUMBER.search(page)
    assert [word for word in WORDS if word in page] == []
    assert response.headers["Cache-Control"] == "no-store"


def test_an_address_that_is_none_is_private_too():
    response = ask("GET", "/nothing/here/", session_of(person(Role.CLERK)))
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in response.headers["Content-Security-Policy"]


def test_over_https_the_browser_is_told_to_stay_there():
    with override_settings(SECURE_HSTS_SECONDS=31_536_000):
        response = Client().get("/sign-in/", secure=True)
    assert "max-age=31536000" in response.headers["Strict-Transport-Security"]


# P4


ADDRESS = re.compile(r"""(?:href|src|action|formaction|content|data-\w+)=["']([^"']*)["']""")


TITLE = re.compile("<title>(.*?)</title>", re.DOTALL)


def test_no_address_or_title_of_any_page_names_a_patient():
    world, seen = World(), 0
    named = f"{PATIENT['last_name']}.pdf"
    force("UPDATE priorauth_attachment SET name = %s WHERE id = %s", named, world.file.pk)
    readers = ("clerk of A", "nurse", "auditor")
    cookies = {who: session_of(world.actors[who]) for who in readers}
    for route in every_route():
        if "GET" not in MATRIX[route.name]:
            continue
        for who, cookie in cookies.items():
            with undone():
                response = ask("GET", route.path(world.values(route, who)), cookie)
            seen += PATIENT["last_name"].encode() in response.body
            page = response.body.decode(errors="replace")  # a browser remembers the titles of pages, too
            places = [*ADDRESS.findall(page), *TITLE.findall(page), response.headers.get("Location", "")]
            told = " ".join(map(unquote_plus, places))
            assert [word for word in WORDS if word in told] == [], f"{route.name} as {who}"
    assert seen > 10


def test_a_search_for_a_patient_leaves_nothing_in_an_address():
    world = World()
    for who, place, field in (("clerk of A", "/requests/", "sought"), ("nurse", "/admin/priorauth/case/find/", "text")):
        form = {"data": f"{field}={PATIENT['last_name']}", "content_type": "application/x-www-form-urlencoded"}
        response = ask("POST", place, session_of(world.actors[who]), **form)
        page = response.body.decode()
        assert world.sent.reference in page
        places = " ".join([*ADDRESS.findall(page), str(response.headers)])
        assert PATIENT["last_name"] not in places
        unsought, named = (
            set(REFERENCE.findall(ask("GET", place + query, session_of(world.actors[who])).body.decode()))
            for query in ("", f"?{field}=Nobodyatall&q={PATIENT['last_name']}")
        )
        assert named == unsought, "the address searches for no patient"
