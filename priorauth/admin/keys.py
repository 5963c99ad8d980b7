"""Keys for programs: the list, issuing one (its text is shown once), revoking. For administrators alone."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from priorauth.admin.base import ReadOnlyAdmin
from priorauth.admin.invitations import refuse_others, said
from priorauth.admin.site import site
from priorauth.models import ApiKey, Organization
from priorauth.roles import Role
from priorauth.services import keys
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete

BAD, CONFLICT = 400, 409
DAYS = f"Enter a number of days from 1 to {keys.LONGEST_DAYS}."


class KeyForm(forms.Form):
    organization = forms.ModelChoiceField(
        Organization.objects.order_by("kind", "name"),
        help_text="The program acts in its name.",
        empty_label="Choose an organization",
        error_messages=said("Choose the organization."),
    )
    name = forms.CharField(
        label="Program",
        max_length=keys.LONGEST_NAME,
        help_text="As the audit trail shall name it, for example: Night export of claims.",
        error_messages=said("Write which program the key is for, in at most 80 characters."),
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="The first two are for an office, the third is for the plan.",
        error_messages=said("Choose what the key may do."),
    )
    days = forms.IntegerField(
        label="Days until it expires",
        initial=365,
        min_value=1,
        max_value=keys.LONGEST_DAYS,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={**said(DAYS), "min_value": DAYS, "max_value": DAYS},
    )
    prefix = forms.RegexField(r"^[0-9a-f]{12}$", widget=forms.HiddenInput, initial=keys.new_prefix)


@admin.register(ApiKey, site=site)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_title = "API keys"
    readers = frozenset({Role.ADMINISTRATOR})
    list_display = ("name", "organization", "may", "state", "last_used", "ends", "made_by")
    list_select_related = ("account__membership__organization", "created_by")
    ordering = ("-created_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def add_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        """Issue a key: the form, then the only page that ever shows it."""
        refuse_others(request)
        form = KeyForm(request.POST if request.method == "POST" else None)
        status = BAD if form.is_bound else 200
        if form.is_valid():
            try:
                key, text = keys.issue(**form.cleaned_data, by=request.actor, at=timezone.now())
            except Incomplete as missing:
                form.add_error(missing.field, str(missing))
            except Conflict as conflict:
                form.add_error(None, str(conflict))
                status = CONFLICT
            else:
                return page(request, "issued.html", title="Pass this key on", key=key, text=text)
        return page(request, "issue.html", status, title="Issue an API key", form=form)

    def change_view(self, request: HttpRequest, object_id: str, *_: Any, **__: Any) -> HttpResponse:
        """One key, and the button that ends it."""
        refuse_others(request)
        key = self.get_object(request, object_id)
        if key is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST":
            keys.revoke(key, by=request.actor, at=timezone.now())
            messages.success(request, f"The key {key} is revoked: it works no longer.")
            return redirect("admin:priorauth_apikey_changelist")
        return page(request, "key.html", title=f"API key of {key.name}", key=key, state=self.state(key))

    @admin.display(description="Organization")
    def organization(self, key: ApiKey) -> str:
        return str(key.account.membership.organization)

    @admin.display(description="May")
    def may(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description="State")
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return f"Revoked {moment(key.revoked_at)}"
        return "Expired" if key.expires_at <= timezone.now() else "Works"

    @admin.display(description="Last used (within the hour)")
    def last_used(self, key: ApiKey) -> str:
        return moment(key.last_used_at) if key.last_used_at else "Never"

    @admin.display(description="Works until")
    def ends(self, key: ApiKey) -> str:
        return moment(key.expires_at)

    @admin.display(description="Issued by")
    def made_by(self, key: ApiKey) -> str:
        return str(key.created_by)


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    context |= site.each_context(request)
    return TemplateResponse(request, f"admin/priorauth/apikey/{template}", context, status=status)
