"""Browsers that an account was signed in from before: others' guessing does not hold them up.

After each sign-in the browser gets a signed cookie that names the account by a keyed digest, with a number of its own
under which its tries are counted (the device cookie of OWASP's "Slow Down Online Guessing Attacks"). Several people may
share one browser. The cookie opens nothing: the password is asked as always.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from priorauth.services import brake

LASTS = 180 * 24 * 3600  # seconds
MOST_ACCOUNTS = 8
SALT = "portal.known-browser"


def cookie_name() -> str:
    return "__Host-known" if settings.HTTPS else "known"


def number_for(request: HttpRequest, email: str) -> str | None:
    """The number that this browser got with an earlier sign-in as `email`."""
    return dict(_read(request)).get(_account(email))


def remember(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Let the browser be known for this account from now on."""
    account = _account(email)
    others = [pair for pair in _read(request) if pair[0] != account]
    pairs = [[account, secrets.token_hex(12)], *others][:MOST_ACCOUNTS]
    response.set_cookie(
        cookie_name(),
        signing.dumps(pairs, salt=SALT),
        max_age=LASTS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _account(email: str) -> str:
    return brake.subject("account", email)[:24]


def _read(request: HttpRequest) -> list[list[str]]:
    try:
        return signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        return []
