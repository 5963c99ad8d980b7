"""Links by which people come in: the open ones, inviting, issuing anew, taking back. For administrators alone.

The portal sends no mail: a link is shown once, to the administrator, who passes it on.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from priorauth.admin.base import ReadOnlyAdmin
from priorauth.admin.site import site
from priorauth.models import Invitation, Organization, User
from priorauth.roles import OFFICE_ROLES, Role
from priorauth.services import invitations
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete

CONFLICT = 409


def by_kind() -> list[tuple[str, list[tuple[str, str]]]]:
    """The roles that a person can have, under the kind of organization that they belong to."""
    people = [role for role in Role if role != Role.SYSTEM]
    offices = [(role.value, role.label) for role in people if role in OFFICE_ROLES]
    plans = [(role.value, role.label) for role in people if role not in OFFICE_ROLES]
    return [("", [("", "Choose a role")]), ("In a provider office", offices), ("In the plan", plans)]


def said(words: str) -> dict[str, str]:
    """One sentence for whatever is wrong with a field."""
    return dict.fromkeys(("required", "invalid", "invalid_choice", "max_length", "null_characters_not_allowed"), words)


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="Work e-mail address",
        max_length=254,
        help_text="The person signs in with it.",
        error_messages=said("Enter the work e-mail address, like name@example.org."),
    )
    organization = forms.ModelChoiceField(
        Organization.objects.order_by("kind", "name"),
        help_text="Not in the list? Add the organization first.",
        empty_label="Choose an organization",
        error_messages=said("Choose the organization."),
    )
    role = forms.ChoiceField(choices=by_kind, error_messages=said("Choose the role."))


@admin.register(Invitation, site=site)
class InvitationAdmin(ReadOnlyAdmin):
    list_title = "Open invitations"
    readers = frozenset({Role.ADMINISTRATOR})
    list_display = ("email", "purpose", "organization", "place", "ends")
    list_select_related = ("organization",)
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).filter(invitations.OPEN)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def add_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        """Invite one person: the form, then the link."""
        refuse_others(request)
        form = InviteForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            values = {**form.cleaned_data, "role": Role(form.cleaned_data["role"])}
            try:
                return link_page(request, *invitations.invite(**values, by=request.actor, at=timezone.now()))
            except Incomplete as missing:
                form.add_error(missing.field, str(missing))
            except Conflict as conflict:
                form.add_error("email", str(conflict))
        return page(request, "invite.html", title="Invite a person", form=form)

    def change_view(self, request: HttpRequest, object_id: str, *_: Any, **__: Any) -> HttpResponse:
        """One open invitation: issue it anew, or take it back."""
        refuse_others(request)
        invitation = self.get_object(request, object_id)
        if invitation is None:
            messages.info(request, "That link is open no longer: it was used, taken back or made anew.")
            return redirect("admin:priorauth_invitation_changelist")
        facts = {"title": "Open invitation", "invitation": invitation, "ran_out": has_run_out(invitation)}
        if request.method != "POST":
            return page(request, "invitation.html", **facts)
        try:
            if "renew" in request.POST:
                return link_page(request, *invitations.renew(invitation, by=request.actor, at=timezone.now()))
            invitations.revoke(invitation, by=request.actor, at=timezone.now())
        except (Conflict, Incomplete) as refused:
            return page(request, "invitation.html", CONFLICT, problem=str(refused), **facts)
        messages.success(request, f"The link for {invitation.email} works no longer.")
        return redirect("admin:priorauth_invitation_changelist")

    @admin.display(description="For")
    def purpose(self, invitation: Invitation) -> str:
        return "A new password" if invitation.user_id else "A new account"

    @admin.display(description="Role")
    def place(self, invitation: Invitation) -> str:
        return invitation.get_role_display()

    @admin.display(description="Works until")
    def ends(self, invitation: Invitation) -> str:
        return f"{moment(invitation.expires_at)}{' (it ran out)' if has_run_out(invitation) else ''}"


def password_link(request: HttpRequest, pk: int) -> HttpResponse:
    """POST makes a link by which this person chooses a new password; a GET leads to their page."""
    refuse_others(request)
    user = get_object_or_404(User, pk=pk, is_machine=False)
    if request.method == "POST":
        try:
            return link_page(request, *invitations.password_link(user, by=request.actor, at=timezone.now()))
        except Incomplete as missing:
            messages.error(request, str(missing))
    return redirect("admin:priorauth_user_change", pk)


def link_page(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """The one page that ever shows a link."""
    link = request.build_absolute_uri(reverse("invitation-link", args=[token]))
    return page(request, "link.html", title="Pass this link on", invitation=invitation, link=link)


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    context |= site.each_context(request)
    return TemplateResponse(request, f"admin/priorauth/invitation/{template}", context, status=status)


def refuse_others(request: HttpRequest) -> None:
    if request.actor is None or request.actor.role != Role.ADMINISTRATOR:
        raise PermissionDenied


def has_run_out(invitation: Invitation) -> bool:
    return invitation.expires_at <= timezone.now()
