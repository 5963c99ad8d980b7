"""The forms of the acts on a case. They collect words and choices; the services decide whether the act may be done."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from priorauth.models import Case, Escalation
from priorauth.roles import Actor
from priorauth.services import escalate

DATE_FORMATS = ["%m/%d/%Y", "%Y-%m-%d", "%b %d %Y", "%b %d, %Y", "%m %d %Y"]
Values = dict[str, Any]


class ActForm(forms.Form):
    """`version` is the case's version that the page showed; an act on a case that moved on is refused. `query` is that
    of the page's address."""

    version = forms.IntegerField(
        widget=forms.HiddenInput,
        error_messages={"required": "Open the case again: this page is out of date."},
    )

    def __init__(self, case: Case, actor: Actor, *args: Any, query: QueryDict | None = None, **kwargs: Any) -> None:
        self.case, self.actor, self.query = case, actor, query or QueryDict()
        kwargs["initial"] = {"version": case.version, **self.preset()}
        super().__init__(*args, use_required_attribute=False, label_suffix="", **kwargs)
        self.shape()

    advice = ""  # what is to be known of this case before the act
    outcomes: Sequence[tuple[str, str]] = ()  # what becomes of each line, to be read before it is confirmed
    doubts: Sequence[str] = ()  # what may be a mistake, to be read before it is confirmed

    def preset(self) -> Values:
        """What the form starts with."""
        return {}

    def shape(self) -> None:
        """Fit the fields to the case."""

    def values(self) -> Values:
        """The service's arguments, without the version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def typed(self) -> list[tuple[str, str]]:
        """What was entered, to be shown again where the act was refused: nothing typed is lost, not even what
        was asked for and, since the case changed, is asked no more."""
        fields = [self[name] for name, field in self.fields.items() if name != "version" and self[name].value()]
        return [(field.label, self._as_text(field)) for field in fields] + self.gone()

    def words_of(self, name: str, entry: str) -> str:
        """The words for an entry of that field which is none of its choices, or not any more."""
        return entry

    def _as_text(self, field: forms.BoundField) -> str:
        """The entered value, in words where it is one of the field's choices."""
        value = field.value()
        words = dict(getattr(field.field, "choices", ()))
        values = value if isinstance(value, list | tuple) else [value]
        return "; ".join(str(words.get(entry) or self.words_of(field.name, str(entry))) for entry in values)

    def gone(self) -> list[tuple[str, str]]:
        """The words that were typed in fields which this form has not, since the case changed."""
        fields = [(name, field) for name, field in self.base_fields.items() if name not in self.fields]
        return [(field.label, self.data[name]) for name, field in fields if self.data.get(name) and _takes_words(field)]


def _takes_words(field: forms.Field) -> bool:
    return isinstance(field.widget, forms.Textarea)


def words_field(label: str, message: str, *, help_text: str = "", least: int = 0, required: bool = True) -> Any:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        min_length=least or None,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": message, "min_length": message},
    )


def day_field(label: str, *, help_text: str = "For example 12/27/2026", required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=help_text,
        required=required,
        input_formats=DATE_FORMATS,
        widget=forms.DateInput(format="%m/%d/%Y", attrs={"size": 12, "autocomplete": "off"}),
        error_messages={"required": f"Enter a date: {label.lower()}."},
    )


class MessageForm(ActForm):
    text = words_field("Your message", "Write your message.", help_text="Everybody of the office can read it.")


class EscalateForm(ActForm):
    question = words_field(
        "Your question to the physician",
        escalate.ASK,
        help_text="One or two sentences. The office does not see it.",
    )
    recommendation = forms.ChoiceField(
        label="What you recommend",
        help_text="The physician reads it only after marking the criteria.",
        choices=Escalation.Recommendation.choices,
        widget=forms.RadioSelect,
        error_messages={"required": escalate.RECOMMEND},
    )
    because = words_field("Why, if you like to say", "", required=False)
