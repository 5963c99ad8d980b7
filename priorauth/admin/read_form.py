"""The form in which a reviewer says what the record holds: of each fact that it is all there as sent, or for one of its
values what is there instead and which of the two counts."""

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField

from policies.places import Place
from priorauth import fact_words
from priorauth.admin.act_forms import ActForm, Values, day_field
from priorauth.admin.evidence import LAST_PAGE, Addresses, number_in
from priorauth.admin.provenance import read_words, reader
from priorauth.clock import clock_from
from priorauth.models import Attachment, Reading
from priorauth.models.reading import latest
from priorauth.services import read
from priorauth.services.base import SHORTEST_REASON, visible
from priorauth.services.judge import LONGEST_REASON
from priorauth.services.read import DIFFERENT, LONGEST_TEXT, Finding, Found
from priorauth.services.scored import latest_revision

MOST: Final = 40  # facts on one page
LONGEST_PATHS: Final = 10_000  # characters; each path is looked for among all facts
VALUE, WHY = ".value", ".why"
# The three fields of a value, as they are called where the value is named above them.
SHORT: Final = {"": "Which counts", VALUE: "In the record", WHY: "Why this one counts"}
OTHERWISE: Final = [
    (Found.COUNTS, "What the record says"),
    (Found.STANDS, "What was sent"),
    (Found.NOT_THERE, "I did not find it there"),
]
WHICH: Final = "Choose which of the two counts."


@dataclass
class Value:
    """One value of a fact: what it is, as it was sent, and its three fields. `stands` is what was read before."""

    place: Place
    label: str
    sent: str
    stands: str
    found: BoundField
    value: BoundField
    why: BoundField

    @property
    def name(self) -> str:
        return fact_words.named(self.place.path)

    @property
    def open(self) -> bool:
        """Whether something was answered or is wrong with it."""
        return any(one.errors or one.value() for one in (self.found, self.value, self.why))


@dataclass
class Fact:
    """One fact with its values. `same` is ticked where the record says all of it; None where nothing was sent."""

    heading: str
    same: BoundField | None
    values: list[Value] = field(default_factory=list)


class ReadForm(ActForm):
    paths = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LONGEST_PATHS)
    file = forms.ChoiceField(label="Where you read it", required=False)
    page = forms.IntegerField(
        label="Page",
        required=False,
        min_value=1,
        max_value=LAST_PAGE,
        widget=forms.NumberInput(attrs={"size": 4}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), "Write the number of a page, like 2."),
    )

    def preset(self) -> Values:
        page = self.query.get("page")
        return {
            "paths": ",".join(self.query.getlist("path")),
            "file": self.query.get("file", ""),
            "page": number_in(page) if page else None,
        }

    def shape(self) -> None:
        self.fields["file"].choices = [("", "Not in a file of this request"), *self.sent]
        for group, places in groupby(self.places, key=lambda place: fact_words.group_of(place.path)):
            listed = list(places)
            if any(place.value is not None for place in listed):
                label = f"{fact_words.heading(group)}: the record says the same"
                self.fields[_same(group)] = forms.BooleanField(label=label, required=False)
            for place in listed:
                self.fields |= _fields(place)

    @cached_property
    def sent(self) -> list[tuple[str, str]]:
        """The files, by key and name."""
        rows = self.case.attachments.filter(revision__isnull=False)
        return [(str(file.pk), file.name) for file in rows]

    @cached_property
    def places(self) -> list[Place]:
        """The values that are asked for: those under the paths of the address, or else of the first facts sent."""
        known = read.readable(latest_revision(self.case))
        wanted = [path for path in str(self["paths"].value() or "")[:LONGEST_PATHS].split(",") if path]
        found = [place for path in dict.fromkeys(wanted) for place in _under(known, path)]
        sent = {fact_words.group_of(path): None for path, place in known.items() if place.value is not None}
        found = found or [place for group in list(sent)[:MOST] for place in _under(known, group)]
        groups = list(dict.fromkeys(fact_words.group_of(place.path) for place in found))[:MOST]
        by_group = {group: [] for group in groups}
        for place in dict.fromkeys(found):
            by_group.get(fact_words.group_of(place.path), []).append(place)
        return [place for listed in by_group.values() for place in listed]

    @cached_property
    def facts(self) -> list[Fact]:
        """The fields by fact, for the page."""
        rows = self.case.readings.filter(revision=latest_revision(self.case)).select_related("read_by")
        stand, since = latest(rows), clock_from(self.case) if self.case.round > 1 else None
        found: dict[str, Fact] = {}
        for place in self.places:
            group = fact_words.group_of(place.path)
            same = self[_same(group)] if _same(group) in self.fields else None
            fact = found.setdefault(group, Fact(fact_words.heading(group), same))
            label = fact_words.label(place.path) if group != place.path else ""
            fields = [self[place.path + part] for part in SHORT]
            for bound, words in zip(fields, SHORT.values(), strict=True):
                bound.label = words
            fact.values.append(
                Value(place, label, fact_words.said(place, place.value), _stands(place, stand, since), *fields)
            )
        return list(found.values())

    @property
    def where(self) -> list[BoundField]:
        return [self["file"], self["page"]]

    @property
    def shown_page(self) -> str:
        """The address of the page that is named, in the viewer; "" where none is."""
        file = next((one for one in self.case.attachments.all() if str(one.pk) == self["file"].value()), None)
        return Addresses(self.case).alone(file, self["page"].value() or 1) if file and not self.is_bound else ""

    def clean(self) -> Values:
        for place in self.places:
            found, value, why = (self.cleaned_data.get(place.path + part) for part in ("", VALUE, WHY))
            if (why or value not in (None, "")) and not found and place.path not in self.errors:
                self.add_error(place.path, WHICH)
            if found not in DIFFERENT:
                continue
            if value in (None, "") and place.path + VALUE not in self.errors:
                self.add_error(place.path + VALUE, read.NO_VALUE)
            if visible(why or "") < SHORTEST_REASON and place.path + WHY not in self.errors:
                self.add_error(place.path + WHY, read.WHY)
        if not self.errors and not self.values()["findings"]:
            first = self.places[0]
            same = _same(fact_words.group_of(first.path))
            self.add_error(same if same in self.fields else first.path, read.NOTHING)
        return self.cleaned_data

    def typed(self) -> list[tuple[str, str]]:
        words = {"True": "Yes"}
        return [(label, words.get(text, text)) for label, text in super().typed() if label != self["paths"].label]

    def values(self) -> Values:
        given = self.cleaned_data
        findings = []
        for place in self.places:
            found = given.get(place.path)
            if found in DIFFERENT:
                value = _json(place, given[place.path + VALUE])
                findings.append(Finding(place.path, found, value, given[place.path + WHY]))
            elif found:
                findings.append(Finding(place.path, found))
            elif place.value is not None and given.get(_same(fact_words.group_of(place.path))):
                findings.append(Finding(place.path, Found.SAME))
        file = given.get("file")
        row = Attachment.objects.for_actor(self.actor).filter(case=self.case, pk=file).first() if file else None
        return {"findings": findings, "file": row, "page": given.get("page")}


def _under(known: dict[str, Place], path: str) -> list[Place]:
    return [place for at, place in known.items() if at == path or at.startswith(f"{path}.")]


def _same(group: str) -> str:
    return f"same.{group}"


def _stands(place: Place, stand: dict[str, Reading], since: dt.datetime | None) -> str:
    one = stand.get(place.path)
    if one is None:
        return ""
    return f"{reader(one, since)} read the same." if one.found == Found.SAME else read_words(place, one, since)


def _fields(place: Place) -> dict[str, forms.Field]:
    """What was found, the other value in the type of the fact, and why the one or the other counts."""
    name = fact_words.named(place.path)
    offered = OTHERWISE if place.value is not None else OTHERWISE[:2]
    return {
        place.path: forms.ChoiceField(
            label=f"{name}: in the record",
            required=False,
            choices=offered,
            widget=forms.RadioSelect,
        ),
        place.path + VALUE: _value_field(place, f"{name}: what the record says"),
        place.path + WHY: forms.CharField(
            label=f"{name}: why this one counts",
            help_text="In 20 characters or more, kept with your name.",
            required=False,
            max_length=LONGEST_REASON,
            widget=forms.Textarea(attrs={"rows": 2}),
        ),
    }


def _value_field(place: Place, label: str) -> forms.Field:
    if choices := fact_words.choices(place):
        return forms.ChoiceField(label=label, required=False, choices=[("", "Select"), *choices])
    if place.kind is dt.date:
        return day_field(label, required=False)
    if place.kind is int:
        return forms.IntegerField(label=label, required=False, min_value=0, max_value=read.HIGHEST)
    if place.kind is float:
        wrong = {"invalid": "Write a number, like -2.7."}
        return forms.FloatField(label=label, required=False, error_messages=wrong)
    return forms.CharField(label=label, required=False, max_length=LONGEST_TEXT)


def _json(place: Place, value: Any) -> Any:
    """A value of the form as facts v1 has it."""
    if place.kind is bool:
        return value == "yes"
    return value.isoformat() if isinstance(value, dt.date) else value
