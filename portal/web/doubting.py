"""The interruption page: answers that may be mistakes, passed with one press."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web.access import office_page, refused
from portal.web.doubts import find, open_doubts
from portal.web.editing import SENT_MEANWHILE, heading, posted_version
from portal.web.intake import form_of
from priorauth.models import Case, Draft
from priorauth.services import drafts
from priorauth.statuses import Status
from priorauth.tenancy import get_for


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def doubts(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask once about what is possible but odd. A post keeps that the office stands by it, and goes on to the check."""
    case = get_for(request.actor, Case, reference=reference)
    draft = Draft.objects.for_actor(request.actor).filter(case=case, case__status=Status.DRAFT).first()
    if draft is None:
        return (
            redirect("request", reference) if request.method != "POST" else refused(request, SENT_MEANWHILE, status=409)
        )
    form = form_of(draft.fields, case, timezone.localdate())
    in_doubt = open_doubts(form, draft.record)
    if not in_doubt:
        return redirect("request-check", reference)
    if request.method == "POST" and posted_version(request) == draft.version:
        drafts.confirm(draft, by=request.actor, doubts={doubt.key: doubt.words for doubt in find(form)})
        return redirect("request-check", reference)
    context = {"case": case, "draft": draft, "doubts": in_doubt, "heading": heading(draft.fields)}
    return render(request, "requests/doubts.html", context)
