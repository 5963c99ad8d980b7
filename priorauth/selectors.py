"""Reads: the lists that the pages show."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Window

from priorauth.audit import case_stream
from priorauth.models import AuditEvent, Case, Decision, InformationRequest, Letter, Message
from priorauth.roles import Actor, Role
from priorauth.statuses import Act, Status
from priorauth.tenancy import get_for

A_DUPLICATE_WITHIN = dt.timedelta(days=60)
MOST_DUPLICATES = 20
MOST_PAST = 5


def reviewable_by(actor: Actor) -> QuerySet[Case]:
    """What "claim next" may hand to this reviewer: physicians take escalated cases, nurses and leads the others;
    nobody gets a request of their own organization."""
    status = Status.WITH_PHYSICIAN if actor.role == Role.PHYSICIAN else Status.IN_REVIEW
    cases = Case.objects.for_actor(actor).filter(status=status).exclude(office=actor.organization_id)
    return cases.order_by("urgency", "due_at", "id")


def office_requests(actor: Actor) -> QuerySet[Case]:
    """The office's own requests, the latest change first."""
    cases = Case.objects.for_actor(actor).select_related("member", "created_by")
    return cases.order_by("-updated_at", "-id")


def held_in(question: InformationRequest | None = None) -> Q:
    """The files of a case that were chosen in the answer to `question` and not sent; without one, those of the draft
    or the correction. What was chosen in an answer that nobody sent in time can still go with a correction."""
    if question is not None:
        return Q(revision=None, information_request=question)
    ended = Q(information_request__answered_at__isnull=False) | Q(information_request__expired_at__isnull=False)
    return Q(revision=None) & (Q(information_request=None) | ended)


def duplicates(
    actor: Actor, *, member_id: str, birth_date: dt.date, levels: Collection[str], at: dt.datetime, besides: int | None
) -> list[Case]:
    """The requests that `actor` may see for the same member and one of `levels`, received within 60 days before or
    after `at` and not withdrawn, the latest first; without the case `besides`."""
    cases = Case.objects.for_actor(actor).exclude(pk=besides).exclude(status=Status.WITHDRAWN)
    cases = cases.filter(
        member__member_id=member_id,
        member__birth_date=birth_date,
        received_at__range=(at - A_DUPLICATE_WITHIN, at + A_DUPLICATE_WITHIN),
    ).select_related("office")
    latest = cases.order_by("-received_at", "-pk")[:MOST_DUPLICATES]
    return [case for case in latest if not {*levels}.isdisjoint(case.levels.split(", "))]


def past_cases(actor: Actor, *, member_id: str, birth_date: dt.date, besides: int | None) -> tuple[list[Case], int]:
    """The latest requests that `actor` may see for the same member, of any office, and how many there are in all;
    without the case `besides`."""
    cases = Case.objects.for_actor(actor).exclude(pk=besides)
    cases = cases.filter(member__member_id=member_id, member__birth_date=birth_date)
    rows = list(cases.annotate(in_all=Window(Count("pk"))).order_by("-received_at", "-pk")[:MOST_PAST])
    return rows, rows[0].in_all if rows else 0


def with_last_message(cases: QuerySet[Case], actor: Actor) -> QuerySet[Case]:
    """The cases with `office_wrote_last`: whether the last message came from the office; None where there is none."""
    messages = Message.objects.for_actor(actor).filter(case=OuterRef("pk")).order_by("-id")
    return cases.annotate(office_wrote_last=Subquery(messages.values("from_office")[:1]))


def with_answer_by(cases: QuerySet[Case], actor: Actor) -> QuerySet[Case]:
    """The cases with `answer_by`: until when the open question waits for an answer; None where none is open."""
    waiting = InformationRequest.objects.for_actor(actor).filter(
        case=OuterRef("pk"), answered_at__isnull=True, expired_at__isnull=True
    )
    return cases.annotate(answer_by=Subquery(waiting.values("answer_by")[:1]))


def overrides(actor: Actor, since: dt.datetime) -> QuerySet[Decision]:
    """The decisions from `since` on that went against what was computed, or against the decider's own marks: the latest
    first, each with how many there are (`in_all`); for those of the plan who read cases."""
    return _decided(actor, since).filter(against_computed=True)


def turned_by_reading(actor: Actor, since: dt.datetime) -> QuerySet[Decision]:
    """As `overrides`, the decisions by what a reviewer read in the record, of which another result was computed than of
    what was sent."""
    return _decided(actor, since).filter(turned_by_reading=True).select_related("assessment__revision")


def _decided(actor: Actor, since: dt.datetime) -> QuerySet[Decision]:
    rows = Decision.objects.for_actor(None if actor.is_office else actor).filter(decided_at__gte=since)
    rows = rows.annotate(in_all=Window(Count("pk")))
    return rows.select_related("case", "decided_by").order_by("-decided_at", "-id")


def letter(actor: Actor, number: int, **case: Any) -> Letter:
    """The letter of that number of the case that `case` names. Raises Http404 where the actor sees none."""
    rows = Letter.objects.for_actor(actor).select_related("case")
    return get_for(actor, Letter, rows, number=number, **case)


def seen_by_reviewers(case: Case) -> tuple[dt.datetime, dt.datetime] | None:
    """When a reviewer had the case open, first and last: its page, or a claim. None where nobody had."""
    times = list(case.openings.values_list("first_at", "last_at"))
    claims = AuditEvent.objects.filter(stream=case_stream(case), action=Act.CLAIM).values_list("at", flat=True)
    seen = [*(time for pair in times for time in pair), *map(dt.datetime.fromisoformat, claims)]
    return (min(seen), max(seen)) if seen else None
