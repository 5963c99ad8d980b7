"""What to look for on the page that a fact cites: the fact in the ways that people write it. Pure.

A fact has a place but no quotation, so these are derived: the report's words as typed, its days in each usual form, its
numbers with what they count, its level, and the words that reports use for its value.
"""

import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from policies.places import Place, places
from policies.vocabulary import day_words
from priorauth import fact_words

Way = tuple[str, ...]  # tokens that follow each other
Days = tuple[dt.date, dt.date]  # the first and the last that a date can mean

MOST: Final = 24  # phrases of one page
MOST_TOKENS: Final = 60  # of what was typed
TOKEN: Final = re.compile(r"(?<!\d\.)\d+\.\d+(?!\.?\d)|\d+|[^\W\d_]+")
ORDINALS: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}

# What reports say for a value of facts v1, the longest first where one holds another.
USUAL: Final[Mapping[str, str]] = {
    "edema": "bone marrow edema|marrow edema|edema|oedema",
    "uptake": "increased uptake|uptake",
    "cleft": "fluid cleft|vacuum cleft|cleft",
    "motion": "motion|mobility",
    "fracture_line": "fracture line",
    "progressive_collapse": "progressive collapse|progressive height loss|loss of height|height loss|collapse",
    "fracture_age_indeterminate": "indeterminate age|age indeterminate|compression fracture|fracture",
    "healed": "healed|old fracture|chronic fracture",
    "no_edema": "bone marrow edema|marrow edema|edema|oedema",
    "no_fracture": "fracture",
    "lytic_lesion": "lytic lesion|osteolytic|lytic",
    "blastic_lesion": "sclerotic lesion|blastic lesion|sclerotic|blastic|osteoblastic",
    "pathologic_fracture": "pathologic fracture|pathological fracture",
    "lytic": "lytic|osteolytic",
    "blastic": "sclerotic|blastic|osteoblastic",
    "focal_tenderness_at_level": "focal tenderness|point tenderness|tenderness|tender",
    "tenderness_elsewhere": "tenderness|tender",
    "no_tenderness": "tenderness|tender",
    "osteoporosis": "osteoporosis|osteoporotic",
    "osteoporosis_secondary": "osteoporosis|osteoporotic",
    "myeloma": "multiple myeloma|myeloma",
    "metastasis": "metastasis|metastases|metastatic",
    "hemangioma": "hemangioma",
    "lymphoma": "lymphoma",
    "plasmacytoma": "plasmacytoma",
    "infection": "infection|osteomyelitis|discitis",
    "analgesic": "analgesic|analgesics|pain medicine|pain medication",
    "physical_therapy": "physical therapy|physiotherapy|pt",
    "rest": "bed rest|rest",
    "brace": "brace|bracing|orthosis|tlso|lso",
    "injection": "injection|injections|nerve block",
    "calcitonin": "calcitonin",
}
COUNTED: Final[Mapping[str, str]] = {  # by the last step of the path: the number is #
    "score": "#/10|# of 10|# out of 10|pain score #|score #|score of #|vas #|nrs #",
    "t_score": "t-score #|t score of #|t-score: #|t-score is #",
    "visits": "# visits|# sessions|# visit",
    "duration_days": "# days|# day",
    "stated_treatment_weeks": "# weeks|# week",
    "analgesia_hours": "# hours|# hour",
}


class Phrase(NamedTuple):
    """`what` of the request is looked for, `said` as the portal writes it, in any of these ways. `typed`: it is the
    office's own text, of which the longest run is looked for."""

    what: str
    said: str
    ways: tuple[Way, ...]
    typed: bool = False


def tokens(text: str) -> Way:
    """The words and numbers of a text without case, signs, and zeros that say nothing: 03 is 3, and 7.50 is 7.5."""
    return tuple(map(_plain, TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())))


def phrases(
    document: Mapping[str, Any], paths: Iterable[str], months: Mapping[str, Days] | None = None
) -> list[Phrase]:
    """What to look for, the surest first, for the facts at these paths of facts v1. `months`: the days that a date can
    mean, by its path, where the office typed no day."""
    paths, months = tuple(paths), dict(months or {})
    known = [
        place
        for place in places(document).values()
        if place.value is not None and any(f"{place.path}.".startswith(f"{path}.") for path in paths)
    ]
    levels = dict.fromkeys(path.split(".")[1] for path in paths if path.startswith("levels."))
    found = [
        *chain.from_iterable(map(_typed, known)),
        *_onsets(document, levels, paths),
        *chain.from_iterable(_dates(place, months) for place in known if ".onset." not in place.path),
        *chain.from_iterable(map(_numbers, known)),
        *(Phrase("the level", level, (tokens(level),)) for level in levels),
        *chain.from_iterable(map(_usual, known)),
    ]
    return _once(found)[:MOST]


def _plain(token: str) -> str:
    if not token[0].isdigit():
        return token
    whole, point, part = token.partition(".")
    part = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (point + part if part else "")


def _typed(place: Place) -> Iterator[Phrase]:
    if place.kind is str and not place.choices and (way := tokens(place.value)[:MOST_TOKENS]):
        yield Phrase(fact_words.named(place.path), place.value, (way,), typed=True)


def _onsets(document: Mapping[str, Any], levels: Iterable[str], paths: tuple[str, ...]) -> Iterator[Phrase]:
    for level in levels:
        path = f"levels.{level}.onset"
        onset = (document["levels"].get(level) or {}).get("onset") or {}
        days = [dt.date.fromisoformat(onset[end]) for end in ("earliest", "latest") if onset.get(end)]
        if days and any(f"{path}.".startswith(f"{one}.") or one.startswith(f"{path}.") for one in paths):
            yield from _between(fact_words.heading(path), (days[0], days[-1]))


def _dates(place: Place, months: Mapping[str, Days]) -> Iterator[Phrase]:
    if place.kind is dt.date:
        day = dt.date.fromisoformat(place.value)
        yield from _between(fact_words.named(place.path), months.get(place.path, (day, day)))


def _between(what: str, days: Days) -> Iterator[Phrase]:
    """A day, a month, or the first and the last day of another time."""
    first, last = days
    ends = calendar.monthrange(first.year, first.month)[1]
    if first.day == 1 and last == first.replace(day=ends):
        yield Phrase(what, f"{calendar.month_abbr[first.month]} {first.year}", tuple(_month(first)))
    else:
        for day in dict.fromkeys(days):
            yield Phrase(what, day_words(day), tuple(_day(day)))


def _names(day: dt.date) -> list[str]:
    names = [calendar.month_name[day.month].lower(), calendar.month_abbr[day.month].lower()]
    return [*dict.fromkeys(names), *(["sept"] if day.month == 9 else [])]


def _day(day: dt.date) -> Iterator[Way]:
    number, month, year = (str(one) for one in (day.day, day.month, day.year))
    ordinal = ORDINALS.get(day.day, "th")
    for name in _names(day):
        yield from ((name, number, year), (name, number, ordinal, year))
        yield from ((number, name, year), (number, ordinal, name, year), (number, ordinal, "of", name, year))
    yield from ((month, number, year), (month, number, _plain(year[-2:])), (year, month, number))


def _month(day: dt.date) -> Iterator[Way]:
    year = str(day.year)
    for name in _names(day):
        yield from ((name, year), (name, "of", year))
    yield str(day.month), year


def _numbers(place: Place) -> Iterator[Phrase]:
    if forms := COUNTED.get(place.path.rpartition(".")[2]):
        number = f"{place.value:g}"
        ways = tuple(tokens(form.replace("#", number)) for form in forms.split("|"))
        yield Phrase(fact_words.named(place.path), fact_words.said(place, place.value), ways)


def _usual(place: Place) -> Iterator[Phrase]:
    if place.choices and (forms := USUAL.get(place.value)):
        ways = tuple(map(tokens, forms.split("|")))
        yield Phrase(fact_words.named(place.path), fact_words.said(place, place.value), ways)


def _once(found: Iterable[Phrase]) -> list[Phrase]:
    """Phrases that are looked for in the same ways as one: a study of two levels has one day."""
    merged: dict[tuple[Way, ...], Phrase] = {}
    for one in found:
        before = merged.get(one.ways)
        names = dict.fromkeys([*(before.what.split("; ") if before else ()), one.what])
        merged[one.ways] = one._replace(what="; ".join(names))
    return list(merged.values())
