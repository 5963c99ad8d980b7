"""A letter for its own office: the page, and the PDF file."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.web.access import office_page
from priorauth.letters import answers
from priorauth.models import Letter
from priorauth.tenancy import get_for


@office_page
@require_safe
def show(request: HttpRequest, reference: str, letter: int) -> HttpResponse:
    return answers.page(
        request,
        _letter(request, reference, letter),
        frame="base.html",
        back=reverse("request", args=[reference]),
        back_words="Back to the request",
        pdf=reverse("request-letter-pdf", args=[reference, letter]),
    )


@office_page
@require_safe
def download(request: HttpRequest, reference: str, letter: int) -> HttpResponse:
    return answers.file(_letter(request, reference, letter))


def _letter(request: HttpRequest, reference: str, number: int) -> Letter:
    rows = Letter.objects.for_actor(request.actor).select_related("case")
    return get_for(request.actor, Letter, rows, case__reference=reference, number=number)
