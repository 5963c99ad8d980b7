"""Procedure codes from the levels of the form, and whether the two fit."""

from collections.abc import Sequence

from policies import coding
from portal.web.levels import NO_LEVEL
from portal.web.parts import LinePart
from portal.web.request_form import RequestForm
from portal.web.rows import Raw

NO_LEVELS = f"{NO_LEVEL} The codes follow from the levels."

OF_A_LINE = ("code", "levels", "units")
NO_LINE = coding.Proposed("", (), 0)


class NothingToSuggest(ValueError):
    """`str(problem)` says why."""


def suggested(form: RequestForm) -> Raw:
    """The form as typed, with the procedure lines that its levels suggest in place of its own; what the note describes
    stays where the code stays. Raises NothingToSuggest."""
    if not form.known_levels:
        raise NothingToSuggest(NO_LEVELS)
    lines = coding.propose(form.known_levels, form.edition.document.codes.current)
    if not lines:
        raise NothingToSuggest(
            f"No vertebroplasty code is for {', '.join(form.known_levels)}: enter the code yourself."
        )
    return _with_lines(form, lines)


def followed(form: RequestForm, shown: Sequence[str]) -> Raw:
    """The form, whose levels are others than those of the page on which it was typed (`shown`). Its lines follow, where
    none was written or all are as suggested for `shown`; lines that somebody wrote stay."""
    codes = form.edition.document.codes.current
    written = [_row(line) for line in form.lines if not all(line.is_unsaid(name) for name in OF_A_LINE)]
    if written and written != coding.propose(shown, codes):
        return form.raw
    return _with_lines(form, coding.propose(form.known_levels, codes))


def _row(line: LinePart) -> tuple[str, tuple[str, ...], int | None]:
    code, levels, units = (line.answers[name] for name in OF_A_LINE)
    return code, levels, units


def _with_lines(form: RequestForm, lines: list[coding.Proposed]) -> Raw:
    """The form with these lines for its own. What the note describes stays where the code stays, or where none is."""
    described = {line.answers["code"]: line.answers["technique"] for line in form.lines}
    if not lines:
        described = {"": next(filter(None, described.values()), "")}
    raw = {name: values for name, values in form.raw.items() if not name.startswith("lines-")}
    lines = lines or [NO_LINE]
    raw["lines-count"] = [str(len(lines))]
    for index, line in enumerate(lines):
        row = {"code": line.code, "levels": ", ".join(line.levels), "units": str(line.units or "")}
        row["technique"] = described.get(line.code) or described.pop("", None) or ""
        raw |= {f"lines-{index}-{name}": [text] for name, text in row.items()}
    return raw


def doubts(form: RequestForm) -> list[str]:
    """What does not fit between the levels and the lines, as sentences; it stops nobody."""
    lines = [(line.answers["code"], line.answers["units"]) for line in form.lines if line.answers["code"]]
    return coding.doubts(form.known_levels, lines, form.edition.document.codes.current)
