"""The people of the office, for its administrator: invite, change a role, deactivate; take links back."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.office.overview import open_invitations
from portal.web.access import office_page
from priorauth.models import Invitation, Membership, Organization
from priorauth.roles import OFFICE_ROLES, Role
from priorauth.services import invitations, office_people
from priorauth.services.errors import Conflict, Incomplete, NotPermitted

ROLES = [(role.value, role.label) for role in Role if role in OFFICE_ROLES]
SURE = "Tick the box: your office cannot take this back."
ROLE = "Choose a role: office clerk or office administrator."


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite one person into the office. The answer to a post is the one page that ever shows the link."""
    if request.method != "POST":
        return _invite_page(request, {})
    email, role = request.POST.get("email", "").strip(), _role(request)
    problems = {"email": _problem_of(email), "role": "" if role else ROLE}
    if role is None or any(problems.values()):
        return _invite_page(request, problems)
    office = Organization.objects.get(pk=request.actor.organization_id)
    try:
        made, token = invitations.invite(email, office, role, by=request.actor, at=timezone.now())
    except (Incomplete, Conflict) as refusal:
        return _invite_page(request, {"email": str(refusal)})
    return _link_page(request, made, token)


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, invitation: int) -> HttpResponse:
    """One open link for a new person: make it anew, or take it back."""
    known = get_object_or_404(open_invitations(request.actor).select_related("organization"), pk=invitation)
    if request.method != "POST":
        context = {"invitation": known, "ran_out": known.expires_at <= timezone.now()}
        return render(request, "office/invitation.html", context)
    if request.POST.get("action") == "renew":
        return _link_page(request, *invitations.renew(known, by=request.actor, at=timezone.now()))
    invitations.revoke(known, by=request.actor, at=timezone.now())
    messages.success(request, f"The link for {known.email} works no longer.", extra_tags="good")
    return redirect("office")


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, person: int) -> HttpResponse:
    """One colleague, or oneself: another role, or no access any more."""
    membership = get_object_or_404(office_people.colleagues(request.actor), pk=person)
    if request.method != "POST":
        return _person_page(request, membership)
    role, leaves = _role(request), request.POST.get("action") == "deactivate"
    if not leaves and role is None:
        return _person_page(request, membership, ROLE)
    if leaves and "sure" not in request.POST:
        return _person_page(request, membership, unsure=SURE)
    try:
        if leaves or role is None:
            office_people.deactivate(membership, by=request.actor, at=timezone.now())
        else:
            office_people.change_role(membership, role, by=request.actor, at=timezone.now())
    except NotPermitted as refusal:
        return _person_page(request, membership, str(refusal))
    done = "can no longer sign in" if leaves else f"is {Role(role).label.lower()} now"
    messages.success(request, f"{membership.user} {done}.", extra_tags="good")
    return redirect("office")


def _role(request: HttpRequest) -> Role | None:
    chosen = request.POST.get("role", "")
    return Role(chosen) if chosen in dict(ROLES) else None


def _problem_of(email: str) -> str:
    try:
        validate_email(email)
    except ValidationError:
        return invitations.ADDRESS
    return ""


def _invite_page(request: HttpRequest, problems: dict[str, str]) -> HttpResponse:
    context = {
        "roles": ROLES,
        "email": request.POST.get("email", ""),
        "role": request.POST.get("role", ""),
        "wrong": problems,
        "form": {"problems": [{"input_id": name, "message": text} for name, text in problems.items() if text]},
    }
    return render(request, "office/invite.html", context, status=400 if any(problems.values()) else 200)


def _person_page(request: HttpRequest, membership: Membership, problem: str = "", *, unsure: str = "") -> HttpResponse:
    context = {
        "membership": membership,
        "roles": ROLES,
        "problem": problem,
        "unsure": unsure,
        "form": {"problems": [{"input_id": "sure", "message": unsure}] if unsure else []},
        "oneself": membership.user_id == request.actor.user_id,
    }
    return render(request, "office/person.html", context, status=400 if problem or unsure else 200)


def _link_page(request: HttpRequest, made: Invitation, token: str) -> HttpResponse:
    link = request.build_absolute_uri(reverse("invitation-link", args=[token]))
    return render(request, "office/link.html", {"invitation": made, "link": link})
