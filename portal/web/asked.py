"""A question of the plan, item by item: the criterion that each serves and the exact fields that answer it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.forms.boundfield import BoundField

from policies.edition import Edition
from portal.web.request_form import RequestForm
from portal.web.rows import GROUPS, Raw, count

# Fields by the measure of a criterion. `level` and `exam` are parts of the level that is asked about; a group's name
# stands for all its rows.
ONSET = ("level.onset", "level.onset_source")
PAIN = ("pain.pain_present", "pain.pain_score", "pain.pain_word", "pain.pain_date")
STAY = ("pain.hospital", "pain.hospital_reason", "pain.admit_date", "pain.discharge_date")
WALKING = ("pain.walking", "pain.walking_cause", "pain.walking_before", "pain.analgesia_hours")
OF_A_MEASURE = {
    "osteoporotic_fracture": ("bone.t_score", "bone.osteoporosis_dx", "level.etiology", "level.mechanism"),
    "pain_present": PAIN,
    "pain_severity": PAIN,
    "treated_days": (*ONSET, "treated.treated", "treatments"),
    "treatment_response": ("response.response",),
    "examination": ("exam.exam", "exam.exam_date"),
    "other_pain_source": ("exam.other_source", "exam.other_source_name"),
    "purpose": ("level.purpose",),
    "lesion_pattern": ("level.lesion_pattern", "level.lesion_source"),
    "lesion_source": ("level.lesion_source", "level.etiology"),
    "fracture_verdict": ("imaging",),
    "lesion_verdict": ("imaging",),
    "lesion_with_fracture": ("imaging",),
    "study_within_days": ("imaging",),
    "fracture_age_below": ONSET,
    "hospital_or_walking": (*STAY, *WALKING),
}
# What a line or the request lacks besides facts of a level: the fields, and the words where a criterion has its label.
OF_THE_REQUEST = {
    "code": (("lines",), "Procedure code"),
    "primary_code": (("lines",), "Procedure code"),
    "technique": (("lines",), "What the note describes"),
    "units": (("lines",), "Units"),
    "level": (("lines",), "Levels of the procedure"),
    "product": (("member.product",), "Member's plan"),
    "setting": (("plan.setting",), "Where it will be done"),
}


@dataclass
class AskedItem:
    """One item of a question. `serves` is the criterion; `fields` and `groups` are what stands under it on the page,
    `shared` the numbers of the items under which the rest stands; `names` are all fields of the form that answer it."""

    place: int
    ask: str
    level: str
    serves: str
    fields: list[BoundField] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    shared: list[int] = field(default_factory=list)
    names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    answered: Mapping[str, Any] = field(default_factory=dict)
    wrong: str = ""

    @property
    def number(self) -> int:
        return self.place + 1

    def is_about(self, name: str) -> bool:
        """Whether a field of the form, by its name, answers this item."""
        return name in self.names or name.startswith(self.prefixes)


def items(questions: Iterable[Mapping[str, Any]], form: RequestForm) -> list[AskedItem]:
    """The items of a question with their fields; each field stands once on the page, under the first that needs it."""
    found: list[AskedItem] = []
    shown: dict[str, int] = {}
    for place, question in enumerate(questions):
        wanted, serves = _wanted(question["criterion"], form.edition)
        level = question.get("level") or ""
        item = AskedItem(place, question["ask"], level, serves)
        bound = [one for path in wanted if path not in GROUPS for one in _bound(form, path, level)]
        item.names = frozenset(one.html_name for one in bound)
        groups = [path for path in wanted if path in GROUPS]
        item.prefixes = tuple(f"{group}-" for group in groups)
        item.fields = [one for one in bound if shown.setdefault(one.html_name, item.number) == item.number]
        item.groups = [group for group in groups if shown.setdefault(group, item.number) == item.number]
        places = {shown[name] for name in (*item.names, *groups)}
        item.shared = sorted(places - {item.number})
        found.append(item)
    return found


def _wanted(criterion: str, edition: Edition) -> tuple[tuple[str, ...], str]:
    """The fields that answer a criterion, and its label; none for one that the form has no field for."""
    if criterion in OF_THE_REQUEST:
        return OF_THE_REQUEST[criterion]
    for name, one in edition.document.criteria.items():
        if criterion in (name, one.id):
            return OF_A_MEASURE.get(one.measure, ()), one.label
    return (), ""


def _bound(form: RequestForm, path: str, level: str) -> list[BoundField]:
    """The bound field at a path; nothing where the form has no row for the level."""
    part_name, _, name = path.partition(".")
    if part_name not in ("level", "exam"):
        return [getattr(form, part_name)[name]]
    rows = [row for row in form.levels if row.name == level]
    return [(row.part if part_name == "level" else row.exam)[name] for row in rows[:1]]


def differences(sent: Raw, typed: Raw) -> Raw:
    """The fields that say something else than what was sent: emptied ones with no text. A number of rows counts only
    where it is not the usual one, so that a page that was merely opened and posted differs in nothing."""
    names = dict.fromkeys([*sent, *typed])
    return {name: typed.get(name, []) for name in names if _says(sent, name) != _says(typed, name)}


def overlaid(sent: Raw, changes: Raw) -> Raw:
    """What was sent, with the changes of a draft."""
    return {name: values for name, values in {**sent, **changes}.items() if values}


def together(theirs: Raw, mine: Raw) -> tuple[Raw, list[str]]:
    """Both people's changes, mine where both changed the same, and the names of those."""
    clash = [name for name in mine if name in theirs and theirs[name] != mine[name]]
    return {**theirs, **mine}, clash


def _says(raw: Raw, name: str) -> Any:
    group = name.removesuffix("-count")
    if group in GROUPS:
        return count(raw, group)
    return [text.strip().replace("\r\n", "\n") for text in raw.get(name, []) if text.strip()]
