"""The acts by which a case passes between reviewers, and the renewal of a claim while its page is used."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone

from priorauth.admin.act_forms import ActForm, words_field
from priorauth.admin.act_page import CONFLICT, FORBIDDEN, Page, case_for
from priorauth.models import Case
from priorauth.roles import Role
from priorauth.services import claim, errors, hand_over
from priorauth.services.base import SHORTEST_REASON, holder, moment
from priorauth.statuses import Act

_line = partial(words_field, help_text="It stays with the case; the office does not see it.")


class ClaimForm(ActForm):
    pass


class ReleaseForm(ActForm):
    line = _line("A line for whoever takes it next (optional)", "", required=False)


class HandOverForm(ActForm):
    to = forms.TypedChoiceField(
        label="Who takes it",
        coerce=int,
        error_messages={
            "required": "Choose who takes the case.",
            "invalid_choice": "Choose a person of the list.",
        },
    )
    line = _line("A line for them", hand_over.LINE)

    def shape(self) -> None:
        people = [(str(user.pk), f"{user}, {user.membership.get_role_display()}") for user in hand_over.reviewers()]
        held = claim.held(self.case, timezone.now())
        apart = {str(self.case.claimed_by_id)} if held else set()
        if held and self.actor.role == Role.LEAD:
            apart.add(str(self.actor.user_id))  # to have it themself they take it over
        self.fields["to"].choices = [("", "Select"), *(one for one in people if one[0] not in apart)]


class TakeOverForm(ActForm):
    @property
    def advice(self) -> str:
        return holder(self.case)

    reason = words_field(
        "Why you take the case over",
        hand_over.WHY,
        least=SHORTEST_REASON,
        help_text="At least 20 characters. Who holds it reads this.",
    )


CLAIM = {
    "claim": Page(Act.CLAIM, "Claim", "Claim this case", ClaimForm, claim.claim, "You hold this case now."),
    "release": Page(
        Act.RELEASE,
        "Release",
        "Release this case",
        ReleaseForm,
        claim.release,
        "The case is free for others.",
        silent=True,
    ),
}
PASS_ON = {
    "hand-over": Page(
        Act.HAND_OVER,
        "Hand over",
        "Hand the case over",
        HandOverForm,
        hand_over.hand_over,
        "The case was handed over.",
        "It is kept for them for four hours, at most until it is due. Then it is free again.",
        silent=True,
    ),
    "take-over": Page(
        Act.TAKE_OVER,
        "Take over",
        "Take the case over",
        TakeOverForm,
        hand_over.take_over,
        "You hold this case now.",
        "They are told, and what they send is refused; what they typed is shown to them.",
        silent=True,
    ),
}


def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Renew one's claim: pressed, or asked by the page itself while somebody works on it (static/claim.js)."""
    case = case_for(request, pk)
    if request.method != "POST":
        return redirect("admin:priorauth_case_change", pk)
    now = timezone.now()
    by_itself = request.headers.get("Accept", "") == "application/json"
    try:
        claim.renew(case, by=request.actor, at=now)
    except errors.Refused as refused:
        status = FORBIDDEN if isinstance(refused, errors.NotPermitted) else CONFLICT
        if by_itself:
            return JsonResponse({"why": str(refused)}, status=status)
        messages.error(request, str(refused))
        return redirect("admin:priorauth_case_change", pk)
    if by_itself:
        return JsonResponse(left(case, now))
    messages.success(request, "The claim is renewed.")
    return redirect("admin:priorauth_case_change", pk)


def left(case: Case, now: Any) -> dict[str, Any]:
    """How long a claim lasts: {seconds, until}."""
    return {"seconds": int((case.claimed_until - now).total_seconds()), "until": moment(case.claimed_until)}
