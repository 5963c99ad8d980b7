"""What the API says: requests, assessments, decisions and receipts, as the office's pages show them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from portal.web.next_step import next_step
from priorauth.clock import rule_words
from priorauth.models import Assessment, Case, Decision, InformationRequest, Letter, Reopening
from priorauth.statuses import Status

Json = dict[str, Any]


def instant(at: dt.datetime | None) -> str | None:
    """ISO 8601, UTC, to the second."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def day(date: dt.date | None) -> str | None:
    return date.isoformat() if date else None


def brief(case: Case, now: dt.datetime) -> Json:
    """One row of the list: where the request stands. Nothing in it says who the patient is. `case` comes from
    `selectors.with_answer_by`."""
    step = next_step(case, now)
    return {
        "reference": case.reference,
        "status": case.status,
        "urgency": case.urgency,
        "created_at": instant(case.created_at),
        "updated_at": case.updated_at.astimezone(dt.UTC).isoformat(),
        "received_at": instant(case.received_at),
        "due_at": instant(case.due_at),
        "late": step.late,
        "next_step": {"who": step.who.lower(), "what": step.what},
    }


def whole(case: Case, now: dt.datetime) -> Json:
    """A request as its office may read it. `case` as for `brief`, with decisions, lines, questions, revisions."""
    revision = max(case.revisions.all(), key=lambda one: one.number, default=None)
    of_latest = [one for one in case.assessments.all() if revision and one.revision_id == revision.pk]
    scored = None if case.status == Status.RECEIVED else max(of_latest, key=lambda one: one.pk, default=None)
    return brief(case, now) | {
        "rule": rule_words(case) or None,
        "revision": revision.number if revision else None,
        "lines": _lines(revision.facts if revision else {}, scored),
        "assessment": assessment(scored.result, scored.explanation) if scored else None,
        "read_otherwise": scored.otherwise if scored else [],
        "questions": [_question(question) for question in case.information_requests.all()],
        "round": case.round,
        "reopenings": [_reopening(one) for one in case.reopenings.all()] if case.round > 1 else [],
        "decisions": [_decision(decision) for decision in case.decisions.all()],
        "issued_letters": [_letter(case, letter) for letter in case.letters.all()],
        "withdrawal_reason": case.withdrawal_reason or None,
    }


def assessment(result: Json, explanation: Json) -> Json:
    """What policy 484 finds in the facts, and what it misses. It never denies: a person decides."""
    sentences = {line["line"]: line["sentence"] for line in explanation["lines"]}
    return {
        **{name: result[name] for name in ("policy", "edition", "as_of", "determination", "mixed", "pathways")},
        "sentence": explanation["sentence"],
        "missing": result["missing"],
        "lines": [
            {name: line[name] for name in ("line", "code", "determination", "pathways", "missing")}
            | {"sentence": sentences[line["line"]]}
            for line in result["lines"]
        ],
    }


def _lines(facts: Json, scored: Assessment | None) -> list[Json]:
    found = {line["line"]: line["determination"] for line in scored.result["lines"]} if scored else {}
    return [
        {
            "line": int(line["line"]),
            "code": line["code"],
            "levels": line.get("levels") or [],
            "determination": found.get(line["line"]),
        }
        for line in facts.get("lines", [])
    ]


def _question(question: InformationRequest) -> Json:
    return {
        "number": question.number,
        "question": question.question,
        "missing": question.items,
        "asked_at": instant(question.asked_at),
        "answer": question.answer or None,
        "answered_at": instant(question.answered_at),
        "answer_by": instant(question.answer_by),
        "expired_at": instant(question.expired_at),
    }


def _reopening(reopening: Reopening) -> Json:
    return {"round": reopening.round, "reopened_at": instant(reopening.reopened_at)}


def _decision(decision: Decision) -> Json:
    """What the office's page shows of a decision. `letters` are the words for each reader, not the documents."""
    words = {"clinician": decision.reason_for_clinician, "member": decision.reason_for_member}
    return {
        "round": decision.round,
        "outcome": decision.outcome,
        "decided_at": instant(decision.decided_at),
        "decided_by": str(decision.decided_by),
        "decided_by_role": decision.decided_role,
        "reason_codes": decision.reason_codes,
        "reasons": decision.reasons,
        "relied_on": decision.relied_on,
        "what_would_change": decision.what_would_change or None,
        "letters": [{"to": reader, "text": text} for reader, text in words.items() if text],
        "lines": _decided_lines(decision),
    }


def _letter(case: Case, letter: Letter) -> Json:
    """A letter as a document: where people of the office open it, and the digest of its content."""
    return {
        "number": letter.number,
        "kind": letter.kind,
        "issued_at": instant(letter.issued_at),
        "sha256": letter.sha256,
        "page": reverse("request-letter", args=[case.reference, letter.number]),
        "pdf": reverse("request-letter-pdf", args=[case.reference, letter.number]),
    }


def _decided_lines(decision: Decision) -> Iterable[Json]:
    """Each line with its outcome; number and validity of the authorization stand on the lines that have it."""
    return [
        {
            "line": line.number,
            "code": line.code,
            "levels": _levels(line.levels),
            "levels_not_approved": _levels(
                line.levels if line.outcome == Decision.Outcome.NOT_APPROVED else line.levels_not_approved
            ),
            "outcome": line.outcome,
            "authorization_number": decision.authorization_number if line.valid_from else None,
            "units": line.units if line.valid_from else None,
            "valid_from": day(line.valid_from),
            "valid_to": day(line.valid_to),
        }
        for line in decision.lines.all()
    ]


def _levels(named: str) -> list[str]:
    return named.split(", ") if named else []


def receipt(case: Case) -> Json:
    """What a sending is answered with."""
    return {
        "reference": case.reference,
        "status": Status.RECEIVED.value,
        "received_at": instant(case.received_at),
        "due_at": instant(case.due_at),
        "rule": rule_words(case),
        "revision": 1,
    }


def answered(case: Case, question: InformationRequest) -> Json:
    """What an answer is answered with."""
    return {
        "reference": case.reference,
        "status": Status.RECEIVED.value,
        "question": question.number,
        "answered_at": instant(question.answered_at),
        "due_at": instant(case.due_at),
        "revision": question.revision.number,
    }


def withdrawn(case: Case) -> Json:
    """What a withdrawal is answered with."""
    return {
        "reference": case.reference,
        "status": Status.WITHDRAWN.value,
        "withdrawn_at": instant(case.updated_at),
    }
