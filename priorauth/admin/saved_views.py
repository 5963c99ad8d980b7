"""Saved views of the queue: only what its tabs and filters say goes into one, so it can hold no patient data."""

from collections.abc import Mapping
from copy import copy
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from priorauth.admin.filters import FILTERS
from priorauth.admin.site import site
from priorauth.models import Case, SavedView
from priorauth.posting import posted_from, typed_text
from priorauth.roles import Actor
from priorauth.services import saved_views
from priorauth.services.errors import Incomplete

QUEUE = "admin:priorauth_case_changelist"


def canonical(parameters: Mapping[str, str]) -> str:
    """The known parameters of an address of the queue, in one order; everything else is left out."""
    known: dict[str, str] = {}
    for one in FILTERS:
        value = parameters.get(one.parameter_name, "")
        if one.keeps(value, known):
            known[one.parameter_name] = value
    return urlencode(known)


def shown(actor: Actor, parameters: Mapping[str, str]) -> dict[str, Any]:
    """What the queue says of saved views."""
    here = canonical(parameters)
    views = SavedView.objects.filter(user=actor.user_id)
    return {"here": here, "saved": [(view, view.query == here) for view in views], "most_saved": saved_views.MOST}


@posted_from(QUEUE)
def keep(request: HttpRequest) -> HttpResponse:
    query = canonical(QueryDict(request.POST.get("query", "")))
    try:
        view = saved_views.keep(by=request.actor, at=timezone.now(), name=typed_text(request, "name"), query=query)
    except Incomplete as missing:
        return again(request, str(missing))
    messages.success(request, f"The view is saved as “{view.name}”.")
    return redirect(f"{reverse(QUEUE)}?{query}")


def again(request: HttpRequest, *why: str) -> HttpResponse:
    """The queue as it stood behind a form that was refused, with what was typed and ticked, and why."""
    posted = QueryDict(request.POST.get("query", ""))
    shown_then = copy(request)
    shown_then.method, shown_then.GET = "GET", QueryDict(canonical(posted), mutable=True)
    if posted.get("p", "").isdecimal():
        shown_then.GET["p"] = posted["p"]
    for reason in why:
        messages.error(request, reason)
    page: HttpResponse = site.get_model_admin(Case).changelist_view(shown_then)
    page.status_code = 400 if page.status_code == 200 else page.status_code
    return page


def delete(request: HttpRequest, view: int) -> HttpResponse:
    if request.method == "POST" and saved_views.forget(view, by=request.actor, at=timezone.now()):
        messages.success(request, "The view is deleted.")
    return redirect(QUEUE)
