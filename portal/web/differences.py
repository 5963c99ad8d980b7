"""Two versions of one form, question by question: where they differ, what each says in words, and what comes of the
choices. Nothing is in either version that cannot be chosen."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from portal.web import rows
from portal.web.alignment import IDENTITY, ROW, in_line, rows_of, said
from portal.web.fields import Choice
from portal.web.intake import governing
from portal.web.request_form import RequestForm
from portal.web.rows import GROUPS, Raw
from portal.web.summary import NOT_PROVIDED
from portal.web.ticks import Findings, Ticks
from portal.web.typed_form import SECTIONS
from portal.web.words import ASK_NOTHING
from priorauth.models import Attachment

MINE, THEIRS = "mine", "theirs"
ROW_WORDS = {"lines": "Line", "levels": "Level", "imaging": "Study", "treatments": "Treatment"}
NO_SUCH_ROW = "Not there"
REPORT = "Report file"
FULL = 100  # rows: of two versions together a group may have more than a request can


@dataclass(frozen=True)
class Difference:
    """One question, or one row that only one version has. `key` names it in a post; `chosen` is MINE or THEIRS, or ""
    where both changed it."""

    key: str
    section: str
    about: str
    question: str
    mine: str
    theirs: str
    chosen: str

    @property
    def field(self) -> str:
        return f"choose.{self.key}"


@dataclass
class Differences:
    """What two versions of a draft, and the one from which both began, say differently.

    `attachments` are the case's files by their uuid, `choices` MINE or THEIRS by the key of a difference, "" for none.
    """

    mine: Raw
    theirs: Raw
    base: Raw
    attachments: Mapping[str, Attachment]
    choices: defaultdict[str, str] = field(default_factory=lambda: defaultdict(str))

    def __post_init__(self) -> None:
        self.mine, self.theirs, self.base = in_line(self.mine, self.theirs, self.base)
        self.questions = _questions()
        versions = (self.mine, self.theirs, self.base)
        self.rows = {group: [rows_of(raw, group, most=FULL) for raw in versions] for group in GROUPS}
        self.all = sorted(self._find(), key=lambda one: self._place(one.key))

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.all)

    @property
    def open(self) -> list[Difference]:
        """Those that nobody has chosen yet."""
        return [one for one in self.all if not one.chosen]

    def merged(self) -> Raw:
        """The form that the choices make. Raises rows.TooMany where a group has more rows than a request can have."""
        chosen = {one.key: one.chosen for one in self.all}
        raw = {**self.theirs, **self.mine}
        for key, choice in chosen.items():
            version = self.mine if choice == MINE else self.theirs
            raw.pop(key, None)
            if key in version:
                raw[key] = version[key]
        for group, limit in GROUPS.items():
            left_out = self._left_out(group, chosen)
            for number in left_out:
                raw = rows.remove(raw, group, number)
            stay = int(self.mine[f"{group}-count"][0]) - len(left_out)
            if stay > limit.most:
                too_many = f"A request can have {limit.most} {limit.many}, and your choice has {stay}"
                raise rows.TooMany(f"{too_many}: leave some out.")
            raw[f"{group}-count"] = [str(max(stay, 1))]
        return raw

    def _left_out(self, group: str, chosen: Mapping[str, str]) -> list[int]:
        """The rows that one version has and the other, which was chosen, has not; the last first."""
        has = {number: MINE if number in self.rows[group][0] else THEIRS for number in self._one_sided(group)}
        return sorted((number for number in has if chosen[f"{group}.{number}"] != has[number]), reverse=True)

    def _find(self) -> Iterator[Difference]:
        one_sided = {(group, number) for group in GROUPS for number in self._one_sided(group)}
        for group, number in one_sided:
            yield self._row(group, number)
        for name in {*self.mine, *self.theirs}:
            match = ROW.fullmatch(name)
            if match and (match["group"], int(match["index"])) in one_sided:
                continue
            if self._asked(name) and said(self.mine.get(name, [])) != said(self.theirs.get(name, [])):
                yield self._question(name)

    def _one_sided(self, group: str) -> set[int]:
        mine, theirs, _ = self.rows[group]
        return mine.keys() ^ theirs.keys()

    def _row(self, group: str, number: int) -> Difference:
        mine, theirs, was = (one.get(number) for one in self.rows[group])
        has, other = (MINE, THEIRS) if mine is not None else (THEIRS, MINE)
        words = self._row_in_words(group, number, self.mine if has == MINE else self.theirs)
        changed = (mine if has == MINE else theirs) != was  # and the other took it out: a person chooses
        key = f"{group}.{number}"
        return Difference(
            key,
            SECTIONS[self._first(group).section],
            self._about(group, number),
            "Is it part of the request?",
            words if has == MINE else NO_SUCH_ROW,
            words if has == THEIRS else NO_SUCH_ROW,
            self.choices[key] or (has if was is None else "" if changed else other),
        )

    def _question(self, name: str) -> Difference:
        match, asked = ROW.fullmatch(name), self.questions[_pattern(name)]
        mine, theirs, base = (said(raw.get(name, [])) for raw in (self.mine, self.theirs, self.base))
        return Difference(
            name,
            SECTIONS[asked.section],
            self._about(match["group"], int(match["index"])) if match else "",
            self._label(name),
            self._words(name, self.mine),
            self._words(name, self.theirs),
            self.choices[name] or (MINE if theirs == base else THEIRS if mine == base else ""),
        )

    def _first(self, group: str) -> "_Asked":
        """The question that comes first in a row of the group."""
        return self.questions[f"{group}-0-{IDENTITY[group][0]}"]

    def _asked(self, name: str) -> bool:
        return _pattern(name) in self.questions

    def _place(self, key: str) -> tuple[int, int, int, str]:
        """Where it stands on the page: its part, its row, its question; a row before its questions."""
        group, dot, number = key.partition(".")
        if dot:
            return self._first(group).part, int(number), -1, ""
        match, asked = ROW.fullmatch(key), self.questions[_pattern(key)]
        return asked.part, int(match["index"]) if match else 0, asked.place, key

    def _label(self, name: str) -> str:
        question = self.questions[_pattern(name)].field
        if isinstance(question, Findings):
            return f"What does the report say about {self._about('levels', int(ROW.fullmatch(name)['level']))}?"
        return REPORT if name.endswith("-attachment") else question.words

    def _about(self, group: str, number: int) -> str:
        """`Level L1`, `Study 2: MRI, 10/2/2026`."""
        for raw in (self.mine, self.theirs):
            names = (f"{group}-{number}-{part}" for part in IDENTITY[group])
            words = ", ".join(text for name in names if (text := self._words(name, raw)) != NOT_PROVIDED)
            if words:
                return f"Level {words}" if group == "levels" else f"{ROW_WORDS[group]} {number + 1}: {words}"
        return f"{ROW_WORDS[group]} {number + 1}"

    def _row_in_words(self, group: str, number: int, raw: Raw) -> str:
        names = [name for name in raw if name.startswith(f"{group}-{number}-") and self._asked(name)]
        names = sorted((name for name in names if said(raw[name])), key=self._place)
        labels = (self._label(name) for name in names)
        labels = (label if label.endswith("?") else f"{label}:" for label in labels)
        told = (f"{label} {self._words(name, raw)}" for label, name in zip(labels, names, strict=True))
        return "\n".join(told) or NOT_PROVIDED

    def _words(self, name: str, raw: Raw) -> str:
        texts = [text for text in raw.get(name, []) if text.strip()]
        question = self.questions[_pattern(name)].field
        if name.endswith("-attachment"):
            texts = [self.attachments[text].name if text in self.attachments else "A file" for text in texts]
        elif isinstance(question, Choice | Ticks):
            texts = [dict(question.choices).get(text, text) for text in texts]
        elif question.or_not_recorded:
            texts = [dict(ASK_NOTHING).get(text, text) for text in texts]
        return "; ".join(texts) or NOT_PROVIDED


class _Asked(NamedTuple):
    """A question of the form: its part and its place in it, counted down the page, its section, and its field."""

    part: int
    place: int
    section: str
    field: Any


def _questions() -> dict[str, _Asked]:
    """Every question of the form, by the name that it has in the first row of its group."""
    form = RequestForm({}, dt.date.min, governing({}))
    parts = ((section, part) for section, parts in form.sections().items() for part in parts)
    return {
        bound.html_name: _Asked(number, place, section, bound.field)
        for number, (section, part) in enumerate(parts)
        for place, bound in enumerate(part)
    }


def _pattern(name: str) -> str:
    """The name of the same question in the first row."""
    return re.sub(r"-[0-9]{1,2}(?=-|$)", "-0", name)
