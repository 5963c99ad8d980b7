"""An answer that people prepared and nobody sent: a program answered first, or the time to answer ended. It is read
here, taken into the correction, or discarded."""

from collections.abc import Iterator

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portal.web import asked
from portal.web.answer_visit import Answering
from portal.web.correcting import Visit
from portal.web.differences import Differences
from portal.web.editing import posted_version
from portal.web.intake import files_of
from priorauth.services import answer_drafts

ACTIONS = ("correct", "discard")
TAKEN = "The facts of the answer are part of the correction now. Nothing was sent: look at them, then send the changes."
DISCARDED = "The answer that was not sent was discarded. What was sent stands."


def show(visit: Answering) -> HttpResponse:
    """The kept answer, where there is one; a post does what its button says."""
    request, case = visit.request, visit.case
    action = request.POST.get("action") if request.method == "POST" else ""
    if visit.draft is None:
        return redirect("request", case.reference)
    correction = Visit(request, case, visit.at)
    if action == "correct" and correction.is_open:
        return _into(correction, visit)
    if action == "discard":
        answer_drafts.discard(visit.question, by=request.actor, version=posted_version(request, "answer.kept"))
        messages.success(request, DISCARDED, extra_tags="good")
        return redirect("request", case.reference)
    kept = asked.overlaid(visit.sent, visit.changes)
    context = {
        "case": case,
        "question": visit.question,
        "draft": visit.draft,
        "differences": Differences(kept, visit.sent, visit.sent, files_of(case, visit.question)),
        "words": list(_words(visit)),
        "open": correction.is_open,
        "action": reverse("request-answer", args=[case.reference, visit.question.number]),
    }
    return render(request, "requests/kept_answer.html", context)


def _into(correction: Visit, visit: Answering) -> HttpResponse:
    """Keep its facts as a correction, put together with the one that is begun. The words stay to be read."""
    latest = correction.of.latest.number
    typed = correction.of.whole(asked.overlaid(visit.sent, visit.changes))
    versions = correction.keep(typed, 0, latest)
    if versions:
        return versions
    messages.success(visit.request, TAKEN, extra_tags="good")
    return redirect("request-amend", visit.case.reference)


def _words(visit: Answering) -> Iterator[tuple[str, str]]:
    """What was written on the items and to the reviewer: (about what, words)."""
    for place, item in sorted(visit.draft.items.items(), key=lambda one: int(one[0])):
        words = "We do not have this. " * item["not_held"] + item["words"]
        if words:
            yield visit.question.items[int(place)]["ask"], words
    if visit.draft.note:
        yield "Note to the reviewer", visit.draft.note
