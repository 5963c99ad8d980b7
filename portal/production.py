"""What a portal that people rely on must have; without it, web, worker, beat and every command refuse to start.

Production is everything but DEVELOPMENT=1, which `make run` and the tests set; a changed edition is refused there too.
Commands run these checks as Django's own; gunicorn and Celery run none, so portal/wsgi.py and portal/celery.py call
`refuse_unsafe_start`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from priorauth import grants

KEY_LENGTH = 50  # characters; `deploy/new-env` makes 64
NEW_KEY = "Set it to 50 random characters or more: deploy/new-env makes them. (Only to try things out: DEVELOPMENT=1.)"


def refuse_unsafe_start() -> None:
    """Raise ImproperlyConfigured, with one line for each fault, where this process must not work for people."""
    faults = [f"{fault.msg} {fault.hint}" for fault in settings_are_safe(None)] + _role() + _editions()
    if faults:
        raise ImproperlyConfigured("\n".join(["The portal does not start:", *faults]))


@register("production")
def settings_are_safe(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEVELOPMENT:
        return []
    return [Error(msg, hint=hint, id=f"production.{number}") for number, msg, hint in _faults()]


def _faults() -> Iterator[tuple[str, str, str]]:
    """The id, what is wrong, and what would be right."""
    if settings.DEBUG:
        yield "E001", "DEBUG is on: its pages show patients' data and the settings.", "Set DEBUG to False."
    secret = _secret_key()
    if _weak(secret):
        yield "E002", "SECRET_KEY is missing or weak: whoever guesses it can sign in as anybody.", NEW_KEY
    if _weak(settings.AUDIT_KEY):
        yield "E003", "AUDIT_KEY is missing or weak: whoever guesses it can rewrite the audit trail.", NEW_KEY
    elif secret == settings.AUDIT_KEY:
        yield "E004", "AUDIT_KEY is the same as SECRET_KEY, so who has one has both.", NEW_KEY
    if "postgresql" not in settings.DATABASES["default"]["ENGINE"]:
        right = "Set it to postgresql://role:password@host:5432/name."
        yield "E005", "DATABASE_URL does not name a PostgreSQL: locks and guards need one.", right
    if not settings.HTTPS:
        yield "E006", "HTTPS is 0: passwords and patients' data would pass in the clear.", "Set it to 1."
    if not all(settings.ALLOWED_HOSTS) or {"*", "."} & {*settings.ALLOWED_HOSTS}:
        right = "Name the portal's own hosts, as in ALLOWED_HOSTS=portal.example.org."
        yield "E007", "ALLOWED_HOSTS is empty or takes every host name, so a link can be forged.", right
    if settings.STATIC_ROOT and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        right = "Run `manage.py collectstatic` first, or leave STATIC_ROOT out."
        yield "E008", "STATIC_ROOT names a folder in which no files were collected: pages would have no style.", right


def _secret_key() -> str:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:  # what Django raises for an empty one
        return ""


def _weak(key: str) -> bool:
    return len(key) < KEY_LENGTH or len({*key}) < 10 or key.startswith("django-insecure-")


def _role() -> list[str]:
    """Ask the database who this process is there. A database that is down refuses nobody: the portal waits for it."""
    if settings.DEVELOPMENT or connection.vendor != "postgresql":
        return []
    try:
        excess = grants.excess()
    except OperationalError:
        return []
    finally:
        connection.close()
    name = "DATABASE_OWNER_URL" if settings.DATABASE_OWNER_URL else "DATABASE_URL"
    right = "Name the lesser role in DATABASE_URL, and the owner in DATABASE_OWNER_URL for `manage.py migrate` alone."
    told = f"The role that {name} names could rewrite the audit trail: it {', '.join(excess)}. {right}"
    return [told] if excess else []


def _editions() -> list[str]:
    """The editions whose files are not those of their first use."""
    from priorauth import editions  # its models: this module is read before the apps are

    try:
        return editions.faults()
    finally:
        connection.close()
