"""The policy as the edition's file has it, for everybody who is signed in."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from policies import registry
from policies.edition import Edition
from policies.rulebook import rulebook
from policies.vocabulary import day_words


@dataclass(frozen=True)
class EditionRow:
    """`until` is the last day in force, or "" for the newest edition."""

    edition: str
    since: str
    until: str
    sha256: str


@login_required
@require_safe
def policy(request: HttpRequest, policy: str) -> HttpResponse:
    """One edition in numbered criteria: the one in force today, or the one named by `version`."""
    try:
        known = registry.numbered(policy)
    except registry.UnknownPolicyError as error:
        raise Http404 from error
    edition = _chosen(known, request.GET.get("version"), timezone.localdate())
    rows = list(_rows(known))
    context = {
        "edition": edition,
        "document": edition.document,
        "book": rulebook(edition),
        "editions": rows,
        "this": rows[known.index(edition)],
        "newer": known[-1] if known[-1] is not edition else None,
    }
    return render(request, "policy/policy.html", context)


def _chosen(known: Sequence[Edition], version: str | None, today: dt.date) -> Edition:
    if version is None:
        return registry.in_force(known, today)
    named = next((one for one in known if one.edition == version), None)
    if named is None:
        raise Http404
    return named


def _rows(known: Sequence[Edition]) -> Iterator[EditionRow]:
    for one, following in zip(known, (*known[1:], None), strict=True):
        until = day_words(following.effective - dt.timedelta(days=1)) if following else ""
        yield EditionRow(one.edition, day_words(one.effective), until, one.sha256)
