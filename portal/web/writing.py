"""Writing a message to the plan, from the case page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import case_page
from portal.web.access import office_page
from portal.web.editing import posted_version
from portal.web.unsent import keeps_words, went_out
from priorauth.models import Case
from priorauth.posting import PUT_BACK, typed_text
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.write import write as service
from priorauth.tenancy import get_for


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_words
def write(request: HttpRequest, reference: str) -> HttpResponse:
    """A post writes; the page that it is written on is the case's."""
    case = get_for(request.actor, Case, reference=reference)
    if request.method != "POST":
        return redirect("request", reference)
    text = typed_text(request, "text")
    if PUT_BACK in request.POST:
        return case_page.page(request, case, message=text)
    now = timezone.now()
    try:
        service(case, by=request.actor, at=now, text=text, version=posted_version(request))
    except Incomplete as incomplete:
        return case_page.page(request, case, message=text, problem=str(incomplete), status=400)
    except Conflict as conflict:
        last = case.messages.last()
        if last and (last.text, last.written_by_id) == (text, request.actor.user_id):
            went_out(request)
            return redirect("request", reference)  # the second press of one message
        return case_page.page(request, case, message=text, problem=str(conflict), status=409)
    went_out(request)
    messages.success(request, f"Message sent {moment(now)}.", extra_tags="good")
    return redirect("request", reference)
