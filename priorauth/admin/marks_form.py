"""The form of the marks: for each criterion a verdict and, where one is due, a reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from priorauth.admin import ready_sentences
from priorauth.admin.act_forms import ActForm, Values
from priorauth.admin.criteria_table import Row
from priorauth.models import Case
from priorauth.roles import Actor
from priorauth.services.base import visible
from priorauth.services.judge import CERTAINTY_REASON, DIFFERENT_REASON, LONGEST_REASON, SHORTEST_REASON, TOO_LONG, Mark

CHOOSE = "Choose one of the three."
FIRST = "Say first whether the pain comes from {level} with a high degree of certainty: yes, no, or needs more."
AGAIN = "Mark this again: after you marked {level} here, what it was computed from was read otherwise."
NO_VERDICT = "You wrote a reason. Choose also what you say: agree, no, or needs more."
REASON = ".reason"


class MarksForm(ActForm):
    """Fields of `rows`, the rows that take a mark. `states` are the computed states of each criterion."""

    def __init__(
        self,
        case: Case,
        actor: Actor,
        rows: Sequence[Row],
        facts: Mapping[str, Any],
        states: Mapping[tuple[str, str], Sequence[str]],
        *posted: Any,
    ) -> None:
        self.rows, self.states = rows, states
        super().__init__(case, actor, *posted)
        for row in rows:
            row.verdict, row.reason = self[row.name], self[_reason(row)]
            row.ready = ready_sentences.sentences(row.level, facts) if row.is_certainty else []

    def preset(self) -> Values:
        own = [(row, row.own) for row in self.rows if row.own]
        return {row.name: mark.verdict for row, mark in own} | {_reason(row): mark.reason for row, mark in own}

    def shape(self) -> None:
        for row in self.rows:
            label = f"{row.level}, {row.place}: {row.told['label']}"
            self.fields[row.name] = forms.ChoiceField(
                label=label,
                choices=row.choices,
                required=False,
                widget=forms.RadioSelect,
                error_messages={"invalid_choice": CHOOSE},
            )
            self.fields[_reason(row)] = forms.CharField(
                label=f"Reason for {row.level}, {row.place}",
                required=False,
                max_length=LONGEST_REASON,
                error_messages={"max_length": TOO_LONG},
            )

    def clean(self) -> Values:
        to_approve = self.data.get("then") == "approve"
        for row in self.rows:
            verdict, reason = self.cleaned_data.get(row.name, ""), self.cleaned_data.get(_reason(row), "")
            differs = bool(verdict) and verdict not in self.states[row.key]
            if reason and not verdict and row.name not in self.errors:
                self.add_error(row.name, NO_VERDICT)
            elif to_approve and row.carries and not verdict and (row.is_certainty or row.fell):
                self.add_error(row.name, (AGAIN if row.fell else FIRST).format(level=row.level))
            elif verdict and (differs or row.is_certainty) and visible(reason) < SHORTEST_REASON:
                self.add_error(_reason(row), CERTAINTY_REASON if row.is_certainty else DIFFERENT_REASON)
        return self.cleaned_data

    def gone(self) -> list[tuple[str, str]]:
        return reasons({name: text for name, text in self.data.items() if name not in self.fields})

    def changed(self) -> list[Mark]:
        """The marks that differ from those that stand."""
        found = []
        for row in self.rows:
            verdict, reason = self.cleaned_data[row.name], self.cleaned_data[_reason(row)]
            stands = (row.own.verdict, row.own.reason) if row.own else ("", "")
            if verdict and (verdict, reason) != stands:
                found.append(Mark(row.level, row.told["criterion"], verdict, reason))
        return found

    def blame(self, place: str, message: str) -> None:
        """Write what the service missed beside its row; `place` is `level.criterion`."""
        name = f"{place}.reason"
        self.add_error(name if name in self.fields else None, message)


def reasons(posted: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The reasons that were typed, each with the level that it is for."""
    typed = [(name.partition(".")[0], text) for name, text in posted.items() if name.endswith(REASON) and text]
    return [(f"Reason for {level}", text) for level, text in typed]


def _reason(row: Row) -> str:
    return f"{row.name}{REASON}"
