"""The check page, which sends, and the confirmation."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.web import build, doubts, member, running, second_request, summary
from portal.web.access import office_page, refused
from portal.web.editing import SENT_MEANWHILE, heading, posted_version
from portal.web.intake import form_of
from portal.web.panel import panel_of
from portal.web.request_form import RequestForm
from portal.web.unsent import keeps_words, went_out, words_on
from priorauth import page_words
from priorauth.clock import rule_words
from priorauth.models import Case, Draft
from priorauth.posting import PUT_BACK
from priorauth.services import submit
from priorauth.services.errors import Conflict
from priorauth.statuses import Status
from priorauth.tenancy import get_for

STATEMENT = "Tick the box: a request is sent only by someone who has checked it against the record."


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_words
def check(request: HttpRequest, reference: str) -> HttpResponse:
    """The summary and what the policy misses. A post sends; a second one shows the same confirmation."""
    drafts = Draft.objects.for_actor(request.actor).filter(case__reference=reference, case__status=Status.DRAFT)
    draft = drafts.first()  # before the case: who reads the case first finds neither when it is sent in between
    case = get_for(request.actor, Case, reference=reference)
    if case.received_at is not None:
        went_out(request)
        return redirect("request-submitted", reference)
    if draft is None:
        return refused(request, SENT_MEANWHILE, status=409)
    now = timezone.now()
    form = form_of(draft.fields, case, timezone.localdate(now), whole=True, actor=request.actor)
    if form.problems:
        return redirect(f"{reverse('request-edit', args=[reference])}?problems=all")
    if request.method != "POST" or PUT_BACK in request.POST:
        return _page(request, case, draft, form)
    duplicates, because = second_request.earlier(form, case, request.actor, now), second_request.reason(request)
    problems = {
        "problem": "" if "statement" in request.POST else STATEMENT,
        "because_problem": second_request.problem_of(duplicates, because),
    }
    if any(problems.values()):
        return _page(request, case, draft, form, **problems)
    submission = build.submission(form, timezone.localdate(now))
    try:
        submit.send(
            case,
            second_request.explained(submission, duplicates, because),
            by=request.actor,
            at=now,
            draft_version=posted_version(request),
        )
    except Conflict as conflict:
        return _sent_or_changed(request, reference, str(conflict))
    went_out(request)
    return redirect("request-submitted", reference)


def _sent_or_changed(request: HttpRequest, reference: str, message: str) -> HttpResponse:
    """A colleague was faster: what stands now, with the message; nothing was sent by this press."""
    case = get_for(request.actor, Case, reference=reference)
    draft = Draft.objects.for_actor(request.actor).filter(case=case, case__status=Status.DRAFT).first()
    if draft is None:
        return refused(request, message, status=409)
    form = form_of(draft.fields, case, timezone.localdate(), whole=True, actor=request.actor)
    if form.problems:
        return refused(request, message, status=409)
    return _page(request, case, draft, form, conflict=message, status=409)


def _page(
    request: HttpRequest, case: Case, draft: Draft, form: RequestForm, *, status: int = 200, **extra: Any
) -> HttpResponse:
    panel = panel_of(form)
    context = {
        "case": case,
        "draft": draft,
        "heading": heading(draft.fields),
        "sections": summary.sections(form),
        "panel": panel,
        "unchecked": [file for file in form.attachments.values() if page_words.state(file) == page_words.CHECKING],
        "doubts": doubts.open_doubts(form, draft.record),
        "member_note": member.note_of(form, case, request.actor),
        "duplicates": second_request.earlier(form, case, request.actor, timezone.now()),
        "because": second_request.reason(request) or words_on(request, request.path, "second_because"),
        "while_asked": running.while_asked(form, timezone.now()),
        "send_label": f"Send with {panel.count}" if panel.missing else "Send request",
        **extra,
    }
    return render(request, "requests/check.html", context, status=status)


@office_page
@require_safe
def submitted(request: HttpRequest, reference: str) -> HttpResponse:
    """The confirmation of a sending: reference, receipt, due time and its rule."""
    case = get_for(request.actor, Case, reference=reference)
    if case.received_at is None:
        return redirect("request", reference)
    assessment = case.assessments.order_by("-pk").first()
    context = {
        "case": case,
        "rule": rule_words(case),
        "explanation": assessment.explanation if assessment else None,
        "scoring": case.status == Status.RECEIVED,
    }
    response = render(request, "requests/submitted.html", context)
    if context["scoring"] and "again" not in request.GET:
        response.headers["Refresh"] = "4; url=?again=1"  # once: a page that keeps reloading cannot be read
    return response
