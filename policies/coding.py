"""Procedure lines from levels and back, by the codes of an edition. It proposes; whoever knows the note corrects."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from policies.codes import region_of
from policies.document import CurrentCode

Codes = Mapping[str, CurrentCode]


class Proposed(NamedTuple):
    """A procedure line: the code, its levels, and how often it is done."""

    code: str
    levels: tuple[str, ...]
    units: int


def propose(levels: Sequence[str], codes: Codes) -> list[Proposed]:
    """The lines for vertebroplasty at `levels`, of which the first is the first treated: its region's primary code, and
    the add-on code once for all others. Levels that no such code is for, the sacral ones, are left out."""
    treated = [level for level in dict.fromkeys(levels) if _code(codes, "primary", level)]
    if not treated:
        return []
    first, *further = treated
    lines = [Proposed(_code(codes, "primary", first), (first,), 1)]
    if further:
        lines.append(Proposed(_code(codes, "addon", first), tuple(further), len(further)))
    return lines


def doubts(levels: Sequence[str], lines: Sequence[tuple[str, int | None]], codes: Codes) -> list[str]:
    """What does not fit between the levels and the (code, units) of the lines, as sentences. Units that were not given
    count as one. Says nothing where a code stands among them that is neither a first level's nor an add-on."""
    roles = [(codes[code].role if code in codes else None, units) for code, units in lines]
    if not roles or any(role is None for role, _ in roles):
        return []
    if "primary" not in dict(roles):
        return [f"{lines[0][0]} is an add-on: add {_listed(codes, 'primary')}."]
    ticked, covered = len(set(levels)), sum(units or 1 for _, units in roles)
    if ticked and ticked != covered:
        return [f"{_count(ticked)} named but the codes cover {covered}."]
    return []


def alone(written: Sequence[str], codes: Codes) -> tuple[str, str] | None:
    """The first add-on code of `written` where it holds none of those that it is added to, and these, as words."""
    roles = {codes[code].role: code for code in reversed(written) if code in codes}
    return None if "addon" not in roles or "primary" in roles else (roles["addon"], _listed(codes, "primary"))


def _code(codes: Codes, role: str, level: str) -> str:
    """The vertebroplasty code of a role for a level; "" where there is none."""
    fitting = (code for code, rule in codes.items() if rule.role == role and region_of(level) in rule.regions)
    return next(fitting, "")


def _listed(codes: Codes, role: str) -> str:
    return " or ".join(code for code, rule in codes.items() if rule.role == role)


def _count(levels: int) -> str:
    return "1 level is" if levels == 1 else f"{levels} levels are"
