"""Issuing a letter: written in the transaction of the act that it tells of, and sealed by that act's event."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from priorauth.letters import compose
from priorauth.letters.content import Content, sha256
from priorauth.letters.matter import Line, Matter, lines_of
from priorauth.models import (
    Assessment,
    ClockChange,
    Credential,
    Decision,
    DecisionLine,
    InformationRequest,
    Letter,
    Revision,
)
from priorauth.regimes.rules import Rule
from priorauth.roles import Actor
from priorauth.services import letter_texts
from priorauth.services.base import Change
from priorauth.services.judge import standing

Outcome = Decision.Outcome


def of_decision(change: Change, decision: Decision, lines: Sequence[DecisionLine], *, by: Actor) -> Letter:
    """The letter of a decision that approves all, a part or nothing."""
    decided = {line.number: line for line in lines}
    matter = replace(
        _matter(change, decision.revision, by, decision.decided_at),
        assessment=decision.assessment,
        former=change.case.decisions.filter(round__lt=decision.round).order_by("-round").first(),
        lines=[_decided(line, decided[line.number]) for line in lines_of(decision.revision)],
        marks=standing(change.case, decision.assessment, by.user_id),
        relied_on=frozenset((one["level"], one["criterion"]) for one in decision.relied_on),
    )
    return _issue(change, matter, compose.of_decision(matter, decision), decision=decision)


def of_question(change: Change, question: InformationRequest, assessment: Assessment | None, *, by: Actor) -> Letter:
    """The letter that asks the office for facts."""
    still_until = next((row.until for row in change.rows if isinstance(row, ClockChange)), None)
    matter = replace(
        _matter(change, _latest(change), by, question.asked_at), assessment=assessment, still_until=still_until
    )
    return _issue(change, matter, compose.of_question(matter, question), information_request=question)


def of_clock(change: Change, row: ClockChange, rule: Rule, ground: str, *, by: Actor) -> Letter:
    """The letter of a change of the clock; `ground` is the rule's reason for it in the member's words."""
    matter = _matter(change, _latest(change), by, row.changed_at)
    return _issue(change, matter, compose.of_clock(matter, row, rule, ground), clock_change=row)


def _latest(change: Change) -> Revision:
    return change.case.revisions.order_by("-number")[0]


def _matter(change: Change, revision: Revision, by: Actor, at: dt.datetime) -> Matter:
    return Matter(
        case=change.case,
        revision=revision,
        assessment=None,
        lines=lines_of(revision),
        texts=letter_texts.current(),
        by=by,
        credential=Credential.objects.filter(user_id=by.user_id).first(),
        at=at,
    )


def _decided(line: Line, row: DecisionLine) -> Line:
    line = replace(line, levels=line.levels or _names(row.levels))
    if row.outcome != Outcome.APPROVED:
        return replace(line, approved=False)
    days, left_out = (row.valid_from, row.valid_to), _names(row.levels_not_approved)
    return replace(line, approved=True, units=row.units, days=days, left_out=left_out)


def _names(levels: str) -> tuple[str, ...]:
    return tuple(filter(None, levels.split(", ")))


def _issue(change: Change, matter: Matter, content: Content, **about: Any) -> Letter:
    stored = content.as_dict()
    letter = Letter(
        case=change.case,
        number=change.case.letters.count() + 1,
        kind=content.kind,
        texts=matter.texts,
        content=stored,
        sha256=sha256(stored),
        issued_at=matter.at,
        **about,
    )
    letter.save(force_insert=True)
    change.rows.append(letter)
    change.entities["letter"] = letter.number
    return letter
