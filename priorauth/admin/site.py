"""The reviewers' admin site: who may enter is decided by the role of a membership, not by flags on the user."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from priorauth.admin.board import board
from priorauth.roles import ADMIN_SITE_ROLES

PEOPLE = ("Organization", "Invitation", "User", "Membership", "Credential", "ApiKey")
ORDER = ("Case", "AuditEvent", "EditionUse", "Replay", "RegimeUse", "Job", "LetterText", *PEOPLE)


class WorkbenchSite(AdminSite):
    site_header = "Prior authorization"
    site_title = "Prior authorization"
    index_title = "Work board"
    site_url = None
    enable_nav_sidebar = False
    index_template = "admin/board.html"

    def has_permission(self, request: HttpRequest) -> bool:
        actor = request.actor
        return request.user.is_active and actor is not None and actor.role in ADMIN_SITE_ROLES

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one sign-in page, the portal's. Who is signed in without a reviewing role is refused, not asked
        again."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        after = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(after, {request.get_host()}, request.is_secure()):
            after = reverse("admin:index")
        return redirect(after) if self.has_permission(request) else redirect_to_login(after, reverse("sign-in"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Signing out is the portal's too: a POST there ends the session."""
        return redirect("sign-out", preserve_request=True)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one page for one's own password, the portal's."""
        return redirect("account")

    password_change_done = password_change

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The lists in the order of work, not of the alphabet; the last ones are a menu of their own."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda model: ORDER.index(model["object_name"]))
            for model in app["models"]:
                model["menu"] = "People and keys" if model["object_name"] in PEOPLE else ""
        return apps

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().index(request, {**board(request.actor, timezone.now()), **(extra_context or {})})

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The work board is the only index."""
        return redirect("admin:index")


site = WorkbenchSite(name="admin")
