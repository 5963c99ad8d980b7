"""The levels to be treated as one list, typed in a box or ticked on the spine (decision 46).

The entries under “Fracture or lesion” are the levels of a request. Box and ticks are two ways to add and to take out
entries: each says what it changes of what the page showed, and neither is kept. A box that cannot be done is kept as
it was typed, like any other answer, until it can.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from policies.codes import LEVELS, CodeError, read_levels, region_of
from portal.web import rows
from portal.web.rows import MOST_LEVELS, Raw

BOX, TICKS, SHOWN = "levels_named", "level_ticked", "levels_shown"
NO_LEVEL = "Select at least one level."
STAYS = "{} has answers, so it stays. Remove it with its own button under “Fracture or lesion”."
ONLY = "{} has answers, so it stays. It is the only level: add another one first, or correct its name."
REGIONS = {"C": "Cervical", "T": "Thoracic", "L": "Lumbar", "S": "Sacral", "COCCYX": "Coccyx"}


class Settled(NamedTuple):
    """The form without box and ticks, and what of them could not be done, as a sentence for the box."""

    raw: Raw
    problem: str = ""


class Tick(NamedTuple):
    """One level of the spine to tick. `found` is what studies say of it."""

    name: str
    ticked: bool
    found: str


def settle(raw: Raw) -> Settled:
    """Do what box and ticks ask. Where the box cannot be read, or the levels are too many, nothing else changes."""
    typed = {name: raw[name] for name in (SHOWN, BOX, TICKS) if name in raw}
    raw = {name: texts for name, texts in raw.items() if name not in typed}
    if not typed:
        return Settled(raw)
    before = shown(typed) or []
    box = rows.typed(typed, BOX) if BOX in typed else ", ".join(before)
    ticked = list(dict.fromkeys(typed.get(TICKS, ())))
    further = [level for level in ticked if level not in before]
    try:
        levels = read_levels(box)
        unknown = [level for level in further if level not in LEVELS]
        if unknown:
            raise CodeError(unknown[0])
    except CodeError:
        return Settled(raw | {BOX: [", ".join(filter(None, [box, *(text[:10] for text in further[:MOST_LEVELS])]))]})
    gone = [level for level in before if level not in levels or level not in ticked]
    return _changed(raw, [*(level for level in levels if level not in before), *further], gone)


def shown(raw: Raw) -> list[str] | None:
    """The levels that the page showed on which the form was typed; None where it had neither box nor spine."""
    return [level for level in rows.typed(raw, SHOWN).split(", ") if level in LEVELS] if SHOWN in raw else None


def names(raw: Raw) -> list[str]:
    """The levels of the entries that name one, each once, in the order of the page."""
    entries = (rows.typed(raw, f"levels-{index}-name").upper() for index in range(rows.count(raw, "levels")))
    return list(dict.fromkeys(level for level in entries if level in LEVELS))


def in_the_box(raw: Raw) -> Raw:
    """The form as the page shows it: with a box that names the entries, unless something else waits in it."""
    return {BOX: [", ".join(names(raw))]} | raw


def regions(named: Iterable[str], found: Mapping[str, str]) -> Iterator[tuple[str, list[Tick]]]:
    """The spine from the top, region by region; the coccyx only where it is named."""
    ticked = set(named)
    for region, words in REGIONS.items():
        levels = [level for level in LEVELS if region_of(level) == region]
        if region != "COCCYX" or ticked & set(levels):
            yield words, [Tick(level, level in ticked, found.get(level, "")) for level in levels]


def _changed(raw: Raw, new: Iterable[str], gone: list[str]) -> Settled:
    levels = [level for level in dict.fromkeys([*names(raw), *new]) if level not in gone]
    changed, staying = raw, []
    for level in gone:
        index = _entry(changed, level)
        if index is not None and _says_more(changed, index):
            staying.append(level)
        elif index is not None:
            changed = rows.remove(changed, "levels", index)
    further = [level for level in levels if level not in names(changed)]
    try:
        for level in further:
            changed = _with(changed, level, alone=len(further) == 1)
    except rows.TooMany as problem:
        return Settled(raw | {BOX: [", ".join(levels)]}, str(problem) if len(levels) <= MOST_LEVELS else "")
    words = STAYS if len(names(changed)) > 1 else ONLY
    return Settled(changed, " ".join(words.format(level) for level in staying))


def _with(raw: Raw, level: str, *, alone: bool) -> Raw:
    """The form with an entry for the level: the first that is blank, else one more. A level that comes `alone` is the
    one of the first entry without a name, also where that has answers. Raises rows.TooMany."""
    entries = range(rows.count(raw, "levels"))
    free = (
        index for index in entries if not (rows.typed(raw, f"levels-{index}-name") if alone else _typed(raw, index))
    )
    index = next(free, None)
    if index is None:
        raw, index = rows.add(raw, "levels")
    return raw | {f"levels-{index}-name": [level]}


def _entry(raw: Raw, level: str) -> int | None:
    entries = range(rows.count(raw, "levels"))
    return next((index for index in entries if rows.typed(raw, f"levels-{index}-name").upper() == level), None)


def _says_more(raw: Raw, index: int) -> bool:
    """Whether an entry has an answer besides its name, or a study a finding for it."""
    return _typed(raw, index) != {f"levels-{index}-name"}


def _typed(raw: Raw, index: int) -> set[str]:
    return {name for name in rows.of_row(raw, "levels", index) if any(text.strip() for text in raw[name])}
