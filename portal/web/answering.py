"""Answering the plan's question: the exact fields that it asks for, item by item, by one person or by several.

Whatever is posted is kept with the question before anything else, so that nobody's part is lost; an answer is sent
only on the send button. A sent answer is a new revision.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import answered, asked, build, doubts, kept_answer, refill
from portal.web.access import case_of, office_page, saves_itself
from portal.web.answer_visit import CHANGED, Answering
from portal.web.answered import Typed
from portal.web.editing import posted_version
from portal.web.intake import OTHER_FILES, Intake, files_of
from portal.web.request_form import RequestForm
from priorauth.models import AnswerDraft, InformationRequest
from priorauth.posting import PUT_BACK
from priorauth.services import answer_drafts, information
from priorauth.services.answer_drafts import GONE
from priorauth.services.base import moment, moved, visible
from priorauth.services.errors import Conflict, Incomplete
from priorauth.tenancy import get_for

LONGEST_NOTE = 2000
BOTH = "A colleague and you changed the same. Yours stands below, theirs beside it: correct it, and keep or send it."
NOTHING = "Answer at least one item, or say that you do not have it."
NOT_KEPT = "What you typed last is on this page and not kept."
KEPT_ELSEWHERE = f"A colleague, or another window, kept an answer meanwhile. {NOT_KEPT} Press Keep to see both."
SENDING = ("send", "send_part")


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    case = case_of(request.actor, reference)
    question = get_for(request.actor, InformationRequest, case=case, number=min(number, 1000))
    drafts = AnswerDraft.objects.for_actor(request.actor).select_related("saved_by")
    draft = drafts.filter(information_request=question).first()
    visit = Answering(request, case, question, timezone.now(), draft)
    visit.take_in()
    if not question.is_open and (request.method != "POST" or request.POST.get("action") in kept_answer.ACTIONS):
        return kept_answer.show(visit)
    if request.method != "POST":
        return visit.page(Typed.of_draft(draft))
    response = _receive(visit)
    question.refresh_from_db()
    mine = question.answered_by_id == request.actor.user_id and request.POST.get("action") in SENDING
    return redirect("request", reference) if mine else response  # the second press of one button


def _receive(visit: Answering) -> HttpResponse:
    """Take files and buttons, keep everything typed, then do what the button says."""
    request, case = visit.request, visit.case
    if saves_itself(request):
        return _keep_by_itself(visit)
    intake = Intake(request, visit.at, visit.question)
    changed = CHANGED * moved(case, posted_version(request)) or OTHER_FILES * (not intake.knows_files(case))
    intake.take_files(case)
    intake.press()
    intake.drop_unwanted(case)
    visit.problem, visit.file_problems = intake.problem, intake.file_problems
    typed = _typed(visit, intake)
    if visit.clash:
        visit.problem, visit.status = BOTH, 409
        return visit.page(typed)
    try:
        _keep(visit, typed)
    except Conflict as conflict:
        visit.problem, visit.status = str(conflict), 409
        return visit.page(typed)
    action = "" if PUT_BACK in request.POST else request.POST.get("action", "")
    if intake.problem or intake.file_problems or action not in (*SENDING, "keep"):
        return visit.page(typed)
    if action == "keep":
        messages.success(request, f"Kept {moment(visit.at)}. Nothing was sent.", extra_tags="good")
        return redirect("request-answer", case.reference, visit.question.number)
    if changed:
        visit.problem, visit.status = changed, 409
        return visit.page(typed)
    return _send(visit, typed, whatever=action == "send_part")


def _keep_by_itself(visit: Answering) -> HttpResponse:
    """Keep what is typed. What somebody else kept meanwhile is not on this page: then nothing is kept, and Keep shows
    both."""
    if not visit.question.is_open:
        return _kept(visit, f"{GONE} {NOT_KEPT}")
    if posted_version(visit.request, "answer.kept") != visit.version:
        return _kept(visit, KEPT_ELSEWHERE)
    intake = Intake(visit.request, visit.at, visit.question)
    try:
        form = _keep(visit, _typed(visit, intake))
    except Conflict as conflict:
        return _kept(visit, f"{conflict} {NOT_KEPT}")
    intake.drop_unwanted(visit.case)
    return _kept(visit, read=form)


def _kept(visit: Answering, not_saved: str = "", *, read: RequestForm | None = None) -> HttpResponse:
    """`read` is the form as it was understood."""
    context = {
        "case": visit.case,
        "action": visit.request.path,
        "version": posted_version(visit.request),
        "kept": posted_version(visit.request, "answer.kept") if not_saved else visit.version,
        "saved_at": None if not_saved else visit.draft.saved_at,
        "not_saved": not_saved,
        "attachments": [] if not_saved else files_of(visit.case, visit.question).values(),
        "read": read,
    }
    return render(visit.request, "requests/parts/sent_saved.html", context, status=409 if not_saved else 200)


def _typed(visit: Answering, intake: Intake) -> Typed:
    """What was posted, as changes to what was sent; put together with what a colleague kept meanwhile."""
    intake.tick()
    began = visit.began()
    sent = refill.from_revision(visit.case, began)
    base = asked.overlaid(sent, visit.kept_on.get(began.number, {}))
    items = visit.items(visit.form(base))
    changes = asked.differences(sent, answered.whole(intake.raw, base, sent, items))
    if began != visit.latest:
        changes = visit.onto_latest(changes, began)
    typed = Typed.of_post(visit.request.POST, changes, len(items))
    if visit.draft and posted_version(visit.request, "answer.kept") != visit.version:
        theirs = Typed.of_draft(visit.draft)
        typed, names = answered.together(theirs, typed)
        if visit.draft.saved_by_id != visit.request.actor.user_id:
            visit.clash = answered.shown(visit.form(asked.overlaid(visit.sent, theirs.changes)), theirs, names)
    return typed


def _keep(visit: Answering, typed: Typed) -> RequestForm:
    """Keep the answer; the form with it."""
    form = visit.form(asked.overlaid(visit.sent, typed.changes))
    states = answered.states(visit.items(form), typed, visit.draft, visit.request.actor, visit.at)
    visit.draft = answer_drafts.keep(
        visit.question,
        by=visit.request.actor,
        at=visit.at,
        version=visit.version,
        changes=typed.changes,
        items=states,
        note=typed.note,
    )
    return form


def _send(visit: Answering, typed: Typed, *, whatever: bool) -> HttpResponse:
    """Send what fits; with `whatever` also where items are left. Else the page again, which says what is wrong."""
    form = visit.form(asked.overlaid(visit.sent, typed.changes), whole=True)
    items = answered.marked(visit.items(form), typed, visit.draft)
    answered.check(items, typed.changes)
    if len(typed.note) > LONGEST_NOTE:
        visit.note_problem = f"The note can have {LONGEST_NOTE:,} characters. This has {len(typed.note):,}: shorten it."
    if visit.note_problem or answered.problems(form, items, typed.changes):
        return visit.page(typed, items, form)
    left = [item for item in items if not item.answered]
    if left and not whatever and (len(left) < len(items) or visible(typed.note)):
        visit.left = left
        return visit.page(typed, items)
    in_doubt = doubts.raised(form, visit.form(visit.sent))
    if doubts.unsure(in_doubt, visit.request.POST):
        visit.in_doubt = in_doubt
        return visit.page(typed, items)
    try:
        information.answer(
            visit.case,
            by=visit.request.actor,
            at=visit.at,
            facts=build.facts(form, form.today),
            details=build.details(form) | doubts.confirmed(in_doubt, visit.latest.details),
            note=typed.note,
            items=answered.rows(items),
            draft_version=visit.version,
        )
    except Incomplete as incomplete:
        visit.note_problem = NOTHING if items and incomplete.field == "note" else str(incomplete)
        return visit.page(typed, items)
    except Conflict as conflict:
        visit.problem, visit.status = str(conflict), 409
        return visit.page(typed)
    sent = f"Answer sent {moment(visit.at)}. The request is with the plan again."
    messages.success(visit.request, sent, extra_tags="good")
    return redirect("request", visit.case.reference)
