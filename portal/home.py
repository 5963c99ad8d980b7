"""`/` sends each role to its own first page."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from priorauth.roles import ADMIN_SITE_ROLES


@login_required
def home(request: HttpRequest) -> HttpResponse:
    actor = request.actor
    if actor is None:
        raise PermissionDenied
    if actor.is_office:
        return redirect("requests")
    return redirect("admin:index" if actor.role in ADMIN_SITE_ROLES else "exports")
