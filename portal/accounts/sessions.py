"""How long a session lasts: 20 minutes in which its person does nothing (IDLE_MINUTES), ten hours in all (T12).

Opening a page and pressing a button is doing something; so is typing, which static/session.js reports, once a minute
at most. What a page asks by itself is not: a script says so with the header `X-Background: 1` (asking for the state
of the session, saving by itself, drawing a panel anew), and such a request keeps no session alive.
"""

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.views.decorators.http import require_http_methods

LONGEST = dt.timedelta(hours=10)
BEGAN, SEEN = "began", "seen"
BACKGROUND = "X-Background"
TIME = "g:i a T"

View = Callable[[HttpRequest], HttpResponse]


@receiver(user_logged_in, dispatch_uid="portal.session-began")
def note_beginning(request: HttpRequest, **_: Any) -> None:
    request.session[BEGAN] = request.session[SEEN] = timezone.now().timestamp()


def last_moment(request: HttpRequest) -> dt.datetime:
    """The instant ten hours after signing in; for a session that does not know when it began, long ago."""
    return dt.datetime.fromtimestamp(request.session.get(BEGAN, 0), dt.UTC) + LONGEST


def ends_at(request: HttpRequest) -> dt.datetime:
    """The instant at which the session ends if nobody does anything more."""
    idle = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return min(dt.datetime.fromtimestamp(request.session.get(SEEN, 0), dt.UTC) + idle, last_moment(request))


class SessionLimitMiddleware:
    """Signs out whose session is over, and notes that its person did something.

    `request.session_ends` is the instant at which the session ends by itself, None for nobody; with it come
    `session_seconds` until then, `session_final`, whether nothing moves it, and `session_warning`, the seconds before
    it in which a page asks.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        if request.user.is_authenticated and now >= ends_at(request):
            logout(request)
        request.session_ends = None
        if request.user.is_authenticated:
            if BACKGROUND not in request.headers:
                request.session[SEEN] = now.timestamp()
            request.session_ends = ends_at(request)
            request.session_seconds = math.ceil((request.session_ends - now).total_seconds())
            request.session_final = request.session_ends == last_moment(request)
            request.session_warning = settings.SESSION_WARNING
        elif not request.session.is_empty():
            request.session.modified = True  # an invitation that was opened lasts as long
        return self.get_response(request)


@require_http_methods(["GET", "HEAD", "POST"])
def state(request: HttpRequest) -> HttpResponse:
    """For scripts: how many seconds the session still lasts (0: nobody is signed in), until when in words, and whether
    that is the end in any case. A POST says that its person is there."""
    if request.session_ends is None:
        return JsonResponse({"seconds": 0})
    until = format_date(timezone.localtime(request.session_ends), TIME)
    return JsonResponse({"seconds": request.session_seconds, "until": until, "final": request.session_final})
