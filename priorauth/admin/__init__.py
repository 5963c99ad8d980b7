"""The reviewers' workbench: Django's admin with our own pages. It only reads; every write goes through services."""

from priorauth.admin import auditevent, case, editions, invitations, jobs, keys, letter_texts, people, regimes, replays
from priorauth.admin.site import site

__all__ = [
    "auditevent",
    "case",
    "editions",
    "invitations",
    "jobs",
    "keys",
    "letter_texts",
    "people",
    "regimes",
    "replays",
    "site",
]
