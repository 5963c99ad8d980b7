"""One request as its office sees it: status, next step, questions, decision, criteria, files, and what was sent."""

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.web import refill, summary
from portal.web.access import office_page
from portal.web.intake import governing
from portal.web.next_step import SENTENCES, next_step, rule
from portal.web.request_form import RequestForm
from priorauth.audit import receipts
from priorauth.models import Attachment, Case, Revision
from priorauth.statuses import TRANSITIONS, Act, Status
from priorauth.tenancy import get_for


@office_page
@require_safe
def show(request: HttpRequest, reference: str) -> HttpResponse:
    rows = Case.objects.for_actor(request.actor).select_related("member", "clinician", "facility", "created_by")
    case = get_for(request.actor, Case, rows=rows, reference=reference)
    questions = list(case.information_requests.select_related("asked_by", "answered_by", "revision"))
    attachments = list(case.attachments.select_related("added_by"))
    decisions = case.decisions.select_related("decided_by").prefetch_related("lines").order_by("-round")
    assessment = case.assessments.select_related("revision").order_by("-pk").first()
    context = {
        "case": case,
        "sentence": SENTENCES[Status(case.status)],
        "next": next_step(case, timezone.now()),
        "rule": rule(case),
        "open_question": next((question for question in questions if question.answered_at is None), None),
        "past_questions": [question for question in questions if question.answered_at is not None],
        "decisions": [(decision, receipts.of_decision(decision)) for decision in decisions],
        "assessment": assessment,
        "explanation": assessment.explanation if assessment else None,
        "attachments": attachments,
        "revisions": _revisions(case, attachments),
        "can_withdraw": case.status in TRANSITIONS[Act.WITHDRAW].sources,
    }
    return render(request, "requests/case.html", context)


def _revisions(case: Case, attachments: list[Attachment]) -> list[dict[str, Any]]:
    """Each sending and answer with its answers in words, the latest first."""
    files = {str(attachment.pk): attachment for attachment in attachments}
    return [
        {"revision": revision, "sections": summary.sections(_form(case, revision, files))}
        for revision in case.revisions.select_related("created_by").order_by("-number")
    ]


def _form(case: Case, revision: Revision, files: dict[str, Attachment]) -> RequestForm:
    raw = refill.from_revision(case, revision)
    return RequestForm(raw, dt.date.fromisoformat(revision.facts["request_date"]), governing(raw), files)
