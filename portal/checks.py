"""System check: every route has its row in the permission matrix, and every row its route."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import get_resolver

from portal.permissions import MATRIX, routes

HINT = "The head of portal/permissions.yaml says how a line is written."


@register("portal")
def matrix_and_routes_agree(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    known = {name for name, _ in routes(get_resolver())}
    return [
        *(
            Error(f"{name} has no line in permissions.yaml.", HINT, id="portal.E001")
            for name in sorted(known - {*MATRIX})
        ),
        *(
            Error(f"permissions.yaml: {name} is no route.", HINT, id="portal.E002")
            for name in sorted({*MATRIX} - known)
        ),
    ]
