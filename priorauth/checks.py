"""System check: a portal without a key for its audit trail does not start."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register("priorauth")
def audit_key_is_set(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.AUDIT_KEY:
        return []
    hint = "Set AUDIT_KEY in the environment to a long random text, and keep it outside the database and its backups."
    return [Error("AUDIT_KEY is not set, so the audit trail cannot be signed.", hint=hint, id="priorauth.E001")]
