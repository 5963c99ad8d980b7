"""Whose page a form stood on, though its session has ended: the form itself says so.

Signing in gives a browser a new CSRF secret, and every form of every page of that session carries it, masked. So a
form that comes too late is known by its own token, which no other site and no other person's page has. A signed
cookie tells which person the secret belonged to; it opens nothing, and names nobody who was given another password,
role or organization since.
"""

import time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CSRF_SECRET_LENGTH, CSRF_TOKEN_LENGTH, _unmask_cipher_token
from django.utils.crypto import salted_hmac

from portal.accounts.signed_cookie import SignedCookie
from priorauth.models import User

LASTS = 36 * 3600  # seconds after signing in: also for a page that was left open until the next morning
MOST_PEOPLE = 4
SALT = "portal.pages"
FIELD = "csrfmiddlewaretoken"
COOKIE = SignedCookie("pages", salt=SALT, lasts=LASTS)


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Note that the pages of the session that begins now are this person's."""
    entry = [_mark(request.META["CSRF_COOKIE"]), user.pk, _bound(user), int(time.time())]
    COOKIE.write(response, [entry, *_read(request)][:MOST_PEOPLE])


def are_known(request: HttpRequest) -> bool:
    """Whether somebody signed in with this browser lately, so that what it sends may be worth reading."""
    return bool(_read(request))


def owner(request: HttpRequest) -> User | None:
    """The person whose page sent this form; None where nothing proves it."""
    for key, bound in _whose(request):
        user = User.objects.select_related("membership__organization").filter(pk=key, is_active=True).first()
        return user if user and _bound(user) == bound else None
    return None


def lost_its_owner(request: HttpRequest) -> bool:
    """Whether the page of this form was given to a person who has another role, office or password since, or none."""
    return bool(_whose(request)) and owner(request) is None


def _whose(request: HttpRequest) -> list[tuple[int, str]]:
    mark = _mark_of_token(request.POST.get(FIELD, ""))
    return [(key, bound) for page, key, bound, _ in _read(request) if page == mark]


def _mark_of_token(token: str) -> str:
    """What `_mark` gives for the secret in a form's token; nothing for what is no token."""
    if not (token.isascii() and token.isalnum()):
        return ""
    if len(token) == CSRF_TOKEN_LENGTH:
        return _mark(_unmask_cipher_token(token))
    return _mark(token) if len(token) == CSRF_SECRET_LENGTH else ""


def _mark(secret: str) -> str:
    return salted_hmac(SALT, secret, algorithm="sha256").hexdigest()[:32]


def _bound(user: User) -> str:
    return _mark(user.get_session_auth_hash())


def _read(request: HttpRequest) -> list[list[Any]]:
    return [entry for entry in COOKIE.read(request) if entry[3] > time.time() - LASTS]
