"""What every request and response goes through: a request id, the actor, and headers that keep pages private."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from priorauth.correlation import request_id
from priorauth.roles import Actor

View = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Gives the request an id that its audit events, its log lines and its error page share."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.id = uuid.uuid4().hex
        token = request_id.set(request.id)
        try:
            return self.get_response(request)
        finally:
            request_id.reset(token)


class Utf8Middleware:
    """Reads every form as UTF-8, whatever the sender names: an encoding that Python knows can make text that no
    database keeps, or an error before any page is reached."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.encoding = "utf-8"
        return self.get_response(request)


class ActorMiddleware:
    """`request.actor`: in whose name the request reads and writes; None for nobody."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = Actor.of(request.user)
        return self.get_response(request)


class PrivateResponseMiddleware:
    """No page is kept by a browser or a proxy: each may show a patient's data."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
