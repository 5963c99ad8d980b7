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

ROUNDS = 9
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
OVER_CASES, OF_THE_TABS = 'FROM "priorauth_case"', "SELECT (SELECT count(*)"


@dataclass
class View:
    """What one view costs, in milliseconds: its partial-index query alone, its first and its last page, and one reading
    of all that it lists."""

    name: str
    alone: float
    first: float
    last: float
    whole: float
    pages: int


def measure(world: World) -> Iterator[Finding]:
    browser = Client()
    browser.force_login(User.objects.get(pk=world.nurses[0].user_id))
    queue, *others = [_view(browser, {"view": name}) for name in TABS]
    yield _first(queue, "queue, page 1 against its index alone")
    yield _last(queue, "queue, last page against page 1")
    yield from _worst(others, "other view")
    yield from _worst([_view(browser, {"view": tab, "sort": sort}) for tab, sort in SORTED], "sorted view")
    filtered = [_view(browser, {"view": tab} | by) for tab in SORTS for by in FILTERS]
    filtered += [_view(browser, {"view": tab, "sort": sort} | by) for tab, sort in SORTED for by in FILTERS[:2]]
    yield _through(max(filtered, key=lambda view: view.first / view.whole))
    slowest = max(filtered, key=lambda view: view.first)
    yield Finding("the slowest of these", "", f"{slowest.first:.1f} ms", True, slowest.name)
    yield from _counted(browser)


def _worst(views: list[View], what: str) -> Iterator[Finding]:
    yield _first(max(views, key=lambda view: view.first / view.alone), f"the slowest {what}")
    yield _last(max(views, key=lambda view: view.last / view.first), f"the deepest {what}")


def _first(view: View, what: str) -> Finding:
    told = f"{view.name}: {view.alone:.1f} ms alone, {view.first:.1f} ms of SQL for page 1"
    return at_most(what, 2, view.first / view.alone, told)


def _last(view: View, what: str) -> Finding:
    return at_most(what, 2, view.last / view.first, f"{view.name}: page {view.pages} in {view.last:.1f} ms of SQL")


def _through(view: View) -> Finding:
    told = f"{view.name}: {view.whole:.1f} ms to read all of it once, {view.first:.1f} ms of SQL for page 1"
    return at_most("a filtered view against one reading", 2, view.first / view.whole, told)


def _view(browser: Client, asked: dict[str, str]) -> View:
    listed = browser.get(_queue(), asked).context["cl"]
    alone = listed.queryset[: listed.list_per_page].query.sql_with_params()
    whole = listed.queryset.order_by().count
    pages = listed.paginator.num_pages
    spent = [
        (_alone(*alone), *(_spent(browser, asked | {"p": str(page)}) for page in (1, pages)), 1000 * spent_on(whole)[0])
        for _ in range(ROUNDS)
    ]
    return View(", ".join(asked.values()), *(statistics.median(each) for each in zip(*spent, strict=True)), pages)


def _queue() -> str:
    return reverse("admin:priorauth_case_changelist")


def _alone(statement: str, parameters: Any) -> float:
    """Milliseconds of one statement."""
    with connection.cursor() as cursor:
        return 1000 * spent_on(lambda: cursor.execute(statement, parameters))[0]


def _spent(browser: Client, asked: dict[str, Any]) -> float:
    """Milliseconds of the statements that make the list: the numbers of the tabs are the same for each."""
    return sum(spent for spent, sql, _ in _statements(browser, asked) if not sql.startswith(OF_THE_TABS))


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


def _counted(browser: Client) -> Iterator[Finding]:
    """What the numbers of the tabs take, and the most rows that any part of any statement of the views' first pages
    gives."""
    asked = [{"view": name} for name in TABS] + [{"view": tab, "sort": sort} for tab, sort in SORTED]
    said = [(one, *statement) for one in asked for statement in _statements(browser, one)]
    tabs = statistics.median(spent for _, spent, sql, _ in said if sql.startswith(OF_THE_TABS))
    yield Finding("beside it the numbers of the tabs", "", f"{tabs:.1f} ms", True, f"{len(TABS)} counts, each capped")
    most, where = max((_rows_given(sql, parameters), ", ".join(one.values())) for one, _, sql, parameters in said)
    told = f"the most that a statement of any view looks through ({where})"
    yield Finding("no full count", f"at most {COUNTED_ROWS:,} rows", f"{most:,} rows", most <= COUNTED_ROWS, told)


def _rows_given(statement: str, parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        plan = cursor.fetchone()[0]
    return max(round(node["Actual Rows"] * node["Actual Loops"]) for node in _nodes(plan[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
