"""Cases in the admin: the queue, the case page, and the addresses of everything that hangs on a case."""

import uuid
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from priorauth.admin import letters, queue
from priorauth.admin.acts import PAGES, act_page, claim_next
from priorauth.admin.base import COUNTED_ROWS, TenantAdmin
from priorauth.admin.case_page import case_page
from priorauth.admin.files import download
from priorauth.admin.find import find
from priorauth.admin.site import site
from priorauth.admin.trail import case_trail
from priorauth.models import Case
from priorauth.roles import CASE_READER_ROLES, REVIEWER_ROLES


@admin.register(Case, site=site)
class CaseAdmin(queue.QueueColumns, TenantAdmin):
    readers = CASE_READER_ROLES
    list_display = (
        "due", "ref", "who", "where", "computed", "points", "how_soon", "state", "sender", "holder",
    )  # fmt: skip
    list_display_links = ("ref",)
    list_filter = (
        queue.TabFilter,
        queue.UrgencyFilter,
        queue.StatusFilter,
        queue.ProductFilter,
        queue.OfficeFilter,
    )
    list_select_related = ("member", "office", "claimed_by")
    search_fields = ("reference",)

    def get_urls(self) -> list[URLPattern]:
        acts = [
            path(f"<int:pk>/{slug}/", self._page(partial(act_page, slug=slug)), name=f"priorauth_case_{slug}")
            for slug in PAGES
        ]
        return [
            path(
                "next/",
                self._page(claim_next),
                name="priorauth_case_next",
            ),
            path("find/", self._page(find), name="priorauth_case_find"),
            path("<int:pk>/trail/", self._page(case_trail), name="priorauth_case_trail"),
            path("<int:pk>/letters/<int:letter>/", self._page(letters.show), name="priorauth_case_letter"),
            path("<int:pk>/letters/<int:letter>.pdf", self._page(letters.download), name="priorauth_case_letter_pdf"),
            path("<int:pk>/files/<uuid:file>/", self._page(download), name="priorauth_case_file"),
            *acts,
            *super().get_urls(),
        ]

    def _page(self, view: Any) -> Any:
        """A page for those who may see cases; everybody else is refused before any row is looked up."""

        def page(request: HttpRequest, **kwargs: int | uuid.UUID) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request, **kwargs)

        return self.admin_site.admin_view(page)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return queue.with_pathways(super().get_queryset(request), request)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The order of work; of what is decided, the latest first."""
        return ("-decided_at", "-id") if request.GET.get("view") == "decided" else ("urgency", "due_at", "id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Case], search_term: str
    ) -> tuple[QuerySet[Case], bool]:
        """By reference alone: what is typed here stands in the address, so it must not be patient data. Of a beginning
        that fits many, the first by reference: all of them would be sorted for a page of 50."""
        term = search_term.strip().upper()
        if not term:
            return queryset, False
        fitting = super().get_queryset(request).filter(reference__startswith=term).order_by("reference")
        return queryset.filter(pk__in=fitting.values("pk")[:COUNTED_ROWS]), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        may_claim = request.actor.role in REVIEWER_ROLES
        return super().changelist_view(request, {"title": "Cases", "may_claim": may_claim, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The case page. It is read only: a POST here is refused, whatever it says."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        case = self.get_object(request, object_id)
        if case is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {**self.admin_site.each_context(request), **case_page(case, request.actor, timezone.now())}
        return TemplateResponse(request, "admin/priorauth/case/case.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not (object_id.isascii() and object_id.isdigit()):
            raise Http404
        return redirect("admin:priorauth_case_trail", pk=object_id)
