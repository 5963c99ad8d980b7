"""The spine: which levels are asked for, and at which a study found something. From facts v1 alone."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from policies.codes import LEVELS
from policies.vocabulary import words

ROW: Final = 16
LINKED: Final = 32  # a row to press
WIDTH: Final = 300
MIDDLE: Final = 74
TAIL: Final = "COCCYX"
WIDTHS: Final = {"C": 30, "T": 40, "L": 52, "S1": 44, "S2": 38, "S3": 32, "S4": 26, "S5": 20, TAIL: 20}
LONGEST: Final = 26  # characters beside a level; the table has all of them
NONE: Final[Mapping[str, str]] = {}


class Vertebra(NamedTuple):
    """One level: `requested` fills its box, `found` (what studies say) hatches the half of it, or the whole box.
    `report` is the address of the study that found it; then the row is `high` enough to press, from `top` on."""

    name: str
    y: int
    x: int
    width: int
    requested: bool
    found: str
    beside: str
    report: str

    @property
    def top(self) -> int:
        return self.y - (self.high - ROW) // 2

    @property
    def high(self) -> int:
        return LINKED if self.report else ROW

    @property
    def half(self) -> int:
        return self.x + self.width // 2

    @property
    def half_width(self) -> int:
        return self.width - self.width // 2

    @property
    def says(self) -> str:
        return "; ".join(filter(None, ["requested" if self.requested else "", self.found]))


class Spine(NamedTuple):
    height: int
    vertebrae: tuple[Vertebra, ...]
    description: str

    @property
    def linked(self) -> bool:
        """Whether a level leads to its study."""
        return any(vertebra.report for vertebra in self.vertebrae)

    @property
    def told(self) -> list[Vertebra]:
        """The levels of which something is said: the table."""
        return [vertebra for vertebra in self.vertebrae if vertebra.says]


def draw(facts: Mapping[str, Any], reports: Mapping[str, str] = NONE) -> Spine:
    """The spine from C1 to S5, with the coccyx only where it is named. `reports` are addresses of studies, by level."""
    requested = {level for line in facts["lines"] for level in line.get("levels") or ()}
    found = {name: findings((level or {}).get("imaging") or ()) for name, level in facts["levels"].items()}
    names = [name for name in LEVELS if name != TAIL or TAIL in requested | set(found)]
    vertebrae: list[Vertebra] = []
    bottom = 4
    for name in names:
        vertebrae.append(_vertebra(name, bottom, name in requested, found.get(name, ""), reports.get(name, "")))
        bottom += vertebrae[-1].high
    told = [f"{vertebra.name}: {vertebra.says}" for vertebra in vertebrae if vertebra.says]
    description = ". ".join(told) + "." if told else "No level is requested, and no study names a finding."
    return Spine(bottom + 4, tuple(vertebrae), description)


def _vertebra(name: str, top: int, requested: bool, found: str, report: str) -> Vertebra:
    width = WIDTHS.get(name) or WIDTHS[name[0]]
    says = "; ".join(filter(None, ["requested" if requested else "", found]))
    beside = says if len(says) <= LONGEST else says[: LONGEST - 1].rstrip() + "…"
    report = report if found else ""
    y = top + (LINKED - ROW) // 2 if report else top
    return Vertebra(name, y, MIDDLE - width // 2, width, requested, found, beside, report)


def findings(entries: Iterable[Mapping[str, Any]]) -> str:
    """What studies found at a level, in words; `entries` are those of facts v1 (`levels.*.imaging`)."""
    return "; ".join(dict.fromkeys(f"{words(entry['finding'])} ({words(entry['modality'])})" for entry in entries))
