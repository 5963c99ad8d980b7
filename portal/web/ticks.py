"""Boxes to tick: several answers of a list, and "Not recorded" beside an answer that is typed."""

from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from portal.web.words import NOT_MENTIONED, NOT_RECORDED, Choices

BOTH = "“Not recorded” is ticked beside an answer. Untick it, or clear the answer."


class Ticks(forms.MultipleChoiceField):
    """Several of a list."""

    kind = "checks"
    size = called = ""
    blank: tuple[str, ...] = ()
    of_the_list = "Tick only answers of the list."

    def __init__(self, label: str, choices: Choices, *, hint: str = "") -> None:
        self.words, self.hint = label.removesuffix(" (optional)"), hint
        super().__init__(label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple)
        self.error_messages["invalid_choice"] = self.of_the_list

    def to_python(self, value: list[str] | None) -> list[str]:
        return [answer for answer in value or () if answer.strip()]


class Findings(Ticks):
    """Several of the findings of one study at one level, or that the report does not mention it: no finding."""

    of_the_list = "Tick only findings of the list."

    def __init__(self, label: str, choices: Choices) -> None:
        super().__init__(label, [*choices, (NOT_MENTIONED, "Not mentioned")])

    def clean(self, value: list[str] | None) -> list[str]:
        findings = super().clean(value)
        if NOT_MENTIONED in findings and len(findings) > 1:
            raise forms.ValidationError("“Not mentioned” cannot stand beside a finding. Untick one of them.")
        return [finding for finding in findings if finding != NOT_MENTIONED]


class BesideATick(forms.TextInput):
    """A text beside which "Not recorded" can be ticked. Both have one name, so that whatever keeps, copies or compares
    the one has the other too."""

    def value_from_datadict(self, data: MultiValueDict[str, str], files: Any, name: str) -> str:
        return next((text for text in reversed(data.getlist(name)) if text != NOT_RECORDED), "")
