"""The forms of the decisions, and of opening a decided case again."""

import datetime as dt
from functools import cached_property

from django.utils import timezone

from priorauth.admin.act_forms import ActForm, Values, day_field, words_field
from priorauth.admin.line_parts import Json, line_words
from priorauth.models import Case
from priorauth.roles import Role
from priorauth.services import decide, rails, reopen
from priorauth.services.base import SHORTEST_REASON
from priorauth.services.decision_lines import LONGEST_VALIDITY, Days
from priorauth.services.scored import latest_assessment, latest_revision, planned_day


def validity(case: Case) -> dict[str, dt.date]:
    """The usual authorization: from the planned day, which may be past, or today where that is unknown or further away
    than an authorization may begin; until 90 days from then or from today."""
    today = timezone.localdate()
    planned = planned_day(case) or today
    first = planned if abs(planned - today) <= LONGEST_VALIDITY else today
    last = max(first, today) + decide.DEFAULT_VALIDITY
    return {"valid_from": first, "valid_to": min(last, first + LONGEST_VALIDITY)}


class WithDays(ActForm):
    """A form with the usual days, and with days of its own for each of several lines."""

    @cached_property
    def requested(self) -> list[Json]:
        return latest_revision(self.case).facts["lines"]

    def add_days(self) -> None:
        for line in self.requested if len(self.requested) > 1 else []:
            for name, words in (("valid_from", "first"), ("valid_to", "last")):
                label = f"{line_words(line)}: {words} day, if it has its own"
                self.fields[f"{name}_{line['line']}"] = day_field(label, help_text="", required=False)

    def dates(self) -> dict[int, Days]:
        """The days of the lines that have their own: number -> (first, last)."""
        given = {line["line"]: (self._day("valid_from", line), self._day("valid_to", line)) for line in self.requested}
        return {number: days for number, days in given.items() if any(days)}

    def _day(self, name: str, line: Json) -> dt.date | None:
        return self.cleaned_data.get(f"{name}_{line['line']}")


class ApproveForm(WithDays):
    valid_from = day_field("First day of the authorization")
    valid_to = day_field("Last day of the authorization")
    reason = words_field(
        "Why you approve against the computed result",
        decide.AGAINST,
        least=SHORTEST_REASON,
        help_text="At least 20 characters. It is kept with your name, and counted.",
    )

    def preset(self) -> Values:
        return validity(self.case)

    def shape(self) -> None:
        self.add_days()
        against = rails.ground(self.case, latest_assessment(self.case), by=self.actor).against
        if not against or self.actor.role != Role.PHYSICIAN:  # the service refuses whoever else approves against it
            del self.fields["reason"]

    def values(self) -> Values:
        names = ("valid_from", "valid_to", "reason")
        given = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        return given | {"dates": self.dates()}


class CloseForm(ActForm):
    reason = words_field(
        "Why no determination is due",
        decide.NOT_DUE,
        least=SHORTEST_REASON,
        help_text="At least 20 characters. The office reads this.",
    )


class ReopenForm(ActForm):
    @property
    def advice(self) -> str:
        return reopen.holds(self.case.decisions.latest("round"))

    reason = words_field(
        "Why the case is opened again",
        reopen.WHY,
        least=SHORTEST_REASON,
        help_text="At least 20 characters. The office reads this.",
    )
