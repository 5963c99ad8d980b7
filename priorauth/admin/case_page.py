"""What the case page shows: all that is known of one case, read in a fixed number of queries."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.urls import reverse

from priorauth import selectors
from priorauth.admin import facts, words
from priorauth.admin.act_page import Page
from priorauth.admin.acts import PAGES
from priorauth.admin.obstacles import held, holds, obstacle
from priorauth.admin.trail import of_case
from priorauth.deadlines import REGIMES
from priorauth.models import Assessment, Attachment, Case, InformationRequest, ItemAnswer, Job, Revision
from priorauth.pictures import spine, timeline
from priorauth.roles import REVIEWER_ROLES, Actor
from priorauth.services import members, openings, recommendation
from priorauth.services.base import clock
from priorauth.statuses import IN_REVIEW, OPEN, Act, Status


class Button(NamedTuple):
    """One act that is open to the person now."""

    slug: str
    page: Page
    url: str


class Exchange(NamedTuple):
    """One question to the office, with its items and who answered them."""

    question: InformationRequest
    items: list[tuple[dict[str, Any], ItemAnswer | None]]


class Since(NamedTuple):
    """What the office changed since this person was last shown the case."""

    number: int
    changes: list[facts.FactChange]


class Sending(NamedTuple):
    """One revision in words, with what it changed."""

    revision: Revision
    sections: list[tuple[str, list[facts.Fact]]]
    changes: list[facts.FactChange] | None
    late_changes: list[facts.LateChange]


def case_page(case: Case, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    revisions = list(case.revisions.select_related("created_by").order_by("number"))
    assessments = list(case.assessments.order_by("id"))
    files = list(case.attachments.filter(revision__isnull=False).select_related("added_by"))
    latest = revisions[-1]
    assessment = next((a for a in reversed(assessments) if a.revision_id == latest.pk), None)
    return {
        **_head(case, actor, now),
        "facts": latest.facts,
        "timeline": timeline.draw(latest.facts, latest.details.get("sources") or {}),
        "spine": spine.draw(latest.facts),
        "since": _since(case, revisions, files, actor, now),
        "product": facts.product(case.product),
        "setting": facts.word(case.setting or None),
        "planned": facts.day(latest.facts.get("service_date")),
        "member_file": _member_file(case, latest, actor),
        "duplicates": _duplicates(case, actor),
        **_buttons(case, actor, now),
        "assessment": assessment,
        "determination": words.determination(assessment.result["determination"]) if assessment else words.NOT_SCORED,
        "trouble": _trouble(case, assessment),
        "sendings": list(reversed(_sendings(revisions, files))),
        "files": files,
        "exchanges": _exchanges(case),
        "messages_of_case": list(case.messages.select_related("written_by")),
        "write": ""
        if obstacle(case, Act.WRITE, actor, now)
        else reverse("admin:priorauth_case_message", args=[case.pk]),
        "escalations": list(case.escalations.select_related("escalated_by")),
        "recommendation_hidden": recommendation.hidden_from(case, actor),
        **_decisions(case),
        "entries": of_case(case),
    }


def _since(
    case: Case, revisions: Sequence[Revision], attachments: Sequence[Attachment], actor: Actor, now: dt.datetime
) -> Since | None:
    """Note that a reviewer is shown the latest revision; the difference from the one that they were shown before."""
    if actor.role not in REVIEWER_ROLES:
        return None
    latest = revisions[-1]
    before = openings.note(case, latest.number, by=actor, at=now)
    earlier = next((revision for revision in revisions if revision.number == before), None)
    if earlier is None or case.status not in OPEN:
        return None
    names = {str(file.pk): file.name for file in attachments}
    return Since(earlier.number, facts.changes(earlier, latest, names))


def _exchanges(case: Case) -> list[Exchange]:
    rows = case.information_requests.select_related("asked_by", "answered_by")
    found = []
    for question in rows.prefetch_related("item_answers__answered_by"):
        answers = {answer.item: answer for answer in question.item_answers.all()}
        items = [(item, answers.get(place)) for place, item in enumerate(question.items)]
        found.append(Exchange(question, items))
    return found


def _head(case: Case, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    return {
        "title": case.reference,
        "case": case,
        "age": words.age(case.member.birth_date, now),
        "left": words.time_left(case.due_at, now) if case.status in OPEN else "",
        "late": case.status in OPEN and case.due_at < now,
        "rule": REGIMES[case.regime].rule(case.urgency),
        "claim": _claim(case, actor, now),
        "mine": holds(case, actor, now),
    }


def _member_file(case: Case, latest: Revision, actor: Actor) -> str:
    """What the plan's member file says of the member; nothing where the plan has given none."""
    if not members.has_file():
        return ""
    person = members.on_file(case.member, by=actor)
    if person is None:
        return "Not on file: verify ID, date of birth and name before you decide"
    planned = latest.facts.get("service_date")
    day = dt.date.fromisoformat(planned) if planned else None
    last_name = "" if person.last_name.casefold() == case.member.last_name.casefold() else f" as {person}"
    return f"On file{last_name}: {person.plan}, {person.coverage(day)}"


def _duplicates(case: Case, actor: Actor) -> list[Case]:
    """Other requests, of any office, for the same member and a same level."""
    return selectors.duplicates(
        actor,
        member_id=case.member.member_id,
        birth_date=case.member.birth_date,
        levels=case.levels.split(", "),
        at=case.received_at,
        besides=case.pk,
    )


def _buttons(case: Case, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """The acts that are open now, and for the others why not: each reason once, with the acts that it closes."""
    if case.status not in IN_REVIEW:
        return _nothing_to_review(case, actor, now)
    buttons = []
    closed: dict[str, list[str]] = {}
    for slug, page in PAGES.items():
        if slug in ("message", "reopen") or (slug == "release" and not held(case, now)):
            continue  # messages have a section of their own, and what is in review is not opened again
        why_not = obstacle(case, page.act, actor, now)
        if why_not:
            closed.setdefault(why_not, []).append(page.title)
        else:
            buttons.append(Button(slug, page, reverse(f"admin:priorauth_case_{slug}", args=[case.pk])))
    return {"buttons": buttons, "closed": [(", ".join(titles), why) for why, titles in closed.items()]}


def _nothing_to_review(case: Case, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """A lead can open a decided case again; nothing else is done where nothing is in review."""
    reopen = Button("reopen", PAGES["reopen"], reverse("admin:priorauth_case_reopen", args=[case.pk]))
    buttons = [] if obstacle(case, Act.REOPEN, actor, now) else [reopen]
    why = f"the case is “{Status(case.status).label}”, so there is nothing to do here now."
    return {"buttons": buttons, "closed": [("Everything else" if buttons else "All acts", why)]}


def _claim(case: Case, actor: Actor, now: dt.datetime) -> str:
    if not held(case, now):
        return "Nobody holds this case"
    who = "you" if holds(case, actor, now) else str(case.claimed_by)
    return f"Claimed by {who} until {clock(case.claimed_until)}"


def _trouble(case: Case, assessment: Assessment | None) -> Job | None:
    """The scoring job that waits, or that failed for good, where the latest facts are not scored."""
    if assessment or case.status not in OPEN:
        return None
    return case.jobs.filter(kind=Job.Kind.SCORE).order_by("-id").first()


def _sendings(revisions: Sequence[Revision], attachments: Sequence[Attachment]) -> list[Sending]:
    files = {str(file.pk): file.name for file in attachments}
    before: list[Revision | None] = [None, *revisions]
    return [
        Sending(
            revision,
            facts.sections(revision, files),
            facts.changes(earlier, revision, files) if earlier else None,
            facts.late_changes(revision),
        )
        for earlier, revision in zip(before, revisions, strict=False)
    ]


def _decisions(case: Case) -> dict[str, Any]:
    """The decision that stands; and each time that the case was opened again, with the decision before it."""
    rows = case.decisions.select_related("decided_by", "credential", "assessment").prefetch_related("lines")
    by_round = {decision.round: decision for decision in rows}
    reopenings = case.reopenings.select_related("reopened_by").order_by("-round")
    return {
        "decision": by_round.get(case.round),
        "rounds": [(reopening, by_round[reopening.round - 1]) for reopening in reopenings],
    }
