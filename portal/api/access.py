"""Who calls: a program by its key, or a signed-in person by their session; and what they may."""

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, MethodNotAllowed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.permissions import NO_MEMBERSHIP, Verdict, as_read, row_of
from priorauth.models import ApiKey
from priorauth.roles import Actor
from priorauth.services import keys


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer pap_...`. Any other Authorization is refused, even beside a session."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, text = header.partition(" ")
        key = keys.authenticate(text.strip(), timezone.now()) if scheme.lower() == "bearer" else None
        if key is None:
            raise AuthenticationFailed
        return key.account, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="prior authorization"'


class MatrixPermission(BasePermission):
    """Asks the permission matrix (portal/permissions.yaml) for the role, and for the scope where a key is used."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        row, actor = row_of(request.resolver_match), Actor.of(request.user)
        request._request.actor = actor  # a program's too, for the log and for the event of its reading
        verdict = row.verdict(request.method, actor.role if actor else NO_MEMBERSHIP)
        if verdict is Verdict.NO_METHOD:
            raise MethodNotAllowed(request.method)
        if verdict is not Verdict.ALLOWED:
            view.refuse(actor)
            raise PermissionDenied("This is not for your role.")
        scope = row.scopes[as_read(request.method)]
        if request.auth and scope not in request.auth.scopes:
            view.refuse(actor)
            raise PermissionDenied(f"This key may not do this: it lacks the scope {scope}.")
        return True
