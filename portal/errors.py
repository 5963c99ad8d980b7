"""The answers to faults: of ours (500), and of a database that is away for a moment (503)."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

RETRY_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Say what is safe, and the number to give when asking for help. It names the request in the log.

    Called while the exception is handled: one that says that the database is away, restarts, or let a lock wait for
    too long is no fault of the request, which may be sent again (RELIABILITY.md F9, F10).
    """
    if isinstance(sys.exception(), (OperationalError, InterfaceError)):
        return unavailable(request)
    return render(request, "500.html", {"reference": getattr(request, "id", "")}, status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: come back in a few seconds. Programs read it as a problem document (RFC 9457)."""
    if request.path.startswith("/api/"):
        problem = {
            "type": "about:blank",
            "title": "Service unavailable",
            "status": 503,
            "detail": "The database does not answer just now. Ask again, with the same Idempotency-Key if any.",
        }
        response: HttpResponse = JsonResponse(problem, status=503, content_type="application/problem+json")
    else:
        response = render(request, "503.html", {"reference": getattr(request, "id", "")}, status=503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
