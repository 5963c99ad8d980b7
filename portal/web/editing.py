"""Starting and editing a draft: one page, saved as typed, never sent from here."""

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import coding, doubts, member, rows, second_request, versions, watched
from portal.web.access import office_page, refused
from portal.web.intake import Intake, form_of
from portal.web.panel import panel_of
from portal.web.rows import Raw
from portal.web.versions import SENT_MEANWHILE
from priorauth.models import Case, Draft
from priorauth.services import drafts
from priorauth.services.base import moment
from priorauth.services.errors import Conflict
from priorauth.tenancy import get_for

ROW_BUTTONS = {"add", "remove", "remove_file", "copy", "suggest", "set_levels"}
ROW_BUTTONS |= {"find", "diagnosis", "look_up", "member"}


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A blank form; its first post starts the draft. The same token twice gives the same draft."""
    if request.method != "POST":
        return _page(request, None, _mine(request), token=uuid.uuid4())
    intake = Intake(request, timezone.now())
    case = drafts.start(by=request.actor, at=intake.at, token=posted_token(request), fields=intake.raw)
    draft = versions.draft_of(request, case)
    if draft is None:
        return redirect("request", case.reference)
    if draft.version == 1 and draft.fields == intake.raw:
        return _save(request, case, draft, intake, draft.version)
    intake.settle(case)
    if _same_words(draft.fields, intake.raw):
        return redirect("request-edit", case.reference)
    return versions.show(request, case, draft, intake.raw, 0)


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, reference: str) -> HttpResponse:
    """The draft, with what is wrong in it; `?problems=all` also says what a sending still needs."""
    case = get_for(request.actor, Case, reference=reference)
    draft = versions.draft_of(request, case)
    if request.method != "POST":
        if draft is None:
            return redirect("request", reference)
        colleague = draft if draft.saved_by_id != request.actor.user_id else None
        whole = request.GET.get("problems") == "all"
        saved = {"version": draft.version, "saved_at": draft.saved_at, "colleague": colleague}
        return _page(request, case, draft.fields, **saved, whole=whole)
    if draft is None:
        return refused(request, SENT_MEANWHILE, status=409)
    return _save(request, case, draft, Intake(request, timezone.now()), posted_version(request))


def _save(request: HttpRequest, case: Case, draft: Draft, intake: Intake, version: int) -> HttpResponse:
    """Keep everything as typed, right or wrong; then go where the button leads."""
    intake.take_files(case)
    if version == draft.version:
        intake.press()
    intake.settle(case)
    form = form_of(intake.raw, case, timezone.localdate(intake.at), actor=request.actor)
    shown = watched.shown(form, panel_of(form))
    try:
        draft = drafts.save(draft, by=request.actor, at=intake.at, version=version, fields=intake.raw, shown=shown)
    except Conflict as conflict:
        latest = versions.draft_of(request, case)
        if latest is None:
            return refused(request, str(conflict), status=409)
        if request.POST.keys() & ROW_BUTTONS:
            return _page(request, case, intake.raw, version=version, problem=str(conflict), status=409)
        return versions.show(request, case, latest, intake.raw, version)
    intake.drop_unwanted(case)
    if intake.file_problems or intake.problem or intake.level_problem or "find" in request.POST:
        return _page(
            request,
            case,
            intake.raw,
            version=draft.version,
            saved_at=draft.saved_at,
            problem=intake.problem,
            file_problems=intake.file_problems,
            sought=intake.sought,
            level_problem=intake.level_problem,
        )
    return redirect(_next(request, case, draft, intake))


def _next(request: HttpRequest, case: Case, draft: Draft, intake: Intake) -> str:
    """Where the pressed button leads from a saved draft."""
    here = reverse("request-edit", args=[case.reference])
    if intake.anchor:
        return f"{here}#{intake.anchor}"
    action = request.POST.get("action")
    if action == "update":
        return f"{here}#panel"
    if action == "check":
        today = timezone.localdate(intake.at)
        form = form_of(draft.fields, case, today, whole=True, actor=request.actor)
        if form.problems:
            return f"{here}?problems=all"
        in_doubt = doubts.open_doubts(form, draft.record)
        return reverse("request-doubts" if in_doubt else "request-check", args=[case.reference])
    messages.success(request, f"Saved {moment(intake.at)}. Nothing was sent.", extra_tags="good")
    return here


def _page(
    request: HttpRequest,
    case: Case | None,
    raw: Raw,
    *,
    version: int = 0,
    problem: str = "",
    status: int = 200,
    token: uuid.UUID | None = None,
    saved_at: dt.datetime | None = None,
    colleague: Draft | None = None,
    **options: Any,
) -> HttpResponse:
    form = form_of(raw, case, timezone.localdate(), actor=request.actor, **options)
    context = {
        "case": case,
        "form": form,
        "panel": panel_of(form),
        "version": version,
        "saved_at": saved_at,
        "problem": problem,
        "token": token,
        "colleague": colleague,
        "action": reverse("request-edit", args=[case.reference]) if case else reverse("request-new"),
        "heading": heading(raw),
        "member_note": member.note_of(form, case, request.actor),
        "earlier": second_request.earlier(form, case, request.actor, timezone.now()),
        "code_doubts": coding.doubts(form),
    }
    return render(request, "requests/edit.html", context, status=status)


def posted_version(request: HttpRequest, name: str = "version") -> int:
    """The version that the person's page showed; 0, which never was, for anything else."""
    return versions.number(request, name)


def heading(raw: Raw) -> str:
    """`Vertebroplasty request for A. Synthetic`, as far as the name is known."""
    name = typed_name(raw)
    return f"Vertebroplasty request for {name}" if name else "New vertebroplasty request"


def typed_name(raw: Raw) -> str:
    """Initial and last name as typed so far."""
    first, last = (rows.typed(raw, name) for name in ("first_name", "last_name"))
    return " ".join(part for part in (f"{first[:1]}." if first else "", last[:60]) if part)


def _mine(request: HttpRequest) -> Raw:
    """Whom the plan can ask: whoever starts the request, until somebody else is named."""
    return {"contact_name": [request.actor.name], "contact_email": [request.user.email]}


def posted_token(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        return uuid.uuid4()


def _same_words(saved: Raw, typed: Raw) -> bool:
    """Whether two posts say the same, apart from files and the number of rows that a button changed."""

    def words(raw: Raw) -> Raw:
        technical = ("-count", "-attachment")
        return {name: values for name, values in raw.items() if not name.endswith(technical) and any(values)}

    return words(saved) == words(typed)
