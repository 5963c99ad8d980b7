"""Who may open the office's pages, and how a service's refusal becomes a page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.accounts.sessions import BACKGROUND
from priorauth.models import Case
from priorauth.roles import Actor
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.tenancy import get_for

View = Callable[..., HttpResponse]


def office_page(view: View) -> View:
    """For signed-in people of an office only. A refusal that the view does not show becomes a page of its own."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.actor is None or not request.actor.is_office:
            raise PermissionDenied("This page belongs to the provider offices.")
        try:
            return view(request, *args, **kwargs)
        except NotPermitted as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except Conflict as conflict:
            return refused(request, str(conflict), status=409)
        except Incomplete as incomplete:
            return refused(request, str(incomplete), status=400)

    return guarded


def refused(request: HttpRequest, message: str, *, status: int) -> HttpResponse:
    reference = request.resolver_match.kwargs.get("reference", "")
    context = {"message": message, "reference": reference}
    return render(request, "requests/refused.html", context, status=status)


def case_of(actor: Actor, reference: str) -> Case:
    """The request with whom it is about; Http404 where the actor may not see it."""
    rows = Case.objects.for_actor(actor).select_related("member", "clinician", "facility")
    return get_for(actor, Case, rows=rows, reference=reference)


def saves_itself(request: HttpRequest) -> bool:
    """Whether a page posts what is typed by itself, without files and buttons (static/portal.js, request.js)."""
    return request.method == "POST" and BACKGROUND in request.headers
