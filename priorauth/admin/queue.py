"""The queue: views as tabs, filters, and the columns of a row. The order is the order of work and cannot be changed."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateformat import format as time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from policies.vocabulary import PRODUCTS
from priorauth.admin.board import SOON
from priorauth.admin.words import age, determination, time_left
from priorauth.models import Assessment, Case, Organization
from priorauth.roles import Role
from priorauth.services.base import clock
from priorauth.statuses import DECIDED, OPEN, Status, Urgency

Choices = list[tuple[str, str]]

TABS = {
    "queue": "Queue",
    "physician": "Physician",
    "mine": "Mine",
    "unassigned": "Unassigned",
    "information": "Waiting for the office",
    "messages": "Messages to answer",
    "soon": "Due within 8 hours",
    "late": "Late",
    "open": "All open",
    "decided": "Decided",
}


def in_tab(cases: QuerySet[Case], tab: str, request: HttpRequest, now: dt.datetime) -> QuerySet[Case]:
    """The cases of one tab."""
    free = Q(claimed_by__isnull=True) | Q(claimed_until__lte=now)
    conditions = {
        "queue": Q(status=Status.IN_REVIEW),
        "physician": Q(status=Status.WITH_PHYSICIAN),
        "mine": Q(claimed_by=request.actor.user_id, claimed_until__gt=now),
        "unassigned": Q(status=Status.IN_REVIEW) & free,
        "information": Q(status=Status.INFORMATION_NEEDED),
        "messages": Q(status__in=sorted(OPEN), message_waits=True),
        "soon": Q(status__in=sorted(OPEN), due_at__gte=now, due_at__lt=now + SOON),
        "late": Q(status__in=sorted(OPEN), due_at__lt=now),
        "open": Q(status__in=sorted(OPEN)),
        "decided": Q(status__in=sorted(DECIDED)),
    }
    return cases.filter(conditions[tab])


class TabFilter(admin.SimpleListFilter):
    """One view of the queue. A search looks through all of them."""

    title = "view"
    parameter_name = "view"
    template = "admin/priorauth/case/tabs.html"
    is_tabs = True

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        self.default = "physician" if request.actor.role == Role.PHYSICIAN else "queue"
        return list(TABS.items())

    @property
    def current(self) -> str:
        return self.value() if self.value() in TABS else self.default

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        for value, words in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: value}, ["p", "q"])
            yield {"selected": value == self.current and not changelist.query, "query_string": link, "display": words}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        if request.GET.get("q", "").strip():
            return queryset
        return in_tab(queryset, self.current, request, timezone.now())


class ColumnFilter(admin.SimpleListFilter):
    """One column, one of its values, as a select in the bar above the list."""

    column = ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        if not self.value():
            return queryset
        known = self.value() in dict(self.lookup_choices)
        return queryset.filter(**{self.column: self.value()}) if known else queryset.none()


class UrgencyFilter(ColumnFilter):
    title, parameter_name, column = "Urgency", "urgency", "urgency"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return Urgency.choices


class StatusFilter(ColumnFilter):
    title, parameter_name, column = "Status", "status", "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [choice for choice in Status.choices if choice[0] != Status.DRAFT]


class ProductFilter(ColumnFilter):
    title, parameter_name, column = "Plan", "product", "product"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return list(PRODUCTS.items())


class OfficeFilter(ColumnFilter):
    title, parameter_name, column = "Office", "office", "office_id"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        offices = Organization.objects.filter(kind=Organization.Kind.OFFICE).order_by("name")
        return [(str(pk), name) for pk, name in offices.values_list("pk", "name")]


class QueueColumns:
    """The cells of a row; each is words, never colour alone."""

    @admin.display(description="Due")
    def due(self, case: Case) -> SafeString:
        if case.status not in OPEN:
            return format_html("{}", clock(case.due_at))
        left = time_left(case.due_at, timezone.now())
        late = "late" if left.startswith("Late") else "left"
        return format_html('{} <span class="{}">{}</span>', clock(case.due_at), late, left)

    @admin.display(description="Reference")
    def ref(self, case: Case) -> str:
        return case.reference

    @admin.display(description="Member")
    def who(self, case: Case) -> str:
        return f"{case.member.short_name}, {age(case.member.birth_date, timezone.now())}"

    @admin.display(description="Levels")
    def where(self, case: Case) -> str:
        return case.levels or "None named"

    @admin.display(description="Computed result")
    def computed(self, case: Case) -> str:
        paths = ", ".join(case.met_pathways or []) if case.determination else ""
        return determination(case.determination) + (f" (path {paths})" if paths else "")

    @admin.display(description="Score")
    def points(self, case: Case) -> str:
        return "-" if case.score is None else str(case.score)

    @admin.display(description="Urgency")
    def how_soon(self, case: Case) -> SafeString:
        return format_html('<span class="urgency-{}">{}</span>', case.urgency, case.get_urgency_display())

    @admin.display(description="Status")
    def state(self, case: Case) -> SafeString:
        return format_html('<span class="status status-{}">{}</span>', case.status, case.get_status_display())

    @admin.display(description="Office")
    def sender(self, case: Case) -> str:
        return case.office.name

    @admin.display(description="Claimed by")
    def holder(self, case: Case) -> str:
        if case.claimed_by is None or case.claimed_until <= timezone.now():
            return "Nobody"
        return f"{case.claimed_by} until {time_format(timezone.localtime(case.claimed_until), 'g:i a')}"


def with_pathways(cases: QuerySet[Case], request: HttpRequest) -> QuerySet[Case]:
    """Adds the pathways that the latest assessment found met, without a query per row."""
    latest = Assessment.objects.for_actor(request.actor).filter(case=OuterRef("pk")).order_by("-id")
    return cases.annotate(met_pathways=Subquery(latest.values("result__pathways")[:1]))
