"""Browsers that an account was signed in from before: others' guessing does not hold them up.

After each sign-in the browser gets a signed cookie that names the account by a keyed digest, with a number of its own
under which its tries are counted (the device cookie of OWASP's "Slow Down Online Guessing Attacks"). Several people may
share one browser. The cookie opens nothing: the password is asked as always.
"""

import secrets

from django.http import HttpRequest, HttpResponse

from portal.accounts.signed_cookie import SignedCookie
from priorauth.services import brake

MOST_ACCOUNTS = 8
COOKIE = SignedCookie("known", salt="portal.known-browser", lasts=180 * 24 * 3600)


def number_for(request: HttpRequest, email: str) -> str | None:
    """The number that this browser got with an earlier sign-in as `email`."""
    return dict(COOKIE.read(request)).get(_account(email))


def remember(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Let the browser be known for this account from now on."""
    account = _account(email)
    others = [pair for pair in COOKIE.read(request) if pair[0] != account]
    COOKIE.write(response, [[account, secrets.token_hex(12)], *others][:MOST_ACCOUNTS])


def _account(email: str) -> str:
    return brake.subject("account", email)[:24]
