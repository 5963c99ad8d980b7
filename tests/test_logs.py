"""The log is one JSON object a line, whatever anybody sends (B10), and holds no patient's data."""

import io
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import quote

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from portal import launch
from portal.logs import JsonFormatter
from priorauth import selectors
from priorauth.roles import Role
from tests.cases import draft_case, person
from tests.factories import browser, report
from tests.processes import Process, environment
from tests.serving import Sender, web
from tests.waiting import eventually

NAME, BORN = "Alma Synthetic", "1948-03-14"
HOSTILE = (
    "a\r\nb",
    'x"}\n{"level": "ERROR", "message": "forged"}',
    "\x1b[2J\x1b]0;owned\x07",
    "\u2028\u2029\x85",
    "nul\x00nul",
    "\x7f\x9b31m",
    "%s %(message)s %d {0} ${x}",
    "\u202eforged",
    "\ud800",
    "x" * 5000,
)
FIELDS = {"time", "level", "logger", "request_id", "message", "exception", "method", "route", "status", "ms", "user"}


def short(text: str) -> str:
    return ascii(text)[:30]


def events(text: str) -> list[dict]:
    """Every line of a log as an object; fails where one is none, or holds what a terminal would obey."""
    assert text.isascii()
    assert all(character.isprintable() or character == "\n" for character in text), ascii(text)
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(event, dict) and event.keys() <= FIELDS for event in found)
    return found


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict]]]:
    """What the portal's own handler writes."""
    handler = next(handler for handler in logging.getLogger().handlers if handler.get_name() == "stderr")
    stream, kept = io.StringIO(), handler.stream
    handler.setStream(stream)
    yield lambda: events(stream.getvalue())
    handler.setStream(kept)


def fail() -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s::date", [NAME])
    except DatabaseError as error:
        raise RuntimeError(BORN) from error


def test_the_text_of_an_exception_stays_out_of_the_log_and_its_place_stands_in_it(lines, db):
    try:
        fail()
    except RuntimeError as error:
        logging.getLogger("portal.test").exception("the request failed: %s, %r", error, error)
    (event,) = lines()
    assert NAME not in str(event)
    assert BORN not in str(event)
    assert (event["level"], event["logger"]) == ("ERROR", "portal.test")
    assert event["message"] == "the request failed: RuntimeError, RuntimeError"
    assert [link["class"] for link in event["exception"]][:2] == ["builtins.RuntimeError", "django.db.utils.DataError"]
    assert event["exception"][0]["places"][-1].endswith("in fail")


def test_a_task_that_fails_is_logged_without_the_exceptions_text(lines):
    try:
        raise ValueError(NAME)
    except ValueError as error:
        context = {"name": "kick", "id": "1", "description": "raised unexpected", "exc": repr(error)}
        logging.getLogger("celery.app.trace").error(
            "Task %(name)s[%(id)s] %(description)s: %(exc)s", context, exc_info=1
        )
    (event,) = lines()
    assert event["message"] == "Task kick[1] raised unexpected: ValueError"


@pytest.mark.parametrize("text", HOSTILE, ids=short)
def test_no_text_breaks_a_line_or_adds_one(text):
    """In any part of a record, and where the record itself is at fault."""

    def line(message: str, *args: object, **extra: object) -> str:
        record = logging.LogRecord(text, logging.WARNING, text, 1, message, args, None, func=text, sinfo=text)
        vars(record).update(extra)
        return JsonFormatter().format(record)

    error = type("Wrong", (Exception,), {"__module__": text})(text)
    told = "".join(
        each + "\n"
        for each in (
            line(text),
            line("said: %s", text),
            line(text, "an argument that has no place there"),
            line("request", method=text, route=text, status=text, user=text, stray=text),
            line(text, exc_info=(type(error), error, None)),
        )
    )
    assert len(events(told)) == 5


@pytest.mark.parametrize("text", HOSTILE, ids=short)
def test_whatever_a_browser_sends_each_request_is_one_line_of_its_own(lines, db, text):
    client = browser(person(Role.CLERK))
    client.raise_request_exception = False
    wire, text = text.encode("utf-8", "surrogatepass"), text.encode("utf-8", "replace").decode()
    client.get("/nowhere/" + quote(wire), headers={"User-Agent": text[:99], "Referer": text[:99], "X-Request-Id": text})
    client.get("/requests/", {text: text})
    client.post(
        "/requests/new/", {"first_name": text.encode("utf-8", "replace"), "other_file": report(f"{text[:99]}.pdf")}
    )
    client.post("/sign-in/", {"username": text, "password": "x"})
    with suppress(UnicodeError):
        Client(headers={"Host": text[:99]}).get("/")
    found = lines()
    access = [event for event in found if event["logger"] == "portal.access"]
    assert [event["route"] for event in access][:4] == ["none", "requests", "request-new", "sign-in"]
    assert "forged" not in [event["message"] for event in found]


def test_an_access_line_names_the_route_and_the_user_and_no_address_or_data(lines, db):
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    browser(clerk).get(f"/requests/{case.reference}/edit/?name={quote(NAME)}")
    browser(clerk).get(f"/nowhere/{quote(NAME)}/")
    Client().get("/livez")
    found = lines()
    first = next(event for event in found if event["logger"] == "portal.access")
    assert (first["method"], first["route"], first["status"]) == ("GET", "request-edit", 200)
    assert first["user"] == clerk.user_id
    assert len(first["request_id"]) == 32
    assert "Alma" not in str(found)
    assert case.reference not in str(found)
    assert [event["message"] for event in found if event["logger"] == "django.request"] == ["Not Found: none"]
    assert "livez" not in str(found), "machines ask it every few seconds"


def test_a_fault_is_one_line_that_names_the_route_and_the_place(lines, db, monkeypatch):
    def broken(*_):
        raise RuntimeError(NAME)

    monkeypatch.setattr(selectors, "office_requests", broken)
    client = browser(person(Role.CLERK))
    client.raise_request_exception = False
    client.get("/requests/")
    (fault,) = [event for event in lines() if event["level"] == "ERROR"]
    assert fault["message"] == "Internal Server Error: requests"
    assert fault["exception"][0]["places"][-1].endswith("in broken")
    assert NAME not in str(fault)


@pytest.mark.django_db(transaction=True)
def test_the_log_of_a_real_web_process_is_json_line_by_line(tmp_path):
    with web(tmp_path) as served:
        clerk = person(Role.CLERK)
        sender = Sender(served, browser(clerk), draft_case(clerk))
        for text in HOSTILE:
            raw = text.encode("utf-8", "surrogatepass")
            for head in (
                b"GET /" + quote(raw).encode() + b" HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + raw + b"\r\n\r\n",
                b"GET /" + raw + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: " + raw + b"\r\n\r\n",
                raw + b" / HTTP/1.1\r\n\r\n",
            ):
                with socket.create_connection(("127.0.0.1", served.port), 10) as connection, suppress(OSError):
                    connection.sendall(head)
                    connection.shutdown(socket.SHUT_WR)
                    connection.makefile("rb").read()
        sender.post(("other_file", "a\x1b[31m.pdf", b"x"))
        served.popen.terminate()
        served.popen.wait(30)
    found = events(served.log.read_text())
    assert {"gunicorn.error", "portal.access"} <= {event["logger"] for event in found}
    assert "Alma" not in served.log.read_text()


@pytest.mark.parametrize(("name", "words"), [("worker", " ready."), ("beat", "beat: Starting")])
def test_the_log_of_worker_and_beat_is_json_line_by_line(tmp_path, transactional_db, name, words):
    process = Process(tmp_path / "log", environment(os.environ["REDIS_URL"]), *launch.commands(1)[name])
    try:
        eventually(lambda: process.has_said(words, 0), f"{name} is up")
    finally:
        process.kill()  # asked to stop, Celery prints one plain line of its own
    assert any(event["logger"].startswith("celery") for event in events(process.log.read_text()))


def test_the_token_of_an_invitation_is_in_no_line(lines):
    logging.getLogger("portal.test").warning("asked for https://localhost/account/invitation/s3cret-token/ twice")
    assert lines()[0]["message"] == "asked for https://localhost/account/invitation/.../ twice"
