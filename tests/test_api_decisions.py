"""The payer's operation: decisions as JSON Lines or CSV, to go on from wherever a stream ended, none ever skipped."""

import csv
import datetime as dt
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.db import connection, connections, transaction

from priorauth import exports, watermark
from priorauth.models import AuditEvent, Decision, DecisionLine
from priorauth.roles import SYSTEM, Role
from priorauth.services import decide, decision_lines
from tests.api_helpers import DECISIONS, Program, key_for, payer_program
from tests.cases import DAYS, NOW, approve, case_in_review, certain, claimed, not_approve, person, plan
from tests.factories import browser
from tests.held import held
from tests.soak import figure, report
from tests.waiting import eventually, waiting_for_a_lock

DAY = "2026-11-20"
MOST_HELD = 250_000  # bytes


def decided(count=1, at=NOW):
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    cases = [case_in_review(clerk, at=at) for _ in range(count)]
    for case in cases:
        approve(case, nurse, at=at)
    return cases


@pytest.fixture
def program(db):
    return payer_program()


def read(response):
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def objects(response):
    return [json.loads(line) for line in read(response).splitlines()]


def references(response):
    return [row["reference"] for row in objects(response)]


def cursor(row):
    return f"{row['reference']}.{row['line']}"


def test_json_lines_are_what_comes_unasked_and_csv_is_chosen_by_accept_or_format(program):
    (case,) = decided()
    plain = program.get(DECISIONS)
    assert plain.headers["Content-Type"] == "application/jsonl; charset=utf-8"
    assert objects(plain)[0]["reference"] == case.reference
    for response in (
        program.get(DECISIONS, headers={"Accept": "text/csv"}),
        program.get(f"{DECISIONS}?format=csv"),
        program.get(f"{DECISIONS}?format=csv", headers={"Accept": "application/jsonl"}),
    ):
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        (row,) = csv.DictReader(StringIO(read(response).decode(), newline=""))
        assert row["reference"] == case.reference
    assert program.get(f"{DECISIONS}?format=xml").json()["errors"][0]["path"] == "format"


def test_both_forms_have_version_2_of_the_columns_and_no_patient_identifier(program):
    decided()
    (row,) = objects(program.get(DECISIONS))
    assert list(row) == list(exports.COLUMNS)
    text = str(row)
    for value in ("Alma", "Synthetic", "XYZ123456", "1948"):
        assert value not in text


def test_days_outcome_and_product_select(program):
    approved = decided()[0].reference
    later = NOW + dt.timedelta(days=1)
    refused = not_approve(case_in_review(person(Role.CLERK), at=later), person(Role.PHYSICIAN), at=later).case.reference
    for query, found in {
        f"from={DAY}&to={DAY}": [approved],
        "from=2026-11-21": [refused],
        f"to={DAY}": [approved],
        "outcome=not_approved": [refused],
        "outcome=not_approved&outcome=approved": [approved, refused],
        "product=ppo": [approved, refused],
        "product=hmo": [],
        "from=2026-11-21&to=2026-11-19": [],
    }.items():
        assert references(program.get(f"{DECISIONS}?{query}")) == found, query


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("outcome=maybe", "outcome"),
        ("product=gold", "product"),
        ("limit=0", "limit"),
        ("limit=100001", "limit"),
        ("after=PA-ZZZZ-ZZZZ-ZZZZ.1", "after"),
        ("after=1", "after"),
        ("after=%27;--", "after"),
        ("form=csv", "form"),
    ],
)
def test_what_cannot_be_read_is_named_and_exports_nothing(program, query, name):
    response = program.get(f"{DECISIONS}?{query}")
    assert response.status_code == 400
    assert [error["path"] for error in response.json()["errors"]] == [name]
    assert not AuditEvent.objects.filter(action="export_decisions").exists()


def test_page_by_page_comes_everything_once_in_the_order_of_deciding(program):
    cases = decided(5)
    seen, address = [], f"{DECISIONS}?limit=2&outcome=approved"
    for _ in range(5):
        response = program.get(address)
        page = objects(response)
        if not page:
            break
        assert response.headers["X-Next-Cursor"] == cursor(page[-1])
        assert response.headers["Link"].endswith('; rel="next"')
        address = response.headers["Link"].partition(">")[0][1:]
        seen += [row["reference"] for row in page]
    assert seen == [case.reference for case in cases]
    assert response.headers["X-Next-Cursor"] == f"{cases[-1].reference}.1", "where to go on when there is more"
    late = decided()
    assert references(program.get(address)) == [case.reference for case in late]


def test_before_the_first_decision_there_is_no_cursor(program):
    response = program.get(DECISIONS)
    assert read(response) == b""
    assert "X-Next-Cursor" not in response.headers


def test_a_page_may_end_within_a_decision(program, monkeypatch):
    many_lines(monkeypatch, 5)
    rows = objects(program.get(f"{DECISIONS}?limit=3"))
    assert [row["line"] for row in rows] == [1, 2, 3]
    assert [row["line"] for row in objects(program.get(f"{DECISIONS}?after={cursor(rows[-1])}"))] == [4, 5]


def test_head_tells_the_cursor_and_exports_nothing(program):
    decided()
    response = program.head(DECISIONS)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["X-Next-Cursor"]
    assert not AuditEvent.objects.filter(action="export_decisions").exists()


def test_each_export_is_an_event_that_names_form_filter_and_place(program):
    (case,) = decided()
    read(program.get(f"{DECISIONS}?format=csv&product=ppo&limit=7&after={case.reference}.1"))
    event = AuditEvent.objects.get(action="export_decisions")
    assert (event.actor_name, event.entities["form"]) == ("Night program", "csv")
    assert event.entities["selection"] | {"until": 0} == {
        "first": None,
        "last": None,
        "outcomes": [],
        "products": ["ppo"],
        "after": f"{case.reference}.1",
        "until": 0,
        "limit": 7,
    }


@pytest.mark.parametrize("role", [Role.CLERK, Role.NURSE, Role.PHYSICIAN, Role.AUDITOR, Role.ADMINISTRATOR])
def test_a_refused_export_is_an_event_too(db, role):
    response = browser(person(role)).get(DECISIONS)
    assert response.status_code == 403
    assert response.json()["detail"] == "Only payer operations and review leads export decisions."
    assert AuditEvent.objects.get(action="refused_export_decisions").role == role


@pytest.mark.parametrize("role", [Role.PAYER, Role.LEAD])
def test_people_who_export_read_them_by_their_session(db, role):
    (case,) = decided()
    assert references(browser(person(role)).get(DECISIONS)) == [case.reference]


def test_the_number_of_queries_does_not_grow_with_the_rows(program):
    def queries():
        asked = []
        with connection.execute_wrapper(lambda run, sql, *rest: (asked.append(sql), run(sql, *rest))[1]):
            read(program.get(DECISIONS))
        return len(asked)

    decided()
    read(program.get(DECISIONS))
    few = queries()
    decided(5)
    assert queries() == few <= 15


def many_lines(monkeypatch, count):
    """One decision with so many lines."""
    with monkeypatch.context() as patched:
        patched.setattr(
            decision_lines,
            "lines_of",
            lambda decision, *_: [
                DecisionLine(decision=decision, number=number, code="22511", levels="L1", outcome="approved", **DAYS)
                for number in range(1, count + 1)
            ],
        )
        return approve(case_in_review(person(Role.CLERK)), person(Role.NURSE))


@pytest.mark.parametrize("kind", exports.STREAMS)
def test_20000_rows_stream_with_flat_memory(db, monkeypatch, kind):
    rows, sizes = figure(20_000), []
    many_lines(monkeypatch, rows)

    def streamed():
        sizes.append(sum(map(len, exports.STREAMS[kind](exports.Selection(), by=SYSTEM, at=NOW))))

    most = held(streamed, MOST_HELD)
    assert sizes[-1] > 200 * rows
    assert most < MOST_HELD
    report("L2", f"{rows} rows as {kind}", f"{sizes[-1]:,} bytes sent, {most:,} held at most")


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_was_cut_goes_on_after_its_last_whole_row(monkeypatch):
    """The client has all rows once, wherever the line went dead, while others decide between its calls."""
    program = payer_program()
    many_lines(monkeypatch, 700)
    seen, cut_at = [], iter([1, 40_000, 100_000, 170_000, 260_000])
    while True:
        after = f"?after={cursor(seen[-1])}" if seen else ""
        response = program.get(f"{DECISIONS}{after}")
        stream = iter(response.streaming_content)
        cut = next(cut_at, None)
        if cut is None:
            got = b"".join(stream)
        else:
            got = b""
            while len(got) < cut and (block := next(stream, b"")):
                got += block
            got = got[:cut]
            response.close()
            decided()
        seen += [json.loads(line) for line in got.splitlines(keepends=True) if line.endswith(b"\n")]
        if cut is None:
            break
    every = objects(program.get(DECISIONS))
    assert [cursor(row) for row in seen] == [cursor(row) for row in every]
    assert len(every) == 705


def held_decision(case, nurse, reached, go_on):
    """Decide in a transaction that stands still before it commits."""
    try:
        with transaction.atomic():
            approve(case, nurse)
            reached.set()
            assert go_on.wait(30)
    finally:
        connections.close_all()


def in_thread(text, address):
    try:
        return objects(Program(text).get(address))
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_a_decision_in_flight_is_waited_for_and_never_skipped():
    """The slow one took its number first and commits last; the quick one has a higher number and is committed."""
    text, clerk = key_for(plan()), person(Role.CLERK)
    slow, quick = (case_in_review(clerk) for _ in range(2))
    reached, go_on = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        deciding = pool.submit(held_decision, slow, person(Role.NURSE), reached, go_on)
        assert reached.wait(30)
        approve(quick, person(Role.NURSE))
        assert [decision.case_id for decision in Decision.objects.unscoped("a test reads")] == [quick.pk]
        reading = pool.submit(in_thread, text, DECISIONS)
        eventually(lambda: waiting_for_a_lock() == 1, "the reader waits for the decision in flight")
        go_on.set()
        deciding.result()
        first = [row["reference"] for row in reading.result()]
    assert first == [slow.reference, quick.reference]


def test_a_page_ends_at_its_watermark_though_more_was_decided_since(program, monkeypatch):
    """Were it read, a slower one with a lower number would never be."""
    (first,), mark = decided(), watermark.decided_up_to

    def then_one_more():
        until = mark()
        decided()
        return until

    with monkeypatch.context() as patched:
        patched.setattr(watermark, "decided_up_to", then_one_more)
        response = program.get(DECISIONS)
        assert references(response) == [first.reference]
    assert response.headers["X-Next-Cursor"] == f"{first.reference}.1"
    assert len(references(program.get(DECISIONS))) == 2


@pytest.mark.django_db(transaction=True)
def test_a_decision_that_stays_in_flight_makes_the_reader_come_again_and_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(watermark, "PATIENCE", "200ms")
    program, clerk = payer_program(), person(Role.CLERK)
    slow, quick = (case_in_review(clerk) for _ in range(2))
    reached, go_on = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        deciding = pool.submit(held_decision, slow, person(Role.NURSE), reached, go_on)
        assert reached.wait(30)
        with connection.cursor() as patient:
            patient.execute("SET lock_timeout = 0")  # the portal's own limit is longer than the reader's
        response = program.get(DECISIONS)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "3")
        assert "A decision is being recorded just now." in response.json()["detail"]
        approve(quick, person(Role.NURSE))
        go_on.set()
        deciding.result()
    assert set(references(program.get(DECISIONS))) == {slow.reference, quick.reference}


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_goes_on_while_four_people_decide_gets_every_decision_once():
    text, clerk = key_for(plan()), person(Role.CLERK)
    nurses = [person(Role.NURSE) for _ in range(4)]
    shares = [[certain(claimed(case_in_review(clerk), nurse), nurse) for _ in range(3)] for nurse in nurses]
    done = threading.Event()

    def decide_all(nurse, cases):
        try:
            for case in cases:
                decide.approve(case, by=nurse, at=NOW, valid_from=dt.date(2026, 11, 30), valid_to=dt.date(2027, 1, 1))
        finally:
            connections.close_all()

    def follow():
        seen, last_round = [], False
        while True:
            last_round = done.is_set()
            rows = in_thread(text, f"{DECISIONS}?limit=3" + (f"&after={cursor(seen[-1])}" if seen else ""))
            seen += rows
            if last_round and not rows:
                return [row["reference"] for row in seen]

    with ThreadPoolExecutor(5) as pool:
        following = pool.submit(follow)
        list(pool.map(decide_all, nurses, shares))
        done.set()
        seen = following.result()
    assert sorted(seen) == sorted(case.reference for share in shares for case in share)


def test_the_watermark_is_the_highest_number_or_none(db):
    assert watermark.decided_up_to() == 0
    decided(2)
    highest = max(Decision.objects.unscoped("a test reads").values_list("id", flat=True))
    assert watermark.decided_up_to() == highest
