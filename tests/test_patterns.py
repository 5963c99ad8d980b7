"""Every regular expression of the project, against 50,000 characters that are meant to make it slow (B12)."""

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import validators
from django.urls import get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern, URLResolver

from policies import codes
from portal.api import fields as api_fields
from portal.web import dates
from priorauth import exports

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("policies", "priorauth", "portal")
USES = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
LENGTH = 50_000
# Of processor time; the machine may be busy. RELIABILITY.md allows 50 ms: a pattern that backtracks takes minutes.
SECONDS = 0.05
TRIES = 3


# Patterns that code puts together, by their file; all are asked for a full match.
MADE = {
    "portal/web/dates.py": [*dates.DAY_PATTERNS, *dates.MONTH_PATTERNS],
    "policies/codes.py": [codes.Level.pattern],
    "portal/web/list_file.py": [re.compile(exports.FORMULA)],
    "portal/api/fields.py": [re.compile(api_fields.Sources.PATH)],
}


def is_re(node: ast.AST) -> bool:
    """Whether it is `re.something(...)`, or a validator or a field made of a pattern."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    name = ast.unparse(node.func)
    return (name.startswith("re.") and name[3:] in USES) or name.endswith(("RegexValidator", "RegexField"))


def literal(node: ast.expr) -> str | bytes | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) else None


def sources() -> Iterator[tuple[str, ast.Module]]:
    """The files in which `is_re` can find anything, by name: to look at every call of the others takes seconds."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text()
            if re.search(r"\bre\.|Regex(Validator|Field)\b", text):
                yield str(path.relative_to(ROOT)), ast.parse(text)


def in_sources() -> Iterator[tuple[str, str | bytes, tuple[str, ...]]]:
    """The patterns that stand in a call as text: place, text, and how they are asked."""
    for name, tree in sources():
        names = {
            id(node.value): ast.unparse(target)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        }
        for node in ast.walk(tree):
            if is_re(node):
                text = next((found for found in map(literal, node.args) if found is not None), None)
                if text is not None:
                    yield f"{name}:{node.lineno}", text, asked(node, names, tree)


def asked(call: ast.Call, names: dict[int, str], tree: ast.Module) -> tuple[str, ...]:
    """The methods with which a pattern is used; both where that cannot be seen."""
    used = ast.unparse(call.func).rpartition(".")[2]
    name = names.get(id(call), "")
    if name and used == "compile":
        places = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in USES]
        found = {node.attr for node in places if ast.unparse(node.value).endswith(name)}
    else:
        found = {used} & USES - {"compile"}
    return tuple({how if how in ("fullmatch", "match") else "search" for how in found}) or ("fullmatch", "search")


def not_as_text() -> set[str]:
    """The calls whose pattern is put together by code: they must be known below by their place."""
    return {
        name for name, tree in sources() for node in ast.walk(tree) if is_re(node) and literal(node.args[0]) is None
    }


def of_routes(resolver: URLResolver) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern.pattern, RoutePattern | RegexPattern):
            yield f"route {pattern.pattern}", pattern.pattern.regex.pattern
        if isinstance(pattern, URLResolver):
            yield from of_routes(pattern)


def everything() -> dict[str, tuple[re.Pattern, tuple[str, ...]]]:
    """Each pattern by its place, and how it is asked."""
    found = {
        f"{place} {number}": (p, ("fullmatch",)) for place, known in MADE.items() for number, p in enumerate(known)
    }
    found |= {place: (re.compile(text, re.IGNORECASE), how) for place, text, how in in_sources()}
    return found | {place: (re.compile(text), ("search",)) for place, text in of_routes(get_resolver())}


def attacks(pattern: re.Pattern) -> Iterator[str]:
    """Long runs of each character that the pattern speaks of, of pairs of them, and of blanks; with an end that the
    pattern does not expect, so that it must give up late."""
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    known = sorted({c for c in text if c.isalnum() or c in " .-/,@:_<>"} | set("a0A9 -./\n\t\xff"))[:24]
    for character in known:
        yield character * LENGTH
        yield character * LENGTH + "\x01"
    for first, second in zip(known, known[1:] + known[:1], strict=True):
        yield (first + second) * (LENGTH // 2) + "\x01"
    yield "a" + " " * LENGTH + "a"
    yield "1/" * (LENGTH // 2)
    yield "<" * LENGTH


def slowest(pattern: re.Pattern, how: tuple[str, ...]) -> float:
    """Seconds of processor time of the worst attack."""
    worst = 0.0
    for attack in attacks(pattern):
        given = attack.encode("latin-1") if isinstance(pattern.pattern, bytes) else attack
        for method in how:
            worst = max(worst, cost(getattr(pattern, method), given))
        if worst > SECONDS:
            break
    return worst


def cost(ask, given) -> float:
    """Seconds of processor time. A text that seems slow is tried again: the garbage of other tests may have gone
    meanwhile.
    """

    def once() -> float:
        start = time.process_time()
        ask(given)
        return time.process_time() - start

    took = once()
    return took if took <= SECONDS else min(took, *(once() for _ in range(TRIES)))


EVERYTHING = everything()


def test_the_patterns_are_found():
    assert len(EVERYTHING) >= 60
    assert any("filetypes" in place for place in EVERYTHING)
    assert any(place.startswith("route") and "reference" in place for place in EVERYTHING)


def test_a_pattern_that_code_puts_together_is_on_the_list():
    assert not_as_text() == {*MADE}


@pytest.mark.parametrize("place", EVERYTHING)
def test_no_text_makes_a_pattern_slow(place):
    assert slowest(*EVERYTHING[place]) <= SECONDS


@pytest.mark.parametrize("validator", [validators.validate_email, validators.validate_slug], ids=["email", "slug"])
def test_no_text_makes_djangos_validators_slow(validator):
    def ask(text: str) -> None:
        with pytest.raises(validators.ValidationError):
            validator(text)

    texts = ("a" * LENGTH + "@", "a@" + "a." * (LENGTH // 2), '"' * LENGTH, "a@" + "-" * LENGTH, "\\" * LENGTH + "@a.b")
    assert max(cost(ask, text) for text in texts) <= SECONDS


def test_the_measure_finds_a_pattern_that_backtracks(monkeypatch):
    monkeypatch.setattr("tests.test_patterns.LENGTH", 22)
    assert slowest(re.compile(r"(a+)+b"), ("search",)) > SECONDS
