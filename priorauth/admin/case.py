"""Cases in the admin: the queue, the case page, and the addresses of everything that hangs on a case."""

import uuid
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from priorauth.admin import files, filters, letters, queue, saved_views, tabs
from priorauth.admin.act_page import act_page
from priorauth.admin.acts import PAGES
from priorauth.admin.base import COUNTED_ROWS, TenantAdmin
from priorauth.admin.bulk import bulk
from priorauth.admin.case_page import case_page
from priorauth.admin.claim_acts import renew
from priorauth.admin.claim_next import claim_next
from priorauth.admin.conflicts import conflicts, end_conflict
from priorauth.admin.find import find
from priorauth.admin.mark_page import mark_page
from priorauth.admin.queue_list import QueueList
from priorauth.admin.site import site
from priorauth.admin.trail import case_trail
from priorauth.models import Case
from priorauth.roles import CASE_READER_ROLES, REVIEWER_ROLES, Role
from priorauth.services.hand_over import reviewers


@admin.register(Case, site=site)
class CaseAdmin(queue.QueueColumns, TenantAdmin):
    list_title = "Cases"
    readers = CASE_READER_ROLES
    list_display = (
        "due", "ref", "who", "where", "computed", "points", "how_soon", "state", "sender",
    )  # fmt: skip
    list_display_links = ("ref",)
    list_filter = filters.FILTERS
    list_select_related = ("member", "office", "claimed_by")
    search_fields = ("reference",)

    def get_urls(self) -> list[URLPattern]:
        acts = [
            path(f"<int:pk>/{slug}/", self._page(partial(act_page, page=page)), name=f"priorauth_case_{slug}")
            for slug, page in PAGES.items()
        ]
        return [
            path(
                "next/",
                self._page(claim_next),
                name="priorauth_case_next",
            ),
            path("<int:pk>/renew/", self._page(renew), name="priorauth_case_renew"),
            path("bulk/", self._page(bulk), name="priorauth_case_bulk"),
            path("views/", self._page(saved_views.keep), name="priorauth_case_saved-view"),
            path("views/<int:view>/delete/", self._page(saved_views.delete), name="priorauth_case_saved-view-delete"),
            path("conflicts/", self._page(conflicts), name="priorauth_case_conflicts"),
            path("conflicts/<int:conflict>/end/", self._page(end_conflict), name="priorauth_case_conflict-end"),
            path("find/", self._page(find), name="priorauth_case_find"),
            path("<int:pk>/judge/", self._page(mark_page), name="priorauth_case_judge"),
            path("<int:pk>/trail/", self._page(case_trail), name="priorauth_case_trail"),
            path("<int:pk>/letters/<int:letter>/", self._page(letters.show), name="priorauth_case_letter"),
            path("<int:pk>/letters/<int:letter>.pdf", self._page(letters.download), name="priorauth_case_letter_pdf"),
            path("<int:pk>/files/<uuid:file>/", self._page(files.download), name="priorauth_case_file"),
            path("<int:pk>/files/<uuid:file>/view/", self._page(files.view), name="priorauth_case_view"),
            path(
                "<int:pk>/files/<uuid:file>/pages/<int:page>/", self._page(files.page_image), name="priorauth_case_page"
            ),
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

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """The columns, with a button to claim for those who may, and for leads a box to choose. Where a view can be
        sorted, it shows by what."""
        boxes = (queue.choose_of(request.POST.getlist("case")),) if request.actor.role == Role.LEAD else ()
        holder = queue.holder_for(request.actor)
        last = {"open": ("received", holder), "decided": ("received", "decided")}
        return (*boxes, *self.list_display, *last.get(request.GET.get("view", ""), (holder,)))

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """The order of work; of what is decided, the latest first; or the sort that a view offers. What a search finds
        lies in no view."""
        sort = "" if request.GET.get("q", "").strip() else request.GET.get("sort", "")
        return tabs.order_of(request.GET.get("view", ""), sort)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[QueueList]:
        return QueueList

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
        actor = request.actor
        context = {"may_claim": actor.role in REVIEWER_ROLES} | saved_views.shown(actor, request.GET)
        if actor.role == Role.LEAD:
            context["reviewers"] = reviewers()
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The case page. It is read only."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        case = self.get_object(request, object_id)
        if case is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        page = case_page(case, request.actor, timezone.now(), chosen=request.GET)
        context = {**self.admin_site.each_context(request), **page}
        return TemplateResponse(request, "admin/priorauth/case/case.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not (object_id.isascii() and object_id.isdigit()):
            raise Http404
        return redirect("admin:priorauth_case_trail", pk=object_id)
