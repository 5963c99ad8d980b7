"""What a request may hold beyond facts v1: as much as the office's form, so that every row made of it fits.

The form that an office corrects it with then takes back whatever it is filled with.
"""

from collections.abc import Iterator
from typing import Any

from policies.codes import CodeError, Icd10Pcs, ProcedureCode
from priorauth.services.errors import Incomplete

MOST = {"lines": 10, "levels": 10, "treatments": 40, "safety_notes": 1000}
MOST_FINDINGS = 400
LONGEST = {"impression": 4000, "sequence": 60, "other_pain_source_name": 200, "name": 200}  # characters of one text
LONGEST_NOTES = 2000  # characters of all safety notes, a line each
RANGES = {
    "duration_days": (0, 9999),
    "visits": (0, 200),
    "analgesia_hours": (0, 9999),
    "stated_treatment_weeks": (0, 520),
    "t_score": (-10, 10),
}
HIGHEST_LINE = 99
MOST_UNITS = 10
CODE = "A procedure code has 5 characters, like 22511, or 7 in a hospital stay, like 0QU03JZ."


def hold(document: dict[str, Any]) -> None:
    """Raise Incomplete, naming the path, where a facts v1 document is longer than a request may be."""
    if not document["lines"]:
        raise Incomplete("lines", "Give at least one procedure line.")
    for name, most in MOST.items():
        if len(document.get(name) or ()) > most:
            raise Incomplete(name, f"A request can have at most {most} of these. Send fewer.")
    for name, level in document["levels"].items():
        if len(level.get("imaging") or ()) > MOST_FINDINGS:
            raise Incomplete(
                f"levels.{name}.imaging", f"A level can have at most {MOST_FINDINGS} findings. Send fewer."
            )
    for index, line in enumerate(document["lines"]):
        _hold_line(line, f"lines.{index}")
    notes = "\n".join(document.get("safety_notes") or ())
    if len(notes) > LONGEST_NOTES:
        raise Incomplete("safety_notes", f"These can have {LONGEST_NOTES:,} characters together. Shorten them.")
    for path, name, value in _leaves(document):
        _hold_value(path, name, value)


def _leaves(value: Any, path: str = "", name: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every text and number of a document with its path and its own name."""
    named = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in named:
        yield from _leaves(inner, f"{path}.{key}".lstrip("."), str(key))
    if not isinstance(value, dict | list):
        yield path, name, value


def _hold_value(path: str, name: str, value: Any) -> None:
    if isinstance(value, str) and len(value) > LONGEST.get(name, len(value)):
        raise Incomplete(path, f"This can have {LONGEST[name]:,} characters. It has {len(value):,}: shorten it.")
    if name in RANGES and value is not None:
        least, most = RANGES[name]
        if not least <= value <= most:
            raise Incomplete(path, f"Give a number from {least} to {most:,}.")


def _hold_line(line: dict[str, Any], path: str) -> None:
    if line["line"] > HIGHEST_LINE:
        raise Incomplete(f"{path}.line", f"Number the lines from 1 to {HIGHEST_LINE}.")
    if (line.get("units") or 1) > MOST_UNITS:
        raise Incomplete(f"{path}.units", f"A line can ask for at most {MOST_UNITS} units.")
    if len(line.get("levels") or ()) > MOST["levels"]:
        raise Incomplete(f"{path}.levels", f"A line can have at most {MOST['levels']} levels. Send fewer.")
    if not is_code(line["code"]):
        raise Incomplete(f"{path}.code", CODE)


def is_code(text: str) -> bool:
    """Whether a text has the form of a CPT, HCPCS or ICD-10-PCS code."""
    for kind in (ProcedureCode, Icd10Pcs):
        try:
            kind.parse(text)
        except CodeError:
            continue
        return True
    return False
