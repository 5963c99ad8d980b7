"""Help, the glossary and the statement on accessibility: for everybody, and so for who cannot sign in."""

import re
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from portal.accounts.sessions import LONGEST
from portal.help.glossary import STATUSES, WORDS
from priorauth.roles import Role
from priorauth.services.attach import MAX_CASE_BYTES, MAX_FILE_BYTES, MAX_FILES
from priorauth.services.claim import CLAIM

MIB = 1024 * 1024
# The parts of the help page (templates/help/), and whose they are. Who has no role here, or helps all, reads each.
PARTS: Final = {
    "office": "For offices",
    "reviewers": "For nurses, physicians and leads",
    "lead": "For review leads",
    "payer": "For payer operations",
    "auditor": "For auditors",
    "administrator": "For administrators",
}
FOR_ALL: Final = {"trouble": "When something goes wrong", "call": "Whom to ask"}
OWN: Final[dict[str, tuple[str, ...]]] = {
    Role.CLERK: ("office",),
    Role.OFFICE_ADMIN: ("office",),
    Role.NURSE: ("reviewers",),
    Role.PHYSICIAN: ("reviewers",),
    Role.LEAD: ("lead", "reviewers", "payer"),
    Role.PAYER: ("payer",),
    Role.AUDITOR: ("auditor",),
    Role.ADMINISTRATOR: ("administrator", *(part for part in PARTS if part != "administrator")),
}


HEADING: Final = re.compile(r'<h3 id="([\w-]+)">(.+?)</h3>')


@dataclass(frozen=True)
class Part:
    """A part of the page with its headings, (id, title), for the contents."""

    id: str
    title: str
    body: SafeString

    @property
    def headings(self) -> list[tuple[str, SafeString]]:
        return [(place, SafeString(title)) for place, title in HEADING.findall(self.body)]


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """What each role does, what to do when something goes wrong, and whom to ask."""
    own = OWN.get(request.actor.role, tuple(PARTS)) if request.actor else tuple(PARTS)
    facts = {
        "idle": settings.SESSION_COOKIE_AGE // 60,
        "longest": int(LONGEST.total_seconds() // 3600),
        "claim": int(CLAIM.total_seconds() // 60),
        "file_mb": MAX_FILE_BYTES // MIB,
        "files_mb": MAX_CASE_BYTES // MIB,
        "files": MAX_FILES,
    }
    titles = {part: PARTS[part] for part in own} | FOR_ALL
    parts = [Part(part, title, render_to_string(f"help/{part}.html", facts)) for part, title in titles.items()]
    return render(request, "help/help.html", {"parts": parts})


@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    return render(request, "help/glossary.html", {"statuses": STATUSES, "words": WORDS})


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "help/accessibility.html")
