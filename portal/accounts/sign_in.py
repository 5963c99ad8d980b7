"""The one sign-in page of office, plan and API browser, behind the brake on guessing; and signing out."""

import datetime as dt
import math
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.views import LoginView, LogoutView
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from portal.accounts import known, late, pages
from portal.accounts.address import sender
from portal.accounts.late import KEPT, UNSAVED
from priorauth.models import User
from priorauth.roles import Actor
from priorauth.services import brake, sign_in
from priorauth.services.base import moment

TOO_MANY_REQUESTS = 429
LONGEST_INPUT = 4096  # characters; longer is nobody's password, and is not hashed
BEFORE = "signed_in_before"
NOT_KEPT = "You had been signed out when you sent that page. What you typed since it was last saved was not kept."


class SignInForm(forms.Form):
    """The two texts, whatever they are: what is wrong with them is said in one way."""

    username = forms.CharField(max_length=254)
    password = forms.CharField(strip=False, validators=[MaxLengthValidator(LONGEST_INPUT)])

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def clean_username(self) -> str:
        return self.cleaned_data["username"].lower()


class SignIn(LoginView):
    template_name = "sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def get_redirect_url(self) -> str:
        """Where the address leads afterwards, but not back here."""
        url = super().get_redirect_url()
        return "" if urlsplit(url).path == self.request.path else url

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Count the try, read the password, take the count back if it matches."""
        at, email = timezone.now(), form.cleaned_data["username"]
        own, shared = subjects(self.request, email)
        try:
            refused_until = brake.count([own, *shared], at)
        except brake.Braked as braked:
            return self.held_up(form, braked.until, seconds(braked.until - at))
        user = authenticate(self.request, username=email, password=form.cleaned_data["password"])
        if user is None or Actor.of(user) is None or user.is_machine:
            sign_in.failed(email, at=at, refused_until=refused_until)
            form.add_error(None, "mismatch")
            return self.form_invalid(form)
        before = user.last_login
        with transaction.atomic():
            login(self.request, user)
            sign_in.signed_in(user, at=at, own=own, shared=shared)
        self.request.session[BEFORE] = moment(before) if before else ""
        self.request.session.clear_expired()
        return self.welcome(email, user)

    def welcome(self, email: str, user: User) -> HttpResponse:
        if self.request.POST.get(UNSAVED):
            messages.warning(self.request, NOT_KEPT)
        late.note_waiting(self.request, Actor.of(user))
        response = redirect(self.get_success_url())
        known.remember(self.request, response, email)
        pages.remember(self.request, response, user)
        return response

    def held_up(self, form: SignInForm, until: dt.datetime, wait: int) -> HttpResponse:
        context = self.get_context_data(form=form, until=moment(full_minute(until)), wait=in_words(wait))
        response = self.render_to_response(context, status=TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(wait)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        said = {name: self.request.GET.get(name) or self.request.POST.get(name) for name in (UNSAVED, KEPT)}
        return super().get_context_data(idle=settings.SESSION_COOKIE_AGE // 60, **said, **kwargs)


class SignOut(LogoutView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session, and let the browser drop what it still has of the pages."""
        with transaction.atomic():
            if request.actor:
                sign_in.signed_out(request.actor, at=timezone.now())
            response = super().post(request, *args, **kwargs)
        return forgetting(response)


def forgetting(response: HttpResponse) -> HttpResponse:
    """Not the cookies: the browser stays known, so that others' guessing does not keep its person out."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def subjects(request: HttpRequest, email: str) -> tuple[str, list[str]]:
    """What a try is counted against: this browser alone where the account is known in it; else the account, and the
    address that it shares with others."""
    number = known.number_for(request, email)
    if number:
        return brake.subject("browser", number), []
    return brake.subject("account", email), [brake.subject("address", sender(request))]


def seconds(span: dt.timedelta) -> int:
    """So many whole seconds that the span is over after them."""
    return math.ceil(span.total_seconds())


def full_minute(at: dt.datetime) -> dt.datetime:
    """The first full minute that is not before `at`: words for a time have no seconds."""
    return at if not (at.second or at.microsecond) else at.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)


def in_words(wait: int) -> str:
    if wait <= 60:
        return "1 second" if wait == 1 else f"{wait} seconds"
    return f"{math.ceil(wait / 60)} minutes"
