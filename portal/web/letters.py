"""A letter for its own office: the page, and the PDF file."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.web.access import office_page
from priorauth import selectors
from priorauth.letters import answers


@office_page
@require_safe
def show(request: HttpRequest, reference: str, letter: int) -> HttpResponse:
    return answers.page(
        request,
        selectors.letter(request.actor, letter, case__reference=reference),
        frame="base.html",
        back=reverse("request", args=[reference]),
        back_words="Back to the request",
        pdf=reverse("request-letter-pdf", args=[reference, letter]),
    )


@office_page
@require_safe
def download(request: HttpRequest, reference: str, letter: int) -> HttpResponse:
    return answers.file(selectors.letter(request.actor, letter, case__reference=reference))
