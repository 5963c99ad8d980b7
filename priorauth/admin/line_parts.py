"""The lines of a request and their levels, as the forms of a decision name them."""

from typing import Any

Json = dict[str, Any]


def levels_of(line: Json) -> list[str]:
    return line.get("levels") or []


def line_words(line: Json) -> str:
    return f"Line {line['line']}: {line['code']}, {', '.join(levels_of(line)) or 'no level named'}"


def parts_of(line: Json) -> list[tuple[str, str]]:
    """What can be left out of a request: (key, words) of the line, or of each of its levels where it has several."""
    if len(levels_of(line)) < 2:
        return [(str(line["line"]), line_words(line))]
    return [(f"{line['line']}.{level}", line_words({**line, "levels": [level]})) for level in levels_of(line)]


def part_of_key(key: str) -> tuple[int, str]:
    """The number of the line and the level, "" for all of the line, of a key."""
    number, _, level = key.partition(".")
    return int(number), level
