"""The criteria of a case as rows: what was computed, from which facts, and what reviewers say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from django.forms.boundfield import BoundField

from priorauth.admin import certainty
from priorauth.admin.provenance import Cited, Origins
from priorauth.models import Assessment, Judgement
from priorauth.models.judgement import CERTAINTY
from priorauth.services.judge import Marks

Story = Mapping[str, Any]
Key = tuple[str, str]  # level, criterion
KEYS = 9  # rows that a digit reaches

# By computed state: the verdicts in the order of the page, each with its words. The first agrees.
CHOICES = {
    "met": (("met", "Agree"), ("not_met", "No"), ("unknown", "Needs more")),
    "not_met": (("not_met", "Agree"), ("met", "No: met"), ("unknown", "Needs more")),
    "unknown": (("unknown", "Agree"), ("not_met", "No: not met"), ("met", "Met")),
}
JUDGED = (("met", "Yes"), ("not_met", "No"), ("unknown", "Needs more"))


class Mark(NamedTuple):
    """A reviewer's mark in words."""

    row: Judgement
    word: str


@dataclass
class Row:
    """One criterion of one pathway of one level.

    `carries`: a pathway that asks it was found met. `marked_in` is the row in which its mark is asked for, where that
    is another one. `marks` are those of everybody that may be shown, `own` the reader's, `fell` the reader's of before
    a reading, where they have to mark it anew. `verdict` and `reason` are its fields in the form of marks, for who may
    mark; `ready` are sentences for the reason, `sides` exam and imaging for the judgement on certainty.
    """

    number: int
    place: str
    level: str
    told: Story
    cited: list[Cited]
    carries: bool
    marked_in: int | None = None
    marks: list[Mark] = field(default_factory=list)
    own: Judgement | None = None
    fell: Judgement | None = None
    hidden: bool = False
    verdict: BoundField | None = None
    reason: BoundField | None = None
    ready: list[str] = field(default_factory=list)
    sides: list[certainty.Level] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return self.level, self.told["criterion"]

    @property
    def name(self) -> str:
        """The name of its field in the form of marks."""
        return ".".join(self.key)

    @property
    def digit(self) -> str:
        return str(self.number) if self.number <= KEYS else ""

    @property
    def is_certainty(self) -> bool:
        return self.told["criterion"] == CERTAINTY

    @property
    def choices(self) -> Sequence[tuple[str, str]]:
        return JUDGED if self.told["confirm"] else CHOICES[self.told["state"]]

    @property
    def sum(self) -> str:
        """The end of the arithmetic: what was found, and what is asked."""
        return self.told["arithmetic"].rpartition(" = ")[2]

    @property
    def folded(self) -> bool:
        """Whether its facts stand one click away, behind their sum."""
        return (
            bool(self.told["arithmetic"]) and len(self.cited) + len(self.cited[0].sentences if self.cited else ()) > 2
        )


class Pathway(NamedTuple):
    told: Story
    rows: list[Row]


class Level(NamedTuple):
    """One level: the pathways that are open (or the closest, where none is), then those that are ruled out."""

    told: Story
    open: list[Pathway]
    closed: list[Story]


class Line(NamedTuple):
    told: Story
    levels: list[Level]


class Table(NamedTuple):
    lines: list[Line]

    @property
    def rows(self) -> list[Row]:
        return [row for line in self.lines for level in line.levels for path in level.open for row in path.rows]

    @property
    def markable(self) -> list[Row]:
        """The rows in which a mark is asked for: a criterion of two pathways has one mark."""
        return [row for row in self.rows if row.marked_in is None]

    @property
    def again(self) -> list[Row]:
        """The rows that the reader has to mark anew, since a reading changed what they were computed from."""
        return [row for row in self.markable if row.fell]


def table(assessment: Assessment | None, origins: Origins) -> Table:
    """The rows of a stored explanation, numbered through; a level that two lines name is told once."""
    teller, found, told = _Teller(origins), [], set()
    for line in assessment.explanation["lines"] if assessment else ():
        new = [level for level in line["levels"] if level["level"] not in told]
        told |= {level["level"] for level in new}
        found.append(Line(line, [teller.level(level) for level in new]))
    return Table(found)


class _Teller:
    """Numbers the rows and remembers in which of them a criterion came first."""

    def __init__(self, origins: Origins) -> None:
        self._origins, self._numbers = origins, count(1)
        self._first: dict[Key, Row] = {}

    def level(self, level: Story) -> Level:
        paths = level["pathways"]
        shown = [path for path in paths if path["state"] != "not_met"]
        shown = shown or [path for path in paths if path["pathway"] == level.get("closest", paths[0]["pathway"])]
        closed = [path for path in paths if path not in shown]
        return Level(level, [Pathway(path, list(self._rows(level["level"], path))) for path in shown], closed)

    def _rows(self, level: str, path: Story) -> Iterator[Row]:
        for place, told in enumerate(path["criteria"], start=1):
            # Words of before this release do not say which fact they repeat; the office typed them all.
            paths = told.get("paths") or ["lines"] * len(told["found"])
            cited = self._origins.cited(told["found"], paths)
            row = Row(next(self._numbers), f"{path['pathway']}{place}", level, told, cited, path["state"] == "met")
            first = self._first.setdefault(row.key, row)
            first.carries = first.carries or row.carries
            row.marked_in = first.number if first is not row else None
            yield row


def note_marks(rows: Sequence[Row], made: Marks, reader: int, *, blind: bool) -> None:
    """Write the marks of the latest revision into the rows, the latest of each person. `blind`: a reader who is to
    judge first; what others said of a criterion is kept from them until they marked it."""
    latest = {(mark.level, mark.criterion, mark.judged_by_id): mark for mark in made.counting}
    fallen = made.fallen_of(reader)
    for row in rows:
        row.fell = fallen.get(row.key)
        marks = [mark for (*key, _), mark in latest.items() if tuple(key) == row.key]
        row.own = next((mark for mark in marks if mark.judged_by_id == reader), None)
        row.hidden = blind and row.own is None and bool(marks)
        words = dict(row.choices)
        row.marks = [] if row.hidden else [Mark(mark, words.get(mark.verdict, "")) for mark in marks]
