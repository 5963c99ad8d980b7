"""A broker that is down, hangs, forgets, or restarts: requests are received, and scored when it is back (F3 to F7)."""

import time

import pytest
from django.db import transaction

from priorauth import jobs
from priorauth.models import Job
from tests.fault_proxy import Mode
from tests.faults.accounts import cases, faults, settled, tries
from tests.faults.office import Office
from tests.soak import figure, report
from tests.waiting import eventually, waiting_for_a_lock

SMALLEST = 0.5  # seconds; below that a ratio tells of the machine's other work, not of the broker


def test_a_wake_up_scores_a_request_without_waiting_for_beat(site):
    office = Office(site, clerks=1)
    site.kill("beat")
    office.send(1)
    settled(office)


def test_f3_requests_are_received_while_the_broker_is_down(site):
    requests = figure(200)
    healthy, office = Office(site), Office(site)
    healthy.send(requests)
    site.broker.proxy.set(Mode.DOWN)
    office.send(requests)
    site.broker.proxy.set(Mode.PASS)
    back = time.monotonic()
    settled(office)
    seconds = time.monotonic() - back
    assert office.answers.statuses.keys() == {302}
    assert faults(office, office.sent) == []
    usual, slowed = p95(healthy), p95(office)
    assert slowed <= max(3 * usual, SMALLEST)
    report(
        "F3",
        f"broker down during {requests} requests",
        f"all received, 0 5xx; p95 {slowed:.2f} s, healthy {usual:.2f}; all scored {seconds:.1f} s after (30)",
    )


def test_f4_a_broker_that_hangs_holds_no_request_for_three_seconds(site):
    requests = figure(50)
    office = Office(site)
    site.forget_the_brokers_last_failure()
    Office(site).send(8)  # these find a broker, and a web process that is warm
    site.broker.proxy.set(Mode.HANG)
    office.send(requests)
    site.broker.proxy.set(Mode.PASS)
    settled(office)
    assert office.answers.statuses.keys() == {302}
    assert faults(office, office.sent) == []
    slowest = max(office.answers.seconds)
    assert 0.9 < slowest <= 3, "felt, and not for long"
    report("F4", f"broker hangs during {requests} requests", f"0 5xx; slowest answer {slowest:.1f} s (3); all scored")


def test_f5_a_broker_that_forgets_everything_loses_nothing(site):
    flushes, requests = figure(10), figure(500)
    office = Office(site)
    with office.sending(requests), site.broker.client() as broker:
        for number in range(flushes):
            share = requests * number // flushes
            eventually(lambda share=share: len(office.sent) > share, "the next share is sent")
            broker.flushall()
    settled(office)
    assert faults(office, office.sent) == []
    report("F5", f"{flushes} times FLUSHALL during {requests} requests", "0 lost, 0 double")


@pytest.fixture
def configured(site):
    """A function that sets the broker's memory and policy; both are put back."""
    with site.broker.client() as broker:

        def configure(memory: int, policy: str) -> None:
            broker.config_set("maxmemory", memory)
            broker.config_set("maxmemory-policy", policy)

        yield configure
        configure(0, "noeviction")


def test_f6_a_broker_that_may_drop_or_refuse_messages_is_told_and_loses_nothing(site, configured):
    requests = figure(100)
    office = Office(site)
    told = {}
    for state, setting in {"unsafe": (1, "allkeys-lru"), "full": (1, "noeviction")}.items():
        configured(*setting)
        set_at = time.monotonic()
        assert site.says(200, broker=state)
        told[state] = time.monotonic() - set_at
        office.send(requests)
    site.kill("worker")
    configured(0, "allkeys-lru")
    site.start("worker")
    assert "The broker may drop wake-ups" in site.log("worker")
    configured(0, "noeviction")
    assert site.says(200, broker="ok")
    settled(office)
    assert office.answers.statuses.keys() == {302}
    assert faults(office, office.sent) == []
    words = ", ".join(f"“{state}” after {seconds:.1f} s" for state, seconds in told.items())
    report("F6", f"allkeys-lru, then full, {requests} requests each", f"told {words} (10); 0 lost")


def test_f7_a_worker_outlives_restarts_of_its_broker_and_works_on(site):
    restarts = figure(20)
    office = Office(site, clerks=1)
    slowest = 0.0
    for _ in range(restarts):
        site.broker.kill()
        site.broker.start()
        back = time.monotonic()
        office.send(2)
        settled(office, 20)
        slowest = max(slowest, time.monotonic() - back)
    assert site.processes["worker"].lives()
    assert faults(office, office.sent) == []
    report(
        "F7", f"{restarts} restarts of the broker", f"the worker took up work each time; slowest {slowest:.1f} s (20)"
    )


def test_f7_a_worker_in_the_middle_of_a_job_outlives_its_broker(site):
    office = Office(site, clerks=1)
    site.kill("worker", "beat")
    office.send(1)
    with site.broker.client() as broker:
        broker.flushall()
    lost = "Connection to broker lost"
    with transaction.atomic():
        cases(office).select_for_update(of=("self",)).get()
        site.start("worker")
        jobs.wake(Job.Kind.SCORE)  # this one is at work, and the worker asks for the next
        eventually(lambda: tries(office) and waiting_for_a_lock(), "the worker waits in the middle of its job")
        before = site.log("worker").count(lost)
        site.broker.kill()
        site.broker.start()
        eventually(lambda: site.log("worker").count(lost) > before, "the worker notices")
    site.start("beat")
    settled(office)
    office.send(1)
    settled(office, 20)
    assert site.processes["worker"].lives()
    assert faults(office, office.sent) == []


def p95(office: Office) -> float:
    return sorted(office.answers.seconds)[int(len(office.answers.seconds) * 0.95) - 1]
