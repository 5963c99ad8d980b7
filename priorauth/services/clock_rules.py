"""What an act makes of a case's clock: the columns that it sets, and the row that tells of it (decision 34)."""

import datetime as dt
from typing import Any, Self

from django.utils import timezone

from priorauth import clock
from priorauth.models import Case, ClockChange
from priorauth.regimes import library
from priorauth.roles import Actor, Role
from priorauth.services import claim
from priorauth.services.base import Change, holder, long_enough, moment
from priorauth.services.errors import Conflict
from priorauth.statuses import OPEN, Act, Status, Urgency

Kind = clock.Kind
STANDS_STILL = "The clock stands still already."
WHY = "Write the reason in at least 20 characters."
BY_A_QUESTION = "The office was asked for what is missing."


class Turning(clock.Clock):
    """A clock that an act is about to change. Nothing is written before `write`, within the act."""

    @classmethod
    def of(cls, case: Case) -> Self:
        """Raises Conflict for a case that was never sent: it has no clock."""
        if case.received_at is None:
            raise Conflict(_over(case))
        return super().of(case)

    @classmethod
    def of_open(cls, case: Case) -> Self:
        """The clock of a case that waits for a decision. Raises Conflict for any other."""
        if case.status not in OPEN:
            raise Conflict(_over(case))
        return cls.of(case)

    def turn(self, kind: Kind, *, by: Actor, at: dt.datetime, **fields: Any) -> ClockChange:
        """Change it: the row, and by when the case is due then."""
        row = ClockChange(
            case=self.case,
            number=len(self.changes) + 1,
            kind=kind,
            regime=self.rule.regime,
            due_before=self.changes[-1].due_after if self._new else self.case.due_at,
            changed_by_id=by.user_id,
            changed_at=at,
            **fields,
        )
        self.changes.append(row)
        row.due_after = self.due()
        return row

    def running(self, *, by: Actor, at: dt.datetime) -> Self:
        """Set it running where it stands still, because the office's turn is over: it sent something, or nothing."""
        if self.stop_at(at):
            self.turn(Kind.RESUMED, by=by, at=at)
        return self

    @property
    def _new(self) -> list[ClockChange]:
        return [row for row in self.changes if row.pk is None]

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the case that the act sets; none where the clock is not changed."""
        if not self._new:
            return {}
        return {
            "regime": self.rule.regime,
            "rule_from": self.rule.effective_from,
            "urgency": self.urgency,
            "due_at": self._new[-1].due_after,
        }

    def write(self, change: Change) -> None:
        """Write the new rows, within the act that `columns` belong to."""
        for row in self._new:
            row.save(force_insert=True)
            change.rows.append(row)
            change.entities["clock_change"] = row.number
            change.fields |= {"reason": row.reason} if row.reason else {}


def _over(case: Case) -> str:
    return f"The case is now “{Status(case.status).label}”, so this can no longer be done."


def first(product: str | None, received: dt.datetime, urgency: str) -> dict[str, Any]:
    """The columns of the clock of a case that has just been received."""
    rule = library.current().of_product(product, timezone.localdate(received))
    due = clock.first_due(received, rule, urgency)
    return {"regime": rule.regime, "rule_from": rule.effective_from, "due_at": due}


def with_facts(case: Case, product: str | None, *, by: Actor, at: dt.datetime) -> Turning:
    """The clock once the office has answered or corrected: where the member's plan is another one now, that plan's rule
    counts, from where the clock began."""
    turning = Turning.of(case)
    rule = library.current().of_product(product, timezone.localdate(case.received_at))
    if rule.regime != case.regime:
        turning.rule = rule
        turning.turn(Kind.OTHER_RULE, by=by, at=at)
    return turning


def with_question(case: Case, *, by: Actor, at: dt.datetime) -> Turning:
    """The clock once the office is asked: it stands still where the rule says so and it was not stopped for as long
    as it may be."""
    turning = Turning.of(case)
    stop = turning.rule.stop(case.urgency)
    if stop and stop.on_question and not why_not_stop(turning, at):
        until = at + stop.most - turning.stood_still(at)
        ground = next(iter(stop.grounds.values())).label
        turning.turn(Kind.STOPPED, by=by, at=at, until=until, ground=ground, reason=BY_A_QUESTION)
    return turning


def why_not_stop(turning: clock.Clock, at: dt.datetime) -> str:
    """Why the clock cannot be stopped, or ""."""
    stop = turning.rule.stop(turning.urgency)
    if stop is None:
        return f"The rule of this plan knows no stop of the clock ({turning.rule.label}, {turning.urgency})."
    if turning.stop_at(at):
        return STANDS_STILL
    if turning.case.due_at <= at:
        return f"The time was over at {moment(turning.case.due_at)}: a stop cannot undo that."
    if turning.stood_still(at) >= stop.most:
        return f"The clock has stood still for {stop.longest.limit}, the most that the rule allows."
    return ""


def why_not_resume(turning: clock.Clock, at: dt.datetime) -> str:
    """Why the clock cannot be set running, or ""."""
    return "" if turning.stop_at(at) else "The clock is running."


def why_not_extend(turning: clock.Clock, at: dt.datetime) -> str:
    """Why the time cannot be extended, or ""."""
    extension = turning.rule.extension(turning.urgency)
    if extension is None:
        return f"The rule of this plan knows no extension ({turning.rule.label}, {turning.urgency})."
    if turning.case.due_at <= at:
        return f"The time was over at {moment(turning.case.due_at)}: it can only be extended before."
    if turning.stop_at(at):
        return "The clock stands still. Set it running before you extend the time."
    if not most_left(turning):
        return "The time was extended already, by as much as the rule allows."
    return ""


def most_left(turning: clock.Clock) -> int:
    """By how many of its units the rule still lets the time be extended."""
    extension = turning.rule.extension(turning.urgency)
    if extension is None or (extension.once and turning.extensions):
        return 0
    return extension.most.count - sum(change.count for change in turning.extensions)


def why_not_downgrade(turning: clock.Clock, at: dt.datetime) -> str:
    """Why the request cannot be decided in the standard time instead, or ""."""
    if turning.urgency != Urgency.EXPEDITED:
        return "This request is standard already."
    if turning.rule.text.downgrade is None:
        return f"The rule of this plan does not let an expedited request become a standard one ({turning.rule.label})."
    if turning.case.due_at <= at:
        return f"The time was over at {moment(turning.case.due_at)}: another urgency cannot undo that."
    return ""


WHY_NOT = {
    Act.EXTEND: why_not_extend,
    Act.STOP_CLOCK: why_not_stop,
    Act.RESUME_CLOCK: why_not_resume,
    Act.DOWNGRADE: why_not_downgrade,
}


def unhindered(case: Case, *, by: Actor, at: dt.datetime) -> None:
    """Raise Conflict while somebody else works on the case; a lead may change its clock all the same."""
    elsewhere = claim.held(case, at) and not claim.holds(case, by, at)
    if elsewhere and by.role != Role.LEAD:
        raise Conflict(holder(case))


def reason_of(text: str) -> str:
    """The reason without outer blanks. Raises Incomplete where it has fewer than 20 characters that can be seen."""
    return long_enough(text, "reason", WHY)
