"""Assigning and releasing several cases of the queue at once, for leads. Nothing is ever decided in bulk: each case is
still an act of its own, with its event, and what could not be done is said case by case."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from priorauth.admin.base import ReadOnlyAdmin
from priorauth.admin.saved_views import QUEUE, again, canonical
from priorauth.models import Case
from priorauth.posting import posted_from
from priorauth.services import claim, hand_over
from priorauth.services.errors import Incomplete, Refused

MOST = ReadOnlyAdmin.list_per_page
CHOOSE = "Choose cases in the list first."
DONE = {"release": "released", "assign": "assigned"}


@posted_from(QUEUE)
def bulk(request: HttpRequest) -> HttpResponse:
    """POST: `case` as `key:version`, once for each; `action` release or assign; `to` and `line` for assign.
    Where nothing could be done the form is shown again."""
    versions = dict(_chosen(request.POST.getlist("case")[:MOST]))
    act = _act(request.POST)
    if not versions or act is None:
        return again(request, CHOOSE if not versions else "Choose “Assign” or “Release”.")
    cases = Case.objects.for_actor(request.actor).filter(pk__in=versions).order_by("urgency", "due_at", "id")
    done, refused = 0, []
    for case in cases.select_related("claimed_by", "clinician", "member"):
        try:
            act(case, by=request.actor, at=timezone.now(), version=versions[case.pk])
            done += 1
        except Incomplete as missing:
            return again(request, str(missing))
        except Refused as refusal:
            refused.append(f"{case.reference}: {refusal}")
    summary = _summary(request.POST["action"], done, len(refused))
    if not done:
        return again(request, summary, *refused)
    messages.success(request, summary)
    for why in refused:
        messages.warning(request, why)
    return redirect(f"{reverse(QUEUE)}?{canonical(QueryDict(request.POST.get('query', '')))}")


def _chosen(values: list[str]) -> list[tuple[int, int]]:
    pairs = (value.partition(":") for value in values)
    return [(int(pk), int(version)) for pk, _, version in pairs if _number(pk) and _number(version)]


def _number(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def _act(post: QueryDict) -> Callable[..., Any] | None:
    to, line = post.get("to", ""), post.get("line", "").replace("\x00", "")
    acts = {
        "release": partial(claim.release, line=line),
        "assign": partial(hand_over.hand_over, to=int(to) if _number(to) else 0, line=line),
    }
    return acts.get(post.get("action", ""))


def _summary(action: str, done: int, refused: int) -> str:
    words = f"{done} case{'' if done == 1 else 's'} {DONE[action]}."
    return f"{words} {refused} could not be {DONE[action]}:" if refused else words
