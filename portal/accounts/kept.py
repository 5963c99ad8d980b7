"""What a person typed too late, offered to them after signing in: put back into its page, or discarded."""

import re

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.accounts import late
from priorauth.models import KeptPost
from priorauth.services import kept

NOTHING = "Nothing that you typed is waiting to be put back."
REFERENCE = re.compile(r"PA(-[0-9A-Z]{4}){3}")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def typed_too_late(request: HttpRequest) -> HttpResponse:
    """GET shows what is kept for this person; POST discards one of them. It is put back by sending it to its page."""
    if request.method == "POST":
        key = request.POST.get("discard", "")
        if late.is_key(key):
            kept.forget(key, by=request.actor)
    late.note_waiting(request, request.actor)
    rows = list(kept.of(request.actor, timezone.now())) if request.session[late.KEPT] else []
    if request.method == "POST" and rows:
        return redirect("kept")
    if not rows:
        messages.info(request, "Discarded." if request.method == "POST" else NOTHING)
        return redirect("home")
    return render(request, "account/kept.html", {"rows": [_shown(row) for row in rows]})


def _shown(row: KeptPost) -> dict[str, object]:
    """One of them for the page: what it was typed into, and every text for its own page."""
    reference = REFERENCE.search(row.path)
    texts = [(name, text) for name, texts in row.fields.items() for text in texts]
    return {"row": row, "reference": reference[0] if reference else "", "texts": texts}
