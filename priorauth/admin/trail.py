"""The audit trail in words, a case's trail page, and the check that the chain is whole."""

import datetime as dt
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from priorauth import audit
from priorauth.admin.site import site
from priorauth.models import AuditEvent, Case, User
from priorauth.roles import Role
from priorauth.services.base import moment
from priorauth.statuses import Act
from priorauth.tenancy import get_for

OTHER_WORDS = {
    "read_case": "read the case",
    "read_file": "read a file",
    "read_page": "read a page of a file",
    "read_letter": "read a letter",
    "scan_clean": "found no virus",
    "scan_virus": "found a virus",
    "look_pages": "looked at the pages of a file",
    "read_list": "opened a list of cases",
    "search": "searched for a case",
    "open_board": "opened the work board",
    "preview_export": "looked at decisions to export",
    "read_kept": "opened what they had typed after their session ended",
    "export_decisions": "exported decisions",
    "replay": "scored stored requests again, to see what would change",
    "check_trail": "asked for a check of the audit trail",
    "member_lookup": "looked a member up",
    "import_members": "read the plan's member file in",
    "directory_add": "added to the office's list",
    "directory_change": "changed in the office's list",
    "directory_retire": "retired from the office's list",
    "directory_restore": "brought back to the office's list",
    "people_add": "added",
    "people_change": "changed",
    "people_password": "set a new password for",  # as administrators did before there were links
    "sign_in": "signed in",
    "sign_out": "signed out",
    "sign_in_failed": "failed to sign in: the password did not match",
    "sign_out_everywhere": "signed out everywhere",
    "keep_view": "saved a view of the queue",
    "delete_view": "deleted a view of the queue",
    "renew_claim": "renewed a claim",
    "declare_conflict": "declared a conflict of interest",
    "end_conflict": "ended a conflict of interest",
    "switch_keys": "switched the keys of their pages on or off",
    "password_change": "changed their password",
    "password_reset": "chose a new password by a link",
    "password_link_make": "made a link for a new password",
    "invitation_make": "invited a person",
    "invitation_revoke": "took a link back",
    "invitation_accept": "accepted an invitation",
    "breach": "saw that the time to decide has passed",
    "keep_letter_texts": "changed the texts of the letters",
    "key_issue": "issued an API key",
    "key_revoke": "revoked an API key",
}
WORDS = {**dict(Act.choices), **OTHER_WORDS}
REFUSED = "refused_"
ENTITY_WORDS = {
    "case": "case",
    "copy_of": "a copy of",
    "revision": "revision",
    "assessment": "assessment",
    "decision": "decision",
    "information_request": "question",
    "message": "message",
    "clock_change": "change of the clock",
    "letter": "letter",
    "conflict": "conflict of interest",
    "view": "view",
    "letter_texts": "version",
    "attachment": "file",
    "attachments": "files",
    "page": "page",
    "virus": "virus",
    "pages": "pages",
    "blank": "blank",
    "unreadable": "not to be shown",
    "edition": "edition",
    "replay": "replay",
    "job": "job",
    "user": "user",
    "organization": "organization",
    "membership": "membership",
    "credential": "licence",
    "officeclinician": "clinician",
    "officefacility": "facility",
    "found": "members found:",
    "lines": "lines",
    "changed": "changed",
    "wrong": "left out",
    "sha256": "SHA-256",
    "invitation": "link",
    "api_key": "API key",
    "account": "an unknown account,",
    "refused_until": "further tries refused until",
}


class Entry(NamedTuple):
    """One event as people read it."""

    number: int
    at: str
    who: str
    did: str
    about: str
    fields: str
    hash: str


def entries(events: Iterable[AuditEvent], *, brief: bool = False) -> list[Entry]:
    """The events as people read them, with the names of the people that they are about; `brief`: without the digests of
    files."""
    rows = list(events)
    names = _names(rows)
    left_out = {"sha256"} if brief else set()
    return [
        Entry(
            event.sequence,
            to_the_second(event),
            who(event),
            did(event.action),
            about(event, names, left_out),
            field_words(event.fields),
            event.hash[:12],
        )
        for event in rows
    ]


def _names(events: Sequence[AuditEvent]) -> dict[int, str]:
    """The names of the people whom the events name, by key."""
    keys = {event.entities.get("user") for event in events if isinstance(event.entities, dict)}
    known = User.objects.filter(pk__in=[key for key in keys if isinstance(key, int)]) if any(keys) else []
    return {user.pk: str(user) for user in known}


def to_the_second(event: AuditEvent) -> str:
    """The time of an event in words; as it stands in the row where somebody tampered with it."""
    try:
        return moment(dt.datetime.fromisoformat(event.at))
    except ValueError:
        return event.at


def field_words(fields: Any) -> str:
    """The names of the changed fields; of a tampered row whatever stands there."""
    names = fields if isinstance(fields, list) else [fields]
    return ", ".join(str(name).replace("_", " ").removesuffix(" id") for name in names)


def who(event: AuditEvent) -> str:
    """`Rita Okafor (nurse reviewer)`; the portal acts in no role."""
    role = role_words(event.role)
    return event.actor_name if event.role == Role.SYSTEM else f"{event.actor_name} ({role.lower()})"


def role_words(role: str) -> str:
    return Role(role).label if role in Role.values else role


def did(action: str) -> str:
    """The action in the past tense: `asked for information`, `tried and was refused: approved`."""
    if action.startswith(REFUSED):
        return f"tried this and was refused: {did(action.removeprefix(REFUSED))}"
    return WORDS.get(action, action.replace("_", " "))


def about(event: AuditEvent, names: Mapping[int, str] | None = None, left_out: Container[str] = ()) -> str:
    """The rows that the event names: `revision 2, question 1`; of a file's uuid the first block, of a person the name
    where `names` has it."""
    entities = event.entities if isinstance(event.entities, dict) else {}
    named = [(name, entities[name]) for name in ENTITY_WORDS if name in entities and name not in left_out]
    return ", ".join(_entity(name, value, names or {}) for name, value in named)


def _entity(name: str, value: Any, names: Mapping[int, str]) -> str:
    if name == "user" and isinstance(value, int) and value in names:
        return names[value]
    return f"{ENTITY_WORDS[name]} {_short(value) if name in ('attachment', 'attachments') else value}"


def _short(uuids: Any) -> str:
    return ", ".join(str(uuid).partition("-")[0] for uuid in (uuids if isinstance(uuids, list) else [uuids]))


def of_case(case: Case, *, brief: bool = False) -> list[Entry]:
    return entries(AuditEvent.objects.filter(stream=audit.case_stream(case)).order_by("sequence"), brief=brief)


@require_http_methods(["GET", "HEAD", "POST"])
def case_trail(request: HttpRequest, pk: int) -> HttpResponse:
    """The trail of one case; POST checks its chain."""
    case = get_for(request.actor, Case, pk=pk)
    context = {**site.each_context(request), "title": f"Trail of {case.reference}", "case": case}
    context["entries"] = of_case(case)
    if request.method == "POST":
        fault, count = audit.verify_case(case)
        context |= {"checked": True, "fault": fault, "result": result(count, 1)}
    return TemplateResponse(request, "admin/priorauth/case/trail.html", context)


def result(events: int, streams: int) -> str:
    words = "1 event" if events == 1 else f"{events:,} events"
    return f"{words}, unbroken" if streams == 1 else f"{words} in {streams:,} streams, unbroken"
