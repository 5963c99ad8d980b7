"""The office's page about itself, which everybody of the office reads, and who gets e-mail notices."""

import re

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.web.access import office_page
from priorauth.models import Invitation, OfficeClinician, OfficeFacility
from priorauth.models.directory import OfficeEntry
from priorauth.roles import Actor, Role
from priorauth.services import invitations, office_people


@office_page
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    actor = request.actor
    administers = actor.role == Role.OFFICE_ADMIN
    lists = [
        ("clinician", "Clinicians", _entries(OfficeClinician, actor)),
        ("facility", "Facilities", _entries(OfficeFacility, actor)),
    ]
    context = {
        "administers": administers,
        "people": office_people.colleagues(actor),
        "invitations": open_invitations(actor) if administers else [],
        "lists": [
            {
                "kind": kind,
                "title": title,
                "offered": [entry for entry in entries if entry.retired_at is None],
                "retired": [entry for entry in entries if entry.retired_at],
            }
            for kind, title, entries in lists
        ],
        "now": timezone.now(),
        "mails": bool(settings.MAIL_URL),
    }
    return render(request, "office/office.html", context)


def open_invitations(actor: Actor) -> QuerySet[Invitation]:
    """The links for new people of the actor's office that were neither used nor taken back."""
    rows = Invitation.objects.filter(invitations.OPEN, organization=actor.organization_id, user=None)
    return rows.order_by("-created_at", "-pk")


def _entries(kind: type[OfficeEntry], actor: Actor) -> list[OfficeEntry]:
    return list(kind.objects.for_actor(actor))


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """Tick who gets notices: an administrator for everybody of the office, a clerk for themselves."""
    actor = request.actor
    if request.method == "POST":
        office_people.set_notices(
            _posted(request, "notify"), shown=_posted(request, "shown"), by=actor, at=timezone.now()
        )
        messages.success(request, "Saved who gets notices.", extra_tags="good")
        return redirect("office")
    people = [membership for membership in office_people.colleagues(actor) if membership.user.is_active]
    context = {"people": people, "administers": actor.role == Role.OFFICE_ADMIN, "mails": bool(settings.MAIL_URL)}
    return render(request, "office/notices.html", context)


def _posted(request: HttpRequest, name: str) -> set[int]:
    """The memberships that were posted under a name."""
    return {int(key) for key in request.POST.getlist(name) if re.fullmatch("[0-9]{1,18}", key)}
