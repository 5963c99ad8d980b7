"""The record of a case: what the office sent, the questions and their answers, the decision."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from priorauth.admin import facts
from priorauth.admin.late_changes import LateChange, late_changes
from priorauth.admin.provenance import Origin, Origins
from priorauth.models import Attachment, Case, InformationRequest, ItemAnswer, Message, Reading, Revision, User
from priorauth.services.reopen import meanwhile
from priorauth.statuses import OPEN


class Exchange(NamedTuple):
    """One question to the office, with its items and who answered them."""

    question: InformationRequest
    items: list[tuple[dict[str, Any], ItemAnswer | None]]


class Sending(NamedTuple):
    """One revision in words, with what it changed."""

    revision: Revision
    sections: list[tuple[str, list[tuple[facts.Fact, Origin | None]]]]
    changes: list[facts.FactChange] | None
    late_changes: list[LateChange]


class Said(NamedTuple):
    """What somebody of the office wrote: `did` is “wrote” or “answered”."""

    did: str
    by: User
    at: dt.datetime
    words: str


def exchanges(case: Case) -> list[Exchange]:
    """The questions to the office, in their order."""
    rows = case.information_requests.select_related("asked_by", "answered_by")
    found = []
    for question in rows.prefetch_related("item_answers__answered_by"):
        answers = {answer.item: answer for answer in question.item_answers.all()}
        items = [(item, answers.get(place)) for place, item in enumerate(question.items)]
        found.append(Exchange(question, items))
    return found


def said(case: Case, messages: Sequence[Message], asked: Sequence[Exchange], latest: Revision) -> list[Said]:
    """The office's words that whoever opens an open case has to read first: the answer that the latest facts came with,
    and the messages that the plan has not answered."""
    if case.status not in OPEN:
        return []
    found = []
    for question, items in asked:
        words = [question.answer, *(answer.words for _, answer in items if answer)]
        if question.revision_id == latest.pk and any(words):
            found.append(Said("answered", question.answered_by, question.answered_at, "\n".join(filter(None, words))))
    waiting = takewhile(lambda one: one.from_office, reversed(messages if case.message_waits else []))
    unread = [Said("wrote", one.written_by, one.written_at, one.text) for one in waiting]
    return [*found, *reversed(unread)]


def sendings(
    revisions: Sequence[Revision],
    files: Mapping[str, Attachment],
    member_product: str,
    readings: Iterable[Reading] = (),
    round_began: dt.datetime | None = None,
) -> list[Sending]:
    """The revisions in words, the first one first; each fact as it was sent, with where it comes from and what was read
    of it in the record."""
    names = {key: file.name for key, file in files.items()}
    before: list[Revision | None] = [None, *revisions]
    return [
        Sending(
            revision,
            _sections(revision, names, Origins(revision, files, member_product, of(revision, readings), round_began)),
            facts.changes(earlier, revision, names) if earlier else None,
            late_changes(revision),
        )
        for earlier, revision in zip(before, revisions, strict=False)
    ]


def of(revision: Revision, readings: Iterable[Reading]) -> list[Reading]:
    """The readings of one revision."""
    return [one for one in readings if one.revision_id == revision.pk]


def _sections(
    revision: Revision, names: Mapping[str, str], origins: Origins
) -> list[tuple[str, list[tuple[facts.Fact, Origin | None]]]]:
    return [
        (title, [(fact, None if fact.path is None else origins.of(fact.path)) for fact in found])
        for title, found in facts.sections(revision, names)
    ]


def decisions(case: Case) -> dict[str, Any]:
    """The decision that stands; and each time that the case was opened again, with the decision before it."""
    rows = case.decisions.select_related("decided_by", "credential", "assessment").prefetch_related("lines")
    by_round = {decision.round: decision for decision in rows}
    reopenings = case.reopenings.select_related("reopened_by").order_by("-round")
    return {
        "decision": by_round.get(case.round),
        "meanwhile": meanwhile(case, by_round.get(case.round - 1)),
        "rounds": [(reopening, by_round[reopening.round - 1]) for reopening in reopenings],
    }
