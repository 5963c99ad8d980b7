"""Workers and beats that die, double or stop: all is done, and done once (RELIABILITY.md F1, F8, F11, F14, F15)."""

import datetime as dt
import random
import re
import time

from django.db import transaction
from django.utils import timezone

from priorauth import jobs
from priorauth.models import Case, Heartbeat, Job
from priorauth.roles import Role
from priorauth.services import claim, submit
from tests.admin_helpers import signed_in
from tests.cases import person, sent_case, submission
from tests.fault_proxy import Mode
from tests.faults.accounts import WHY, cases, faults, settled, somebody_listens, tries
from tests.faults.office import Office
from tests.soak import figure, report
from tests.waiting import eventually, waiting_for_a_lock

HOUR = dt.timedelta(hours=1)


def test_f1_workers_killed_again_and_again_lose_and_double_nothing(site):
    kills, requests = figure(50), figure(1000)
    share = requests // kills
    office = Office(site)
    with office.sending():
        for number in range(kills):
            office.more(share)
            some = number * share + random.randint(1, share // 2)
            eventually(lambda wanted=some: scored(office) >= wanted, "some of them are scored")
            site.kill("worker")
            site.start("worker")
    back = time.monotonic()
    settled(office, 15)
    seconds = time.monotonic() - back
    assert len(office.sent) == requests
    assert faults(office, office.sent) == []
    lost_tries = tries(office) - requests
    report(
        "F1",
        f"{kills} kills of the worker group, {requests} requests",
        f"0 lost, 0 double, 0 stuck; {lost_tries} tries lost; last scored {seconds:.1f} s after the last start (15)",
    )


def scored(office: Office) -> int:
    return cases(office).filter(status="in_review").count()


def test_f1_a_worker_killed_in_the_middle_of_a_job_leaves_it_whole(site):
    office = Office(site, clerks=1)
    site.kill("worker")
    [reference] = office.send(1)
    with transaction.atomic():
        case = cases(office).select_for_update(of=("self",)).get(reference=reference)
        site.start("worker")
        eventually(lambda: tries(office) and waiting_for_a_lock(), "the worker waits in the middle of its job")
        site.kill("worker")
    eventually(lambda: not waiting_for_a_lock(), "the killed worker's transaction is undone")
    case.refresh_from_db()
    assert (case.status, case.jobs.get().state) == ("received", "waiting")
    site.start("worker")
    settled(office)
    assert faults(office, [reference]) == []
    assert tries(office) == 2


def test_f8_f15_five_wake_ups_for_one_and_two_beats_do_the_work_once(site):
    requests = figure(200)
    office = Office(site)
    site.start("beat-2")
    before = wake_ups(site)
    with office.sending(requests):
        for number in range(requests):
            eventually(lambda wanted=number: len(office.sent) > wanted, "the next request is sent")
            for _ in range(4):  # they are all the same, so there is no order to shuffle
                jobs.wake(Job.Kind.SCORE)
    eventually(lambda: wake_ups(site) - before >= 5 * requests, "every wake-up reached the worker")
    settled(office)
    assert faults(office, office.sent) == []
    assert tries(office) <= 1.2 * requests
    did = f"{requests} requests, every wake-up 5 times"
    report("F8", did, f"0 double; {tries(office)} tries for {requests} jobs (at most 1.2 each)")
    report("F15", f"{requests} requests, two beats", "0 double")


def wake_ups(site) -> int:
    return len(re.findall(r"Task kick\[.*\] received", site.log("worker")))


def test_f11_a_poisoned_case_blocks_nobody_and_ends_with_a_person(site, monkeypatch):
    requests = figure(100)
    office = Office(site)
    site.kill("worker")
    poisoned = poisoned_case(monkeypatch)
    office.send(requests - 1)
    start = timezone.now()
    site.start("worker")
    pauses = [failed_and_put_off(poisoned, attempt) for attempt in range(1, jobs.MAX_ATTEMPTS)]
    eventually(lambda: Job.objects.get(case=poisoned).state == "failed", "a person gets it")
    assert faults(office, office.sent) == []
    last = Job.objects.filter(case__office=office.id).latest("done_at").done_at
    seconds = (last - start).total_seconds()
    assert seconds < 15, "the others did not wait"
    poisoned.refresh_from_db()
    assert (poisoned.status, poisoned.determination) == ("in_review", "")
    _, lead = signed_in(Role.LEAD)
    assert poisoned.reference in lead.get("/admin/priorauth/job/?state=failed").content.decode()
    did = f"1 poisoned case among {requests}"
    waits = ", ".join(f"{pause:.0f}" for pause in pauses)
    report(
        "F11", did, f"others scored in {seconds:.1f} s; 5 tries, {waits} s apart; then with a person, seen in the admin"
    )


def poisoned_case(monkeypatch) -> Case:
    """A sent request with facts that no scorer can read: the check at the door is off for it."""
    monkeypatch.setattr(submit.facts_v1, "parse", lambda document: document)
    return sent_case(person(Role.CLERK), at=timezone.now(), facts=submission().facts | {"poison": True})


def failed_and_put_off(case: Case, attempt: int) -> float:
    """Wait until a try failed; return for how many seconds the next was put off, and let them pass at once."""
    wanted = jobs.BACKOFF_SECONDS[attempt - 1]

    def pause() -> float:
        job = Job.objects.get(case=case)
        return (job.run_after - timezone.now()).total_seconds() if job.attempts == attempt and job.last_error else 0

    eventually(lambda: 0.5 * wanted < pause() < 1.3 * wanted, f"try {attempt} fails and waits about {wanted} s")
    found = pause()
    Job.objects.filter(case=case).update(run_after=timezone.now())
    return found


def test_f14_an_hour_without_beat_is_told_and_then_made_good(site):
    office = Office(site, clerks=1)
    nurse = person(Role.NURSE)
    held = office.send(1)
    settled(office)
    claim.claim(cases(office).get(reference=held[0]), by=nurse, at=timezone.now() - HOUR)
    site.kill("beat")
    site.broker.proxy.set(Mode.HANG)
    eventually(lambda: not somebody_listens(), "no worker hears of new jobs")
    sent = office.send(3)
    an_hour_passes(office)
    site.broker.proxy.set(Mode.PASS)
    assert site.says(200, worker="late", jobs="late")
    case = cases(office).get(reference=held[0])
    assert claim.claim(case, by=person(Role.NURSE), at=timezone.now()), "the claim that ran out meanwhile is free"
    site.start("beat")
    settled(office)
    assert faults(office, [*held, *sent]) == []
    assert site.says(200, worker="ok", jobs="ok")
    report("F14", "an hour (simulated) without beat", "told as late; due jobs done once; a claim that ran out is free")


def an_hour_passes(office: Office) -> None:
    """The jobs and the last sign of life are an hour older."""
    for job in Job.objects.filter(case__office=office.id, state="waiting"):
        Job.objects.filter(pk=job.pk).update(run_after=job.run_after - HOUR, created_at=job.created_at - HOUR)
    Heartbeat.objects.update(at=timezone.now() - HOUR)
    assert Case.objects.unscoped(WHY).filter(office=office.id, status="received").count() == 3
