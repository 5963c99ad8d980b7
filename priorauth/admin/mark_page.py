"""Where the marks of the criteria are posted: they are stored, and the act that was chosen with them is opened."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from priorauth.admin.act_page import BAD, CONFLICT, FORBIDDEN, case_for, not_open
from priorauth.admin.bar import SAVES
from priorauth.admin.case_page import case_page, criteria, read
from priorauth.admin.claim_next import claim_next
from priorauth.admin.marks_form import reasons
from priorauth.admin.site import site
from priorauth.models import Case
from priorauth.posting import PUT_BACK
from priorauth.services import errors, judge
from priorauth.services.base import permit, ready
from priorauth.services.scored import unscored
from priorauth.statuses import Act

Typed = Sequence[tuple[str, str]]
GO_ON = "next"  # what the button of the head sends: to the next case
TITLE = "Mark the criteria"


@sensitive_post_parameters()
def mark_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET is the case page for who may mark now, or why not; POST stores the marks that differ from what stands."""
    case = case_for(request, pk)
    if request.method == "POST":
        return _post(request, case)
    why, status = not_open(request, case, Act.JUDGE)
    if why:
        return _refused(request, case, why, status)
    return _show(request, case, criteria(read(case, request.actor, timezone.now())), 200)


def _post(request: HttpRequest, case: Case) -> HttpResponse:
    now = timezone.now()
    try:
        permit(case, Act.JUDGE, by=request.actor, at=now)
    except errors.NotPermitted as refused:
        return _refused(request, case, str(refused), FORBIDDEN, reasons(request.POST))
    parts = criteria(read(case, request.actor, now), request.POST)
    form = parts["form"]
    if form is None:
        return _refused(request, case, unscored(case) or judge.NOT_SCORED, CONFLICT, reasons(request.POST))
    if PUT_BACK in request.POST:
        return _show(request, case, parts, 200)
    if not form.is_valid():
        return _show(request, case, parts, BAD)
    then, marks = request.POST.get("then", ""), form.changed()
    try:
        version = form.cleaned_data["version"]
        if marks:
            judge.judge(case, by=request.actor, at=now, marks=marks, version=version)
        elif then:
            ready(case, Act.JUDGE, by=request.actor, at=now, version=version)
    except errors.Incomplete as missing:
        form.blame(missing.field, str(missing))
        return _show(request, case, parts, BAD)
    except errors.Refused as refused:
        status = FORBIDDEN if isinstance(refused, errors.NotPermitted) else CONFLICT
        return _refused(request, case, str(refused), status, form.typed())
    return _go_on(request, case, then, len(marks))


def _go_on(request: HttpRequest, case: Case, then: str, count: int) -> HttpResponse:
    """To what was chosen with the marks, of which `count` are stored now."""
    slug, _, query = then.partition("?")
    if slug in SAVES or slug == "read":
        return redirect(f"{reverse(f'admin:priorauth_case_{slug}', args=[case.pk])}?{query}".removesuffix("?"))
    if then == GO_ON:
        return claim_next(request)
    messages.success(request, _saved(count))
    return redirect("admin:priorauth_case_change", case.pk)


def _saved(count: int) -> str:
    if not count:
        return "No mark differs from what was saved before."
    return "1 mark is saved." if count == 1 else f"{count} marks are saved."


def _show(request: HttpRequest, case: Case, parts: dict[str, Any], status: int) -> HttpResponse:
    page = case_page(case, request.actor, timezone.now(), chosen=request.GET, marks=parts)
    context = {**site.each_context(request), **page}
    return TemplateResponse(request, "admin/priorauth/case/case.html", context, status=status)


def _refused(request: HttpRequest, case: Case, why: str, status: int, typed: Typed = ()) -> HttpResponse:
    context = {**site.each_context(request), "case": case, "title": TITLE, "why": why, "typed": typed}
    return TemplateResponse(request, "admin/priorauth/case/refused.html", context, status=status)
