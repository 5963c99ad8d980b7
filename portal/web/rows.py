"""The form as typed: field name -> list of texts. Rows of a group are numbered in the names: `imaging-1-date`.

`imaging-1-findings-0` holds the findings of study 1 at level row 0.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import QueryDict

from priorauth.posting import PUT_BACK

Raw = dict[str, list[str]]


@dataclass(frozen=True)
class Group:
    most: int
    many: str


MOST_LEVELS = 10
GROUPS = {
    "lines": Group(10, "procedure lines"),
    "levels": Group(MOST_LEVELS, "levels"),
    "imaging": Group(30, "imaging studies"),
    "treatments": Group(40, "treatments"),
}
_ROW = re.compile(r"(?P<group>[a-z]+)-(?P<index>[0-9]{1,2})-(?P<rest>.+)")
_FINDINGS = re.compile(r"(?P<start>imaging-[0-9]{1,2}-findings-)(?P<level>[0-9]{1,2})")
_NAME = re.compile(r"[a-z_]{1,40}|[a-z]{1,20}-(count|[0-9]{1,2}-[a-z_]{1,40}(-[0-9]{1,2})?)")
NOT_ANSWERS = {
    "csrfmiddlewaretoken",
    "action",
    "add",
    "copy",
    "remove",
    "remove_file",
    "replaced",
    "version",
    "token",
    "note_to_answer",
    "suggest",
    "set_levels",
    "find",
    "find_code",
    "diagnosis",
    "look_up",
    "member",
    "every",
    PUT_BACK,
}
SAME_FOR_ALL = ("etiology", "mechanism", "onset", "onset_source", "purpose", "lesion_pattern", "lesion_source")


class TooMany(ValueError):
    """The group is full; `str(problem)` says so."""


def from_post(post: QueryDict) -> Raw:
    """What a person typed, without buttons and tokens. Null characters, which no database keeps, are left out."""
    names = [name for name in post if _NAME.fullmatch(name) and name not in NOT_ANSWERS]
    return {name: [value.replace("\x00", "") for value in post.getlist(name)] for name in names}


def typed(raw: Mapping[str, list[str]], name: str) -> str:
    """What was typed in one field, "" where nothing was; of several the last, as a browser's forms mean it."""
    return (raw.get(name) or [""])[-1].strip()


def count(raw: Raw, group: str) -> int:
    """How many rows of a group the page shows: at least one, at most its limit."""
    text = (raw.get(f"{group}-count") or ["1"])[-1]
    number = int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 1
    return min(max(number, 1), GROUPS[group].most)


def add(raw: Raw, group: str) -> tuple[Raw, int]:
    """One more, blank row, and its number. Raises TooMany."""
    number = count(raw, group)
    if number >= GROUPS[group].most:
        raise TooMany(f"A request can have {number} {GROUPS[group].many}. Remove one before you add another.")
    return _without(raw, group, number) | {f"{group}-count": [str(number + 1)]}, number


def remove(raw: Raw, group: str, index: int) -> Raw:
    """The form without one row; later rows move up, and findings stay with their level. The last row is emptied."""
    number = count(raw, group)
    kept = _shift(_without(raw, group, index), group, index)
    return kept | {f"{group}-count": [str(max(number - 1, 1))]}


def same_for_all_levels(raw: Raw, index: int) -> Raw:
    """The form in which every level has the answers of one about cause, onset, purpose and lesion."""
    answers = {name: raw.get(f"levels-{index}-{name}", []) for name in SAME_FOR_ALL}
    others = [other for other in range(count(raw, "levels")) if other != index]
    return raw | {f"levels-{other}-{name}": list(values) for other in others for name, values in answers.items()}


def of_row(raw: Raw, group: str, index: int) -> list[str]:
    """The names of what was typed in a row; of a level also those of its findings."""
    return [name for name in raw if _belongs(name, group, index)]


def _without(raw: Raw, group: str, index: int) -> Raw:
    return {name: values for name, values in raw.items() if not _belongs(name, group, index)}


def _belongs(name: str, group: str, index: int) -> bool:
    if name.startswith(f"{group}-{index}-"):
        return True
    findings = _FINDINGS.fullmatch(name)
    return group == "levels" and bool(findings) and int(findings["level"]) == index


def _shift(raw: Raw, group: str, removed: int) -> Raw:
    return {_moved(name, group, removed): values for name, values in raw.items()}


def _moved(name: str, group: str, removed: int) -> str:
    row = _ROW.fullmatch(name)
    if row and row["group"] == group and int(row["index"]) > removed:
        return f"{group}-{int(row['index']) - 1}-{row['rest']}"
    findings = _FINDINGS.fullmatch(name)
    if group == "levels" and findings and int(findings["level"]) > removed:
        return f"{findings['start']}{int(findings['level']) - 1}"
    return name


def parse_button(raw: Raw, text: str, groups: Iterable[str] = GROUPS) -> tuple[str, int] | None:
    """`imaging-2` as (group, index) of a row that the page has, or None for anything else."""
    match = re.fullmatch(r"([a-z]+)-([0-9]{1,2})", text)
    here = match and match[1] in groups and int(match[2]) < count(raw, match[1])
    return (match[1], int(match[2])) if here else None
