"""Real workers and a real broker that fail: nothing is lost, nothing is done twice (invariant 4)."""

import os
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction

from priorauth import jobs
from priorauth.models import Assessment, Case, Job
from priorauth.roles import Role
from tests.cases import person, sent_case
from tests.fault_proxy import FaultProxy, Mode
from tests.processes import beat, publishing_to, worker
from tests.waiting import eventually, waiting_for_a_lock

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def broker():
    """The tests' broker behind a proxy that can fail; the web side publishes through it."""
    url = urlsplit(os.environ["REDIS_URL"])
    with FaultProxy(url.port).running() as proxy:
        proxy.url = os.environ["REDIS_URL"].replace(f":{url.port}", f":{proxy.port}")
        with publishing_to(proxy.url):
            yield proxy


def statuses(cases):
    stored = Case.objects.unscoped("the test looks at its own cases").filter(pk__in=[case.pk for case in cases])
    return set(stored.values_list("status", flat=True))


def scored_once(cases):
    counts = Assessment.objects.unscoped("the test looks at its own cases").values_list("case_id", flat=True)
    return sorted(counts) == sorted(case.pk for case in cases)


def test_a_wake_up_scores_a_request_without_waiting_for_beat(broker, tmp_path):
    with worker(tmp_path, broker.url):
        case = sent_case(person(Role.CLERK))
        eventually(lambda: statuses([case]) == {"in_review"}, "the request is scored")
        assert scored_once([case])


@pytest.mark.parametrize("fault", [Mode.DOWN, Mode.HANG])
def test_requests_are_received_while_the_broker_fails_and_scored_when_it_returns(broker, tmp_path, fault):
    clerk = person(Role.CLERK)
    with worker(tmp_path, broker.url), beat(tmp_path, broker.url):
        broker.set(fault)
        before = broker.accepted
        cases = [sent_case(clerk) for _ in range(5)]
        assert {case.status for case in cases} == {"received"}
        assert jobs._broker.pause_until > 0, "after the first failure no further request waits for the broker"
        assert Job.objects.filter(state="waiting").count() == 5
        broker.set(Mode.PASS)
        eventually(lambda: statuses(cases) == {"in_review"}, "every request is scored once the broker is back")
        assert scored_once(cases)
        assert broker.accepted > before


def test_a_worker_killed_in_the_middle_of_a_job_leaves_it_whole(broker, tmp_path):
    case = sent_case(person(Role.CLERK))
    with transaction.atomic():
        rows = Case.objects.unscoped("the test holds the row that the worker needs").select_for_update()
        rows.get(pk=case.pk)
        with worker(tmp_path, broker.url) as first:
            jobs.wake("score")
            eventually(waiting_for_a_lock, "the worker waits for the row in the middle of its job")
            first.kill()
    eventually(lambda: not backends_at_work(), "the killed worker's transaction is undone")
    assert statuses([case]) == {"received"}
    assert Job.objects.get().state == "waiting"
    with worker(tmp_path, broker.url), beat(tmp_path, broker.url):
        eventually(lambda: statuses([case]) == {"in_review"}, "the next worker scores it")
        assert scored_once([case])
        job = Job.objects.get()
        assert (job.state, job.attempts) == ("done", 2)


def backends_at_work():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database() AND (state <> 'idle' OR wait_event_type = 'Lock')"
        )
        return cursor.fetchone()[0]


def test_the_same_wake_up_many_times_does_the_work_once(broker, tmp_path):
    clerk = person(Role.CLERK)
    cases = [sent_case(clerk) for _ in range(5)]
    with worker(tmp_path, broker.url):
        for _ in range(25):
            jobs.wake("score")
        eventually(lambda: statuses(cases) == {"in_review"}, "every request is scored")
        assert scored_once(cases)
        assert set(Job.objects.values_list("attempts", flat=True)) == {1}
