"""The reviewers' admin site: who may enter is decided by the role of a membership, not by flags on the user."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from priorauth.roles import ADMIN_SITE_ROLES


class WorkbenchSite(AdminSite):
    site_header = "Prior authorization"
    site_title = "Prior authorization"
    index_title = "Work board"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        actor = request.actor
        return request.user.is_active and actor is not None and actor.role in ADMIN_SITE_ROLES


site = WorkbenchSite(name="admin")
