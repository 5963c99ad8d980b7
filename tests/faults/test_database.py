"""PostgreSQL that crashes, and connections that break in the middle of a transaction (RELIABILITY.md F9, F10)."""

import time

import psycopg
from django.db import connections

from tests.fault_proxy import Mode
from tests.faults.accounts import broken_streams, faults, idle_in_transaction, settled
from tests.faults.office import Office
from tests.soak import figure, report
from tests.waiting import eventually

IN_THE_MIDDLE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = current_user AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL LIMIT 1
"""  # a backend_xid stands where a transaction has written


def test_f9_postgresql_crashes_under_load_and_every_confirmed_request_is_there(site):
    crashes, requests = figure(5), figure(300)
    office = Office(site)
    slowest = 0.0
    with office.sending(requests):
        for number in range(crashes):
            share = requests * number // crashes + 2
            eventually(lambda share=share: len(office.sent) > share, "the next share is sent")
            site.database.crash()
            assert site.says(503, database="failed")
            site.database.start()
            back = time.monotonic()
            assert site.says(200, database="ok")
            slowest = max(slowest, time.monotonic() - back)
    settled(office)
    assert office.answers.statuses[503], "the crash was felt"
    assert len(office.sent) == requests
    assert faults(office, office.sent) == []
    assert broken_streams() == []
    again = office.answers.statuses[503]
    report(
        "F9",
        f"{crashes} crashes of PostgreSQL during {requests} requests",
        f"every confirmed case present, trail clean; {again} answers 503; ready {slowest:.1f} s after the start (10)",
    )


def test_f10_backends_killed_and_connections_cut_in_a_transaction_leave_nothing_half_written(site):
    kills = figure(50)
    office = Office(site)
    with office.sending(), psycopg.connect(site.database.server.application, autocommit=True) as killer:
        for _ in range(kills):
            office.more(3)
            eventually(lambda: killer.execute(IN_THE_MIDDLE).fetchall(), "a transaction is met in its middle")
            office.more(1)
            site.database.cut()
    settled(office)
    assert faults(office, office.sent) == []
    assert broken_streams() == []
    eventually(lambda: not idle_in_transaction(), "no connection stands in a transaction")
    requests, again = len(office.sent), office.answers.statuses[503]
    report(
        "F10",
        f"{kills} backends killed after they wrote, {kills} times every connection cut, {requests} requests",
        f"0 half written, 0 double; {again} answers 503, 0 other 5xx; no idle transaction left",
    )


def test_a_database_that_answers_no_new_connection_is_answered_for_within_seconds(site):
    office = Office(site, clerks=1)
    site.database.proxy.set(Mode.HANG)
    site.database.cut()
    start = time.monotonic()
    assert site.says(503, database="failed")
    told = time.monotonic() - start
    with office.sending(1):
        eventually(lambda: office.answers.statuses[503], "the clerk reads that the portal cannot answer", 15)
        site.database.proxy.set(Mode.PASS)
        connections.close_all()
    settled(office)
    slowest = max(office.answers.seconds)
    assert slowest < 12
    report(
        "D7",
        "no connection is answered",
        f"/readyz said so after {told:.1f} s; a page answered 503 within {slowest:.1f} s",
    )
