"""The answers to faults: of ours (500), of a database that is away for a moment (503), of what is not there or
cannot be read (404, 400)."""

import sys

from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views import defaults

from portal.api.problems import FAULT, NOTHING_HERE, problem

AWAY = (OperationalError, InterfaceError)
RETRY_SECONDS = 5
NO_DATABASE = "The database does not answer just now. Ask again, with the same Idempotency-Key if any."
UNREADABLE = "The request cannot be read: check its address and its headers."


def server_error(request: HttpRequest) -> HttpResponse:
    """Say what is safe, and the number to give when asking for help. It names the request in the log.

    Called while the exception is handled: one that says that the database is away, restarts, or let a lock wait for
    too long is no fault of the request, which may be sent again (RELIABILITY.md F9, F10).
    """
    if isinstance(sys.exception(), AWAY):
        return unavailable(request)
    if for_a_program(request):
        return problem(request, 500, FAULT)
    return render(request, "500.html", {"reference": getattr(request, "id", "")}, status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: come back in a few seconds."""
    if for_a_program(request):
        response: HttpResponse = problem(request, 503, NO_DATABASE)
    else:
        response = render(request, "503.html", {"reference": getattr(request, "id", "")}, status=503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, for an address that is none, and for what is out of reach."""
    return (
        problem(request, 404, NOTHING_HERE) if for_a_program(request) else defaults.page_not_found(request, exception)
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, for what Django itself refuses to read; for the address of a list, with the way to it.

    Not so where only the session could not be kept, after the act: then the database went away, or the person signed
    out elsewhere meanwhile.
    """
    if isinstance(exception, SessionInterrupted):
        return unavailable(request) if _was_away(exception) else redirect("sign-in")
    if for_a_program(request):
        return problem(request, 400, UNREADABLE)
    if request.method != "GET" or not (request.GET and request.resolver_match):
        return defaults.bad_request(request, exception)
    return HttpResponse(render_to_string("400.html", {"address": request.path}), status=400)


def _was_away(error: BaseException | None) -> bool:
    """Whether an exception came up while another one told that the database is away."""
    while error is not None and not isinstance(error, AWAY):
        error = error.__context__
    return error is not None


def for_a_program(request: HttpRequest) -> bool:
    """Whether the answer is a problem document (RFC 9457) instead of a page."""
    return request.path.startswith("/api/")
