"""One page per act on a case: a form, for a decision or a question a summary with its letter to confirm, then the
service."""

import datetime as dt
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from priorauth.admin import act_forms as forms
from priorauth.admin.letter_preview import preview
from priorauth.admin.obstacles import Obstacles
from priorauth.admin.site import site
from priorauth.models import Case, Letter
from priorauth.posting import PUT_BACK
from priorauth.roles import Actor
from priorauth.services import errors
from priorauth.services.base import note_refusal, permit
from priorauth.services.claim import holds
from priorauth.statuses import Act
from priorauth.tenancy import get_for

FORBIDDEN, CONFLICT, BAD = 403, 409, 400


@dataclass(frozen=True)
class Page:
    """How one act looks: its words, its form, its service; whether it is confirmed first, on a page of its own or
    (`at_once`) on the form's own with the letter; whether that is a grave matter; whether the case page leaves it out,
    rather than say why, while it is not open (`silent`); and its `template`."""

    act: Act
    title: str
    button: str
    form: type[forms.ActForm]
    run: Callable[..., Any]
    done: str
    advice: str = ""
    confirm: bool = False
    grave: bool = False
    silent: bool = False
    at_once: bool = False
    template: str = "act"


def act_page(request: HttpRequest, pk: int, page: Page) -> HttpResponse:
    """GET shows the form or why it is not available; POST acts. The services check everything again."""
    case = case_for(request, pk)
    if request.method == "POST":
        return _post(request, case, page, timezone.now())
    why, status = not_open(request, case, page.act)
    if why:
        return _refused(request, case, page, why, status)
    form = page.form(case, request.actor, query=request.GET)
    return _with_letter(request, case, page, form) if page.at_once else _show(request, case, page, form)


def not_open(request: HttpRequest, case: Case, act: Act) -> tuple[str, int]:
    """Why the page of an act shows no form, and the HTTP status that says so; "" where it shows one."""
    obstacles = Obstacles(case, request.actor, timezone.now())
    if why := obstacles.forbidden(act):
        return why, FORBIDDEN
    if why := obstacles.blocked(act):
        return why, CONFLICT
    return obstacles.lacking(act), FORBIDDEN


def case_for(request: HttpRequest, pk: int) -> Case:
    """The case of an act, with what its page and the rails read of it. Raises Http404 where the actor sees none."""
    rows = Case.objects.for_actor(request.actor).select_related("member", "office", "clinician", "claimed_by")
    return get_for(request.actor, Case, rows, pk=pk)


def _with_letter(request: HttpRequest, case: Case, page: Page, form: forms.ActForm) -> HttpResponse:
    """The form as it starts, with the letter that would be sent if it were confirmed as it is; without the letter where
    something has to be written first."""
    filled = page.form(case, request.actor, form.initial)
    try:
        letter = _run(page, case, filled, request.actor, timezone.now(), keep=False) if filled.is_valid() else None
    except errors.Conflict as conflict:
        return _refused(request, case, page, str(conflict), CONFLICT)
    return _show(request, case, page, form, **preview(letter))


def _post(request: HttpRequest, case: Case, page: Page, now: dt.datetime) -> HttpResponse:
    actor = request.actor
    form = page.form(case, actor, request.POST)  # first of all, so that whoever is refused is shown what they typed
    try:
        permit(case, page.act, by=actor, at=now)
        if {"change", PUT_BACK} & request.POST.keys():
            return _show(request, case, page, form)
        confirmed = not page.confirm or "confirmed" in request.POST
        if not form.is_valid():
            if page.grave and confirmed:  # past the page that it is confirmed on
                note_refusal(case, page.act, by=actor, at=now)
            return _show(request, case, page, form, status=BAD)
        rehearsed = _run(page, case, form, actor, now, keep=confirmed)
    except errors.Incomplete as missing:
        form.add_error(missing.field if missing.field in form.fields else None, str(missing))
        return _show(request, case, page, form, status=BAD)
    except errors.Refused as refused:
        status = FORBIDDEN if isinstance(refused, errors.NotPermitted) else CONFLICT
        return _refused(request, case, page, str(refused), status, form)
    if not confirmed and page.at_once:
        return _show(request, case, page, form, **preview(rehearsed))
    if not confirmed:
        return _render(request, case, page, "admin/priorauth/case/confirm.html", form=form, **preview(rehearsed))
    messages.success(request, page.done)
    return redirect("admin:priorauth_case_change", case.pk)


def _run(page: Page, case: Case, form: forms.ActForm, by: Actor, at: dt.datetime, *, keep: bool) -> Letter | None:
    """Do the act. Without `keep` it is only rehearsed: the service says what is wrong with it, and nothing stays but
    the event of an attempt that was refused. Returns the letter that was issued, or that would be."""
    act = partial(page.run, by=by, at=at, version=form.cleaned_data["version"], **form.values())
    if keep:
        return getattr(act(case), "letter", None)
    with transaction.atomic():
        try:
            letter = getattr(act(copy(case)), "letter", None)
        except errors.NotPermitted as refused:
            refusal = refused
        else:
            transaction.set_rollback(True)
            return letter
    raise refusal


def _show(
    request: HttpRequest, case: Case, page: Page, form: forms.ActForm, status: int = 200, **letter: Any
) -> HttpResponse:
    name = "at_once" if page.at_once else page.template
    return _render(request, case, page, f"admin/priorauth/case/{name}.html", status, form=form, **letter)


def _refused(
    request: HttpRequest, case: Case, page: Page, why: str, status: int, form: forms.ActForm | None = None
) -> HttpResponse:
    typed = form.typed() if form else []
    return _render(request, case, page, "admin/priorauth/case/refused.html", status, why=why, typed=typed)


def _render(
    request: HttpRequest, case: Case, page: Page, template: str, status: int = 200, **context: Any
) -> HttpResponse:
    context |= {**site.each_context(request), "case": case, "page": page, "title": page.title}
    context["mine"] = holds(case, request.actor, timezone.now())
    return TemplateResponse(request, template, context, status=status)
