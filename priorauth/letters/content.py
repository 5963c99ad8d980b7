"""The content of a letter as plain frozen values: what is stored, and what HTML and PDF are both made from.

    Content     kind, title (the outcome), reference, day, letterhead, about (who and what), sections
    Section     heading, reader (whom it is written for), blocks
    a block     Heading, Paragraph, Bullets, Facts (label and value) or Table

A text of a fact or of a cell may have several lines.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from priorauth.letters.characters import printable

FORMAT: Final = 1
MEMBER, CLINICIAN, BOTH = "member", "clinician", "both"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    type: str = "heading"


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    type: str = "paragraph"


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[str, ...]
    type: str = "bullets"


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of (label, value)."""

    rows: tuple[tuple[str, str], ...]
    type: str = "facts"


@dataclass(frozen=True, slots=True)
class Table:
    """Four columns: a number that names the row, what it is about, a word, and the facts."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    type: str = "table"


Block = Heading | Paragraph | Bullets | Facts | Table
BLOCKS: Final = {"heading": Heading, "paragraph": Paragraph, "bullets": Bullets, "facts": Facts, "table": Table}


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    reader: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A letter. `title` says the outcome; `day` is the letter's date in the plan's time zone."""

    kind: str
    title: str
    reference: str
    day: dt.date
    letterhead: tuple[str, ...]
    about: Facts
    sections: tuple[Section, ...]
    format: int = FORMAT

    def as_dict(self) -> Json:
        """A JSON value with every text as it can be printed; `Content.of` reads it again."""
        return _plain(asdict(self))

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """The letter that was stored. Raises ValueError for a format that this portal does not know."""
        if stored["format"] != FORMAT:
            raise ValueError(f"a letter of format {stored['format']} cannot be read here")
        return cls(
            kind=stored["kind"],
            title=stored["title"],
            reference=stored["reference"],
            day=dt.date.fromisoformat(stored["day"]),
            letterhead=tuple(stored["letterhead"]),
            about=_block(stored["about"]),
            sections=tuple(
                Section(one["heading"], one["reader"], tuple(map(_block, one["blocks"]))) for one in stored["sections"]
            ),
        )

    def with_section(self, section: Section) -> Self:
        """The same letter with one section more at its end."""
        return replace(self, sections=(*self.sections, section))


def sha256(content: Mapping[str, Any]) -> str:
    """The digest of a stored letter, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """What a person wrote, a paragraph for each line."""
    return tuple(Paragraph(line) for line in printable(text).split("\n") if line)


def bullets(items: Sequence[str]) -> Bullets:
    return Bullets(tuple(items))


def facts(*rows: tuple[str, str]) -> Facts:
    """Rows without those that have no value."""
    return Facts(tuple((label, printed) for label, value in rows if (printed := printable(value))))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _block(stored: Mapping[str, Any]) -> Any:
    """One block out of its JSON value, lists as tuples again."""
    return BLOCKS[stored["type"]](**{name: _frozen(value) for name, value in stored.items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
