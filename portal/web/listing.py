"""The office's home: its requests with status, next step and due time; and the search, which no URL remembers."""

import datetime as dt
from contextlib import suppress
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import dates
from portal.web.access import office_page
from portal.web.editing import typed_name
from portal.web.next_step import next_step
from priorauth import selectors
from priorauth.models import Case
from priorauth.roles import Actor
from priorauth.statuses import DECIDED, IN_REVIEW, Status

PER_PAGE = 25
RECENT = dt.timedelta(days=30)
LONGEST_SEARCH = 80
DUE_FIRST = ("needs-you", "with-plan")
LABELS = {
    "needs-you": "Needs you",
    "drafts": "Drafts",
    "with-plan": "With the plan",
    "decided": "Decided in the last 30 days",
}


def filters(now: dt.datetime) -> dict[str, Q]:
    return {
        "needs-you": Q(status=Status.INFORMATION_NEEDED),
        "drafts": Q(status=Status.DRAFT),
        "with-plan": Q(status__in=[Status.RECEIVED, *IN_REVIEW]),
        "decided": Q(status__in=DECIDED, decided_at__gte=now - RECENT),
    }


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def requests(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    known = filters(now)
    chosen = request.GET.get("show", "")
    sought = request.POST.get("sought", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    cases = selectors.office_requests(request.actor).select_related("draft").defer("draft__replaced")
    if sought:
        cases = search(cases, sought)
    elif chosen in known:
        cases = cases.filter(known[chosen])
        if chosen in DUE_FIRST:
            cases = cases.order_by("due_at", "id")
    page = Paginator(cases, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "filters": _counts(request.actor, known, chosen),
        "rows": [_row(case, now) for case in page],
        "page": page,
        "chosen": LABELS.get(chosen, ""),
        "show": chosen if chosen in known else "",
        "sought": sought,
    }
    return render(request, "requests/list.html", context)


def _counts(actor: Actor, known: dict[str, Q], chosen: str) -> list[dict[str, Any]]:
    counted = Case.objects.for_actor(actor).aggregate(
        **{name.replace("-", "_"): Count("pk", filter=condition) for name, condition in known.items()}
    )
    return [
        {"name": name, "label": label, "count": counted[name.replace("-", "_")], "current": name == chosen}
        for name, label in LABELS.items()
    ]


def search(cases: QuerySet[Case], sought: str) -> QuerySet[Case]:
    """By reference, patient's name, member ID or date of birth; sent requests and drafts alike."""
    plain = sought.replace(" ", "").replace("-", "")
    found = Q(reference__iexact=sought) | Q(member__member_id__iexact=plain) | Q(draft__fields__member_id__0=sought)
    with suppress(dates.DateProblem):
        found |= Q(member__birth_date=dates.read(sought).first)
    names = Q()
    for word in sought.replace(",", " ").split()[:4]:
        names &= (
            Q(member__last_name__istartswith=word)
            | Q(member__first_name__istartswith=word)
            | Q(draft__fields__last_name__0__istartswith=word)
            | Q(draft__fields__first_name__0__istartswith=word)
        )
    return cases.filter(found | names)


def _row(case: Case, now: dt.datetime) -> dict[str, Any]:
    draft = getattr(case, "draft", None) if case.status == Status.DRAFT else None
    fields = draft.fields if draft else {}
    return {
        "case": case,
        "patient": case.member.short_name if case.member else typed_name(fields),
        "codes": case.codes or ", ".join(_typed(fields, "lines", "code")),
        "levels": case.levels or ", ".join(_typed(fields, "levels", "name")),
        "next": next_step(case, now),
    }


def _typed(fields: dict[str, list[str]], group: str, name: str) -> list[str]:
    """What a draft says so far, as typed, in the first three rows of a group."""
    values = [(fields.get(f"{group}-{index}-{name}") or [""])[-1].strip()[:12] for index in range(3)]
    return [value for value in values if value]
