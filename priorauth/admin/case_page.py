"""What the case page shows: all that is known of one case, read in a fixed number of queries."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.urls import reverse

from priorauth.admin import facts, words
from priorauth.admin.acts import PAGES, Page
from priorauth.admin.obstacles import held, holds, obstacle
from priorauth.admin.trail import of_case
from priorauth.deadlines import REGIMES
from priorauth.models import Assessment, Attachment, Case, Decision, Job, Revision
from priorauth.roles import Actor
from priorauth.services.base import clock
from priorauth.statuses import IN_REVIEW, OPEN, Status


class Button(NamedTuple):
    """One act that is open to the person now."""

    slug: str
    page: Page
    url: str


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
        "product": facts.product(case.product),
        "setting": facts.word(case.setting or None),
        "planned": facts.day(latest.facts.get("service_date")),
        **_buttons(case, actor, now),
        "assessment": assessment,
        "determination": words.determination(assessment.result["determination"]) if assessment else words.NOT_SCORED,
        "trouble": _trouble(case, assessment),
        "sendings": list(reversed(_sendings(revisions, files))),
        "files": files,
        "questions": list(case.information_requests.select_related("asked_by", "answered_by")),
        "escalations": list(case.escalations.select_related("escalated_by")),
        "decision": _decision(case),
        "entries": of_case(case),
    }


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


def _buttons(case: Case, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """The acts that are open now, and for the others why not: each reason once, with the acts that it closes."""
    if case.status not in IN_REVIEW:
        word = Status(case.status).label
        return {"buttons": [], "closed": [("All acts", f"the case is “{word}”, so there is nothing to do here now.")]}
    buttons: list[Button] = []
    closed: dict[str, list[str]] = {}
    for slug, page in PAGES.items():
        if slug == "release" and not held(case, now):
            continue
        why_not = obstacle(case, page.act, actor, now)
        if why_not:
            closed.setdefault(why_not, []).append(page.title)
        else:
            buttons.append(Button(slug, page, reverse(f"admin:priorauth_case_{slug}", args=[case.pk])))
    return {"buttons": buttons, "closed": [(", ".join(titles), why) for why, titles in closed.items()]}


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


def _decision(case: Case) -> Decision | None:
    if case.decided_at is None or case.status == Status.WITHDRAWN:
        return None
    decisions = case.decisions.select_related("decided_by", "credential").prefetch_related("lines")
    return decisions.order_by("-round").first()
