"""One's own account: who one is here, a new password, an end to every session."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from portal.accounts.passwords import NewPasswordForm
from portal.accounts.sign_in import BEFORE, LONGEST_INPUT, TOO_MANY_REQUESTS, forgetting, in_words, seconds
from priorauth.models import User
from priorauth.posting import posted_from
from priorauth.roles import ADMIN_SITE_ROLES
from priorauth.services import brake, people

CHANGED = "Your password was changed. Other browsers in which you were signed in have been signed out."
WRONG = "This is not your present password. Capital letters count."
KEYS = {True: "Single keys work on your pages.", False: "Single keys are switched off."}
EVERYWHERE = "You were signed out everywhere."


class OwnPasswordForm(NewPasswordForm):
    """The password as it is, then the new one."""

    current = forms.CharField(
        label="Your present password",
        strip=False,
        validators=[MaxLengthValidator(LONGEST_INPUT)],
        error_messages={
            "required": "Enter your present password.",
            "max_length": WRONG,
            "null_characters_not_allowed": WRONG,
        },
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["current", "password1", "password2"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def owner(self) -> User:
        return self.user


@sensitive_post_parameters()
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """GET shows the page; POST changes the password. Guessing the present one is braked like guessing at sign-in."""
    user, at = request.user, timezone.now()
    form = OwnPasswordForm(user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return show(request, form)
    own = brake.subject("own password", str(user.pk))
    try:
        brake.count([own], at)
    except brake.Braked as braked:
        wait = in_words(seconds(braked.until - at))
        form.add_error("current", f"Too many tries did not match. Wait {wait}, then try again.")
        return show(request, form, TOO_MANY_REQUESTS)
    if not user.check_password(form.cleaned_data["current"]):
        form.add_error("current", WRONG)
        return show(request, form)
    brake.forgive(own)
    people.change_own_password(user, form.cleaned_data["password1"], at=at)
    update_session_auth_hash(request, user)
    messages.success(request, CHANGED)
    return redirect("account")


def show(request: HttpRequest, form: OwnPasswordForm, status: int = 200) -> HttpResponse:
    actor = request.actor
    has_keys = actor is not None and actor.role in ADMIN_SITE_ROLES
    idle, before = settings.SESSION_COOKIE_AGE // 60, request.session.get(BEFORE, "")
    context = {"form": form, "before": before, "has_keys": has_keys, "idle": idle}
    return render(request, "account/account.html", context, status=status)


@posted_from("account")
@login_required
def shortcuts(request: HttpRequest) -> HttpResponse:
    """Single keys on the reviewers' pages: the ticked box switches them on, the empty one off."""
    on = "on" in request.POST
    people.switch_shortcuts(request.user, on, at=timezone.now())
    messages.success(request, KEYS[on])
    return redirect("account")


@posted_from("account")
@login_required
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    people.sign_out_everywhere(request.user, at=timezone.now())
    logout(request)
    messages.success(request, EVERYWHERE)
    return forgetting(redirect("sign-in"))
