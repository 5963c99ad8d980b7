"""The pages of the acts on a case's clock: more time, stop, go on, standard instead of expedited."""

from typing import Any, Final

from django import forms

from policies.vocabulary import day_words
from priorauth import clock
from priorauth.admin.act_forms import ActForm, Values, words_field
from priorauth.admin.act_page import Page
from priorauth.regimes.written import Changeable
from priorauth.services import downgrade, extend, stop_clock
from priorauth.services.base import SHORTEST_REASON, moment
from priorauth.services.clock_rules import WHY, most_left
from priorauth.services.scored import planned_day
from priorauth.statuses import Act

NEXT_PAGE: Final = "The next page shows the letter as it will be sent."


def _reason(help_text: str) -> Any:
    return words_field("Your reason", WHY, least=SHORTEST_REASON, help_text=help_text)


IN_THE_LETTER: Final = (
    "At least 20 characters, plain words, no codes. The member and the office read this in the letter."
)


class ClockForm(ActForm):
    """A form about the case's clock. Where the rule does not know the act its fields take anything, and the service
    refuses it: the attempt is kept."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.clock = clock.Clock.of(args[0])
        super().__init__(*args, **kwargs)

    def grounds(self, rule: Changeable | None) -> None:
        """Offer the rule's grounds."""
        if rule:
            self.fields["ground"].choices = [(name, one.label) for name, one in rule.grounds.items()]
        else:
            self.fields = {"version": self.fields["version"]}

    def values(self) -> Values:
        nothing = {name: 0 if name == "count" else "" for name in self.base_fields if name != "version"}
        return nothing | super().values()


def _ground() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Why, as the rule has it",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the grounds that the rule knows."},
    )


class ExtendForm(ClockForm):
    count = forms.IntegerField(min_value=1, widget=forms.NumberInput(attrs={"size": 4}))
    ground = _ground()
    reason = _reason(IN_THE_LETTER)

    def shape(self) -> None:
        extension = self.clock.rule.extension(self.case.urgency)
        if extension:
            unit, most = extension.most.unit.value, most_left(self.clock)
            wrong = f"Write a number of {unit} from 1 to {most}."
            count = self.fields["count"]
            planned = planned_day(self.case)
            by_then = f" The procedure is planned for {day_words(planned)}." if planned else ""
            count.label, count.help_text = (
                f"By how many {unit}",
                f"From 1 to {most}. Due now {moment(self.case.due_at)}.{by_then}",
            )
            count.error_messages = dict.fromkeys(("required", "invalid", "min_value"), wrong)
        self.grounds(extension)

    @property
    def advice(self) -> str:
        """How much longer the rule lets the time be."""
        extension = self.clock.rule.extension(self.case.urgency)
        if extension is None:
            return ""
        once = ", and once" if extension.once else ""
        return f"{self.clock.rule.label} lets the time be extended by at most {extension.most.limit}{once}."


class StopForm(ClockForm):
    ground = _ground()
    reason = _reason(IN_THE_LETTER)

    def shape(self) -> None:
        self.grounds(self.clock.rule.stop(self.case.urgency))

    @property
    def advice(self) -> str:
        """For how long the rule lets the clock stand still."""
        stop = self.clock.rule.stop(self.case.urgency)
        return f"The clock may stand still for {stop.longest.limit} in all, then it runs by itself." if stop else ""


class ResumeForm(ActForm):
    reason = _reason("At least 20 characters. It is kept with your name.")


class DowngradeForm(ActForm):
    reason = _reason(IN_THE_LETTER)


PAGES: Final = {
    "extend": Page(
        Act.EXTEND,
        "Extend the time",
        "Go on: read the letter",
        ExtendForm,
        extend.extend,
        "The time is extended.",
        NEXT_PAGE,
        confirm=True,
    ),
    "stop-clock": Page(
        Act.STOP_CLOCK,
        "Stop the clock",
        "Go on: read the letter",
        StopForm,
        stop_clock.stop,
        "The clock stands still.",
        NEXT_PAGE,
        confirm=True,
    ),
    "resume-clock": Page(
        Act.RESUME_CLOCK,
        "Set the clock running",
        "Set the clock running",
        ResumeForm,
        stop_clock.resume,
        "The clock runs again.",
        "What was left of the time when the clock stopped is left now. The office is told.",
    ),
    "downgrade": Page(
        Act.DOWNGRADE,
        "Change to standard",
        "Go on: read the letter",
        DowngradeForm,
        downgrade.downgrade,
        "The request is a standard one now.",
        f"You find, as a physician, that waiting does no harm. The time counts from where it began. {NEXT_PAGE}",
        confirm=True,
    ),
}
