"""The single values of a facts v1 document by their paths (`levels.L1.onset.earliest`), and others in their place."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from policies.facts import Facts


class Place(NamedTuple):
    """One value as the document has it (None: not submitted). `kind` is bool, int, float, str or date; with `choices`
    it is one of those words."""

    path: str
    value: Any
    kind: type
    choices: tuple[str, ...] = ()


def plain_type(annotation: Any) -> Any:
    """The type of a fact without null and without its limits."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (part for part in get_args(annotation) if part is not NoneType)
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def places(document: Mapping[str, Any]) -> dict[str, Place]:
    """Every value of the document by its path, in the order of facts v1. What was not submitted has its place too; a
    study, a treatment or a note that was not sent has none."""
    return {place.path: place for place in _under(Facts, document, "")}


def put(document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the document with other values at some of its places."""
    changed = deepcopy(dict(document))
    for path, value in values.items():
        *way, last = path.split(".")
        inner: Any = changed
        for step in way:
            if isinstance(inner, dict) and inner.get(step) is None:
                inner[step] = {}
            inner = inner[int(step)] if isinstance(inner, list) else inner[step]
        inner[int(last) if isinstance(inner, list) else last] = value
    return changed


def _under(kind: Any, value: Any, path: str) -> Iterator[Place]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        inner = {name: (field.annotation, (value or {}).get(name)) for name, field in kind.model_fields.items()}
    elif get_origin(kind) is dict:
        inner = {name: (get_args(kind)[1], known) for name, known in (value or {}).items()}
    elif get_origin(kind) is tuple:
        inner = {str(index): (get_args(kind)[0], known) for index, known in enumerate(value or ())}
    else:
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        yield Place(path, value, str if choices else kind, choices)
        return
    for name, (annotation, known) in inner.items():
        yield from _under(plain_type(annotation), known, f"{path}.{name}" if path else name)
