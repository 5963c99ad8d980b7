"""The form that asks an office for named facts."""

from functools import cached_property
from typing import Any

from django import forms
from django.utils import timezone

from priorauth.admin.act_forms import ActForm, Values, words_field
from priorauth.clock import rule_of
from priorauth.services import answer_time, information, questions
from priorauth.services.base import moment
from priorauth.services.clock_rules import Turning, with_question
from priorauth.services.scored import latest_assessment

TIME_FORMATS = ["%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M%p", "%Y-%m-%d %H:%M"]
CLOCKS_CHANGE = "The clocks are set in that hour, so it comes twice or not at all. Enter a time before or after it."


class Instant(forms.DateTimeField):
    """A day and a time that is once on that day."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
            raise forms.ValidationError(CLOCKS_CHANGE) from error


class AskForm(ActForm):
    items = forms.MultipleChoiceField(
        label="What is missing",
        help_text="All that the result still depends on and that was not asked before is ticked. Take away what you do"
        " not ask for.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    question = words_field(
        "Your question, in your own words",
        information.SEND,
        help_text="The office reads this. Say what to send, and why.",
    )
    again = words_field(
        "Why you ask again",
        "Write why you ask again.",
        help_text="Only where you tick something that was asked before. The office does not read it.",
        required=False,
    )
    answer_by = Instant(
        label="Answer by",
        input_formats=TIME_FORMATS,
        widget=forms.DateTimeInput(format=TIME_FORMATS[0], attrs={"size": 20, "autocomplete": "off"}),
        error_messages={
            "required": "Enter until when the office can answer.",
            "invalid": "Enter a day and a time like 12/27/2026 4:00 PM.",
        },
    )

    def preset(self) -> Values:
        due = questions.due(self.case, by=self.actor)
        fresh = [str(n) for n, item in enumerate(due) if questions.key_of(item) not in self.before]
        return {"items": fresh, "answer_by": answer_time.usual(self.turning, timezone.now())}

    def shape(self) -> None:
        self.fields["items"].choices = [(str(n), self._item(item)) for n, item in enumerate(self.askable)]
        if not self.askable:
            del self.fields["items"]
        if not any(questions.key_of(item) in self.before for item in self.askable):
            del self.fields["again"]
        last = moment(answer_time.latest(self.turning, timezone.now()))
        hint = f"For example 12/27/2026 4:00 PM, in the plan's time zone. At the latest {last}."
        self.fields["answer_by"].help_text = hint

    def values(self) -> Values:
        chosen = [self.askable[int(number)] for number in self.cleaned_data.get("items", [])]
        return super().values() | {"items": chosen}

    @property
    def advice(self) -> str:
        """Whether the clock stands still while the office answers."""
        clock = rule_of(self.case).while_asked(self.case.urgency, answers="the office answers")
        return f"By the rule of this plan {clock}."

    @property
    def unnamed(self) -> bool:
        """Whether no fact is named to be ticked, though one could be, by a mark."""
        return not self.askable and latest_assessment(self.case) is not None

    @cached_property
    def turning(self) -> Turning:
        """The clock as the question would leave it."""
        return with_question(self.case, by=self.actor, at=timezone.now())

    @cached_property
    def askable(self) -> list[dict[str, Any]]:
        return questions.askable(self.case, by=self.actor)

    @cached_property
    def before(self) -> set[questions.Key]:
        return questions.asked_before(self.case)

    def _item(self, item: dict[str, Any]) -> str:
        words = f"{item['level']}: {item['ask']}" if item["level"] else item["ask"]
        return f"{words} (asked before)" if questions.key_of(item) in self.before else words
