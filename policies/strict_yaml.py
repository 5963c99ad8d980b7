"""YAML without its surprises, and with the line of every value.

Refused: a repeated key, a key that is not text, an alias, a tag, and a plain word or number that YAML would read as
something else than it looks like (yes, no, on, off, a code without quotation marks, a date without them).
"""

import re
from pathlib import Path
from typing import Any, Final

import yaml

Location = tuple[str | int, ...]

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,3})(\.[0-9]+)?")
_TRICKY: Final = re.compile(r"(?i)yes|no|on|off|y|n|~|null|[-+.0-9][-+.0-9_:exobn]*|[0-9][0-9A-Z-]*")


class YamlError(ValueError):
    """A YAML text that is not plain data; names file, line and key."""

    def __init__(self, name: str, line: int, location: Location, message: str) -> None:
        key = ".".join(str(step) for step in location) or "the document"
        super().__init__(f"{name}, line {line}, {key}: {message}")


class StrictDocument:
    """Plain data (`data`) and the line on which each part of it begins."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._lines: dict[Location, int] = {}
        try:
            node = _nodes(text)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise YamlError(name, line, (), error.problem or "is not YAML") from None
        except yaml.YAMLError as error:
            raise YamlError(name, 1, (), str(error)) from None
        self.data: Any = self._value(node, (), set())

    def fault(self, location: Location, message: str) -> YamlError:
        """An error at a location; where the location itself is absent, at the nearest part around it."""
        return YamlError(self.name, self.line(location), location, message)

    def line(self, location: Location) -> int:
        """The line on which a part begins, or the nearest part around it."""
        while location and location not in self._lines:
            location = location[:-1]
        return self._lines.get(location, 1)

    def _value(self, node: yaml.Node | None, location: Location, seen: set[int]) -> Any:
        if node is None:
            raise self.fault(location, "is empty")
        self._lines.setdefault(location, node.start_mark.line + 1)
        if id(node) in seen:
            raise self.fault(location, "is an alias; write the value out")
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location, seen)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*location, index), seen) for index, item in enumerate(node.value)]
        return self._scalar(node, location)

    def _mapping(self, node: yaml.MappingNode, location: Location, seen: set[int]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            at = (*location, str(key_node.value))
            self._lines[at] = key_node.start_mark.line + 1
            key = self._scalar(key_node, at)
            if not isinstance(key, str):
                raise self.fault(at, "needs quotation marks")
            if key in result:
                raise self.fault(at, "is repeated")
            result[key] = self._value(value_node, at, seen)
        return result

    def _scalar(self, node: yaml.Node, location: Location) -> str | int | float | bool:
        text = str(node.value)
        if not isinstance(node, yaml.ScalarNode) or not node.tag.startswith("tag:yaml.org,2002:"):
            raise self.fault(location, "must be plain text")
        if node.style:
            return text
        if text in ("true", "false"):
            return text == "true"
        if _NUMBER.fullmatch(text):
            return float(text) if "." in text else int(text)
        if not text or _TRICKY.fullmatch(text):
            raise self.fault(location, f"{text or 'nothing'} needs quotation marks")
        return text


def _nodes(text: str) -> yaml.Node | None:
    """The nodes of a document: libyaml reads it in a tenth of the time, where PyYAML was built with it.

    Where it finds a fault, PyYAML's own reader says which, in the same words on every machine.
    """
    try:
        return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


def load(path: Path) -> StrictDocument:
    """The strict reading of a file; raises `YamlError`."""
    return StrictDocument(path.read_text(encoding="utf-8"), path.name)
