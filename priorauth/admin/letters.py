"""A letter for the plan's staff."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from priorauth.admin.site import site
from priorauth.letters import answers
from priorauth.models import Letter
from priorauth.tenancy import get_for


@require_safe
def show(request: HttpRequest, pk: int, letter: int) -> HttpResponse:
    return answers.page(
        request,
        _letter(request, pk, letter),
        frame="admin/base_site.html",
        back=reverse("admin:priorauth_case_change", args=[pk]),
        back_words="Back to the case",
        pdf=reverse("admin:priorauth_case_letter_pdf", args=[pk, letter]),
        **site.each_context(request),
    )


@require_safe
def download(request: HttpRequest, pk: int, letter: int) -> HttpResponse:
    return answers.file(_letter(request, pk, letter))


def _letter(request: HttpRequest, pk: int, number: int) -> Letter:
    rows = Letter.objects.for_actor(request.actor).select_related("case")
    return get_for(request.actor, Letter, rows, case=pk, number=number)
