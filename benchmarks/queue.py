"""The reviewers' queue over a million cases, as a browser asks for it: what its statements over cases take, against the
one statement that reads the same rows out of the partial index, in order; and its last page against its first."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from benchmarks.measure import Finding, at_most
from benchmarks.seed import World
from benchmarks.server import spent_on
from priorauth.admin.base import COUNTED_ROWS
from priorauth.admin.case import CaseAdmin
from priorauth.admin.site import site
from priorauth.admin.tabs import TABS, in_tab
from priorauth.models import Case, User
from priorauth.roles import Actor

ROUNDS = 15
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
    nurse = world.nurses[0]
    browser = Client()
    browser.force_login(User.objects.get(pk=nurse.user_id))
    views = [_view(browser, nurse, name) for name in TABS]
    for view in views[:1]:
        yield _first(view, "queue, page 1 against its index alone")
        yield _last(view, "queue, last page against page 1")
    yield _first(max(views[1:], key=lambda view: view.first / view.alone), "the slowest other view")
    yield _last(max(views[1:], key=lambda view: view.last / view.first), "the deepest other view")
    yield _counted(browser)


def _first(view: View, what: str) -> Finding:
    told = f"{view.name}: {view.alone:.1f} ms alone, {view.first:.1f} ms of SQL for page 1"
    return at_most(what, 2, view.first / view.alone, told)


def _last(view: View, what: str) -> Finding:
    return at_most(what, 2, view.last / view.first, f"{view.name}: page {view.pages} in {view.last:.1f} ms of SQL")


def _view(browser: Client, nurse: Actor, name: str) -> View:
    asked = {"view": name}
    pages = max(1, browser.get(_queue(), asked).context["cl"].paginator.num_pages)
    spent = [
        (_alone(nurse, name), *(_spent(browser, asked | {"p": page}) for page in (1, pages))) for _ in range(ROUNDS)
    ]
    alone, first, last = (statistics.median(each) for each in zip(*spent, strict=True))
    return View(name, alone, first, last, pages)


def _queue() -> str:
    return reverse("admin:priorauth_case_changelist")


def _alone(nurse: Actor, view: str) -> float:
    """Milliseconds of the statement that reads what the first page shows."""
    request = RequestFactory().get("/", {"view": view})
    request.actor, admin = nurse, CaseAdmin(Case, site)
    rows = in_tab(admin.get_queryset(request), view, nurse, timezone.now())
    rows = rows.select_related(*admin.list_select_related).order_by(*admin.get_ordering(request))
    statement, parameters = rows[: admin.list_per_page].query.sql_with_params()
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
