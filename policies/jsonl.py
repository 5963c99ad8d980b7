"""Facts documents as JSON Lines: one line in, one result line out, whatever the line holds.

A line is a facts document, or an object with a `facts` key. The case id is the document's, else the outer object's.
A key that stands twice in one object is refused: programs differ in which of the two they read (RFC 8259, section 4).
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from pydantic_core import from_json, to_json

from policies.assess import assess
from policies.facts import FactsError, parse
from policies.registry import governing


class LineError(ValueError):
    """A line without a result. `case_id` as far as it could be read; `path` and `message` as in `FactsError`."""

    def __init__(self, case_id: object, path: str, message: str) -> None:
        super().__init__(message)
        self.case_id = case_id if isinstance(case_id, str) else None
        self.path, self.message = path, message


def result_of(line: bytes, policy_id: str) -> tuple[bytes, bool]:
    """The result of one line as JSON in UTF-8, and whether it is an assessment (not an error in its place)."""
    try:
        return to_json(_assessed(line, policy_id)), True
    except LineError as error:
        fault = {"path": error.path, "message": error.message}
        return to_json({"case_id": error.case_id, "error": fault}), False


def _assessed(line: bytes, policy_id: str) -> dict[str, Any]:
    outer = _read(line)
    document = outer.get("facts", outer)
    outer_id = outer.get("case_id")
    inner_id = document.get("case_id") if isinstance(document, dict) else None
    case_id = outer_id if inner_id is None else inner_id
    try:
        facts = parse(document)
    except FactsError as error:
        raise LineError(case_id, error.path, error.message) from None
    edition = governing(policy_id, facts.service_date or facts.request_date)
    result = assess(facts, edition).as_dict()
    if result["case_id"] is None and isinstance(outer_id, str):
        result["case_id"] = outer_id
    return result


def _read(line: bytes) -> dict[str, Any]:
    try:
        value = from_json(line)
    except ValueError as error:
        raise LineError(None, "", f"must be one JSON value in UTF-8 on one line: {error}") from None
    if not isinstance(value, dict):
        raise LineError(None, "", "must be an object")
    try:
        _AT_ONCE.decode(line.decode())
    except _RepeatedError:
        path = next(_repeated(json.loads(line, object_pairs_hook=_Pairs), ""))
        raise LineError(value.get("case_id"), path, "stands more than once in its object; give it once") from None
    return value


class _RepeatedError(Exception):
    """A key stands more than once, somewhere."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _RepeatedError


_AT_ONCE: Final = json.JSONDecoder(object_pairs_hook=_once)


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, with what JSON would overwrite."""


def _repeated(value: Any, path: str) -> Iterator[str]:
    """The path of each key that stands more than once."""
    if isinstance(value, _Pairs):
        seen = set()
        for key, inner in value:
            here = f"{path}.{key}" if path else key
            if key in seen:
                yield here
            seen.add(key)
            yield from _repeated(inner, here)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _repeated(inner, f"{path}.{number}")
