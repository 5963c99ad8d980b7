"""The lists that everybody opens all day come out of their indexes, however long the tables grow (decision 33).

Here the tables have a few thousand rows; `make bench` measures a million."""

import re
from collections.abc import Iterator

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from benchmarks import seed
from priorauth import exports, jobs, selectors
from priorauth.admin.board import board
from priorauth.admin.find import found
from priorauth.admin.tabs import SORTS, TABS
from priorauth.models import Job
from priorauth.roles import SYSTEM, Role
from priorauth.services import claim, next_case
from tests.cases import NOW, case_in_review, draft_case, person
from tests.factories import browser
from tests.walking import undone

pytestmark = pytest.mark.django_db

FEW, MANY = 20, 3_000
OVER_CASES = re.compile(r'FROM "?priorauth_case\b')
WORK, OPEN = {"case_work"}, {"case_open", "case_open_due"}
INDEXES = {
    "queue": WORK,
    "physician": WORK,
    "mine": {"case_claims"},
    "unassigned": WORK,
    "information": WORK,
    "messages": {"case_message_waits"},
    "arrived": {"case_arrived"},
    "soon": OPEN,
    "late": OPEN,
    "open": OPEN,
    "decided": {"case_decided"},
}

SORTED = {
    "open": {"due": "case_open_due", "received": "case_open_received", "score": "case_open_score"},
    "decided": {"decided": "case_decided", "received": "case_decided_received", "score": "case_decided_score"},
}
FILTERS = (
    {"path": "C"},
    {"missing": "failed_to_respond"},
    {"edition": "bcbsma-484 2022-06"},
    {"determination": "meets"},
)


def statements(work) -> list[tuple[str, object]]:
    """Every statement that `work` executes, with its parameters."""
    said = []

    def note(execute, sql, params, many, context):
        said.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return said


def plans(said) -> list[str]:
    """The plans of the statements over cases."""
    with connection.cursor() as cursor:
        told = []
        for sql, parameters in said:
            if OVER_CASES.search(sql):
                cursor.execute(f"EXPLAIN {sql}", parameters)
                told.append("\n".join(line for (line,) in cursor.fetchall()))
    return told


def ask(nurse, **asked):
    client = browser(nurse)
    return statements(lambda: client.get(reverse("admin:priorauth_case_changelist"), asked))


def lists(nurse) -> dict[str, int]:
    """How many statements each view, the board and a search take."""
    counts = {view: len(ask(nurse, view=view)) for view in TABS}
    counts |= {f"{view}, both": len(ask(nurse, view=view, path="A", sort="-score")) for view in SORTS}
    counts["board"] = len(statements(lambda: board(nurse, timezone.now())))
    return counts | {"find": len(statements(lambda: found(nurse, "S1")))}


@pytest.fixture(scope="module")
def history(django_db_setup, django_db_blocker) -> Iterator[tuple[seed.World, dict[str, int]]]:
    """A plan with many cases, and what the lists cost where it has few."""
    with django_db_blocker.unblock():
        with undone():
            few = lists(seed.write(FEW, FEW // 2).nurses[0])
        with undone(), connection.cursor() as cursor:
            world = seed.write(MANY, MANY // 5)
            cursor.execute("ANALYZE")
            for cheap_for_few_rows in ("enable_sort", "enable_bitmapscan"):
                cursor.execute(f"SET LOCAL {cheap_for_few_rows} = off")
            yield world, few


def test_each_view_is_counted_and_listed_out_of_its_index(history):
    assert INDEXES.keys() == TABS.keys()
    for view, indexes in INDEXES.items():
        keys, *rows, _ = plans(ask(history[0].nurses[0], view=view))  # the last one counts the tabs
        assert any(index in keys for index in indexes), (view, keys)
        assert "Seq Scan on priorauth_case" not in keys, (view, keys)
        assert "Limit" in keys, (view, keys)
        assert all("(id = ANY" in plan and not re.search(r"^ +Filter: ", plan, re.MULTILINE) for plan in rows), rows


def test_each_sort_is_read_out_of_its_index_from_either_end(history):
    ways = {(view, sort) for view, sorts in SORTS.items() for sort in sorts}
    assert ways == {(view, way + sort) for view, sorts in SORTED.items() for sort in sorts for way in ("", "-")}
    for view, sort in ways:
        keys, *_ = plans(ask(history[0].nurses[0], view=view, sort=sort))
        assert re.search(rf"Index Only Scan (Backward )?using {SORTED[view][sort.lstrip('-')]} on", keys), keys
        assert "Sort" not in keys, keys


def test_each_filter_is_read_out_of_the_index_of_its_view(history):
    for view, indexes in INDEXES.items():
        if view in ("queue", "unassigned", "open", "decided"):
            for asked in FILTERS:
                keys, *_ = plans(ask(history[0].nurses[0], view=view, **asked))
                assert any(f"Index Only Scan using {index} on" in keys for index in indexes), (view, asked, keys)


def test_many_cases_take_the_statements_that_few_take(history):
    """Rows are one more where there were none; so is who handed a case over, where the reader holds any."""
    world, few = history
    for name, count in lists(world.nurses[0]).items():
        assert 0 <= count - few[name] <= (name != "find"), name


def test_the_board_counts_no_further_than_its_cap(history, monkeypatch):
    nurse = history[0].nurses[0]
    for plan in plans(statements(lambda: board(nurse, timezone.now()))):
        assert "Limit" in plan, plan
        assert "Seq Scan on priorauth_case" not in plan, plan
    monkeypatch.setattr("priorauth.admin.tabs.MOST", 3)
    now = board(nurse, timezone.now())
    shown = {address: count for _, count, address in [*now["numbers"], *now["news"]]}
    assert shown["view=unassigned"] == shown["view=messages"] == "3+"


@pytest.mark.parametrize("text", ["PA-0000-0000-0000", "S17", "Quill", "1900000007"])
def test_a_search_reads_no_table_from_end_to_end(history, text):
    for plan in plans(statements(lambda: found(history[0].nurses[0], text))):
        assert not re.search("Seq Scan on priorauth_(case|member)", plan), plan


@pytest.mark.parametrize("which", ["overrides", "turned_by_reading"])
def test_decisions_against_what_was_computed_or_sent_are_read_out_of_their_own_index(history, which):
    plan = getattr(selectors, which)(history[0].nurses[0], NOW)[:5].explain()
    assert {"overrides": "decision_against_computed", "turned_by_reading": "decision_turned_by_reading"}[which] in plan


def test_the_next_case_comes_from_its_index_without_sorting_and_is_claimed_in_three_statements(history):
    nurse = history[0].nurses[0]
    for name, statement in (("first", next_case.FIRST), ("counted", next_case.COUNT)):
        asked = re.sub(r"%\((\w+)\)s", lambda name: {"at": "$1", "organization": "$2"}.get(name[1], "$3"), statement)
        with connection.cursor() as cursor:
            cursor.execute(
                f"PREPARE {name} (timestamptz, bigint, bigint) AS {asked.format(columns='*', status='in_review')}"
            )
            cursor.execute(f"EXPLAIN EXECUTE {name} (now(), %s, %s)", [nurse.organization_id, nurse.user_id])
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Index Scan using case_work" in plan, plan
        assert "Sort" not in plan, plan
    said = statements(lambda: claim.claim_next(by=nurse, at=timezone.now()))
    within_a_test = ("SAVEPOINT", "RELEASE")
    assert [word for sql, _ in said if (word := sql.split()[0]) not in within_a_test] == ["SELECT", "UPDATE", "INSERT"]


def test_a_long_export_begins_before_its_last_row_was_read(history):
    """By itself PostgreSQL sorts what it exports: nothing comes out of a sort before everything is in it."""
    everything, day = exports.Selection(), exports.Selection(NOW.date(), NOW.date())
    assert not list(statements_of_export(day))
    assert list(statements_of_export(everything)) == ["SET LOCAL enable_sort = off"]
    select, parameters = exports._select(everything, "csv")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {select}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "priorauth_decision_pkey" in plan
    assert "Sort" not in plan, plan


def statements_of_export(selection) -> Iterator[str]:
    for sql, _ in statements(lambda: list(exports.csv(selection, by=SYSTEM, at=NOW))):
        if sql.startswith("SET"):
            yield sql


def office_list():
    return selectors.office_requests(person(Role.CLERK)).select_related(None)


def due_jobs():
    return jobs.due(Job.Kind.SCORE, NOW)


def failed_jobs():
    return Job.objects.filter(state=Job.State.FAILED).order_by("-id")


@pytest.mark.parametrize(
    ("rows", "index"), [(office_list, "case_office_list"), (due_jobs, "job_waiting"), (failed_jobs, "job_failed")]
)
def test_the_list_comes_from_its_index_without_sorting(rows, index):
    clerk = person(Role.CLERK)
    for _ in range(3):
        case_in_review(clerk)
        draft_case(clerk)
    with connection.cursor() as cursor:
        for cheap_for_few_rows in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            cursor.execute(f"SET LOCAL {cheap_for_few_rows} = off")
    plan = rows()[:25].explain()
    assert index in plan
    assert "Sort" not in plan, plan
