"""A form that comes after its session has ended does nothing, and what was typed into it is kept for its person.

Pages that keep what is typed have `keeps` in portal/permissions.yaml. The person whose page it was (pages.py) is
offered it after signing in (kept.py). Putting it back sends the form to its page again with the field `put_back`: a
page that keeps must then show what was typed, save it if saving is all it can mean, and send or decide nothing.
"""

import uuid
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import resolve
from django.utils import timezone

from portal.accounts import pages
from portal.permissions import row_of
from priorauth.models import KeptPost
from priorauth.posting import PUT_BACK, longer_texts
from priorauth.roles import Actor
from priorauth.services import kept

KEPT, UNSAVED = "kept", "unsaved"
BUTTONS = {pages.FIELD, PUT_BACK, "action", "add", "copy", "look_up", "member", "remove", "remove_file", "suggest"}
LONGEST_PATH = 200


class LatePostMiddleware:
    """Keeps what a late form brought, and forgets what was put back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method != "POST":
            return response
        if response.headers.get("Location", "").startswith(f"{resolve_url('sign-in')}?") and request.actor is None:
            return signed_out(request, response)
        if request.actor and _took_it(request, response) and is_key(request.POST.get(PUT_BACK, "")):
            kept.forget(request.POST[PUT_BACK], by=request.actor)
            note_waiting(request, request.actor)
        return response


def _took_it(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether a page that keeps shows what it was sent, now or after a redirect. A page elsewhere only says that it is
    too late, a refusal may pass, and what was refused unread is not read here."""
    where = response.headers.get("Location", "")
    if not row_of(request.resolver_match).keeps:
        return False
    return row_of(resolve(urlsplit(where).path)).keeps if where else response.status_code == 200


def signed_out(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The way to the sign-in page and from there to what was kept, or with the word that it was not. Whose role, office
    or password was changed meanwhile may not send it, so nothing is kept: they are shown what they typed."""
    keeps = row_of(request.resolver_match).keeps
    if keep(request):
        response.headers["Location"] = _sign_in()
    elif keeps and pages.lost_its_owner(request) and (typed := longer_texts(request)):
        return render(request, "403_csrf.html", {"typed": typed}, status=403)
    elif keeps:
        response.headers["Location"] += f"&{UNSAVED}=1"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For a form of a page that is older than the last signing in, or that is none of ours."""
    row = keep(request)
    if row and request.actor is None:
        return redirect(_sign_in())
    if row and row.owner_id == request.actor.user_id:
        note_waiting(request, request.actor)
        return redirect("kept")
    return render(request, "403_csrf.html", {"kept": row is not None}, status=403)


def keep(request: HttpRequest) -> KeptPost | None:
    """Keep the form if its page keeps and if it was a page of somebody who may still send it."""
    row = row_of(request.resolver_match)
    path = request.path
    if not row.keeps or len(path) > LONGEST_PATH:
        return None
    user = pages.owner(request)
    by = Actor.of(user) if user else None
    if by is None or by.role not in row.allowed.get("POST", ()):
        return None
    fields = fields_of(request)
    if not any(text.strip() for texts in fields.values() for text in texts):
        return None
    files = [file.name for file in request.FILES.values()] + getattr(request, "unstored_files", [])
    return kept.keep(by=by, at=timezone.now(), path=path, fields=fields, files=files)


def fields_of(request: HttpRequest) -> dict[str, list[str]]:
    """What a form brought, without its buttons."""
    return {name: request.POST.getlist(name) for name in request.POST if name not in BUTTONS}


def note_waiting(request: HttpRequest, by: Actor) -> None:
    """Let every page say that something is kept, until nothing is any more."""
    request.session[KEPT] = kept.of(by, timezone.now()).exists()


def _sign_in() -> str:
    return f"{resolve_url('sign-in')}?{urlencode({'next': resolve_url('kept'), KEPT: 1})}"


def is_key(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False
