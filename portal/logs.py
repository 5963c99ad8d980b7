"""The log: one JSON object a line, with these fields and no others, of web, worker, beat and commands alike (B10).

What a person, a browser or a database wrote is not in it: of an exception it tells the class and the places, never the
text (which can quote a row); of a request the route, never the address (which anybody can write, and which can hold a
token). No text can break a line or speak to a terminal: JSON escapes everything but printable ASCII.
"""

import datetime as dt
import json
import logging
import re
import time
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from django.http import HttpRequest, HttpResponse

from priorauth.correlation import request_id

EXTRA = ("method", "route", "status", "ms", "user")  # what an access line says beside the message
NO_ROUTE = "none"
CHECKS = frozenset({"livez", "readyz"})  # asked every few seconds, by machines
TOKEN = re.compile(r"(/invitation/)[^/\s]+")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "portal.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {name: {"handlers": [], "propagate": True} for name in ("django", "gunicorn.error", "gunicorn.access")},
}


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": request_id.get() or None,
            "message": _message(record),
            **{name: getattr(record, name, None) for name in EXTRA},
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = [*_told(record.exc_info[1])]
        told = {name: value for name, value in line.items() if value is not None}
        return json.dumps(told, default=str)


def _message(record: logging.LogRecord) -> str:
    """The words of the line: an address becomes its route, the text of the exception at hand its class."""
    args = record.args
    if isinstance(args, tuple):
        args = tuple(_without_address(record, value) for value in args)
    try:
        message = str(record.msg) % args if args else str(record.msg)
    except (TypeError, ValueError):
        message = str(record.msg)  # a line with a fault of its own is still a line
    for error in _chain(record.exc_info[1] if record.exc_info else None):
        for text in filter(None, (repr(error), str(error))):
            message = message.replace(text, type(error).__name__)
    return TOKEN.sub(r"\1...", message)


def _without_address(record: logging.LogRecord, value: Any) -> Any:
    """Django and gunicorn put the address of a request into their lines; it begins with a slash."""
    request = getattr(record, "request", None)
    of_a_request = request is not None or record.name.startswith("gunicorn")
    if of_a_request and isinstance(value, str) and value.startswith("/"):
        return route_of(request) if isinstance(request, HttpRequest) else "..."
    return value


def _told(error: BaseException) -> Iterator[dict[str, Any]]:
    for link in _chain(error):
        kind = f"{type(link).__module__}.{type(link).__qualname__}"
        yield {"class": kind, "places": [*_places(link.__traceback__)]}


def _places(trace: TracebackType | None) -> Iterator[str]:
    for frame in traceback.extract_tb(trace):
        yield f"{frame.filename}:{frame.lineno} in {frame.name}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, as Python shows it."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def route_of(request: HttpRequest) -> str:
    match = request.resolver_match
    return match.view_name if match else NO_ROUTE


access = logging.getLogger("portal.access")


class AccessLogMiddleware:
    """A line for each request: method, route, status, milliseconds, and the number of the user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.monotonic()
        response = self.get_response(request)
        route = route_of(request)
        if route not in CHECKS:
            actor = getattr(request, "actor", None)
            extra = {
                "method": request.method[:10],
                "route": route,
                "status": response.status_code,
                "ms": round((time.monotonic() - start) * 1000),
                "user": actor.user_id if actor else None,
            }
            access.info("request", extra=extra)
        return response
