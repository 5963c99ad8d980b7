"""Two clerks changed one draft: a page with both versions, question by question, from which one version comes.

Who saves what a colleague has overtaken gets this page with 409, and nothing is saved until they chose. A form that
saves itself gets 409 with a sentence instead (the fragment of portal/web/missing.py, where there is one), keeps the
version that it has, and leaves what is typed where it is: the next press of Save brings this page.
"""

from collections import defaultdict
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import rows, watched
from portal.web.access import office_page, refused
from portal.web.differences import MINE, THEIRS, Differences
from portal.web.intake import files_of, form_of
from portal.web.panel import panel_of
from portal.web.rows import Raw
from priorauth.models import Case, Draft
from priorauth.posting import PUT_BACK
from priorauth.services import draft_versions, drafts
from priorauth.services.base import moment
from priorauth.services.errors import Conflict
from priorauth.statuses import Status
from priorauth.tenancy import get_for

SENT_MEANWHILE = "This request was sent or withdrawn while you had it open. What you did last was not saved."
CHOOSE = "Both versions changed the same answer. Choose one where none is chosen yet."
MOVED_ON = "The draft was saved once more while you were choosing. Look at both versions again."


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, reference: str) -> HttpResponse:
    """POST saves the chosen version of each answer, or shows the page again where one is not chosen."""
    case = get_for(request.actor, Case, reference=reference)
    draft = draft_of(request, case)
    if draft is None:
        return refused(request, SENT_MEANWHILE, status=409)
    if request.method != "POST":
        return redirect("request-edit", reference)
    mine, began = rows.from_post(request.POST), number(request, "base.version")
    if number(request, "version") != draft.version:
        return show(request, case, draft, mine, began, problem=MOVED_ON)
    return _resolve(request, case, draft, mine, began)


def _resolve(request: HttpRequest, case: Case, draft: Draft, mine: Raw, began: int) -> HttpResponse:
    found = differences(case, draft, mine, began, choices_of(request))
    if PUT_BACK in request.POST or found.open:
        return show(request, case, draft, mine, began, found=found, problem=CHOOSE * bool(found.open), status=200)
    now = timezone.now()
    try:
        fields = found.merged()
        form = form_of(fields, case, timezone.localdate(now), actor=request.actor)
        shown = watched.shown(form, panel_of(form))
        drafts.save(draft, by=request.actor, at=now, version=draft.version, fields=fields, shown=shown)
    except rows.TooMany as problem:
        return show(request, case, draft, mine, began, found=found, problem=str(problem), status=200)
    except Conflict:
        latest = draft_of(request, case)
        if latest is None:
            return refused(request, SENT_MEANWHILE, status=409)
        return show(request, case, latest, mine, began, problem=MOVED_ON)
    messages.success(request, f"Saved {moment(now)}, as you chose. Nothing was sent.", extra_tags="good")
    return redirect("request-edit", case.reference)


def show(
    request: HttpRequest,
    case: Case,
    draft: Draft,
    mine: Raw,
    began: int,
    *,
    found: Differences | None = None,
    problem: str = "",
    status: int = 409,
) -> HttpResponse:
    """Both versions: `mine` as typed now, which began with version `began` of the draft, and the draft as it stands."""
    found = found or differences(case, draft, mine, began, defaultdict(str))
    if not found.all:
        return redirect("request-edit", case.reference)
    hidden = {"version": draft.version, "base.version": began}
    action = reverse("request-versions", args=[case.reference])
    other = {"who": who(request, draft), "when": draft.saved_at, "kind": "draft"}
    return page(request, case, found, action, hidden, mine, problem, status, **other)


def page(
    request: HttpRequest,
    case: Case,
    found: Differences,
    action: str,
    hidden: dict[str, int],
    typed: Raw,
    problem: str,
    status: int,
    **other: Any,
) -> HttpResponse:
    """The page with both versions. `hidden` says which two they are, `typed` is my form where it is kept nowhere else,
    `other` tells of the version in the way: `who` made it, `when`, and its `kind`: draft, correction or sent."""
    context: dict[str, Any] = {
        "case": case,
        "differences": found,
        "action": action,
        "hidden": hidden,
        "typed": [(name, text) for name, texts in typed.items() for text in texts],
        "problem": problem,
        **other,
    }
    return render(request, "requests/versions.html", context, status=status)


def who(request: HttpRequest, draft: Draft) -> str:
    own = draft.saved_by_id == request.actor.user_id
    return "Another window of yours" if own else str(draft.saved_by)


def differences(case: Case, draft: Draft, mine: Raw, began: int, choices: defaultdict[str, str]) -> Differences:
    return Differences(mine, draft.fields, draft_versions.at(draft, began), files_of(case), choices)


def draft_of(request: HttpRequest, case: Case) -> Draft | None:
    """The draft as it stands now, with who saved it last; None once the request was sent or withdrawn."""
    rows_ = Draft.objects.for_actor(request.actor).select_related("saved_by")
    return rows_.filter(case=case, case__status=Status.DRAFT).first()


def number(request: HttpRequest, name: str) -> int:
    """A version in a post; 0, which never was, for anything else."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def choices_of(request: HttpRequest) -> defaultdict[str, str]:
    """What was chosen, by key: one button for all, or each by itself."""
    every = request.POST.get("every", "")
    if every in (MINE, THEIRS):
        return defaultdict(lambda: every)
    posted = {name.removeprefix("choose."): request.POST[name] for name in request.POST if name.startswith("choose.")}
    return defaultdict(str, {key: side for key, side in posted.items() if side in (MINE, THEIRS)})
