"""The payer's export page: choose, look at the first rows, download."""

import datetime as dt
from collections.abc import Callable
from functools import wraps

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from policies.vocabulary import PRODUCTS
from priorauth import exports
from priorauth.posting import posted_from
from priorauth.roles import EXPORT_ROLES
from priorauth.services.errors import NotPermitted

View = Callable[..., HttpResponseBase]


def for_payer(view: View) -> View:
    """For payer operations and leads only. Another person's attempt to export is written into the trail."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.actor is None or (request.method != "POST" and request.actor.role not in EXPORT_ROLES):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except NotPermitted as refusal:
            raise PermissionDenied(str(refusal)) from refusal

    return guarded


class SelectionForm(forms.Form):
    first = forms.DateField(
        label="Decided from",
        help_text="For example 9/27/2026",
        error_messages={"required": "Enter the first day.", "invalid": "Enter a real date, like 9/27/2026."},
    )
    last = forms.DateField(
        label="to (included)",
        help_text="For example 10/27/2026",
        error_messages={"required": "Enter the last day.", "invalid": "Enter a real date, like 10/27/2026."},
    )
    status = forms.MultipleChoiceField(
        label="Status",
        help_text="None ticked means all",
        choices=exports.OUTCOMES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    product = forms.MultipleChoiceField(
        label="Product",
        help_text="None ticked means all",
        choices=PRODUCTS.items(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict:
        data = super().clean()
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", "The last day must be on or after the first.")
        return data

    def selection(self) -> exports.Selection:
        data = self.cleaned_data
        return exports.Selection(data["first"], data["last"], tuple(data["status"]), tuple(data["product"]))


@for_payer
@require_safe
def export_page(request: HttpRequest) -> HttpResponse:
    """Choose a period; the page then shows how many rows there are and the first of them."""
    form = SelectionForm(request.GET) if request.GET else SelectionForm(initial=this_month())
    context = {"form": form, "columns": exports.COLUMNS, "version": exports.VERSION}
    if form.is_bound and form.is_valid():
        selection = form.selection()
        context |= {"rows": exports.preview(selection), "count": exports.count(selection), "selection": selection}
    return render(request, "payer/export.html", context, status=400 if form.errors else 200)


@for_payer
@posted_from("exports")
def download(request: HttpRequest) -> HttpResponseBase:
    """The chosen decisions as a file, streamed. POST, since it writes the export into the audit trail."""
    now = timezone.now()
    exports.permit(by=request.actor, at=now)
    form = SelectionForm(request.POST)
    if not form.is_valid():
        context = {"form": form, "columns": exports.COLUMNS, "version": exports.VERSION}
        return render(request, "payer/export.html", context, status=400)
    selection = form.selection()
    kind = "jsonl" if request.POST.get("format") == "jsonl" else "csv"
    blocks = exports.STREAMS[kind](selection, by=request.actor, at=now)
    headers = {"Content-Disposition": f'attachment; filename="{selection.file_name(kind)}"'}
    return StreamingHttpResponse(blocks, content_type=f"{exports.MEDIA_TYPES[kind]}; charset=utf-8", headers=headers)


def this_month() -> dict[str, dt.date]:
    today = timezone.localdate()
    return {"first": today.replace(day=1), "last": today}
