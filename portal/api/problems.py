"""Every refusal under /api/ as a problem document (RFC 9457, application/problem+json), and nothing else in it."""

from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions

from portal.api.strict_json import TooLarge
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.services.idempotency import KeyReused
from priorauth.watermark import Busy

MOST_ERRORS = 100  # that one answer names
MEDIA_TYPE = "application/problem+json"
NO_KEY = "Send a current API key as Authorization: Bearer pap_..., or sign in to the portal."
NOTHING_HERE = "There is nothing at this address that you may read."
UNFIT = "The request cannot be taken as it is. Each error says what would be right."
FAULT = "This is a fault of the portal. Give the request_id when you ask for help."

Errors = list[dict[str, str]]


class BadQuery(exceptions.APIException):
    """The question behind the address cannot be read. `errors` are {path, message}, a parameter each."""

    status_code = 400
    default_detail = "The address cannot be read as it is. Each error names a parameter and says what would be right."

    def __init__(self, errors: Errors) -> None:
        super().__init__()
        self.errors = errors


def problem(request: HttpRequest, status: int, detail: str, errors: Errors | None = None) -> JsonResponse:
    """The problem document of an answer with this status."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": getattr(request, "id", ""),
    }
    if errors:
        document["errors"] = errors
    return JsonResponse(document, status=status, content_type=MEDIA_TYPE)


def answer(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Django REST framework's exception handler. None for a fault of ours, which Django then logs and answers."""
    request = context["request"]._request
    request.viewed = False  # nothing was shown (portal.reading)
    found = _said(error)
    if found is None:
        return None
    status, detail, errors = found
    response = problem(request, status, detail, errors)
    if header := getattr(error, "auth_header", None):
        response.headers["WWW-Authenticate"] = header
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "3"
    return response


# Which exception is answered with which status; without a detail here its own sentence is told.
ANSWERS: tuple[tuple[type[Exception], int, str], ...] = (
    (Http404, 404, NOTHING_HERE),
    (exceptions.NotFound, 404, NOTHING_HERE),
    (exceptions.NotAuthenticated, 401, NO_KEY),
    (exceptions.AuthenticationFailed, 401, NO_KEY),
    (NotPermitted, 403, ""),
    (PermissionDenied, 403, "You may not do this."),
    (Conflict, 409, ""),
    (RequestDataTooBig, 413, TooLarge.default_detail),
    (KeyReused, 422, ""),
    (Busy, 503, ""),
)


def _said(error: Exception) -> tuple[int, str, Errors | None] | None:
    """Status, detail and errors for an exception; None for one that nobody expected."""
    if isinstance(error, exceptions.ValidationError):
        return 422, UNFIT, list(islice(flat(error.detail), MOST_ERRORS))
    if isinstance(error, Incomplete):
        return 422, UNFIT, [{"path": error.field, "message": str(error)}]
    for kind, status, detail in ANSWERS:
        if isinstance(error, kind):
            return status, detail or str(error), None
    if isinstance(error, exceptions.APIException):
        return error.status_code, str(error.detail), getattr(error, "errors", None)
    return None


def flat(detail: Any, path: str = "") -> Any:
    """Errors of nested serializers as {path, message}: `member.birth_date`, `details.diagnosis_codes.0`."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = name == "non_field_errors"
            yield from flat(inner, path if own else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from flat(inner, f"{path}.{index}".lstrip(".") if nested and len(detail) > 1 else path)
    else:
        yield {"path": path, "message": str(detail)}
