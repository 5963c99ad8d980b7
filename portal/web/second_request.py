"""A likely duplicate: the office sends a second request for the same member and level only with a reason."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.http import HttpRequest

from portal.web.request_form import RequestForm
from priorauth import selectors
from priorauth.models import Case
from priorauth.posting import typed_text
from priorauth.roles import Actor
from priorauth.services.base import visible
from priorauth.services.submit import Submission

LONGEST = 500
WHY = "Say why you send a second request, or open the first one."
TOO_LONG = f"The reason can have {LONGEST} characters: shorten it."


def earlier(form: RequestForm, case: Case | None, actor: Actor, at: dt.datetime) -> list[Case]:
    """The office's own requests that this one seems to repeat, as soon as the form names member and level."""
    member_id, born = form.member.answers["member_id"], form.member.answers["birth_date"]
    if case is None or not (member_id and born and form.known_levels):
        return []
    return selectors.duplicates(
        actor, member_id=member_id, birth_date=born.first, levels=form.known_levels, at=at, besides=case.pk
    )


def reason(request: HttpRequest) -> str:
    return typed_text(request, "second_because")


def problem_of(found: list[Case], because: str) -> str:
    """What is wrong with the reason, or nothing."""
    if not found:
        return ""
    if not visible(because):
        return WHY
    return TOO_LONG if len(because) > LONGEST else ""


def explained(submission: Submission, found: list[Case], because: str) -> Submission:
    """The sending with the reason among its details, for the reviewer."""
    if not found:
        return submission
    second: dict[str, Any] = {"of": [case.reference for case in found], "because": because}
    return replace(submission, details=submission.details | {"second_request": second})
