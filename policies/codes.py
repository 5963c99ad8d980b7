"""Code systems as validated types.

Each type is a `str` made by `parse(text)`, which trims, upper-cases and checks, and raises `CodeError` with a
sentence for the person who typed it. Whether a code exists or is covered is not decided here.
"""

import re
from collections.abc import Sequence
from typing import ClassVar, Final, Literal, Self, get_args

Region = Literal["C", "T", "L", "S", "COCCYX"]

LEVELS: Final = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 6)),
    *(f"S{n}" for n in range(1, 6)),
    "COCCYX",
)
_REGION: Final[dict[str, Region]] = {
    level: region for region in get_args(Region) for level in LEVELS if level.startswith(region)
} | {"COCCYX": "COCCYX"}


class CodeError(ValueError):
    """A code that cannot be right; `str(error)` is a sentence that says what would be."""


class Code(str):
    """A trimmed, upper-case code that matches the pattern of its system."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]]
    problem: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        code = text.strip().upper()
        if not cls.pattern.fullmatch(code):
            raise CodeError(cls.problem)
        return cls(code)


class ProcedureCode(Code):
    """CPT (five digits, or four and a letter) or HCPCS level II (a letter and four digits)."""

    __slots__ = ()
    pattern = re.compile(r"[0-9]{5}|[0-9]{4}[AFMTU]|[A-V][0-9]{4}")
    problem = "A CPT or HCPCS code has five characters, such as 22511 or 0200T."


class Icd10Pcs(Code):
    """ICD-10-PCS: seven characters, without the letters I and O."""

    __slots__ = ()
    pattern = re.compile(r"[0-9A-HJ-NP-Z]{7}")
    problem = "An ICD-10-PCS code has seven characters, without the letters I and O, such as 0QU03JZ."


class Icd10Cm(Code):
    """ICD-10-CM: a letter, a digit, a letter or digit, then up to four more after a point."""

    __slots__ = ()
    pattern = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
    problem = "An ICD-10-CM code is a letter, a digit and up to five more characters, such as M80.08XA."

    @classmethod
    def parse(cls, text: str) -> Self:
        code = text.strip().upper()
        if len(code) > 3 and "." not in code:
            code = f"{code[:3]}.{code[3:]}"
        return super().parse(code)


class Npi(Code):
    """National Provider Identifier: ten digits, the last of which checks the others (Luhn over 80840 + NPI)."""

    __slots__ = ()
    pattern = re.compile(r"[0-9]{10}")
    problem = "An NPI has exactly 10 digits."
    check_problem: ClassVar[str] = "This NPI does not pass its check digit: one of its digits is mistyped."

    @classmethod
    def parse(cls, text: str) -> Self:
        npi = super().parse(text)
        if not luhn_holds("80840" + npi):
            raise CodeError(cls.check_problem)
        return npi


class Level(Code):
    """A vertebral level: C1-C7, T1-T12, L1-L5, S1-S5, COCCYX."""

    __slots__ = ()
    pattern = re.compile("|".join(LEVELS))
    problem = "A level is C1 to C7, T1 to T12, L1 to L5, S1 to S5, or COCCYX."

    @property
    def region(self) -> Region:
        return _REGION[self]


_TO = re.compile(r" ?(?:[-–—]|\bTO\b|\bTHROUGH\b) ?")
_BETWEEN = re.compile(r"(?:[ ,;/&+]|\bAND\b)+")


def read_levels(text: str) -> list[str]:
    """The levels that a text names, in its order: `T12, L1`, `t12 and l1`, `T11-L1`, `L1-3`. Raises CodeError for what
    is no level, and for one that is named twice."""
    found: list[str] = []
    for part in filter(None, _BETWEEN.split(_TO.sub("-", " ".join(text.upper().split())))):
        for level in _run(part):
            if level in found:
                raise CodeError(f"{level} is given twice: name each level once.")
            found.append(level)
    return found


def _run(part: str) -> Sequence[str]:
    """`T11-L1` or `L1-3` as levels, `L1` as itself; a lone number goes up in the region of the first."""
    first, to, last = part.partition("-")
    try:
        start = LEVELS.index(Level.parse(first))
        end = LEVELS.index(Level.parse(first[:1] + last if last.isdigit() else last)) if to else start
        if last.isdigit() and end < start:
            raise CodeError(Level.problem)
    except CodeError as problem:
        raise CodeError(f"“{part[:20]}” is not a level. {problem}") from None
    return LEVELS[min(start, end) : max(start, end) + 1]


def region_of(level: str) -> Region:
    """The region of a level name that is already known to be valid."""
    return _REGION[level]


def luhn_holds(digits: str) -> bool:
    """Whether the last digit of a string of digits is its Luhn check digit."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
