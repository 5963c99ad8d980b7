"""The audit trail in the admin: read only for everybody."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_date

from priorauth import audit
from priorauth.admin import trail
from priorauth.admin.base import ReadOnlyAdmin
from priorauth.admin.filters import Choices, ColumnFilter
from priorauth.admin.site import site
from priorauth.admin.whole_trail import last_check
from priorauth.models import AuditEvent
from priorauth.posting import posted_from
from priorauth.roles import TRAIL_READER_ROLES, Role
from priorauth.services import check_trail
from priorauth.services.errors import NotPermitted

ONE_DAY = dt.timedelta(days=1)


class ActionFilter(ColumnFilter):
    title, parameter_name, column = "Action", "action", "action"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [(trail.REFUSED, "was refused"), *trail.WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        if self.value() == trail.REFUSED:
            return queryset.filter(action__startswith=trail.REFUSED)
        return super().queryset(request, queryset)


class RoleFilter(ColumnFilter):
    title, parameter_name, column = "Role", "role", "role"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return Role.choices


class DayFilter(admin.SimpleListFilter):
    """One calendar day in the plan's time zone."""

    title, parameter_name = "Day", "day"
    is_day = True

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [("", "Any")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        day = _day(self.value())
        if day is None:
            return queryset
        start = dt.datetime.combine(day, dt.time(), timezone.get_default_timezone())
        next_day = min(day, dt.date.max - ONE_DAY) + ONE_DAY
        end = dt.datetime.combine(next_day, dt.time(), timezone.get_default_timezone())
        return queryset.filter(at__gte=audit.utc_text(start), at__lt=audit.utc_text(end))


def _day(text: str | None) -> dt.date | None:
    try:
        return parse_date(text or "")
    except ValueError:
        return None


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(ReadOnlyAdmin):
    list_title = "Audit trail"
    readers = TRAIL_READER_ROLES
    list_display = ("when", "who", "role_words", "office", "did", "where", "number")
    list_display_links = ("when",)
    list_filter = (ActionFilter, RoleFilter, DayFilter)
    search_fields = ("stream",)
    ordering = ("-at", "-id")
    fields = (
        "when", "at", "who", "role_words", "office", "did", "about", "stream", "number", "changed", "change_digest",
        "case_version", "request_id", "key_id", "previous", "hash",
    )  # fmt: skip
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        check = self.admin_site.admin_view(posted_from("admin:priorauth_auditevent_changelist")(self.check_chains))
        return [path("check/", check, name="priorauth_auditevent_check"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """By the reference of a case: its own stream, and what people's streams say about it (who read it)."""
        term = search_term.strip().upper()
        about_it = Q(stream=f"case:{term}") | Q(entities__case=term)
        return (queryset.filter(about_it) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**last_check(), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"title": "Audit event", "subtitle": None})

    def check_chains(self, request: HttpRequest) -> HttpResponse:
        """Have a worker check every chain; this page then tells what it found."""
        try:
            asked = check_trail.ask(by=request.actor, at=timezone.now())
        except NotPermitted as refusal:
            raise PermissionDenied from refusal
        messages.info(request, "A check is asked for." if asked else "A check is under way already.")
        return redirect("admin:priorauth_auditevent_changelist")

    @admin.display(description="Time")
    def when(self, event: AuditEvent) -> str:
        return trail.to_the_second(event)

    @admin.display(description="Who")
    def who(self, event: AuditEvent) -> str:
        return event.actor_name

    @admin.display(description="Role")
    def role_words(self, event: AuditEvent) -> str:
        return trail.role_words(event.role)

    @admin.display(description="Organization")
    def office(self, event: AuditEvent) -> str:
        return event.organization or "-"

    @admin.display(description="Action")
    def did(self, event: AuditEvent) -> str:
        return trail.did(event.action)

    @admin.display(description="About")
    def about(self, event: AuditEvent) -> str:
        return trail.about(event) or "-"

    @admin.display(description="Case or stream")
    def where(self, event: AuditEvent) -> str:
        entities = event.entities if isinstance(event.entities, dict) else {}
        return entities.get("case") or event.stream.removeprefix("case:")

    @admin.display(description="Number")
    def number(self, event: AuditEvent) -> int:
        return event.sequence

    @admin.display(description="Changed fields")
    def changed(self, event: AuditEvent) -> str:
        return trail.field_words(event.fields) or "-"
