"""Correcting or adding facts of a request that was sent and is not decided: the whole form, filled with what was sent
last. What is typed is kept as a correction of the office, which a colleague may go on with; nothing is sent before the
send button. What is sent is a new revision, scored again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import asked, build, doubts
from portal.web.access import case_of, office_page, saves_itself
from portal.web.correcting import Visit
from portal.web.editing import posted_version
from portal.web.intake import OTHER_FILES, Intake, form_of
from priorauth.posting import PUT_BACK
from priorauth.services.amend import amend as service
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete

SENT_MEANWHILE = "Your office sent something meanwhile. What that changed is put together with yours below: look at it."
KEPT_MEANWHILE = (
    "A colleague kept a correction meanwhile. What that changed is put together with yours below: look at it."
)
NOT_SAVED = (
    "A correction was kept, sent or discarded meanwhile, by a colleague or in another window. What you typed last is on"
    " this page and not saved: press Save, and both are put together."
)


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def amend(request: HttpRequest, reference: str) -> HttpResponse:
    case = case_of(request.actor, reference)
    if case.received_at is None:
        return redirect("request", reference)
    visit = Visit(request, case, timezone.now())
    if not visit.is_open:
        return visit.ended()
    if request.method != "POST":
        return visit.opened()
    return _keep_by_itself(visit) if saves_itself(request) else _receive(visit)


def _began(visit: Visit) -> tuple[int, int]:
    """The version of the correction, and the number of the revision, that the page began with."""
    return posted_version(visit.request, "answer.kept"), visit.posted_base


def _keep_by_itself(visit: Visit) -> HttpResponse:
    """Keep what is typed. What somebody else did meanwhile is not on this page: then nothing is kept, and Save shows
    it."""
    began, base = _began(visit)
    if began != visit.of.version:
        return visit.saved(NOT_SAVED)
    intake = Intake(visit.request, visit.at)
    intake.tick()
    try:
        visit.keep(visit.of.whole(intake.raw), began, base)
    except Conflict as conflict:
        again = Visit(visit.request, case_of(visit.request.actor, visit.case.reference), visit.at)
        return visit.saved(NOT_SAVED if again.is_open else str(conflict))
    intake.drop_unwanted(visit.case)
    return visit.saved()


def _receive(visit: Visit) -> HttpResponse:
    """Take files and buttons, and keep everything typed beside what others did."""
    request, of = visit.request, visit.of
    began, base = _began(visit)
    intake = Intake(request, visit.at)
    others = OTHER_FILES * (not intake.knows_files(visit.case))
    intake.take_files(visit.case)
    if began == of.version:
        intake.press()
    intake.tick()
    if not intake.raw and not intake.file_problems:
        return visit.opened()
    typed = of.whole(intake.raw)
    if base != of.latest.number and not asked.differences(of.sent, typed):
        return redirect("request", visit.case.reference)  # the second press of one button
    try:
        versions = visit.keep(typed, began, base)
    except Conflict as conflict:
        visit.raw, visit.base = typed, base
        return visit.page(problem=str(conflict), status=409, kept=began)
    if versions:
        return versions
    intake.drop_unwanted(visit.case)
    return _go_on(visit, intake, others)


def _go_on(visit: Visit, intake: Intake, others: str) -> HttpResponse:
    """What the button says, of a correction that is kept. Where others did something, it is looked at first; `others`
    says so of files."""
    request, problem = visit.request, intake.problem
    action = "" if PUT_BACK in request.POST else request.POST.get("action", "")
    shown = {"file_problems": intake.file_problems, "level_problem": intake.level_problem, "sought": intake.sought}
    if visit.base != visit.of.latest.number:
        return visit.opened(problem=problem or SENT_MEANWHILE, status=409, **shown)
    if visit.taken:
        return visit.page(problem=problem or KEPT_MEANWHILE, status=409, **shown)
    if problem or intake.file_problems or intake.level_problem or action not in ("send", "keep"):
        return visit.page(problem=problem, **shown)
    if action == "send" and others:
        return visit.page(problem=others, status=409)
    if action == "send":
        return _send(visit)
    if visit.of.draft:
        messages.success(request, f"Saved {moment(visit.at)}. Nothing was sent.", extra_tags="good")
    return redirect("request-amend", visit.case.reference)


def _send(visit: Visit) -> HttpResponse:
    """Send what fits. Else the page again, which says what is wrong, or asks what may be."""
    request, case, of = visit.request, visit.case, visit.of
    form = form_of(visit.raw, case, timezone.localdate(visit.at), whole=True)
    if form.problems:
        return visit.page(whole=True)
    in_doubt = doubts.raised(form, form_of(of.sent, case, form.today))
    if doubts.unsure(in_doubt, request.POST):
        return visit.page(in_doubt=in_doubt)
    try:
        service(
            case,
            by=request.actor,
            at=visit.at,
            facts=build.facts(form, form.today),
            details=build.details(form) | doubts.confirmed(in_doubt, of.latest.details),
            draft_version=of.version or None,
        )
    except Incomplete as incomplete:
        return visit.page(problem=str(incomplete))
    except Conflict as conflict:
        return visit.page(problem=str(conflict), status=409)
    messages.success(request, f"Sent {moment(visit.at)}. The clock does not begin anew.", extra_tags="good")
    return redirect("request", case.reference)
