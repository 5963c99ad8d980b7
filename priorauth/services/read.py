"""A reviewer says what the record holds of the values that the office sent; what they read may count instead."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from policies import facts as facts_v1
from policies.places import Place, places, put
from priorauth.editions import EditionChanged
from priorauth.models import Assessment, Attachment, Case, Reading, Revision
from priorauth.models.reading import counting
from priorauth.roles import Actor
from priorauth.services import clock_rules, notify, score
from priorauth.services.base import Change, acting, long_enough, moment
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.judge import LONGEST_REASON, TOO_LONG, to_be_judged
from priorauth.services.submit import columns_of
from priorauth.statuses import Act

Found, DIFFERENT = Reading.Found, Reading.DIFFERENT
Json = dict[str, Any]
LONGEST_TEXT: Final = 500
HIGHEST: Final = 10_000  # of a number; a T-score of the record is never near it
NOT_OF_THE_RECORD: Final = ("case_id", "request_date", "patient.age", "lines")  # asked for, or worked out
PAIRS: Final = (("earliest", "latest"), ("start", "end"), ("admit_date", "discharge_date"))

NOTHING: Final = "Say of at least one fact what the record says."
NO_SUCH: Final = "This is no fact that a record can be read for. Open the case again and choose a fact there."
NOTHING_SENT: Final = "The office sent nothing here, so it cannot be the same. Write what the record says, or leave it."
AS_SENT: Final = "That is what the office sent. Choose that the record says the same, or write what it says."
NO_VALUE: Final = "Write what the record says."
CHOOSE: Final = "Choose what you found."
WHY: Final = "Write in at least 20 characters why this one counts."
LATER: Final = "This day is still to come. Write the day that the record names."
REVERSED: Final = "The end would lie before the start. Look at both days again."
TOO_HIGH: Final = f"Write a number up to {HIGHEST:,}."
TOO_LATE: Final = (
    "The time to decide was over at {due}: a plan that was read cannot undo that. Ask the office to correct the plan."
)
NOT_OF_THE_CASE: Final = "Choose a file that was sent with this request, and a page only of such a file."


@dataclass(frozen=True)
class Finding:
    """What the record says of the value at `path` of facts v1 (Reading.Found); where it says something else the value
    as facts v1 has it, and why the one or the other counts."""

    path: str
    found: str
    value: Any = None
    reason: str = ""


def of_the_record(path: str) -> bool:
    """Whether the fact at a path of facts v1 can be read in a record: not what is asked for or worked out, and not that
    no treatment was given."""
    return path != "treatments" and not any(path == one or path.startswith(f"{one}.") for one in NOT_OF_THE_RECORD)


def readable(revision: Revision) -> dict[str, Place]:
    """The values of a revision that a record can be read for, by path."""
    return {path: place for path, place in places(revision.facts).items() if of_the_record(path)}


def read(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    findings: Sequence[Finding],
    file: Attachment | None = None,
    page: int | None = None,
    version: int | None = None,
) -> list[Reading]:
    """Say what the record holds, all in one act. Where other values count after it than before, the revision is scored
    with them in the same act, so nobody decides in between. The office is told where its clock changes by that.

    Raises Incomplete, whose `field` is the path, for a value that does not fit or a reason that is due; Conflict where
    nothing is scored, or under an edition whose file was changed.
    """
    scored = to_be_judged(case, Act.READ, by=by, at=at)
    where = {"file": _of_the_case(case, file, page), "page": page}
    who = {"read_by_id": by.user_id, "read_role": by.role, "read_at": at}
    findings = _checked(scored.revision, findings, at)
    rows = [Reading(case=case, revision=scored.revision, **vars(one), **where, **who) for one in findings]
    values = {path: row.value for path, row in counting([*scored.revision.readings.all(), *rows]).items()}
    if values == {path: row.value for path, row in scored.counted.items()}:
        with acting(case, Act.READ, by=by, at=at, version=version) as change:
            _write(change, rows)
        return rows
    document = put(scored.revision.facts, values)
    _ordered(document, rows)
    assessment = score.evaluate(scored.revision, at, document)
    turning = _turning(case, document, by=by, at=at)
    columns = columns_of(document) | score.columns_of(assessment) | turning.columns
    with acting(case, Act.READ, by=by, at=at, version=version, **columns) as change:
        _write(change, rows)
        turning.write(change)
        if "clock_change" in change.entities:
            notify.enqueue(case, f"clock:{turning.changes[-1].pk}", at)
        assessment.last_reading = rows[-1]
        _keep(change, assessment, at)
    return rows


def _turning(case: Case, document: Json, *, by: Actor, at: dt.datetime) -> clock_rules.Turning:
    """What the plan that now counts does to the clock. Raises Incomplete where it would give a late case more time."""
    turning = clock_rules.with_facts(case, document.get("product"), by=by, at=at)
    if case.due_at <= at and turning.columns and turning.columns["due_at"] > case.due_at:
        raise Incomplete("product", TOO_LATE.format(due=moment(case.due_at)))
    return turning


def _write(change: Change, rows: list[Reading]) -> None:
    change.rows += Reading.objects.unscoped("the readings made here").bulk_create(rows)
    change.entities |= {"revision": rows[0].revision.number, "facts": [row.path for row in rows]}
    change.fields |= {row.path: [row.found, row.value, row.reason] for row in rows}


def _keep(change: Change, assessment: Assessment, at: dt.datetime) -> None:
    try:
        score.keep(change, assessment, at)
    except EditionChanged as changed:
        raise Conflict(str(changed)) from changed


def _of_the_case(case: Case, file: Attachment | None, page: int | None) -> Attachment | None:
    if (file and (file.case_id != case.pk or file.revision_id is None)) or (page and not file):
        raise Incomplete("file", NOT_OF_THE_CASE)
    return file


def _checked(revision: Revision, findings: Sequence[Finding], at: dt.datetime) -> list[Finding]:
    """The findings as they are stored. Raises Incomplete."""
    if not findings:
        raise Incomplete("findings", NOTHING)
    known = readable(revision)
    checked = [_one(one, known.get(one.path), at) for one in findings]
    try:
        facts_v1.parse(put(revision.facts, {one.path: one.value for one in checked if one.found in DIFFERENT}))
    except facts_v1.FactsError as error:
        raise Incomplete(error.path, error.message) from error
    return checked


def _one(one: Finding, place: Place | None, at: dt.datetime) -> Finding:
    if place is None:
        raise Incomplete(one.path, NO_SUCH)
    if one.found not in Found.values:
        raise Incomplete(one.path, CHOOSE)
    if one.found not in DIFFERENT:
        if place.value is None:
            raise Incomplete(one.path, NOTHING_SENT)
        return Finding(one.path, one.found)
    if one.value is None or one.value == "":
        raise Incomplete(one.path, NO_VALUE)
    if one.value == place.value:
        raise Incomplete(one.path, AS_SENT)
    if place.kind in (int, float) and abs(one.value) > HIGHEST:
        raise Incomplete(one.path, TOO_HIGH)
    if place.kind is dt.date and place.path != "service_date" and one.value > timezone.localdate(at).isoformat():
        raise Incomplete(one.path, LATER)
    if len(one.reason) > LONGEST_REASON:
        raise Incomplete(one.path, TOO_LONG)
    return Finding(one.path, one.found, one.value, long_enough(one.reason, one.path, WHY))


def _ordered(document: Json, rows: Sequence[Reading]) -> None:
    """Raise Incomplete where a day that now counts ends before its start, or starts after its end."""
    known = places(document)
    for row in rows:
        within, _, name = row.path.rpartition(".")
        pair = next((pair for pair in PAIRS if name in pair), None)
        if pair and row.found == Found.COUNTS:
            first, last = (known[f"{within}.{one}"].value for one in pair)
            if first and last and last < first:
                raise Incomplete(row.path, REVERSED)
