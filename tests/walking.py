"""A small world of two offices and a plan, and the way to every route of the resolver. All synthetic.

It reads the resolver and permissions.yaml by itself, not through portal/permissions.py, so that the walks are a
second opinion on the wall.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.client import ClientHandler
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from priorauth.models import (
    Attachment,
    AuditEvent,
    Case,
    EditionUse,
    Job,
    LetterText,
    Membership,
    OfficeClinician,
    OfficeFacility,
    RegimeUse,
    User,
)
from priorauth.roles import Actor, Role
from priorauth.services import (
    claim,
    conflicts,
    corrections,
    directory,
    information,
    invitations,
    kept,
    replay,
    saved_views,
    submit,
)
from priorauth.statuses import Urgency
from tests.cases import approve, certain, draft_case, facts, office, person, plan, score_all, submission
from tests.factories import browser, report, saved_draft, sent_through_the_page

MATRIX = yaml.safe_load((Path(__file__).parent.parent / "portal" / "permissions.yaml").read_text())
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
NEVER = "PA-ZZZZ-ZZZZ-ZZZZ"
PATIENT = {"first_name": "Ottoline", "last_name": "Quillfeather", "member_id": "QZX774411990"}
MEMBER = {**PATIENT, "birth_date": dt.date(1948, 3, 14)}
UNKNOWN = "never-was"  # stands for what a walk has no object for, like the token of an invitation
LETTERS = [f"{whose}letter{kind}" for whose in ("request-", "payer-") for kind in ("", "-pdf")]
LETTERS += ["admin:priorauth_case_letter", "admin:priorauth_case_letter_pdf"]
OF_A_KIND = {
    "close": {"product": "indemnity", "setting": "outpatient"},
    "clock": {"product": "medicare_hmo_blue"},
}
# On which of the cases that a reviewer holds each act is tried.
ACTS = dict.fromkeys(
    ("claim", "release", "hand-over", "judge", "read", "approve", "ask", "escalate", "not-approve"), "act"
)
ACTS |= {"close": "close", "reopen": "reopen", "extend": "clock", "downgrade": "clock"}


@dataclass(frozen=True)
class Route:
    """One pattern of the resolver: the name under which the matrix has it, and its whole path as a template."""

    name: str
    template: str

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.template)

    def path(self, values: dict[str, Any]) -> str:
        return "/" + self.template.format(**{name: values.get(name, UNKNOWN) for name in self.parameters})


@cache
def every_route() -> list[Route]:
    return list(_below(get_resolver(), "", ""))


def _below(resolver: Any, start: str, space: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        template = start + _template(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield Route(space + (pattern.name or _path_of(pattern.callback)), template)
        else:
            yield from _below(pattern, template, f"{space}{pattern.namespace}:" if pattern.namespace else space)


def _template(pattern: Any) -> str:
    """`<int:pk>/` and `^(?P<pk>...)/$` both as `{pk}/`."""
    text = str(pattern)
    if isinstance(pattern, RoutePattern):
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)
    named = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", text)
    return re.sub(r"[\^$?\\]|/\?", "", named)


def _path_of(view: Any) -> str:
    view = getattr(view, "view_class", view)
    return f"{view.__module__}.{view.__name__}"


class World:
    """Office A with a request in each state that the pages tell apart, office B, and a person for every role."""

    def __init__(self) -> None:
        self.a, self.b = office("Harbor Spine Office"), office("Bay Pain Clinic")
        self.clerk = person(Role.CLERK, self.a)
        self.actors: dict[str, Actor | None] = {
            "clerk of A": self.clerk,
            "clerk of B": person(Role.CLERK, self.b),
            "office_admin": person(Role.OFFICE_ADMIN, self.a),
            **{role.value: person(role, plan()) for role in Role if role.value in PLAN_ROLES},
        }
        page = browser(self.clerk)
        self.draft = saved_draft(page, **PATIENT)
        self.sent = sent_through_the_page(page, **PATIENT, **{"imaging-0-file": report()})
        score_all(timezone.now())
        self.asked = self.in_review()
        nurse = self.actors["nurse"]
        held = claim.claim(self.asked, by=nurse, at=timezone.now())
        information.ask(held, by=nurse, at=timezone.now(), question="Which imaging was done?", items=[])
        self.withdrawable = self.in_review()
        typed = {"last_name": [PATIENT["last_name"]], "pain_score": ["3"]}
        kept_so = {"version": 0, "fields": typed, "corrects": 1}
        corrections.keep(self.withdrawable, by=self.clerk, at=timezone.now(), **kept_so)
        self.replay = replay.run(replay.installed()[-1], at=timezone.now())
        self.keep_lists()
        late = {"path": f"/requests/{self.draft.reference}/edit/", "fields": {"last_name": [PATIENT["last_name"]]}}
        kept.keep(by=self.actors["office_admin"], at=timezone.now(), files=[], **late)
        Attachment.objects.unscoped("the walk reads a scanned file").update(scan=Attachment.Scan.CLEAN)
        self.file = Attachment.objects.unscoped("the walk reads it").get(case=self.sent)

    def keep_lists(self) -> None:
        """What office A keeps about itself, and the nurse about their work."""
        by, now = self.actors["office_admin"], timezone.now()
        values = {"npi": "1205804119", "name": "Percival Thistlewood MD"}
        self.clinician = directory.add(OfficeClinician, {**values, "specialty": "", "phone": ""}, by=by, at=now)
        self.facility = directory.add(OfficeFacility, {**values, "name": "Thistlewood Surgery"}, by=by, at=now)
        nurse = self.actors["nurse"]
        self.view = saved_views.keep(by=nurse, at=now, name="Late ones", query="view=late")
        self.conflict = conflicts.declare(by=nurse, at=now, npi=values["npi"])
        self.invitation, _ = invitations.invite("thistlewood@example.test", self.a, Role.CLERK, by=by, at=now)

    def in_review(self, kind: str = "act") -> Case:
        urgency = Urgency.EXPEDITED if kind == "clock" else Urgency.STANDARD
        sent = submission(facts() | OF_A_KIND.get(kind, {}), member=MEMBER, urgency=urgency)
        case = submit.send(draft_case(self.clerk), sent, by=self.clerk, at=timezone.now())
        score_all(timezone.now())
        case.refresh_from_db()
        return case

    @cached_property
    def held(self) -> dict[str, dict[str, Case]]:
        """For every reviewer a case to act on, one that may be closed, and an expedited one whose rule knows more
        time, all claimed by them."""
        now = timezone.now()
        held = {
            who: {
                kind: claim.claim(self.in_review(kind), by=self.actors[who], at=now)
                for kind in ("act", "close", "clock")
            }
            for who in ("nurse", "physician", "lead")
        }
        decided = self.in_review()
        approve(decided, person(Role.NURSE), now)
        for who, cases in held.items():
            certain(cases["act"], self.actors[who], now)
            cases["reopen"] = decided
        return held

    def values(self, route: Route, who: str) -> dict[str, Any]:
        """What the route's parameters stand for: an object of office A, fit for what the route does."""
        case = {
            "request-edit": self.draft,
            "request-versions": self.draft,
            "request-check": self.draft,
            "request-missing": self.draft,
            "request-doubts": self.draft,
            "request-upload": self.draft,
            "request-answer": self.asked,
            "request-withdraw": self.withdrawable,
            "request-amend-discard": self.withdrawable,
            **dict.fromkeys(LETTERS, self.asked),
        }.get(route.name, self.sent)
        act = re.fullmatch(r"admin:priorauth_case_([a-z-]+)", route.name)
        if act and act[1] in ACTS and who in self.held:
            case = self.held[who][ACTS[act[1]]]
        if route.name == "admin:priorauth_case_take-over" and who == "lead":
            case = self.held["nurse"]["act"]
        return {
            "view": self.view.pk,
            "conflict": self.conflict.pk,
            "reference": case.reference,
            "number": 1,
            "entry": self.facility.pk if "facilit" in route.template else self.clinician.pk,
            "person": self.membership,
            "invitation": self.invitation.pk,
            "letter": 1,
            "page": 1,
            "file_id": self.file.pk,
            "file": self.file.pk,
            "pk": self.row(route, case),
            "object_id": self.row(route, case),
            "replay": self.rows["replay"],
            "id": self.clerk.user_id,
            "app_label": "priorauth",
            "content_type_id": 1,
            "url": "nothing-here/",
            "policy": "484",
        }

    def row(self, route: Route, case: Case) -> int:
        """The key of a row of the model that the admin's route is about."""
        named = re.match(r"admin:(?:priorauth|auth)_(\w+?)_", route.name)
        return self.rows.get(named[1] if named else "", case.pk)

    @cached_property
    def membership(self) -> int:
        return Membership.objects.get(user=self.clerk.user_id).pk

    @cached_property
    def rows(self) -> dict[str, int]:
        user = User.objects.get(pk=self.actors["physician"].user_id)
        return {
            "auditevent": AuditEvent.objects.first().pk,
            "job": Job.objects.first().pk,
            "lettertext": LetterText.objects.first().pk,
            "organization": self.a.pk,
            "membership": user.membership.pk,
            "credential": user.credential.pk,
            "editionuse": EditionUse.objects.first().pk,
            "regimeuse": RegimeUse.objects.first().pk,
            "replay": self.replay.pk,
            "user": user.pk,
        }


PLAN_ROLES = ("nurse", "physician", "lead", "payer", "auditor", "administrator")


def absent(route: Route) -> dict[str, Any]:
    """Values of the same shape for objects that never were."""
    return {
        **dict.fromkeys(("pk", "object_id", "id", "content_type_id", "replay", "view", "conflict"), 2_000_000_000),
        **dict.fromkeys(("entry", "person", "invitation"), 2_000_000_000),
        "number": 1,
        "letter": 1,
        "page": 1,
        "reference": NEVER,
        "file_id": uuid.UUID(int=7),
        "file": uuid.UUID(int=7),
        "app_label": "priorauth",
        "url": "nothing-here/",
    }


def session_of(actor: Actor | None) -> str:
    """The cookie of a signed-in person; none for nobody."""
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={browser(actor).cookies[name].value}" if actor else ""


def names_a_patient(body: bytes) -> bool:
    return any(word.encode() in body for word in (PATIENT["last_name"], PATIENT["member_id"]))


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside leaves no row."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def written_tables() -> Iterator[set[str]]:
    """The tables that the statements inside write to."""
    tables: set[str] = set()

    def spy(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if found := WRITES.match(str(sql)):
            tables.add(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(spy):
        yield tables


WRITING = r'\s*(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|TRUNCATE(?: TABLE)?|COPY)\s+"?(\w+)'
WRITES = re.compile(WRITING, re.IGNORECASE)


@cache
def handler_of(csrf_checks: bool, _sessions: str) -> ClientHandler:
    """The middleware is loaded once for each kind of session: it keeps the one that it was loaded with."""
    return ClientHandler(enforce_csrf_checks=csrf_checks)


def ask(
    method: str,
    path: str,
    cookie: str = "",
    handler: ClientHandler | None = None,
    *,
    strict: bool = False,
    **request: Any,
) -> HttpResponse:
    """One request as whoever the cookie stands for, with its whole body in `.body`; faults become a 500.

    `strict` asks for the CSRF token as the portal does.
    """
    environ = RequestFactory().generic(method, path, HTTP_COOKIE=cookie, **request).environ
    response = (handler or handler_of(strict, settings.SESSION_ENGINE))(environ)
    response.body = b"".join(response.streaming_content) if response.streaming else response.content
    return response
