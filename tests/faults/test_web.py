"""Web processes killed and replaced while offices send (RELIABILITY.md F2, F13)."""

import random
import time

from django.db import connection, transaction

from tests.fault_proxy import Mode
from tests.faults.accounts import cases, faults, settled
from tests.faults.office import Office
from tests.soak import figure, report
from tests.waiting import eventually, waiting_for_a_lock


def test_f2_web_processes_killed_at_any_moment_leave_no_half_request(site):
    kills = figure(30)
    office = Office(site)
    with office.sending():
        for _ in range(kills):
            office.more(6)
            time.sleep(random.uniform(0, 0.4))  # the moment of the kill is what varies
            site.kill("web")
            site.start("web")
    settled(office)
    assert len(office.sent) == 6 * kills
    assert faults(office, office.sent) == []
    assert office.answers.broken, "some kills met a request"
    report(
        "F2",
        f"{kills} kills of web, {len(office.sent)} requests",
        f"0 lost, 0 double, 0 half written; {office.answers.broken} posts cut off and sent again",
    )


def test_f2_a_web_process_killed_inside_the_transaction_leaves_a_draft(site):
    office = Office(site, clerks=1)
    with office.sending():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE priorauth_revision IN SHARE MODE")
            office.more(1)
            eventually(waiting_for_a_lock, "the sending waits in the middle of its transaction")
            site.kill("web")
        eventually(lambda: not waiting_for_a_lock(), "its transaction is undone")
        assert cases(office).get().status == "draft"
        site.start("web")
    settled(office)
    assert faults(office, office.sent) == []
    assert office.answers.broken == 1


def test_f2_a_web_process_killed_between_commit_and_wake_up_has_sent_the_request(site):
    office = Office(site, clerks=1)
    site.forget_the_brokers_last_failure()
    site.broker.proxy.set(Mode.HANG)
    with office.sending(1):
        eventually(lambda: cases(office).filter(status="received").exists(), "the request is committed")
        site.kill("web")
        assert office.sent == [], "it was not confirmed"
        site.broker.proxy.set(Mode.PASS)
        settled(office)
        site.start("web")
    assert faults(office, office.sent) == []
    assert office.answers.broken == 1


def test_f13_deploys_under_load_lose_no_request(site):
    deploys = figure(20)
    office = Office(site)
    before = posts_begun(site)
    with office.sending():
        for number in range(deploys):
            office.more(10)
            eventually(lambda wanted=10 * number + 3: len(office.sent) > wanted, "some of them are sent")
            site.terminate("web", "worker")
            site.start("web", "worker")
    settled(office)
    assert len(office.sent) == 10 * deploys
    assert faults(office, office.sent) == []
    assert office.answers.statuses.keys() == {302}
    assert posts_begun(site) - before == office.answers.statuses[302], "whatever web began to serve was answered"
    report(
        "F13",
        f"{deploys} SIGTERM restarts of web and worker, {len(office.sent)} requests",
        f"0 failed, 0 lost; {office.answers.refused} connections refused, {office.answers.broken} closed unread",
    )


def posts_begun(site) -> int:
    return site.log("web").count("begins POST /requests/")
