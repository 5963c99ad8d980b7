"""Organizations, people, memberships and licences: for administrators alone, each change with its audit event."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone

from policies.codes import CodeError, Npi
from priorauth.admin.base import QuietAdmin
from priorauth.admin.invitations import password_link
from priorauth.admin.site import site
from priorauth.models import Credential, Membership, Organization, User
from priorauth.posting import SEEN, state_of
from priorauth.roles import Role
from priorauth.services import people
from priorauth.services.errors import NotPermitted
from priorauth.services.invitations import OPEN

CHANGED = "Somebody else changed this after you opened it, so nothing was saved. Open it again to see what stands now."


class Seen(forms.CharField):
    """In which state the page showed the row. It is no answer, and no change."""

    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class FreshForm(forms.ModelForm):
    """A form that undoes nothing unseen: who was deactivated or demoted while it stood open stays so."""

    seen = Seen(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial[SEEN] = state_of(self.instance, [name for name in self._meta.fields if name != SEEN])
        else:
            del self.fields[SEEN]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get(SEEN) and values[SEEN] != self.initial[SEEN]:
            self.add_error(None, CHANGED)
        return values


class PeopleAdmin(QuietAdmin):
    """Administrators list, add and change; nobody deletes, since the trail and the decisions name these rows."""

    formfield_overrides = {models.DateField: {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}}

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

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return (*super().get_fields(request, obj), SEEN) if obj else super().get_fields(request, obj)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:
        """The form, which knows who fills it."""
        form = super().get_form(request, *args, **kwargs)
        form.actor = request.actor
        return form

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:
        values = {name: str(form.cleaned_data.get(name)) for name in form.changed_data}
        try:
            people.keep(obj, by=request.actor, at=timezone.now(), change=values)
        except NotPermitted as refused:
            raise PermissionDenied(str(refused)) from refused

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Django's own log is not our trail: it is not written."""

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """As above."""


def checked_npi(text: str) -> str:
    """The NPI without blanks and dashes; a form error says what is wrong with it."""
    try:
        return Npi.parse(text.replace(" ", "").replace("-", "")) if text.strip() else ""
    except CodeError as error:
        raise forms.ValidationError(str(error)) from error


class OrganizationForm(FreshForm):
    def clean_npi(self) -> str:
        return checked_npi(self.cleaned_data["npi"])

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("kind") == Organization.Kind.OFFICE and values.get("npi") == "":
            self.add_error("npi", "Enter the NPI of the provider office.")
        if "kind" in self.changed_data and self.instance.pk and self._has_people():
            self.add_error("kind", "People belong to it in roles of its present kind. Make another organization.")
        return values

    def _has_people(self) -> bool:
        """Whether anybody belongs to it, or has a link with which to come in."""
        return self.instance.membership_set.exists() or self.instance.invitations.filter(OPEN).exists()


class CredentialForm(FreshForm):
    def clean_npi(self) -> str:
        return checked_npi(self.cleaned_data["npi"])

    def clean_state(self) -> str:
        state = self.cleaned_data["state"].upper()
        if not (len(state) == 2 and state.isascii() and state.isalpha()):
            raise forms.ValidationError("Enter the state in two letters, like MA.")
        return state


class MembershipForm(FreshForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean()
        organization, role = values.get("organization"), values.get("role")
        if organization and role and not Membership(organization=organization, role=role).fits:
            self.add_error("role", f"This role does not belong to a {organization.get_kind_display().lower()}.")
        if self.instance.user_id == self.actor.user_id and role not in (None, Role.ADMINISTRATOR):
            self.add_error("role", people.NOT_YOURSELF)
        return values


class UserForm(FreshForm):
    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "is_active")
        help_texts = {"is_active": "Only an active person can sign in. Nobody is deleted."}

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def clean_is_active(self) -> bool:
        active = self.cleaned_data["is_active"]
        if self.instance.pk == self.actor.user_id and not active:
            raise forms.ValidationError(people.NOT_YOURSELF)
        return active


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

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).filter(user__is_machine=False)

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(membership=None, is_machine=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        """Whose membership it is stays as it is: another person gets one of their own."""
        return ("user",) if obj else ()


@admin.register(Credential, site=site)
class CredentialAdmin(PeopleAdmin):
    form = CredentialForm
    fields = ("user", "licence_number", "state", "specialty", "npi", "expires_on")
    list_display = ("user", "specialty", "state", "expires_on")
    list_select_related = ("user",)
    ordering = ("user__last_name", "id")

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(is_machine=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(User, site=site)
class UserAdmin(PeopleAdmin):
    """People come in by invitation, and choose their passwords themselves."""

    form = UserForm
    fields = ("email", "first_name", "last_name", "is_active")
    change_form_template = "admin/priorauth/user/change_form.html"
    list_display = ("email", "first_name", "last_name", "is_active")
    search_fields = ("email", "first_name", "last_name")
    search_help_text = "Name or e-mail address"
    ordering = ("email",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).filter(is_machine=False)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        link = self.admin_site.admin_view(password_link)
        return [path("<int:pk>/link/", link, name="priorauth_user_link"), *super().get_urls()]
