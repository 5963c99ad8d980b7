"""A report file for a reviewer: as a download that no browser runs, and page by page as an image."""

import uuid

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from priorauth import downloads, page_images
from priorauth.admin import evidence
from priorauth.admin.site import site
from priorauth.models import Attachment, Case
from priorauth.services.scored import facts_of, latest_revision
from priorauth.tenancy import get_for

RETRY_SECONDS = 3
UNAVAILABLE, CANNOT = 503, 422


@require_safe
def download(request: HttpRequest, pk: int, file: uuid.UUID) -> FileResponse:
    return downloads.download(get_for(request.actor, Attachment, pk=file, case=pk))


@require_safe
def page_image(request: HttpRequest, pk: int, file: uuid.UUID, page: int) -> HttpResponse:
    """The image of one page; where there is none, a picture of the words that say so, which an <img> shows too."""
    attachment = get_for(request.actor, Attachment, pk=file, case=pk)
    if not 1 <= page <= evidence.LAST_PAGE:
        raise Http404
    try:
        found = page_images.page(attachment, page)
    except page_images.NotDrawn as told:
        return _in_its_place(told)
    if isinstance(found, page_images.NoSuchPage):
        raise Http404
    return downloads.inert(HttpResponse(found.image, content_type=found.content_type))


@require_safe
def view(request: HttpRequest, pk: int, file: uuid.UUID) -> HttpResponse:
    """One page of a file with the way to its other pages and to the other files of the case."""
    attachment = get_for(request.actor, Attachment, pk=file, case=pk)
    downloads.permit(attachment)
    case = get_for(request.actor, Case, pk=pk)
    files = list(case.attachments.filter(revision__isnull=False).select_related("page_check"))
    number = evidence.number_in(request.GET.get("page", ""))
    row = evidence.number_in(request.GET["row"]) if "row" in request.GET else 0
    to = evidence.Addresses(case, viewer=True, row=row)
    known = evidence.Known(latest_revision(case), files, facts_of(case))
    shown = evidence.shown(to, known, attachment, number)
    context = {
        **site.each_context(request),
        "title": f"A file of {case.reference}",
        "case": case,
        "shown": shown,
        "back": to.back(attachment, number),
    }
    answer = TemplateResponse(request, "admin/priorauth/case/view.html", context)
    return _later(answer) if shown.busy else answer


def _in_its_place(told: page_images.NotDrawn) -> HttpResponse:
    sentences = [f"{sentence.strip(' .')}." for sentence in str(told).split(". ")]
    picture = render_to_string("admin/priorauth/case/no_page.svg", {"sentences": sentences})
    answer = downloads.inert(HttpResponse(picture, content_type="image/svg+xml", status=CANNOT))
    return _later(answer) if isinstance(told, page_images.Busy) else answer


def _later(answer: HttpResponse) -> HttpResponse:
    answer.status_code = UNAVAILABLE
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer
