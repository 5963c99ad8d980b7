"""The letters of a day for payer operations, who send them on paper. The list names no patient; a letter does."""

import datetime as dt

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.payer.views import for_payer
from priorauth import exports, selectors
from priorauth.letters import answers
from priorauth.models import Letter

ONE_DAY = dt.timedelta(days=1)
PAGE = 100


class DayForm(forms.Form):
    day = forms.DateField(
        label="Day",
        help_text="For example 11/27/2026",
        error_messages={"required": "Enter the day.", "invalid": "Enter a real date, like 11/27/2026."},
    )
    after = forms.IntegerField(required=False, min_value=0, max_value=2**62)


@for_payer
@require_safe
def of_a_day(request: HttpRequest) -> HttpResponse:
    """The letters issued on one day in the plan's time zone (today without another choice), PAGE at a time."""
    form = DayForm(request.GET if "day" in request.GET else {"day": timezone.localdate().isoformat()})
    context: dict = {"form": form}
    if form.is_valid():
        day, after = form.cleaned_data["day"], form.cleaned_data["after"] or 0
        next_day = min(day, dt.date.max - ONE_DAY) + ONE_DAY
        issued = Letter.objects.for_actor(request.actor)
        issued = issued.filter(issued_at__gte=exports.midnight(day), issued_at__lt=exports.midnight(next_day))
        rows = issued.filter(pk__gt=after).order_by("pk").select_related("case").defer("content")
        found = list(rows[: PAGE + 1])
        context |= {"day": day, "letters": found[:PAGE], "next": found[PAGE - 1].pk if len(found) > PAGE else None}
    return render(request, "payer/letters.html", context, status=400 if form.errors else 200)


@for_payer
@require_safe
def show(request: HttpRequest, reference: str, letter: int) -> HttpResponse:
    return answers.page(
        request,
        selectors.letter(request.actor, letter, case__reference=reference),
        frame="payer/base.html",
        back=reverse("payer-letters"),
        back_words="Letters of the day",
        pdf=reverse("payer-letter-pdf", args=[reference, letter]),
    )


@for_payer
@require_safe
def download(request: HttpRequest, reference: str, letter: int) -> HttpResponse:
    return answers.file(selectors.letter(request.actor, letter, case__reference=reference))
