"""The way in by a link: an invitation, or a new password for somebody who is registered.

The link's token is in the path of one address only, which answers with a redirect: from there on the session knows
which invitation was opened, so no page that a browser shows, keeps or passes on as a referrer has the token in its
address (portal/logs.py keeps it out of the log).
"""

import unicodedata
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts import known
from portal.accounts.passwords import NewPasswordForm
from priorauth.models import Invitation, User
from priorauth.services import invitations
from priorauth.services.base import visible

OPENED = "invitation"
NOT_FOUND = 404
MADE = "Your account is ready. Sign in with your e-mail address and the password that you just chose."
UNSEEN = "This name has a character that cannot be seen. Type it again by hand."
CHANGED = "Your new password is set. Sign in with it."


class NewPersonForm(NewPasswordForm):
    """Name and password of somebody who comes in for the first time."""

    first_name = forms.CharField(
        label="First name",
        max_length=150,
        error_messages={"required": "Enter your first name."},
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label="Last name",
        max_length=150,
        error_messages={"required": "Enter your last name."},
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    field_order = ["first_name", "last_name", "password1", "password2"]

    def __init__(self, invitation: Invitation, *args: Any, **kwargs: Any) -> None:
        self.invitation = invitation
        super().__init__(*args, **kwargs)

    def clean_first_name(self) -> str:
        return named(self.cleaned_data["first_name"], "Enter your first name.")

    def clean_last_name(self) -> str:
        return named(self.cleaned_data["last_name"], "Enter your last name.")

    def owner(self) -> User:
        names = {name: self.cleaned_data.get(name, "") for name in ("first_name", "last_name")}
        return User(email=self.invitation.email, **names)


class OtherPasswordForm(NewPasswordForm):
    """The new password of a registered person."""

    def __init__(self, invitation: Invitation, *args: Any, **kwargs: Any) -> None:
        self.invitation = invitation
        super().__init__(*args, **kwargs)

    def owner(self) -> User:
        return self.invitation.user


def named(text: str, message: str) -> str:
    if not visible(text):
        raise forms.ValidationError(message)
    if any(unicodedata.category(character) in ("Cc", "Cf") for character in text):
        raise forms.ValidationError(UNSEEN)  # in the history and in notices a name must look like what it is
    return text


@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address."""
    try:
        request.session[OPENED] = invitations.of_token(token, timezone.now()).pk
    except invitations.Unusable:
        return unusable(request)
    return redirect("invitation")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    """Show what the link is for and ask for what it needs; POST uses it up."""
    at = timezone.now()
    try:
        invitation = invitations.still_usable(request.session.get(OPENED), at)
        kind = OtherPasswordForm if invitation.user else NewPersonForm
        form = kind(invitation, request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return render(request, "account/invitation.html", {"form": form, "invitation": invitation})
        names = {name: form.cleaned_data[name] for name in ("first_name", "last_name") if name in form.fields}
        invitations.accept(invitation.pk, password=form.cleaned_data["password1"], **names, at=at)
    except invitations.Unusable:
        return unusable(request)
    logout(request)
    messages.success(request, CHANGED if invitation.user else MADE)
    response = redirect("sign-in")
    known.remember(request, response, invitation.email)
    return response


def unusable(request: HttpRequest) -> HttpResponse:
    """One answer for a link that was used, revoked, has run out, or never was."""
    return render(request, "account/no_invitation.html", status=NOT_FOUND)
