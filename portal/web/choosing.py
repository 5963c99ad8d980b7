"""What becomes of a correction that is not sent: which version of it holds, and whether it is dropped."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import versions
from portal.web.access import case_of, office_page
from portal.web.correcting import Visit
from portal.web.differences import Differences
from portal.web.editing import posted_version
from portal.web.rows import Raw, TooMany, from_post
from priorauth.posting import PUT_BACK
from priorauth.services import corrections
from priorauth.services.base import moment
from priorauth.services.errors import Conflict


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, reference: str) -> HttpResponse:
    """POST keeps the chosen version of each answer: of what two people typed, or of the correction and what was sent
    meanwhile. Where either moved on since, both are shown anew."""
    visit = Visit(request, case_of(request.actor, reference), timezone.now())
    if visit.case.received_at is None or request.method != "POST":
        return redirect("request-amend", reference)
    if not visit.is_open:
        return visit.ended()
    same = posted_version(request) == visit.of.version
    if "base.sent" in request.POST:
        same = same and posted_version(request, "base.sent") == visit.of.latest.number
        return _beside_sent(visit) if same and visit.of.is_behind else redirect("request-amend", reference)
    mine = from_post(request.POST)
    return _beside_kept(visit, mine, same=same) if mine else redirect("request-amend", reference)


def _beside_sent(visit: Visit) -> HttpResponse:
    found = visit.of.beside_sent(versions.choices_of(visit.request))
    problem = _chosen(visit, found, visit.of.latest.number)
    return (
        redirect("request-amend", visit.case.reference) if problem is None else visit.beside_sent(found, problem, 200)
    )


def _beside_kept(visit: Visit, mine: Raw, *, same: bool) -> HttpResponse:
    request, of, reference = visit.request, visit.of, visit.case.reference
    mine = of.whole(mine)
    began, base = posted_version(request, "base.version"), visit.posted_base
    if not same or of.draft is None:
        return visit.keep(mine, began, base, versions.MOVED_ON) or redirect("request-amend", reference)
    found = of.beside_kept(mine, began, base, versions.choices_of(request))
    problem = _chosen(visit, found, max(base, of.draft.corrects or 0))
    if problem is None:
        return redirect("request-amend", reference)
    return visit.beside_kept(found, mine, began, base, problem, 200)


def _chosen(visit: Visit, found: Differences, base: int) -> str | None:
    """Keep what the choices make; or what is to be told on the page with both versions."""
    if PUT_BACK in visit.request.POST or found.open:
        return versions.CHOOSE * bool(found.open)
    try:
        visit.of.keep(visit.of.whole(found.merged()), base, visit.at)
    except (TooMany, Conflict) as problem:
        return str(problem)
    messages.success(visit.request, f"Saved {moment(visit.at)}, as you chose. Nothing was sent.", extra_tags="good")
    return None


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: HttpRequest, reference: str) -> HttpResponse:
    """Drop the correction, on a page of its own that shows what goes."""
    visit = Visit(request, case_of(request.actor, reference), timezone.now())
    if visit.case.received_at is None or not (visit.of.draft or visit.of.files):
        return redirect("request", reference)
    if request.method == "POST":
        read = {"version": posted_version(request), "files": request.POST.getlist("files.shown")}
        corrections.discard(visit.case, by=request.actor, at=visit.at, **read)
        messages.success(request, "What was not sent is discarded. What was sent stands.", extra_tags="good")
        return redirect("request", reference)
    return visit.read()
