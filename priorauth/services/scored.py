"""What stands of a case now: its latest revision, and how that was scored."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

from priorauth.models import Assessment, Case, Job, Revision
from priorauth.services.base import moment

CLOSABLE = frozenset({"not_in_scope", "prior_auth_not_required"})
READ_OUT = "By what the office sent, this request needs a decision, so only a physician may close it. Escalate."
Json = dict[str, Any]


def latest_revision(case: Case) -> Revision:
    return case.revisions.order_by("-number")[0]


def latest_assessment(case: Case) -> Assessment | None:
    """The assessment of the latest revision; None where scoring it failed."""
    return case.assessments.filter(revision=latest_revision(case)).order_by("-id").first()


def facts_of(case: Case) -> Json:
    """The facts v1 that stand: those that were scored, or as sent last where scoring them failed."""
    assessment = latest_assessment(case)
    return assessment.facts if assessment else latest_revision(case).facts


def planned_day(case: Case) -> dt.date | None:
    """The day of the procedure, by the facts that stand."""
    planned = facts_of(case).get("service_date")
    return dt.date.fromisoformat(planned) if planned else None


def out_by_reading(assessment: Assessment) -> bool:
    """Whether no determination is due only by values that were read in the record: by those that were sent, one is."""
    return bool(assessment.counted) and _as_sent(assessment).result["determination"] not in CLOSABLE


class Turn(NamedTuple):
    """The two determinations of a line, or a level of one, that was found otherwise by what was read than as sent."""

    place: str
    sent: str
    read: str


def turns(assessment: Assessment | None) -> list[Turn]:
    """What values that were read in the record changed of the result; of a line as a whole, or else of its levels."""
    if assessment is None or not assessment.counted:
        return []
    found = []
    for sent, line in zip(_as_sent(assessment).result["lines"], assessment.result["lines"], strict=True):
        name, of_levels = f"Line {line['line']}", _by_level(sent)
        levels = [
            Turn(f"{level} of line {line['line']}", of_levels[level], now)
            for level, now in _by_level(line).items()
            if of_levels.get(level, now) != now
        ]
        whole = Turn(name, sent["determination"], line["determination"])
        found += [whole] if whole.sent != whole.read else levels
    return found


def _as_sent(assessment: Assessment) -> Assessment:
    return assessment.revision.assessments.filter(last_reading=None).order_by("-id")[0]


def _by_level(line: Json) -> dict[str, str]:
    return {level["level"]: level["determination"] for level in line["levels"]}


def unscored(case: Case) -> str:
    """Why nobody can decide at this moment, or "": a changed request waits for its scoring, which takes seconds."""
    waiting = case.jobs.filter(kind=Job.Kind.SCORE, state=Job.State.WAITING)
    if latest_assessment(case) is None and waiting.exists():
        return (
            f"The office changed this request at {moment(latest_revision(case).created_at)}. It is being scored again."
        )
    return ""


def computed_states(assessment: Assessment | None) -> dict[tuple[str, str], list[str]]:
    """(level, criterion) -> its computed states, each once: pathways may ask the same in two ways."""
    states: dict[tuple[str, str], list[str]] = {}
    for level in scored_levels(assessment):
        for criteria in level["criteria"].values():
            for criterion, state in criteria.items():
                found = states.setdefault((level["level"], criterion), [])
                if state not in found:
                    found.append(state)
    return states


def scored_levels(assessment: Assessment | None, lines: frozenset[int] | None = None) -> Iterator[Json]:
    """The levels, as the result has them, of the lines numbered `lines` (None: of all)."""
    for line in assessment.result["lines"] if assessment else ():
        if lines is None or line["line"] in lines:
            yield from line["levels"]
