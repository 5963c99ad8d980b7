"""What the policy still needs of a draft: a page of its own, JSON, and the answer to a form that saves itself."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from portal.web import second_request, watched
from portal.web.access import office_page, refused
from portal.web.editing import SENT_MEANWHILE, heading, posted_version
from portal.web.intake import Intake, form_of
from portal.web.panel import panel_of
from priorauth.models import Case, Draft
from priorauth.services import drafts
from priorauth.services.errors import Conflict
from priorauth.statuses import Status
from priorauth.tenancy import get_for

NOT_SAVED = "What you typed last is on this page and not saved. Press Save to see both."


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def missing(request: HttpRequest, reference: str) -> HttpResponse:
    """The panel of the saved draft. A post saves the form as it is typed, and gets the live parts of the page."""
    case = get_for(request.actor, Case, reference=reference)
    draft = Draft.objects.for_actor(request.actor).filter(case=case, case__status=Status.DRAFT).first()
    if request.method == "POST":
        return _save(request, case, draft) if draft else refused(request, SENT_MEANWHILE, status=409)
    if draft is None:
        return redirect("request", reference)
    panel = panel_of(form_of(draft.fields, case, timezone.localdate(), actor=request.actor))
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        response: HttpResponse = JsonResponse(panel.as_dict())
    else:
        context = {"case": case, "panel": panel, "heading": heading(draft.fields)}
        response = render(request, "requests/missing.html", context)
    patch_vary_headers(response, ["Accept"])
    return response


def _save(request: HttpRequest, case: Case, draft: Draft) -> HttpResponse:
    """Save what was typed, without files and buttons. Where a colleague was faster, say so and save nothing."""
    intake = Intake(request, timezone.now())
    intake.tick()
    form = form_of(intake.raw, case, timezone.localdate(intake.at), actor=request.actor, sought=intake.sought)
    panel = panel_of(form)
    try:
        draft = drafts.save(
            draft,
            by=request.actor,
            at=intake.at,
            version=posted_version(request),
            fields=intake.raw,
            shown=watched.shown(form, panel),
        )
    except Conflict as conflict:
        words = str(conflict).partition(" What you typed")[0]
        context = {"case": case, "version": posted_version(request), "not_saved": f"{words} {NOT_SAVED}"}
        return render(request, "requests/parts/saved.html", context, status=409)
    intake.drop_unwanted(case)
    context = {"case": case, "form": form, "panel": panel, "version": draft.version, "saved_at": intake.at}
    context["heading"] = heading(draft.fields)
    context["earlier"] = second_request.earlier(form, case, request.actor, intake.at)
    return render(request, "requests/live.html", context)
