"""What every page of the admin shares: rights by role, rows in the actor's scope, nothing that writes by itself."""

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db import models
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from priorauth.roles import Role
from priorauth.tenancy import TenantModel

COUNTED_ROWS = 2_500  # reading twice as many costs more than the rest of a page (make bench)


def is_key(text: str) -> bool:
    """Whether a text of an address can be the key of a row."""
    return text.isdecimal() and len(text) < 19


class CappedPaginator(Paginator):
    """Counts at most COUNTED_ROWS rows, so that a list of a million costs what a list of some thousands does."""

    @cached_property
    def keys(self) -> list[int]:
        """The first COUNTED_ROWS keys in the order of the list, out of an index alone. One reading counts the rows and
        finds those of any page: a filter that few rows pass reads its index to the end."""
        return self.object_list.values("pk")[:COUNTED_ROWS].aggregate(keys=ArrayAgg("pk"))["keys"] or []

    @cached_property
    def count(self) -> int:
        return len(self.keys)

    def page(self, number: Any) -> Page:
        """One page: rows are read and joined for it alone, and not for those skipped. Keys that were just found stand
        for the conditions that found them: asked for both, PostgreSQL expects one row and plans for one."""
        number = self.validate_number(number)
        rows = self.object_list.all()
        rows.query.clear_where()
        keys = self.keys[(number - 1) * self.per_page : number * self.per_page]
        return self._get_page(rows.filter(pk__in=keys), number, self)

    @property
    def capped(self) -> bool:
        return self.count == COUNTED_ROWS


class QuietAdmin(admin.ModelAdmin):
    """No script, no action, no delete, and no history but the trail. Which methods a page knows is not asked here: the
    wall refuses the others (portal/permissions.py)."""

    list_title = ""
    actions = None
    actions_on_top = True  # with both bars off the stock change list carries an inline style, which the CSP refuses
    list_per_page = 50
    show_full_result_count = False
    sortable_by = ()
    media = Media()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"title": self.list_title} if self.list_title else {}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the list's own filters: an address is no query language over patient data, nor over password hashes."""
        return lookup in {spec.parameter_name for spec in self.list_filter}

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied


class ReadOnlyAdmin(QuietAdmin):
    """A model that its `readers` may look at and nobody may write through the admin."""

    readers: Collection[Role] = ()
    list_max_show_all = 0
    paginator = CappedPaginator

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.actor is not None and request.actor.role in self.readers

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ListAdmin(ReadOnlyAdmin):
    """A model of which the list says all there is to say: no row has a page."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied


class TenantAdmin(ReadOnlyAdmin):
    """A tenant model: its rows are those that the actor may see."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return self.model.objects.for_actor(request.actor)

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if issubclass(db_field.remote_field.model, TenantModel):
            kwargs["queryset"] = db_field.remote_field.model.objects.for_actor(request.actor)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
