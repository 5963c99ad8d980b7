"""A letter for the plan's staff."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from priorauth import selectors
from priorauth.admin.site import site
from priorauth.letters import answers


@require_safe
def show(request: HttpRequest, pk: int, letter: int) -> HttpResponse:
    return answers.page(
        request,
        selectors.letter(request.actor, letter, case=pk),
        frame="admin/base_site.html",
        back=reverse("admin:priorauth_case_change", args=[pk]),
        back_words="Back to the case",
        pdf=reverse("admin:priorauth_case_letter_pdf", args=[pk, letter]),
        **site.each_context(request),
    )


@require_safe
def download(request: HttpRequest, pk: int, letter: int) -> HttpResponse:
    return answers.file(selectors.letter(request.actor, letter, case=pk))
