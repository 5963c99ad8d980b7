"""The filters of the queue, each by what a case says itself, but for its clinician; and its sort.

Each says which values a saved view may keep (`keeps`): words of its own list or the key of a row, so that no patient
data gets into one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from policies.vocabulary import PRODUCTS
from priorauth.admin import words
from priorauth.admin.base import is_key
from priorauth.admin.tabs import DUE, SORTS, TABS, capped, counts, due, in_tab, tab_of, tabs_of
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

    @staticmethod
    def keeps(value: str, chosen: Mapping[str, str]) -> bool:
        return value in TABS


class ColumnFilter(admin.SimpleListFilter):
    """One column, one of its values, as a select in the bar above the list, where `none` stands for no choice."""

    column, none = "", "Any"
    offered: Callable[[], Mapping[str, str]] = staticmethod(dict)  # the values that there are, in words

    @classmethod
    def keeps(cls, value: str, chosen: Mapping[str, str]) -> bool:
        """Whether a saved view keeps the value, beside what it keeps of the filters before this one."""
        return value in cls.offered()

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return list(self.offered().items())

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
    offered = staticmethod(lambda: DUE)

    def narrow(self, cases: QuerySet[Case], value: str) -> QuerySet[Case]:
        return cases.filter(due(value, timezone.now()))


class UrgencyFilter(ColumnFilter):
    title, parameter_name, column = "Urgency", "urgency", "urgency"
    offered = staticmethod(lambda: dict(Urgency.choices))


class StatusFilter(ColumnFilter):
    title, parameter_name, column = "Status", "status", "status"
    offered = staticmethod(lambda: {value: word for value, word in Status.choices if value != Status.DRAFT})


class ResultFilter(ColumnFilter):
    title, parameter_name, column = "Computed result", "determination", "determination"
    offered = staticmethod(lambda: words.DETERMINATIONS)


class ProductFilter(ColumnFilter):
    title, parameter_name, column = "Plan", "product", "product"
    offered = staticmethod(lambda: PRODUCTS)


class KeyFilter(ColumnFilter):
    """One whose values are keys of rows, or an NPI."""

    @classmethod
    def keeps(cls, value: str, chosen: Mapping[str, str]) -> bool:
        return is_key(value)


class OfficeFilter(KeyFilter):
    title, parameter_name, column = "Office", "office", "office_id"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        offices = Organization.objects.filter(kind=Organization.Kind.OFFICE).order_by("name")
        return [(str(pk), name) for pk, name in offices.values_list("pk", "name")]


class HolderFilter(KeyFilter):
    title, parameter_name = "Claimed by", "holder"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [(str(user.pk), str(user)) for user in reviewers()]

    def narrow(self, cases: QuerySet[Case], value: str) -> QuerySet[Case]:
        return cases.filter(claimed_by=value, claimed_until__gt=timezone.now())


class PathFilter(ColumnFilter):
    title, parameter_name, column = "Path", "path", "paths__contains"
    offered = staticmethod(words.paths)

    def narrow(self, cases: QuerySet[Case], value: str) -> QuerySet[Case]:
        return super().narrow(cases, [value])


class MissingFilter(PathFilter):
    title, parameter_name, column = "Missing", "missing", "missing__contains"
    offered = staticmethod(words.lackings)


class EditionFilter(ColumnFilter):
    title, parameter_name, column = "Policy edition", "edition", "edition"
    offered = staticmethod(words.editions)

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        used = set(map(str, EditionUse.objects.all()))
        return [pair for pair in self.offered().items() if pair[0] in used]


class ClinicianFilter(KeyFilter):
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

    @classmethod
    def keeps(cls, value: str, chosen: Mapping[str, str]) -> bool:
        return value in SORTS.get(chosen.get("view", ""), ())


FILTERS = (
    TabFilter,
    DueFilter,
    UrgencyFilter,
    StatusFilter,
    ResultFilter,
    PathFilter,
    MissingFilter,
    EditionFilter,
    ProductFilter,
    OfficeFilter,
    ClinicianFilter,
    HolderFilter,
    SortFilter,
)
