"""Reading patients' data is an event (decisions 10 and 13): the permission matrix says which answers show them."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.permissions import as_read, row_of
from priorauth import audit
from priorauth.models import Case

SEARCH = "search"
WRITTEN_ELSEWHERE = {"export_decisions"}  # by priorauth.exports, which knows what was chosen


class ReadingMiddleware:
    """Writes one event into the reader's stream of the day, before the answer leaves: who read what."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        action = row_of(request.resolver_match).shows.get(as_read(request.method))
        if action and action not in WRITTEN_ELSEWHERE and request.actor and _showed(request, response):
            with transaction.atomic():
                audit.record(
                    by=request.actor,
                    at=timezone.now(),
                    action=action,
                    entities=_entities(request),
                    change={"terms": _terms(request)} if action == SEARCH else None,
                )
        return response

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> None:
        """Nothing before this refused the request: its view runs."""
        request.viewed = True

    def process_exception(self, request: HttpRequest, _exception: Exception) -> None:
        """A view that raised showed nothing: the answer is an error page."""
        request.viewed = False


def _showed(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether the view made a page: neither a redirect nor one that there is not."""
    page = not 300 <= response.status_code < 400 and response.status_code not in (404, 405)
    return page and getattr(request, "viewed", False)


def _entities(request: HttpRequest) -> dict[str, str | int]:
    """What the address names: the case by its reference, the file and the replay by their keys, the letter and the
    page of a file by their numbers."""
    named = request.resolver_match.kwargs
    entities: dict[str, str | int] = {}
    if key := named.get("pk") or named.get("object_id"):
        entities["case"] = Case.objects.for_actor(request.actor).values_list("reference", flat=True).get(pk=key)
    elif "reference" in named:
        entities["case"] = named["reference"]
    if replay := named.get("replay"):
        entities["replay"] = str(replay)
    if file := named.get("file") or named.get("file_id"):
        entities["attachment"] = str(file)
    if page := named.get("page"):
        entities["page"] = page
    if letter := named.get("letter"):
        entities["letter"] = letter
    return entities


def _terms(request: HttpRequest) -> list[Any]:
    """What was searched for: kept as a keyed digest alone."""
    return sorted(entry for entry in request.POST.lists() if entry[0] != "csrfmiddlewaretoken")
