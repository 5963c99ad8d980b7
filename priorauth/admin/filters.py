"""The filters of the queue, each one column of the case. The path, a missing criterion and the policy's version stand
in the assessment alone: to filter by them would read the result of every case, so there is no such filter."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from policies.vocabulary import PRODUCTS
from priorauth.admin.tabs import DUE, TABS, capped, counts, due, first_tab, in_tab, tabs_of
from priorauth.admin.words import DETERMINATIONS
from priorauth.models import Case, Organization
from priorauth.services.hand_over import reviewers
from priorauth.statuses import Status, Urgency

Choices = list[tuple[str, str]]


class TabFilter(admin.SimpleListFilter):
    """One view of the queue. A search looks through all of them."""

    title = "view"
    parameter_name = "view"
    template = "admin/priorauth/case/tabs.html"
    is_tabs = True

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        self.actor = request.actor
        return list(tabs_of(request.actor).items())

    @property
    def current(self) -> str:
        return self.value() if self.value() in TABS else first_tab(self.actor)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        counted = counts(self.actor, timezone.now())
        for value, words in self.lookup_choices:
            yield {
                "selected": value == self.current and not changelist.query,
                "query_string": changelist.get_query_string({self.parameter_name: value}, ["p", "q"]),
                "display": words,
                "count": capped(counted[value]),
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        if request.GET.get("q", "").strip():
            return queryset
        return in_tab(queryset, self.current, request.actor, timezone.now())


class ColumnFilter(admin.SimpleListFilter):
    """One column, one of its values, as a select in the bar above the list."""

    column = ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        if not self.value():
            return queryset
        known = self.value() in dict(self.lookup_choices)
        return self.narrow(queryset, self.value()) if known else queryset.none()

    def narrow(self, cases: QuerySet[Case], value: str) -> QuerySet[Case]:
        return cases.filter(**{self.column: value})


class DueFilter(ColumnFilter):
    title, parameter_name = "Due", "due"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return list(DUE.items())

    def narrow(self, cases: QuerySet[Case], value: str) -> QuerySet[Case]:
        return cases.filter(due(value, timezone.now()))


class UrgencyFilter(ColumnFilter):
    title, parameter_name, column = "Urgency", "urgency", "urgency"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return Urgency.choices


class StatusFilter(ColumnFilter):
    title, parameter_name, column = "Status", "status", "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [choice for choice in Status.choices if choice[0] != Status.DRAFT]


class ResultFilter(ColumnFilter):
    title, parameter_name, column = "Computed result", "determination", "determination"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return list(DETERMINATIONS.items())


class ProductFilter(ColumnFilter):
    title, parameter_name, column = "Plan", "product", "product"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return list(PRODUCTS.items())


class OfficeFilter(ColumnFilter):
    title, parameter_name, column = "Office", "office", "office_id"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        offices = Organization.objects.filter(kind=Organization.Kind.OFFICE).order_by("name")
        return [(str(pk), name) for pk, name in offices.values_list("pk", "name")]


class HolderFilter(ColumnFilter):
    title, parameter_name = "Claimed by", "holder"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [(str(user.pk), str(user)) for user in reviewers()]

    def narrow(self, cases: QuerySet[Case], value: str) -> QuerySet[Case]:
        return cases.filter(claimed_by=value, claimed_until__gt=timezone.now())
