"""One page per act on a case: a form, for a decision or a question a summary with its letter to confirm, then the
service."""

import datetime as dt
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from priorauth.admin import act_forms as forms
from priorauth.admin.letter_preview import preview
from priorauth.admin.obstacles import blocked, forbidden
from priorauth.admin.site import site
from priorauth.models import Case, Letter
from priorauth.posting import PUT_BACK, posted_from
from priorauth.roles import REVIEWER_ROLES, Actor
from priorauth.selectors import reviewable_by
from priorauth.services import claim, decide, errors, escalate, information, write
from priorauth.services.base import clock, permit
from priorauth.statuses import Act
from priorauth.tenancy import get_for

FORBIDDEN, CONFLICT, BAD = 403, 409, 400


@dataclass(frozen=True)
class Page:
    """How one act looks: its words, its form, its service, whether a summary has to be confirmed first, and whether
    that is a grave matter."""

    act: Act
    title: str
    button: str
    form: type[forms.ActForm]
    run: Callable[..., Any]
    done: str
    advice: str = ""
    confirm: bool = False
    grave: bool = False


PAGES = {
    "claim": Page(Act.CLAIM, "Claim", "Claim this case", forms.ClaimForm, claim.claim, "You hold this case now."),
    "release": Page(
        Act.RELEASE, "Release", "Release this case", forms.ReleaseForm, claim.release, "The case is free for others."
    ),
    "approve": Page(
        Act.APPROVE,
        "Approve",
        "Go on: read the letter",
        forms.ApproveForm,
        decide.approve,
        "Approved.",
        "Every line of the request is approved. The next page shows the letter as it will be sent.",
        confirm=True,
    ),
    "ask": Page(
        Act.ASK,
        "Ask for information",
        "Go on: read the letter",
        forms.AskForm,
        information.ask,
        "The office was asked.",
        "The clock runs on while the office answers. Your claim ends. The next page shows the letter.",
        confirm=True,
    ),
    "message": Page(
        Act.WRITE,
        "Write to the office",
        "Send the message",
        forms.MessageForm,
        write.write,
        "The office was written to.",
        "The clock runs on, and the case stays where it is. To get facts, ask for information instead.",
    ),
    "escalate": Page(
        Act.ESCALATE,
        "Escalate to a physician",
        "Escalate",
        forms.EscalateForm,
        escalate.escalate,
        "The case waits for a physician.",
        "Your claim ends, and the case waits in the physicians' queue.",
    ),
    "not-approve": Page(
        Act.NOT_APPROVE,
        "Not approve",
        "Go on: read it once more",
        forms.NotApproveForm,
        decide.not_approve,
        "The decision is recorded.",
        "You decide as a physician, under your licence. The next page shows all of it once more, with the letter.",
        confirm=True,
        grave=True,
    ),
    "close": Page(
        Act.CLOSE,
        "Close without a determination",
        "Go on: read it once more",
        forms.CloseForm,
        decide.close,
        "The case is closed.",
        "Only for a request that needs no authorization or that the policy does not cover.",
        confirm=True,
        grave=True,
    ),
}


def act_page(request: HttpRequest, pk: str, slug: str) -> HttpResponse:
    """GET shows the form or why it is not available; POST acts. The services check everything again."""
    page = PAGES[slug]
    case = get_for(
        request.actor,
        Case,
        Case.objects.for_actor(request.actor).select_related("member", "office", "clinician", "claimed_by"),
        pk=pk,
    )
    if request.method == "POST":
        return _post(request, case, page, timezone.now())
    for question, status in ((forbidden, FORBIDDEN), (blocked, CONFLICT)):
        if why := question(case, page.act, request.actor, timezone.now()):
            return _refused(request, case, page, why, status)
    return _show(request, case, page, page.form(case, request.actor))


def _post(request: HttpRequest, case: Case, page: Page, now: dt.datetime) -> HttpResponse:
    actor = request.actor
    form = None
    try:
        permit(case, page.act, by=actor, at=now)
        form = page.form(case, actor, request.POST)
        if {"change", PUT_BACK} & request.POST.keys():
            return _show(request, case, page, form)
        if not form.is_valid():
            return _show(request, case, page, form, status=BAD)
        confirmed = not page.confirm or "confirmed" in request.POST
        rehearsed = _run(page, case, form, actor, now, keep=confirmed)
    except errors.Incomplete as missing:
        form.add_error(missing.field if missing.field in form.fields else None, str(missing))
        return _show(request, case, page, form, status=BAD)
    except errors.Refused as refused:
        status = FORBIDDEN if isinstance(refused, errors.NotPermitted) else CONFLICT
        return _refused(request, case, page, str(refused), status, form)
    if not confirmed:
        return _render(request, case, page, "admin/priorauth/case/confirm.html", form=form, **preview(rehearsed))
    messages.success(request, f"{case.reference}: {page.done}")
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


def _show(request: HttpRequest, case: Case, page: Page, form: forms.ActForm, status: int = 200) -> HttpResponse:
    return _render(request, case, page, "admin/priorauth/case/act.html", status, form=form)


def _refused(
    request: HttpRequest, case: Case, page: Page, why: str, status: int, form: forms.ActForm | None = None
) -> HttpResponse:
    typed = form.typed() if form else []
    return _render(request, case, page, "admin/priorauth/case/refused.html", status, why=why, typed=typed)


def _render(
    request: HttpRequest, case: Case, page: Page, template: str, status: int = 200, **context: Any
) -> HttpResponse:
    context |= {**site.each_context(request), "case": case, "page": page, "title": page.title}
    return TemplateResponse(request, template, context, status=status)


@posted_from("admin:priorauth_case_changelist")
def claim_next(request: HttpRequest) -> HttpResponse:
    """Claim the first case that waits, or say what the others hold."""
    if request.actor.role not in REVIEWER_ROLES:
        raise PermissionDenied
    now = timezone.now()
    case = claim.claim_next(by=request.actor, at=now)
    if case:
        messages.success(request, f"You hold {case.reference} for 30 minutes.")
        return redirect("admin:priorauth_case_change", case.pk)
    messages.info(request, _nothing_waits(request.actor, now))
    return redirect("admin:index")


def _nothing_waits(actor: Actor, now: dt.datetime) -> str:
    others = reviewable_by(actor).filter(claimed_until__gt=now)
    count, due = others.aggregate(count=Count("pk"), due=Min("due_at")).values()
    if not count:
        return "Nothing waits for you."
    are = "1 case is with a reviewer" if count == 1 else f"{count} cases are with reviewers"
    return f"Nothing waits for you. {are}; the next one is due {clock(due)}."
