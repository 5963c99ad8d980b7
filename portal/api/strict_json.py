"""JSON as two programs cannot read it differently (RFC 8259, I-JSON RFC 7493): no repeated keys, no NaN, no numbers
that lose digits, no characters that a database cannot keep, no endless nesting."""

import json
from typing import Any, NoReturn

from django.http.request import UnreadablePostError
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MOST_BYTES = 2 * 1024 * 1024
DEEPEST = 32
LONGEST_NUMBER = 15
NUMBER = f"A number can have at most {LONGEST_NUMBER} digits."


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body must be 2 MiB or smaller."


class StrictJsonParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The JSON value of a body. Raises ParseError, which says what would be right, or TooLarge."""
        try:
            body = stream.read(MOST_BYTES + 1)
        except UnreadablePostError as error:
            raise ParseError("The body ended before it was whole. Send it again.") from error
        if len(body) > MOST_BYTES:
            raise TooLarge
        return loads(body)


def loads(body: bytes) -> Any:
    """Read one JSON value. Raises ParseError."""
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
    except UnicodeDecodeError as error:
        raise ParseError("The body must be JSON in UTF-8.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ParseError(f"The body must be one JSON value: it cannot be read at {place}.") from error
    except RecursionError as error:
        raise ParseError(f"The body must not be nested more than {DEEPEST} deep.") from error
    _check(value, 0)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ParseError(f"An object must name each key once: “{_shown(key)}” stands there twice.")
        found[key] = value
    return found


def _constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is no JSON number. Send null for what is not known.")


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > LONGEST_NUMBER:
        raise ParseError(NUMBER)
    return int(text)


def _float(text: str) -> float:
    """The number; a whole one without its point: who sends 7.0 means the line 7, and pages name it so."""
    number = float(text)
    if abs(number) >= 10**LONGEST_NUMBER:
        raise ParseError(NUMBER)
    return int(number) if number.is_integer() else number


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ParseError(f"The body must not be nested more than {DEEPEST} deep.")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check(item, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise ParseError("A text must not hold the NUL character (U+0000).")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ParseError("A text must be whole Unicode: half of a surrogate pair stands alone.")


def _shown(key: str) -> str:
    """The start of a key that a person can read."""
    return "".join(character for character in key[:60] if character.isprintable())
