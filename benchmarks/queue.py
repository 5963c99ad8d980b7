"""The reviewers' queue over a million cases, as a browser asks for it: what its statements over cases take, against the
one statement that reads the same rows out of the partial index, in order; and its last page against its first."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from benchmarks.measure import Finding, at_most
from benchmarks.seed import World
from benchmarks.server import spent_on
from priorauth.admin.base import COUNTED_ROWS
from priorauth.admin.tabs import SORTS, TABS
from priorauth.models import User

ROUNDS = 15
SORTED = [(tab, sort) for tab, sorts in SORTS.items() for sort in sorts]
# What few cases have (seed.py: one in a thousand), what many have, what all have, and two of these together.
FILTERS = (
    {"path": "B"},
    {"path": "C"},
    {"missing": "severe_pain"},
    {"missing": "failed_to_respond"},
    {"edition": "bcbsma-484 2022-06"},
    {"path": "A", "missing": "imaging_nonhealing"},
)
OVER_CASES = 'FROM "priorauth_case"'


@dataclass
class View:
    """What one view costs, in milliseconds: its partial-index query alone, its first and its last page."""

    name: str
    alone: float
    first: float
    last: float
    pages: int


def measure(world: World) -> Iterator[Finding]:
    browser = Client()
    browser.force_login(User.objects.get(pk=world.nurses[0].user_id))
    queue, *others = [_view(browser, {"view": name}) for name in TABS]
    yield _first(queue, "queue, page 1 against its index alone")
    yield _last(queue, "queue, last page against page 1")
    yield from _worst(others, "other view")
    yield from _worst([_view(browser, {"view": tab, "sort": sort}) for tab, sort in SORTED], "sorted view")
    yield from _worst([_view(browser, {"view": tab} | by) for tab in SORTS for by in FILTERS], "filtered view")
    both = [_view(browser, {"view": tab, "sort": sort} | by) for tab, sort in SORTED for by in FILTERS]
    yield from _worst(both, "view that is both")
    yield _counted(browser)


def _worst(views: list[View], what: str) -> Iterator[Finding]:
    yield _first(max(views, key=lambda view: view.first / view.alone), f"the slowest {what}")
    yield _last(max(views, key=lambda view: view.last / view.first), f"the deepest {what}")


def _first(view: View, what: str) -> Finding:
    told = f"{view.name}: {view.alone:.1f} ms alone, {view.first:.1f} ms of SQL for page 1"
    return at_most(what, 2, view.first / view.alone, told)


def _last(view: View, what: str) -> Finding:
    return at_most(what, 2, view.last / view.first, f"{view.name}: page {view.pages} in {view.last:.1f} ms of SQL")


def _view(browser: Client, asked: dict[str, str]) -> View:
    listed = browser.get(_queue(), asked).context["cl"]
    alone, pages = listed.queryset[: listed.list_per_page].query.sql_with_params(), listed.paginator.num_pages
    spent = [
        (_alone(*alone), *(_spent(browser, asked | {"p": str(page)}) for page in (1, pages))) for _ in range(ROUNDS)
    ]
    name = ", ".join(asked.values())
    return View(name, *(statistics.median(each) for each in zip(*spent, strict=True)), pages)


def _queue() -> str:
    return reverse("admin:priorauth_case_changelist")


def _alone(statement: str, parameters: Any) -> float:
    """Milliseconds of the statement that reads what the first page shows."""
    with connection.cursor() as cursor:
        return 1000 * spent_on(lambda: cursor.execute(statement, parameters))[0]


def _spent(browser: Client, asked: dict[str, Any]) -> float:
    return sum(milliseconds for milliseconds, _, _ in _statements(browser, asked))


def _statements(browser: Client, asked: dict[str, Any]) -> list[tuple[float, str, Any]]:
    """The statements over cases with which a page is made: milliseconds, SQL, parameters."""
    found = []

    def clock(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seconds, result = spent_on(lambda: execute(sql, params, many, context))
        if OVER_CASES in sql:
            found.append((1000 * seconds, sql, params))
        return result

    with connection.execute_wrapper(clock):
        if browser.get(_queue(), asked).status_code != 200:
            raise RuntimeError("the queue did not answer")
    return found


def _counted(browser: Client) -> Finding:
    """The most rows that any part of any statement of the views' first pages gives."""
    found = [
        (_rows_given(statement, parameters), name)
        for name in TABS
        for _, statement, parameters in _statements(browser, {"view": name})
    ]
    most, where = max(found)
    told = f"the most that a statement of any view looks through ({where})"
    return Finding("no full count", f"at most {COUNTED_ROWS:,} rows", f"{most:,} rows", most <= COUNTED_ROWS, told)


def _rows_given(statement: str, parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        plan = cursor.fetchone()[0]
    return max(round(node["Actual Rows"] * node["Actual Loops"]) for node in _nodes(plan[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
