"""The forms of the acts on a case. They collect words and choices; the services decide whether the act may be done."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from priorauth.clock import rule_of
from priorauth.models import Case, ReasonCode
from priorauth.roles import Actor
from priorauth.services import decide

DATE_FORMATS = ["%m/%d/%Y", "%Y-%m-%d", "%b %d %Y", "%b %d, %Y", "%m %d %Y"]
Values = dict[str, Any]


class ActForm(forms.Form):
    """`version` is the case's version that the page showed; an act on a case that moved on is refused."""

    version = forms.IntegerField(
        widget=forms.HiddenInput,
        error_messages={"required": "Open the case again: this page is out of date."},
    )

    def __init__(self, case: Case, actor: Actor, *args: Any, **kwargs: Any) -> None:
        self.case, self.actor = case, actor
        kwargs["initial"] = {"version": case.version, **self.preset()}
        super().__init__(*args, use_required_attribute=False, label_suffix="", **kwargs)
        self.shape()

    advice = ""  # what is to be known of this case before the act

    def preset(self) -> Values:
        """What the form starts with."""
        return {}

    def shape(self) -> None:
        """Fit the fields to the case."""

    def values(self) -> Values:
        """The service's arguments, without the version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def typed(self) -> list[tuple[str, str]]:
        """What was entered, to be shown again where the act was refused: nothing typed is lost."""
        fields = [self[name] for name, field in self.fields.items() if name != "version" and self[name].value()]
        return [(field.label, _as_text(field)) for field in fields]


def _as_text(field: forms.BoundField) -> str:
    """The entered value, in words where it is one of the field's choices."""
    value = field.value()
    words = dict(getattr(field.field, "choices", ()))
    values = value if isinstance(value, list | tuple) else [value]
    return "; ".join(str(words.get(entry, entry)) for entry in values)


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
        error_messages={"required": f"Enter a date: {label.lower()}.", "invalid": "Enter a date like 12/27/2026."},
    )


def validity(case: Case) -> dict[str, dt.date]:
    """The usual authorization: from the planned date, or today where that is past or unknown, for 90 days."""
    planned = decide.latest_revision(case).facts.get("service_date")
    today = timezone.localdate()
    first = max(dt.date.fromisoformat(planned), today) if planned else today
    return {"valid_from": first, "valid_to": first + decide.DEFAULT_VALIDITY}


class ApproveForm(ActForm):
    valid_from = day_field("First day of the authorization")
    valid_to = day_field("Last day of the authorization")
    reason = words_field(
        "Why you approve against the computed result",
        "Write in at least 20 characters why you approve against the scored facts.",
        least=decide.SHORTEST_REASON,
        help_text="At least 20 characters. It is kept with your name.",
    )

    def preset(self) -> Values:
        return validity(self.case)

    def shape(self) -> None:
        if not decide.against_computed(decide.latest_assessment(self.case)):
            del self.fields["reason"]


class AskForm(ActForm):
    items = forms.MultipleChoiceField(
        label="What is missing",
        help_text="All that the policy still needs is ticked. Take away what you do not ask for.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    question = words_field(
        "Your question, in your own words",
        "Write what the office should send.",
        help_text="The office reads this. Say what to send, and why.",
    )

    @property
    def advice(self) -> str:
        """Whether the clock stands still while the office answers."""
        clock = rule_of(self.case).while_asked(self.case.urgency, answers="the office answers")
        return f"By the rule of this plan {clock}."

    @property
    def missing(self) -> list[dict[str, Any]]:
        assessment = decide.latest_assessment(self.case)
        return assessment.result["missing"] if assessment else []

    def preset(self) -> Values:
        return {"items": [str(number) for number in range(len(self.missing))]}

    def shape(self) -> None:
        choices = [(str(n), _item(item)) for n, item in enumerate(self.missing)]
        self.fields["items"].choices = choices
        if not choices:
            del self.fields["items"]

    def values(self) -> Values:
        missing = self.missing
        chosen = [missing[int(number)] for number in self.cleaned_data.get("items", [])]
        return {"question": self.cleaned_data["question"], "items": chosen}


def _item(item: dict[str, Any]) -> str:
    return f"{item['level']}: {item['ask']}" if item["level"] else item["ask"]


class MessageForm(ActForm):
    text = words_field("Your message", "Write your message.", help_text="Everybody of the office can read it.")


class EscalateForm(ActForm):
    question = words_field(
        "Your question to the physician",
        "Write what the physician should decide.",
        help_text="One or two sentences. The office does not see it.",
    )


class NotApproveForm(ActForm):
    lines = forms.TypedMultipleChoiceField(
        label="Lines that you do not approve",
        help_text="All lines are ticked. Take away those that you approve: the decision is then “partly approved”.",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one line of this request that you do not approve."},
    )
    reason_code = forms.ChoiceField(
        label="Reason",
        choices=ReasonCode.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the reason."},
    )
    reason_for_member = words_field(
        "Reason for the member",
        "Write the reason for the member in at least 20 characters.",
        least=decide.SHORTEST_REASON,
        help_text="Plain words, no codes. The member reads this.",
    )
    reason_for_clinician = words_field(
        "Reason for the clinician",
        "Write the reason for the clinician in at least 20 characters.",
        least=decide.SHORTEST_REASON,
        help_text="Name the fact, its date, the criterion, and what would change the answer.",
    )
    valid_from = day_field("First day, for the lines that you approve", required=False)
    valid_to = day_field("Last day, for the lines that you approve", required=False)

    @property
    def requested(self) -> list[dict[str, Any]]:
        return decide.latest_revision(self.case).facts["lines"]

    def preset(self) -> Values:
        return {"lines": [str(line["line"]) for line in self.requested], **validity(self.case)}

    def shape(self) -> None:
        self.fields["lines"].choices = [(str(line["line"]), _line(line)) for line in self.requested]
        if len(self.requested) == 1:
            del self.fields["valid_from"], self.fields["valid_to"]


def _line(line: dict[str, Any]) -> str:
    return f"Line {line['line']}: {line['code']}, {', '.join(line.get('levels') or []) or 'no level named'}"


class CloseForm(ActForm):
    reason = words_field(
        "Why no determination is due",
        "Write in at least 20 characters why no determination is due.",
        least=decide.SHORTEST_REASON,
        help_text="At least 20 characters. The office reads this.",
    )
