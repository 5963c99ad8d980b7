"""The request form as it was typed: eight sections, their rows and files, and every problem in page order."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.forms.boundfield import BoundField

from policies.edition import Edition
from portal.web import levels, parts
from portal.web.applies import applies
from portal.web.fields import Date
from portal.web.part import Part
from portal.web.parts import ExamPart, LevelPart, LinePart, StudyPart, TreatmentPart
from portal.web.rows import Raw, count
from priorauth.models import Attachment

SECTIONS = {
    "member": "Member",
    "planned": "What is planned",
    "levels": "Fracture or lesion",
    "pain": "Pain, walking and hospital",
    "exam": "Examination",
    "imaging": "Imaging studies",
    "treatments": "Treatment tried",
    "contact": "Who can we ask?",
}


@dataclass(frozen=True)
class Problem:
    """One message, and the id of the input that it is about."""

    input_id: str
    message: str


@dataclass
class Level:
    """One level row: its questions in the third and in the fifth section."""

    part: LevelPart
    exam: ExamPart

    @property
    def name(self) -> str:
        return self.part.answers["name"]

    @property
    def is_blank(self) -> bool:
        return self.part.is_blank and self.exam.is_blank


@dataclass
class Study:
    part: StudyPart
    attachment: Attachment | None
    file_problem: str = ""

    @property
    def is_blank(self) -> bool:
        return self.part.is_blank and self.attachment is None


@dataclass
class TypedForm:
    """`raw` is what was typed, `today` the plan's calendar day, `attachments` the case's files by their uuid.

    `file_problems` are messages by the name of the file's input; `sent_on` is the day of the first sending, where there
    was one.
    """

    raw: Raw
    today: dt.date
    edition: Edition
    attachments: Mapping[str, Attachment] = field(default_factory=dict)
    file_problems: Mapping[str, str] = field(default_factory=dict)
    sent_on: dt.date | None = None

    def __post_init__(self) -> None:
        self.member = self._part(parts.MemberPart)
        planned = levels.in_the_box(self.raw)
        self.plan = parts.PlanPart(planned, today=self.today, asked_on=self.sent_on or self.today)
        self.people = self._part(parts.PeoplePart)
        self.diagnoses = self._part(parts.DiagnosisPart)
        self.bone = self._part(parts.BonePart)
        self.pain = self._part(parts.PainPart)
        self.safety = self._part(parts.SafetyPart)
        self.treated = self._part(parts.TreatedPart)
        self.response = self._part(parts.ResponsePart)
        self.contact = self._part(parts.ContactPart)
        self.lines: list[LinePart] = self._rows("lines", LinePart, "Line")
        exams = self._rows("levels", ExamPart, "Level")
        self.levels = [
            Level(part, exam) for part, exam in zip(self._rows("levels", LevelPart, "Level"), exams, strict=True)
        ]
        for number, level in enumerate(self.levels, start=1):
            level.part.about = level.exam.about = level.part.typed_name or f"Level {number}"
        self.studies = self._studies()
        self.file_problems = self._viruses() | dict(self.file_problems)
        for study in self.studies:
            study.file_problem = self.file_problems.get(study.part.file_name, "")
        self.treatments: list[TreatmentPart] = self._rows("treatments", TreatmentPart, "Treatment")

    def _part(self, kind: type[Part]) -> Any:
        return kind(self.raw, today=self.today)

    def _rows(self, group: str, kind: type[Part], word: str, **options: Any) -> list[Any]:
        return [
            kind(self.raw, today=self.today, prefix=f"{group}-{index}", about=f"{word} {index + 1}", **options)
            for index in range(count(self.raw, group))
        ]

    def _studies(self) -> list[Study]:
        names = [level.name or f"level {number}" for number, level in enumerate(self.levels, start=1)]
        rows = self._rows("imaging", StudyPart, "Study", level_names=names)
        return [Study(part, self.attachments.get(part.answers["attachment"])) for part in rows]

    def _viruses(self) -> dict[str, str]:
        """What is to be done about each infected file that was not sent yet, by the name of its input."""
        places = [(study.part.file_name, study.attachment) for study in self.studies if study.attachment]
        places += [("other_file", attachment) for attachment in self.other_attachments]
        return {
            place: f"A virus was found in {attachment.name}. Remove it, and add a new copy."
            for place, attachment in places
            if attachment.scan == Attachment.Scan.INFECTED and attachment.revision_id is None
        }

    def sections(self) -> dict[str, list[Part]]:
        """The parts of each section, in page order."""
        return {
            "member": [self.member],
            "planned": [self.plan, *self.lines, self.people],
            "levels": [self.bone, *(level.part for level in self.levels), self.diagnoses],
            "pain": [self.pain],
            "exam": [*(level.exam for level in self.levels), self.safety],
            "imaging": [study.part for study in self.studies],
            "treatments": [self.treated, *self.treatments, self.response],
            "contact": [self.contact],
        }

    def problems_of(self, section: str) -> Iterator[Problem]:
        for part in self.sections()[section]:
            for bound, message in part.problems():
                yield Problem(bound.auto_id, message)
            if isinstance(part, StudyPart) and (message := self.file_problems.get(part.file_name)):
                yield Problem(f"id_{part.file_name}", message)
        if section == "contact" and self.other_file_problem:
            yield Problem("id_other_file", self.other_file_problem)

    @property
    def problems(self) -> list[Problem]:
        return [problem for section in SECTIONS for problem in self.problems_of(section)]

    @property
    def titles(self) -> dict[str, str]:
        return SECTIONS

    @property
    def is_retrospective(self) -> bool:
        """Whether the question why it is asked after the procedure is to be seen."""
        return applies(self.plan, "retrospective_reason") or not self.plan.is_unsaid("retrospective_reason")

    @property
    def dates(self) -> Iterator[BoundField]:
        """Every date that is asked for."""
        for parts_of in self.sections().values():
            for part in parts_of:
                yield from (part[name] for name, field in part.fields.items() if isinstance(field, Date))

    @property
    def months(self) -> Iterator[tuple[TreatmentPart, str]]:
        """The dates of treatments that were given as a month, or as some days: the row, and "start" or "end"."""
        for treatment in self.treatments:
            for name in ("start", "end"):
                typed = treatment.answers[name]
                if treatment.answers["modality"] and typed and not typed.is_day:
                    yield treatment, name

    @property
    def other_file_problem(self) -> str:
        return self.file_problems.get("other_file", "")

    @property
    def known_levels(self) -> list[str]:
        """The levels that were named, each once, in the order of the page."""
        return list(dict.fromkeys(level.name for level in self.levels if level.name))

    @property
    def held(self) -> list[Attachment]:
        """The files that were not sent yet."""
        return [attachment for attachment in self.attachments.values() if attachment.revision_id is None]

    @property
    def other_attachments(self) -> list[Attachment]:
        """The files that belong to no study."""
        linked = {study.attachment.pk for study in self.studies if study.attachment}
        return [attachment for attachment in self.attachments.values() if attachment.pk not in linked]
