"""The forms of the decisions, and of opening a decided case again."""

import datetime as dt
from functools import cached_property
from typing import Any

from django import forms
from django.utils import timezone

from priorauth.admin.act_forms import ActForm, Values, day_field, words_field
from priorauth.models import Case, Judgement, ReasonCode
from priorauth.services import decide, judge, rails, reopen
from priorauth.services.base import SHORTEST_REASON
from priorauth.services.decision_lines import LONGEST_VALIDITY, Days
from priorauth.services.scored import facts_of, latest_assessment, latest_revision

Json = dict[str, Any]


def validity(case: Case) -> dict[str, dt.date]:
    """The usual authorization: from the planned date, or today where that is past, unknown or further away than an
    authorization may begin, for 90 days."""
    planned = facts_of(case).get("service_date")
    today = timezone.localdate()
    day = dt.date.fromisoformat(planned) if planned else today
    first = day if today <= day <= today + LONGEST_VALIDITY else today
    return {"valid_from": first, "valid_to": first + decide.DEFAULT_VALIDITY}


def line_words(line: Json) -> str:
    return f"Line {line['line']}: {line['code']}, {', '.join(line.get('levels') or []) or 'no level named'}"


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
        if not rails.ground(self.case, latest_assessment(self.case), by=self.actor).against:
            del self.fields["reason"]

    def values(self) -> Values:
        names = ("valid_from", "valid_to", "reason")
        given = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        return given | {"dates": self.dates()}


class NotApproveForm(WithDays):
    lines = forms.TypedMultipleChoiceField(
        label="Lines that you do not approve",
        help_text="All lines are ticked. Take away those that you approve: the decision is then “partly approved”.",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason_codes = forms.MultipleChoiceField(
        label="Reasons",
        choices=ReasonCode.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one reason."},
    )
    relied_on = forms.MultipleChoiceField(
        label="Criteria that you rely on",
        help_text="Those that you marked “not met”.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason_for_member = words_field(
        "Reason for the member",
        decide.WRITE["reason_for_member"],
        least=SHORTEST_REASON,
        help_text="Plain words, no codes. The member reads this.",
    )
    reason_for_clinician = words_field(
        "Reason for the clinician",
        decide.WRITE["reason_for_clinician"],
        least=SHORTEST_REASON,
        help_text="Name the fact, its date and the criterion.",
    )
    what_would_change = words_field(
        "What would change this decision",
        decide.WRITE["what_would_change"],
        least=SHORTEST_REASON,
        help_text="Plain words. The member and the clinician read this.",
    )
    valid_from = day_field("First day, for the lines that you approve", required=False)
    valid_to = day_field("Last day, for the lines that you approve", required=False)

    def preset(self) -> Values:
        units = {f"units_{line['line']}": line["units"] for line in self.requested if (line.get("units") or 1) > 1}
        changes = (self.stories[key]["change"] for key in self.cited if key in self.stories)
        return {
            "lines": [str(line["line"]) for line in self.requested],
            "relied_on": [".".join(key) for key in self.cited],
            "what_would_change": "\n".join(dict.fromkeys(filter(None, changes))),
            **units,
            **validity(self.case),
        }

    def shape(self) -> None:
        self.fields["lines"].choices = [(str(line["line"]), line_words(line)) for line in self.requested]
        self.fields["relied_on"].choices = [(".".join(key), self._criterion(key)) for key in self.cited]
        if not self.cited:
            del self.fields["relied_on"]
        self.add_days()
        counted = [line for line in self.requested if (line.get("units") or 1) > 1]
        for line in counted:
            self.fields[f"units_{line['line']}"] = forms.IntegerField(
                label=f"{line_words(line)}: units, if you approve it",
                required=False,
                error_messages={"invalid": "Enter a whole number of units."},
            )
        if len(self.requested) == 1 and not counted:
            del self.fields["valid_from"], self.fields["valid_to"]

    def values(self) -> Values:
        words = ("reason_codes", "reason_for_member", "reason_for_clinician", "what_would_change")
        names = (*words, "valid_from", "valid_to")
        return {
            **{name: self.cleaned_data[name] for name in names if name in self.cleaned_data},
            "lines": self.cleaned_data["lines"],
            "relied_on": [tuple(name.split(".", 1)) for name in self.cleaned_data.get("relied_on", [])],
            "units": {line["line"]: self.cleaned_data.get(f"units_{line['line']}") for line in self.requested},
            "dates": self.dates(),
        }

    @cached_property
    def stories(self) -> dict[tuple[str, str], Json]:
        assessment = latest_assessment(self.case)
        return assessment.stories() if assessment else {}

    @cached_property
    def cited(self) -> list[tuple[str, str]]:
        """What this physician marked not met on the latest revision."""
        marks = judge.standing(self.case, latest_assessment(self.case), self.actor.user_id)
        return [key for key, mark in marks.items() if mark.verdict == Judgement.Verdict.NOT_MET]

    def _criterion(self, key: tuple[str, str]) -> str:
        return f"{key[0]}: {self.stories[key]['label'] if key in self.stories else key[1]}"


class CloseForm(ActForm):
    reason = words_field(
        "Why no determination is due",
        decide.NOT_DUE,
        least=SHORTEST_REASON,
        help_text="At least 20 characters. The office reads this.",
    )


class ReopenForm(ActForm):
    reason = words_field(
        "Why the case is opened again",
        reopen.WHY,
        least=SHORTEST_REASON,
        help_text="At least 20 characters. The office reads this.",
    )
