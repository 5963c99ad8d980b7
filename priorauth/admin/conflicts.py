"""Conflicts of interest: "I must not decide requests of ...", for the person; for leads, of everybody."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from priorauth.admin.act_forms import day_field
from priorauth.admin.site import site
from priorauth.models import ConflictOfInterest, Organization
from priorauth.roles import Actor, Role
from priorauth.services import conflicts as service
from priorauth.services.errors import Conflict, Incomplete, Refused
from priorauth.services.hand_over import reviewers

PAGE = "admin:priorauth_case_conflicts"


class ConflictForm(forms.Form):
    reviewer = forms.TypedChoiceField(
        label="Who must not decide", coerce=int, error_messages={"invalid_choice": "Choose a person of the list."}
    )
    office = forms.ModelChoiceField(
        Organization.objects.filter(kind=Organization.Kind.OFFICE).order_by("name"),
        label="Requests of this office",
        required=False,
        empty_label="No office",
        error_messages={"invalid_choice": "Choose an office of the list."},
    )
    member_id = forms.CharField(label="Or of this member: member ID", required=False, max_length=40)
    birth_date = day_field("And their date of birth", help_text="For example 3/27/1948", required=False)
    npi = forms.CharField(label="Or of the clinician with this NPI", required=False, max_length=20)
    note = forms.CharField(label="Why (optional)", required=False, max_length=200)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, use_required_attribute=False, label_suffix="", **kwargs)
        self.actor = actor
        if actor.role == Role.LEAD:
            self.fields["reviewer"].choices = [(user.pk, str(user)) for user in reviewers()]
            self.fields["reviewer"].initial = actor.user_id
        else:
            del self.fields["reviewer"]
        for name in ("member_id", "birth_date", "npi"):
            self.fields[name].widget.attrs["autocomplete"] = "off"


@sensitive_post_parameters("member_id", "birth_date", "npi", "note")
@require_http_methods(["GET", "HEAD", "POST"])
def conflicts(request: HttpRequest) -> HttpResponse:
    """GET lists what is declared; POST declares one more."""
    form = ConflictForm(request.actor, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            service.declare(by=request.actor, at=timezone.now(), **form.cleaned_data)
        except Incomplete as missing:
            form.add_error(missing.field if missing.field in form.fields else None, str(missing))
        else:
            messages.success(request, "Declared. No such case is given to this person, and they cannot decide one.")
            return redirect(PAGE)
    rows = ConflictOfInterest.objects.filter(service.OPEN).select_related("reviewer", "office", "declared_by")
    if request.actor.role != Role.LEAD:
        rows = rows.filter(reviewer=request.actor.user_id)
    context = {**site.each_context(request), "title": "Conflicts of interest", "form": form, "rows": rows[:200]}
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/priorauth/case/conflicts.html", context, status=status)


def end_conflict(request: HttpRequest, conflict: int) -> HttpResponse:
    if request.method != "POST":
        return redirect(PAGE)
    try:
        service.end(conflict, by=request.actor, at=timezone.now())
        messages.success(request, "The conflict of interest is ended.")
    except (ConflictOfInterest.DoesNotExist, Refused) as why:
        if not isinstance(why, Conflict):
            raise Http404 from why
        messages.error(request, str(why))
    return redirect(PAGE)
