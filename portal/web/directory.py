"""The office's own clinicians and facilities on the form: chosen from a list, or typed for somebody else.

A draft keeps the choice and, filled in from it, the typed fields: a sending reads these alone, so that it names whom
the list named on that day.
"""

from dataclasses import dataclass, field

from portal.web import rows
from portal.web.parts import PeoplePart
from portal.web.rows import Raw
from priorauth.models import OfficeClinician, OfficeFacility
from priorauth.models.directory import OfficeEntry
from priorauth.roles import Actor

OTHER = "other"
TYPED = {"clinician": ("npi", "name", "specialty", "phone"), "facility": ("npi", "name")}
ELSE = {"clinician": "Someone else", "facility": "Somewhere else"}
FIRST = {
    "clinician": "Choose the treating clinician, or “Someone else”.",
    "facility": "Choose the facility, or “Somewhere else”.",
}


@dataclass(frozen=True)
class Directory:
    """The entries that the form offers, by kind and then by their key as text."""

    entries: dict[str, dict[str, OfficeEntry]] = field(default_factory=dict)

    def choices(self, kind: str) -> list[tuple[str, str]]:
        """What the list of a kind shows; nothing where the office keeps none: then the fields are typed."""
        known = [(key, str(entry)) for key, entry in self.entries.get(kind, {}).items()]
        return [*known, (OTHER, ELSE[kind])] if known else []

    def settle(self, raw: Raw) -> Raw:
        """The form as typed, with the chosen entries' details; what was typed by hand is “Someone else”."""
        for kind in TYPED:
            raw = self._settled(raw, kind)
        return raw

    def offer(self, people: PeoplePart) -> None:
        """Give the two questions their choices; take out a question that has none."""
        for kind in TYPED:
            people.fields[kind].choices = self.choices(kind)
            if not people.fields[kind].choices:
                del people.fields[kind]

    def _settled(self, raw: Raw, kind: str) -> Raw:
        entries = self.entries.get(kind, {})
        chosen = rows.typed(raw, kind)
        if entry := entries.get(chosen):
            return raw | {f"{kind}_{name}": [text] for name, text in _details(entry, kind).items()}
        if not entries:
            return {name: values for name, values in raw.items() if name != kind}
        typed = {name: rows.typed(raw, f"{kind}_{name}") for name in TYPED[kind]}
        if not any(typed.values()):
            return raw | {kind: [OTHER if chosen == OTHER else ""]}
        same = (key for key, entry in entries.items() if _details(entry, kind) == typed)
        return raw | {kind: [next(same, OTHER)]}


NONE = Directory()


def of_office(actor: Actor) -> Directory:
    """What the actor's office keeps and has not retired, in two queries."""
    return Directory(
        {
            kind: {str(entry.pk): entry for entry in model.objects.for_actor(actor).filter(retired_at=None)}
            for kind, model in (("clinician", OfficeClinician), ("facility", OfficeFacility))
        }
    )


def unchosen(people: PeoplePart, kind: str) -> bool:
    """Whether the list of this kind is shown and nothing was chosen from it."""
    return kind in people.fields and not people.answers[kind]


def _details(entry: OfficeEntry, kind: str) -> dict[str, str]:
    return {name: getattr(entry, name) for name in TYPED[kind]}
