"""Some questions of the request form that are answered together, bound to what was typed. It only reads."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property

from portal.web.fields import Date
from portal.web.rows import Raw
from portal.web.ticks import BOTH
from portal.web.words import NOT_RECORDED


class Part(forms.Form):
    """Some questions, bound to the form as typed. Messages of a numbered row begin with its name (`about`).

    `internal` are fields that no person is asked.
    """

    internal: frozenset[str] = frozenset()
    folded = ""  # of a row among many: its answers in one line, under which it is closed

    def __init__(self, raw: Raw, *, today: dt.date, prefix: str | None = None, about: str = "") -> None:
        super().__init__(MultiValueDict(raw), prefix=prefix)
        self.about = about
        for field in self.fields.values():
            if isinstance(field, Date):
                field.today = today

    def add_error(self, field: str | None, error: Any) -> None:
        if isinstance(error, str):
            names, text = [self.about], error
        else:
            names, text = [self.about, self.fields[field].called], " ".join(error.messages)
        named = ", ".join(filter(None, names))
        super().add_error(field, f"{named}: {text}" if named else text)

    @cached_property
    def answers(self) -> dict[str, Any]:
        """What was understood: a wrong answer counts as none."""
        self.errors  # noqa: B018 - cleans, once
        return {name: field.blank for name, field in self.fields.items()} | self.cleaned_data

    @property
    def is_blank(self) -> bool:
        """Whether nothing at all was typed or chosen."""
        return all(self.is_unsaid(name) for name in self.fields)

    def is_unsaid(self, name: str) -> bool:
        """Whether nothing was typed or chosen in one field."""
        return not any(value.strip() for value in self.data.getlist(self.add_prefix(name)))

    def is_not_recorded(self, name: str) -> bool:
        """Whether "Not recorded" is ticked beside a question that is typed."""
        offered = getattr(self.fields[name], "or_not_recorded", False)
        return offered and NOT_RECORDED in self.data.getlist(self.add_prefix(name))

    def clean(self) -> dict[str, Any]:
        for name in self.fields:
            if self.is_not_recorded(name) and self[name].value():
                named = "" if self.fields[name].called else f"{self.fields[name].named}: "
                self.add_error(name, forms.ValidationError(named + BOTH))
        return super().clean()

    def problems(self) -> Iterator[tuple[BoundField, str]]:
        for name, messages in self.errors.items():
            yield self[name], " ".join(messages)
