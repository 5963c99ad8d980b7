"""Web processes killed and replaced while offices send (RELIABILITY.md F2, F13)."""

import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from priorauth.models import Draft
from tests.factories import valid_form
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


def test_f2_what_was_saved_is_there_after_a_kill_and_a_save_in_flight_is_there_whole_or_not_at_all(site):
    """Between two keystrokes: the first save is answered, web is killed while it writes the second (G20)."""
    office = Office(site, clerks=1)
    clerk = office.clerks[0]
    saved = valid_form(note="Saved before the kill") | {"token": str(uuid.uuid4()), "action": "save"}
    path = clerk.post("/requests/new/", saved)
    draft = Draft.objects.unscoped("a test reads it").get(case__in=cases(office))
    later = valid_form(note="Typed after it") | {"version": draft.version, "action": "save"}
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE priorauth_draft IN SHARE MODE")
            second = pool.submit(clerk.post, path, later)
            eventually(waiting_for_a_lock, "the second save waits in the middle of its transaction")
            site.kill("web")
        eventually(lambda: not waiting_for_a_lock(), "its transaction is undone")
        draft.refresh_from_db()
        assert draft.fields["note"] == ["Saved before the kill"]
        site.start("web")
        assert second.result() == path
    draft.refresh_from_db()
    assert draft.fields["note"] == ["Typed after it"]
    assert clerk.answers.broken == 1


def test_f2_a_web_process_killed_between_commit_and_wake_up_has_sent_the_request(site):
    office = Office(site, clerks=1)
    site.forget_the_brokers_last_failure()
    site.broker.proxy.set(Mode.HANG)
    with office.sending(1):
        eventually(lambda: cases(office).filter(received_at__isnull=False).exists(), "the request is committed")
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
