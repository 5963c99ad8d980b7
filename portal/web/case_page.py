"""One request as its office sees it: status, next step, the clock, questions, messages, decision, pictures, files, and
what was sent."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.web import refill, running, summary
from portal.web.access import office_page
from portal.web.intake import governing
from portal.web.next_step import SENTENCES, next_step
from portal.web.request_form import RequestForm
from portal.web.unsent import words_on
from priorauth import sources, typed
from priorauth.audit import receipts
from priorauth.models import AnswerDraft, Attachment, Case, Draft, InformationRequest, Job, Revision
from priorauth.pictures import spine, timeline
from priorauth.selectors import seen_by_reviewers, with_answer_by
from priorauth.services.reopen import meanwhile
from priorauth.statuses import TRANSITIONS, Act, Status
from priorauth.tenancy import get_for


@office_page
@require_safe
def show(request: HttpRequest, reference: str) -> HttpResponse:
    case = get_for(request.actor, Case, reference=reference)
    return page(request, case, message=words_on(request, reverse("request-message", args=[reference]), "text"))


def page(request: HttpRequest, case: Case, *, message: str = "", problem: str = "", status: int = 200) -> HttpResponse:
    """The case page; with `problem` also what is wrong with the `message` that was typed on it."""
    rows = Case.objects.for_actor(request.actor).select_related("member", "clinician", "facility", "created_by")
    case = get_for(request.actor, Case, rows=with_answer_by(rows, request.actor), pk=case.pk)
    now = timezone.now()
    context = {
        "case": case,
        "sentence": SENTENCES[Status(case.status)],
        "next": next_step(case, now),
        "message": message,
        "problem": problem,
        **_clock(case, now),
        **_questions(case, request),
        **_decisions(case),
        **_sent(case),
        "messages_of_case": list(case.messages.select_related("written_by")),
        "correction": _correction(case, request),
        "can_write": case.status in TRANSITIONS[Act.WRITE].sources,
        "can_amend": case.status in TRANSITIONS[Act.AMEND].sources,
        "can_withdraw": case.status in TRANSITIONS[Act.WITHDRAW].sources,
        "mails": bool(settings.MAIL_URL),
        "notified": request.user.membership.notify,
    }
    return render(request, "requests/case.html", context, status=status)


def _clock(case: Case, now: dt.datetime) -> dict[str, Any]:
    """The clock of a request, and when a reviewer had it open."""
    found = running.of_case(case, now)
    return found if case.received_at is None else found | {"seen": seen_by_reviewers(case)}


def _questions(case: Case, request: HttpRequest) -> dict[str, Any]:
    rows = case.information_requests.select_related("asked_by", "answered_by", "revision")
    questions = list(rows.prefetch_related("item_answers__answered_by"))
    waiting = next((question for question in questions if question.is_open), None)
    drafts = AnswerDraft.objects.for_actor(request.actor).select_related("saved_by")
    begun = {one.information_request_id: one for one in drafts.filter(information_request__in=questions)}
    return {
        "open_question": waiting if case.status == Status.INFORMATION_NEEDED else None,
        "answer_draft": begun.get(waiting.pk) if waiting else None,
        "past_questions": [(one, _items(one), begun.get(one.pk)) for one in questions if not one.is_open],
    }


def _correction(case: Case, request: HttpRequest) -> Draft | None:
    """What was typed of a correction and not sent."""
    drafts = Draft.objects.for_actor(request.actor).select_related("saved_by").defer("fields", "replaced", "record")
    return drafts.filter(case=case, case__received_at__isnull=False).first()


def _items(question: InformationRequest) -> list[tuple[dict[str, Any], Any]]:
    """Each item of a question with its answer, or None."""
    answers = {answer.item: answer for answer in question.item_answers.all()}
    return [(item, answers.get(place)) for place, item in enumerate(question.items)]


def _decisions(case: Case) -> dict[str, Any]:
    decisions = list(case.decisions.select_related("decided_by").prefetch_related("lines").order_by("-round"))
    return {
        "meanwhile": meanwhile(case, decisions[0] if decisions else None),
        "decisions": [(decision, receipts.of_decision(decision)) for decision in decisions],
        "reopenings": list(case.reopenings.select_related("reopened_by").order_by("-round")),
    }


def _sent(case: Case) -> dict[str, Any]:
    """What was sent, what was found in what was sent last, and its pictures."""
    files = list(case.attachments.select_related("added_by", "page_check", "information_request"))
    revisions = list(case.revisions.select_related("created_by").order_by("-number"))
    if not revisions:
        return {"attachments": files}
    attachments = [file for file in files if file.revision_id]
    context: dict[str, Any] = {"attachments": attachments, "revisions": _revisions(case, revisions, attachments)}
    context["held"] = [(file, _place(file.information_request)) for file in files if not file.revision_id]
    latest = revisions[0]
    assessment = case.assessments.filter(revision=latest).order_by("-pk").first()
    that_count = assessment.facts if assessment else latest.facts
    dated = typed.of_treatments(latest, that_count)
    return context | {
        "latest": latest,
        "assessment": assessment,
        "read_otherwise": assessment.otherwise if assessment else [],
        "explanation": assessment.explanation if assessment else None,
        "waits": assessment is None and case.jobs.filter(kind=Job.Kind.SCORE, state=Job.State.WAITING).exists(),
        "timeline": timeline.draw(
            that_count,
            latest.details.get("sources") or {},
            dated,
            sources.in_files(latest, attachments),
        ),
        "dated": list(dated.values()),
        "spine": spine.draw(that_count, _reports(case, latest, attachments)),
    }


def _place(question: InformationRequest | None) -> str:
    """Where a file is that was not sent."""
    if question is None:
        return "In the correction."
    if question.is_open:
        return f"In the answer to question {question.number}."
    return f"From an answer to question {question.number} that was not sent: now in the correction."


def _reports(case: Case, latest: Revision, attachments: list[Attachment]) -> dict[str, str]:
    """The address of the report that shows each level."""
    shown = sources.reports(latest, attachments)
    return {level: reverse("request-file", args=[case.reference, file.pk]) for level, (file, _) in shown.items()}


def _revisions(case: Case, revisions: list[Revision], attachments: list[Attachment]) -> list[dict[str, Any]]:
    """Each sending, answer and correction with its answers in words, the latest first."""
    files = {str(attachment.pk): attachment for attachment in attachments}
    answers = set(case.information_requests.filter(revision__isnull=False).values_list("revision_id", flat=True))
    return [
        {
            "revision": revision,
            "did": "Sent" if revision.number == 1 else "Answered" if revision.pk in answers else "Corrected",
            "sections": summary.sections(_form(case, revision, files)),
        }
        for revision in revisions
    ]


def _form(case: Case, revision: Revision, files: dict[str, Attachment]) -> RequestForm:
    raw = refill.from_revision(case, revision)
    return RequestForm(raw, dt.date.fromisoformat(revision.facts["request_date"]), governing(raw), files)
