"""What the plan says in its letters: its versions, and a form that adds the next one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from priorauth.admin.people import PeopleAdmin
from priorauth.admin.site import site
from priorauth.models import LetterText
from priorauth.models.letter import TEXTS
from priorauth.posting import PUT_BACK
from priorauth.services import letter_texts
from priorauth.services.errors import Conflict, Incomplete

FIELDS = (*TEXTS[:3], "appeal_days", *TEXTS[3:])
TYPED_LATE = "This was typed before your session ended and is not kept yet. Save to keep it."
NOT_CONFIRMED = "Nobody of the plan has confirmed them: they came with the portal"


class LetterTextForm(forms.ModelForm):
    after = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = LetterText
        fields = FIELDS
        widgets = {name: forms.Textarea(attrs={"rows": 5}) for name in TEXTS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(FIELDS) & set(self.fields):  # a version that is only read has none
            needed = letter_texts.needed_words(name)
            self.fields[name].error_messages |= {"required": needed, "min_value": needed}

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if PUT_BACK in self.data:
            self.add_error(None, TYPED_LATE)
        if not self.errors:
            try:
                letter_texts.check(values)
            except Incomplete as missing:
                self.add_error(missing.field, str(missing))
        return values


@admin.register(LetterText, site=site)
class LetterTextAdmin(PeopleAdmin):
    list_title = "Letter texts"
    form = LetterTextForm
    list_display = ("name", "kept_by_whom", "kept_at")
    list_display_links = ("name",)
    list_select_related = ("kept_by",)
    ordering = ("-version",)

    def has_view_permission(self, request: HttpRequest, obj: LetterText | None = None) -> bool:
        return request.actor is not None and request.actor.role in letter_texts.KEEPERS

    def has_change_permission(self, request: HttpRequest, obj: LetterText | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: LetterText | None = None) -> tuple[str, ...]:
        return ("kept_by_whom", "kept_at", *FIELDS) if obj else (*FIELDS, "after")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The next version starts from the present one."""
        now = letter_texts.current()
        return {"after": now.version, **{name: getattr(now, name) for name in FIELDS}}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        try:
            return super().add_view(request, form_url, {"title": "Change the texts of the letters"})
        except Conflict as conflict:
            messages.error(request, str(conflict))
            return redirect("admin:priorauth_lettertext_changelist")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"title": "Letter texts", "subtitle": None})

    def save_model(self, request: HttpRequest, obj: LetterText, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in FIELDS}
        after = form.cleaned_data["after"]
        obj.pk = letter_texts.keep(values, by=request.actor, at=timezone.now(), after=after).pk
        obj.version = after + 1

    @admin.display(description="Version")
    def name(self, texts: LetterText) -> str:
        return str(texts)

    @admin.display(description="Kept by")
    def kept_by_whom(self, texts: LetterText) -> str:
        return str(texts.kept_by or NOT_CONFIRMED)
