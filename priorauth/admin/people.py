"""Organizations, people, memberships and licences: for administrators alone, each change with its audit event."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from policies.codes import CodeError, Npi
from priorauth import audit
from priorauth.admin.site import site
from priorauth.models import Credential, Membership, Organization, User
from priorauth.roles import Role


class PeopleAdmin(admin.ModelAdmin):
    """Administrators list, add and change; nobody deletes, since the trail and the decisions name these rows."""

    media = forms.Media()
    formfield_overrides = {models.DateField: {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}}
    sortable_by = ()
    actions = None
    actions_on_top = True
    list_per_page = 50
    show_full_result_count = False

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        """The field without the pop-up links around a choice: every page works without a script."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.actor is not None and request.actor.role == Role.ADMINISTRATOR

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:
        """Save, and write the event in the same transaction."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            values = {name: str(form.cleaned_data.get(name)) for name in form.changed_data if "password" not in name}
            note(request, "people_change" if change else "people_add", obj, values)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Django's own log is not our trail: it is not written."""

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """As above."""

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied


def note(request: HttpRequest, action: str, obj: models.Model, change: dict[str, str] | None = None) -> None:
    """The audit event of a change to people or organizations, in the administrator's own stream."""
    entities = {obj._meta.model_name: obj.pk}
    audit.record(by=request.actor, at=timezone.now(), action=action, entities=entities, change=change)


def checked_npi(text: str) -> str:
    """The NPI without blanks and dashes; a form error says what is wrong with it."""
    try:
        return Npi.parse(text.replace(" ", "").replace("-", "")) if text.strip() else ""
    except CodeError as error:
        raise forms.ValidationError(str(error)) from error


class OrganizationForm(forms.ModelForm):
    def clean_npi(self) -> str:
        return checked_npi(self.cleaned_data["npi"])

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("kind") == Organization.Kind.OFFICE and values.get("npi") == "":
            self.add_error("npi", "Enter the NPI of the provider office.")
        if "kind" in self.changed_data and self.instance.pk and self.instance.membership_set.exists():
            self.add_error("kind", "People belong to it in roles of its present kind. Make another organization.")
        return values


class CredentialForm(forms.ModelForm):
    def clean_npi(self) -> str:
        return checked_npi(self.cleaned_data["npi"])

    def clean_state(self) -> str:
        state = self.cleaned_data["state"].upper()
        if not (len(state) == 2 and state.isascii() and state.isalpha()):
            raise forms.ValidationError("Enter the state in two letters, like MA.")
        return state


class MembershipForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean()
        organization, role = values.get("organization"), values.get("role")
        if organization and role and not Membership(organization=organization, role=role).fits:
            self.add_error("role", f"This role does not belong to a {organization.get_kind_display().lower()}.")
        return values


class NewUserForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "first_name", "last_name")

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class UserForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "is_active")
        help_texts = {"is_active": "Only an active person can sign in. Nobody is deleted."}

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


@admin.register(Organization, site=site)
class OrganizationAdmin(PeopleAdmin):
    form = OrganizationForm
    fields = ("kind", "name", "npi")
    list_display = ("name", "kind", "npi")
    ordering = ("name",)


@admin.register(Membership, site=site)
class MembershipAdmin(PeopleAdmin):
    form = MembershipForm
    fields = ("user", "organization", "role")
    list_display = ("user", "organization", "role")
    list_select_related = ("user", "organization")
    ordering = ("organization__name", "user__last_name", "id")


@admin.register(Credential, site=site)
class CredentialAdmin(PeopleAdmin):
    form = CredentialForm
    fields = ("user", "licence_number", "state", "specialty", "npi", "expires_on")
    list_display = ("user", "specialty", "state", "expires_on")
    list_select_related = ("user",)
    ordering = ("user__last_name", "id")


@admin.register(User, site=site)
class UserAdmin(PeopleAdmin, DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    fieldsets = ((None, {"fields": ("email", "first_name", "last_name", "is_active", "password_page")}),)
    readonly_fields = ("password_page",)
    change_user_password_template = "admin/priorauth/user/password.html"  # noqa: S105 - a template
    add_fieldsets = ((None, {"fields": ("email", "first_name", "last_name", "password1", "password2")}),)
    list_display = ("email", "first_name", "last_name", "is_active")
    list_filter = ()
    search_fields = ("email", "first_name", "last_name")
    search_help_text = "Name or e-mail address"
    filter_horizontal = ()
    ordering = ("email",)

    @admin.display(description="Password")
    def password_page(self, user: User) -> SafeString:
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a href="{}">Set a new password</a>', url)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Django's page for setting a password, with its audit event in the same transaction."""
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == 302:
                note(request, "people_password", self.get_object(request, id))
        return response
