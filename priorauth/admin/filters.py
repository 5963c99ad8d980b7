"""The filters of the queue, each by what a case says itself, but for its clinician; and its sort."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from policies.vocabulary import PRODUCTS
from priorauth.admin import words
from priorauth.admin.base import is_key
from priorauth.admin.tabs import DUE, SORTS, capped, counts, due, in_tab, tab_of, tabs_of
from priorauth.models import Case, Clinician, EditionUse, Organization
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
        self.actor, self.current = request.actor, tab_of(request.GET.get("view", ""), request.actor)
        return list(tabs_of(request.actor).items())

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        counted = counts(self.actor, timezone.now())
        for value, display in self.lookup_choices:
            yield {
                "selected": value == self.current and not changelist.query,
                "query_string": changelist.get_query_string({self.parameter_name: value, "q": None, "sort": None}),
                "display": display,
                "count": capped(counted[value]),
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        if request.GET.get("q", "").strip():
            return queryset
        return in_tab(queryset, self.current, request.actor, timezone.now())


class ColumnFilter(admin.SimpleListFilter):
    """One column, one of its values, as a select in the bar above the list, where `none` stands for no choice."""

    column, none = "", "Any"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        if not self.value():
            return queryset
        return self.narrow(queryset, self.value()) if self.words else queryset.none()

    @property
    def words(self) -> str:
        """What was chosen, in words; "" where the address names something else."""
        return dict(self.lookup_choices).get(self.value(), "")

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
        return list(words.DETERMINATIONS.items())


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


class PathFilter(ColumnFilter):
    title, parameter_name, column = "Path", "path", "paths__contains"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return list(words.paths().items())

    def narrow(self, cases: QuerySet[Case], value: str) -> QuerySet[Case]:
        return super().narrow(cases, [value])


class MissingFilter(PathFilter):
    title, parameter_name, column = "Missing", "missing", "missing__contains"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return list(words.lackings().items())


class EditionFilter(ColumnFilter):
    title, parameter_name, column = "Policy edition", "edition", "edition"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        used = set(map(str, EditionUse.objects.all()))
        return [pair for pair in words.editions().items() if pair[0] in used]


class ClinicianFilter(ColumnFilter):
    """Who treats the patient: of all offices they would be thousands, so they are offered once an office is chosen.
    Without one the list has whom the address names."""

    title, parameter_name, column = "Clinician", "clinician", "clinician__npi"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        office, npi = (request.GET.get(name, "") for name in ("office", "clinician"))
        people = Clinician.objects.unscoped("they lead to cases, which are found in the actor's scope")
        if not (is_key(office) or is_key(npi)):
            return []
        named = people.filter(office=office) if is_key(office) else people.filter(npi=npi)
        return list(dict(named.order_by("name").values_list("npi", "name")).items())

    def has_output(self) -> bool:
        """Also where its list is empty and the address names somebody: the page says so, and no case is left."""
        return bool(self.lookup_choices or self.value())


class SortFilter(ColumnFilter):
    """The order in which a view is listed, where it is not the order of work: CaseAdmin.get_ordering reads it."""

    title, parameter_name, none = "Sort", "sort", "Usual order"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        tab = tab_of(request.GET.get("view", ""), request.actor)
        return [] if request.GET.get("q", "").strip() else list(SORTS.get(tab, {}).items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        return queryset
