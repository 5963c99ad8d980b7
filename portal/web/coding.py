"""Procedure codes from the levels of the form, and whether the two fit."""

from policies import coding
from portal.web.request_form import RequestForm
from portal.web.rows import Raw

NO_LEVELS = "Name the levels under “Fracture or lesion” first: the codes follow from them."


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
    described = {line.answers["code"]: line.answers["technique"] for line in form.lines}
    raw = {name: values for name, values in form.raw.items() if not name.startswith("lines-")}
    raw["lines-count"] = [str(len(lines))]
    for index, line in enumerate(lines):
        row = {"code": line.code, "levels": ", ".join(line.levels), "units": str(line.units)}
        row["technique"] = described.get(line.code) or ""
        raw |= {f"lines-{index}-{name}": [text] for name, text in row.items()}
    return raw


def doubts(form: RequestForm) -> list[str]:
    """What does not fit between the levels and the lines, as sentences; it stops nobody."""
    lines = [(line.answers["code"], line.answers["units"]) for line in form.lines if line.answers["code"]]
    return coding.doubts(form.known_levels, lines, form.edition.document.codes.current)
