"""A letter as an answer: the page, or the PDF file. Both show the receipt of the act that issued it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from priorauth.audit import receipts
from priorauth.letters.compose import receipt_section
from priorauth.letters.content import Content
from priorauth.letters.pdf import pdf
from priorauth.models import Letter


def whole(letter: Letter) -> Content:
    """The letter as it was issued, with its receipt under it."""
    receipt = receipts.of_letter(letter)
    content = Content.of(letter.content)
    return content.with_section(receipt_section(str(receipt))) if receipt else content


def page(request: HttpRequest, letter: Letter, **context: Any) -> HttpResponse:
    """The letter as a page. `context`: `frame`, the template around it, `back` with `back_words`, the way to where the
    reader comes from, and `pdf`, the address of the file."""
    shown = {"letter": whole(letter), "number": letter.number}
    return render(request, "letters/letter.html", context | shown)


def file(letter: Letter) -> HttpResponse:
    """The letter as a PDF file to keep or to send: never opened inside the portal."""
    name = f"{letter.case.reference}-letter-{letter.number}.pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(pdf(whole(letter)), content_type="application/pdf", headers=headers)
