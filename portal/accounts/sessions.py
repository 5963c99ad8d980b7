"""How long a session lasts: 20 minutes without a click (SESSION_COOKIE_AGE), ten hours in all (T12)."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone

LONGEST = dt.timedelta(hours=10)
BEGAN = "began"
UNSAVED = "unsaved"

View = Callable[[HttpRequest], HttpResponse]


@receiver(user_logged_in, dispatch_uid="portal.session-began")
def note_beginning(request: HttpRequest, **_: Any) -> None:
    request.session[BEGAN] = timezone.now().timestamp()


def is_over(request: HttpRequest) -> bool:
    """Whether the session has lasted its ten hours; one that does not know when it began has."""
    return timezone.now().timestamp() >= request.session.get(BEGAN, 0) + LONGEST.total_seconds()


class SessionLimitMiddleware:
    """Signs out whoever has been signed in for ten hours. Where a form then comes too late, the sign-in page and the
    page after it say that what was typed is not kept."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and is_over(request):
            logout(request)
        response = self.get_response(request)
        if request.method == "POST" and response.headers.get("Location", "").startswith(f"{resolve_url('sign-in')}?"):
            response.headers["Location"] += f"&{UNSAVED}=1"
        return response
