"""The permission matrix (permissions.yaml) and the wall that it makes in front of every view.

A request is allowed or refused by route, role and method before its view runs; a route without a row is refused to
everybody. The deeper rules stay where they are: tenancy, the table of transitions, a physician's licence.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import ResolverMatch
from django.utils import timezone

from policies import strict_yaml
from priorauth.posting import longer_texts
from priorauth.roles import (
    ADMIN_SITE_ROLES,
    CASE_READER_ROLES,
    EXPORT_ROLES,
    OFFICE_ROLES,
    REVIEWER_ROLES,
    Role,
)
from priorauth.services.base import note_refusal
from priorauth.statuses import Act

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PARTS = {"told_why", "shows", "scopes", "answers", "keeps"}
ANONYMOUS = "anonymous"
NO_MEMBERSHIP = "no membership"
MEMBERS = frozenset(Role) - {Role.SYSTEM}
GROUPS: dict[str, frozenset[str]] = {
    "everyone": MEMBERS | {ANONYMOUS, NO_MEMBERSHIP},
    "members": MEMBERS,
    "office": OFFICE_ROLES,
    "reviewers": REVIEWER_ROLES,
    "case_readers": CASE_READER_ROLES,
    "exporters": EXPORT_ROLES,
    "admin_site": ADMIN_SITE_ROLES,
    "nobody": frozenset(),
    **{role.value: frozenset({role}) for role in MEMBERS},
}


class Verdict(Enum):
    ALLOWED = "allowed"
    TOLD_WHY = "refused by the view, which says why"
    REFUSED = "refused"
    SIGN_IN = "sign in first"
    NO_METHOD = "no such method here"


class MatrixError(ValueError):
    """The matrix says something that has no meaning; names the route and what would be right."""


@dataclass(frozen=True)
class Row:
    """What permissions.yaml says of one route, by method; its header tells what each part means."""

    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    told_why: frozenset[str] = frozenset()
    shows: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    keeps: bool = False

    @property
    def methods(self) -> list[str]:
        """As an Allow header names them."""
        return [name for method in self.allowed for name in ((method, "HEAD") if method == "GET" else (method,))]

    def verdict(self, method: str, role: str) -> Verdict:
        """What `role` (a Role, ANONYMOUS or NO_MEMBERSHIP) gets for a request with `method`."""
        method = as_read(method)
        if role in self.allowed.get(method, ()):
            return Verdict.ALLOWED
        if any(role in roles for roles in self.allowed.values()) and method not in self.allowed:
            return Verdict.NO_METHOD
        if role in self.told_why and method in self.allowed:
            return Verdict.TOLD_WHY
        return Verdict.SIGN_IN if role == ANONYMOUS else Verdict.REFUSED


def as_read(method: str) -> str:
    return "GET" if method == "HEAD" else method


def load(path: Path) -> dict[str, Row]:
    """Read the matrix. Raises MatrixError or policies.strict_yaml.YamlError."""
    return {route: _row(route, parts) for route, parts in strict_yaml.load(path).data.items()}


def _row(route: str, parts: dict[str, Any]) -> Row:
    allowed = {name: _roles(route, who) for name, who in parts.items() if name in METHODS}
    extras = {name: value for name, value in parts.items() if name not in METHODS}
    if unknown := set(extras) - PARTS:
        raise MatrixError(f"{route}: {sorted(unknown)} is no method and no part. Parts are {', '.join(sorted(PARTS))}.")
    shows = extras.get("shows", {})
    shows = dict.fromkeys(allowed, shows) if isinstance(shows, str) else shows
    scopes = extras.get("scopes", {})
    answers = {name: tuple(_listed(value)) for name, value in extras.get("answers", {}).items()}
    for part in (shows, scopes, answers):
        if stray := set(part) - set(allowed):
            raise MatrixError(f"{route}: {sorted(stray)} is no method that this row allows to anybody.")
    told_why = _roles(route, extras.get("told_why", "nobody"))
    return Row(allowed, told_why, shows, scopes, answers, extras.get("keeps", False))


def _roles(route: str, who: Any) -> frozenset[str]:
    names = _listed(who)
    if unknown := set(names) - set(GROUPS):
        raise MatrixError(f"{route}: {sorted(unknown)} is no role or group. There are: {', '.join(GROUPS)}.")
    return frozenset().union(*(GROUPS[name] for name in names))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


MATRIX = load(Path(__file__).with_name("permissions.yaml"))
UNKNOWN = Row(dict.fromkeys(METHODS, frozenset()))  # a route without a row: every method is refused to everybody


def row_of(match: ResolverMatch | None) -> Row:
    return MATRIX.get(match.view_name, UNKNOWN) if match else UNKNOWN


def role_of(request: HttpRequest) -> str:
    """The role in which the request comes; ANONYMOUS or NO_MEMBERSHIP where there is none."""
    if request.actor is not None:
        return request.actor.role
    return NO_MEMBERSHIP if request.user.is_authenticated else ANONYMOUS


def routes(resolver: URLResolver, namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    """Every route below `resolver`, by the name under which the matrix has it."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            match = ResolverMatch(pattern.callback, (), {}, pattern.name, namespaces=list(namespaces))
            yield match.view_name, pattern
        else:
            yield from routes(pattern, (*namespaces, pattern.namespace) if pattern.namespace else namespaces)


class PermissionMiddleware:
    """Refuses what the matrix does not allow, before the view runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        row = row_of(request.resolver_match)
        role = role_of(request)
        if row.scopes:
            return None  # the API: it reads keys, asks this same row, and answers as problem documents
        verdict = row.verdict(request.method, role)
        if verdict is Verdict.NO_METHOD:
            return HttpResponseNotAllowed(row.methods)
        if verdict is Verdict.SIGN_IN:
            return redirect_to_login(request.get_full_path())
        if verdict is Verdict.REFUSED:
            return _refused(request, row)
        return None


def act_of(route: str) -> Act:
    """The act of a case whose page a route of the admin is, as its name says."""
    name = route.rpartition("_")[2].replace("-", "_")
    return Act.WRITE if name == "message" else Act(name)


def _refused(request: HttpRequest, row: Row) -> HttpResponse:
    """Says so, and shows again what was typed into a page that keeps it; it tells nothing else. That somebody tried an
    act of a case which is none of their role's goes into their own stream of the trail, without the case: they may not
    know whether there is one."""
    if row.told_why and request.method == "POST" and request.actor:
        note_refusal(None, act_of(request.resolver_match.view_name), by=request.actor, at=timezone.now())
    return render(request, "403.html", {"typed": longer_texts(request) if row.keeps else []}, status=403)
