"""System checks: a portal without a key for its audit trail, with a scanner or a mail server that has no address, with
a file of regimes that cannot be read, or with an edition or a rule of time that was changed after its first use, does
not start; one without a scanner says so before it is deployed.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from priorauth import editions, mail, scanner
from priorauth.regimes import held


@register("priorauth")
def audit_key_is_set(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.AUDIT_KEY:
        return []
    hint = "Set AUDIT_KEY in the environment to a long random text, and keep it outside the database and its backups."
    return [Error("AUDIT_KEY is not set, so the audit trail cannot be signed.", hint=hint, id="priorauth.E001")]


@register("priorauth")
def scanner_has_an_address(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    fault = scanner.url_fault(settings.SCANNER_URL) if settings.SCANNER_URL else ""
    return [Error(fault, id="priorauth.E002")] if fault else []


@register("priorauth")
def editions_are_unchanged(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [Error(fault, id="priorauth.E003") for fault in editions.faults()]


@register("priorauth")
def mail_server_has_an_address(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.MAIL_URL:
        return []
    fault = mail.url_fault(settings.MAIL_URL)
    if not fault and "@" not in settings.MAIL_FROM:
        fault = "MAIL_URL is set, so MAIL_FROM must name the sender, like portal@example.org."
    return [Error(fault, id="priorauth.E004")] if fault else []


@register("priorauth")
def regimes_can_be_read(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    fault = held.fault_of_the_file()
    return [Error(f"The file of regimes cannot be used. {fault}", id="priorauth.E005")] if fault else []


@register("priorauth")
def rules_of_time_are_unchanged(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [Error(fault, id="priorauth.E006") for fault in held.faults()]


@register("priorauth", deploy=True)
def files_are_scanned(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.SCANNER_URL:
        return []
    hint = "Name a clamd with SCANNER_URL, like clamd://scanner:3310. Only files that it found clean are then opened."
    return [checks.Warning("Files are handed out without a scan for viruses.", hint=hint, id="priorauth.W001")]
