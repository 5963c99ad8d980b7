"""A real worker, under the application's own role, checks the trail when it is asked to and writes the checkpoints."""

import os
import time

import pytest
from celery import current_app

from priorauth.audit import checkpoints
from priorauth.models import AuditCheck, Case, Checkpoint, Job
from priorauth.roles import Role
from priorauth.services import check_trail
from tests.cases import NOW, approve, case_in_review, person
from tests.processes import Process, environment
from tests.tampering import force
from tests.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(tmp_path, settings):
    settings.CHECKPOINT_DIR = tmp_path / "checkpoints"
    env = environment(os.environ["REDIS_URL"]) | {"CHECKPOINT_DIR": str(settings.CHECKPOINT_DIR)}
    process = Process(tmp_path / "worker.log", env, "celery", "-A", "portal", "worker", "--concurrency=1")
    try:
        eventually(lambda: process.has_said(" ready.", 0), "the worker is ready")
        yield process
    finally:
        process.kill()


def here(case):
    return Case.objects.unscoped("a test reads").get(pk=case.pk)


def eventually_checked(condition, what):
    """Wake the worker as beat does, every few seconds: a single wake-up may be lost."""
    woken = 0.0

    def come_about():
        nonlocal woken
        if condition():
            return True
        if time.monotonic() > woken + 2:
            current_app.send_task("check_trail")
            woken = time.monotonic()
        return False

    eventually(come_about, what)


def test_a_worker_writes_checkpoints_and_checks_the_trail_when_asked(worker):
    case = case_in_review(person(Role.CLERK))
    eventually(lambda: here(case).status == "in_review", "it is scored, by this process or the worker")
    approve(here(case), person(Role.NURSE))
    auditor = person(Role.AUDITOR)

    current_app.send_task("checkpoint")
    eventually(lambda: Checkpoint.objects.exists(), "a checkpoint is written")
    assert checkpoints.path().exists()

    assert check_trail.ask(by=auditor, at=NOW)
    eventually_checked(lambda: AuditCheck.objects.filter(fault_count=0, checkpoints=1).exists(), "the trail is checked")
    eventually_checked(lambda: not Job.objects.filter(kind="verify", state="waiting").exists(), "no check is left")

    force("DELETE FROM priorauth_auditevent WHERE sequence = 3 AND stream = %s", f"case:{case.reference}")
    assert check_trail.ask(by=auditor, at=NOW)
    eventually_checked(lambda: AuditCheck.objects.filter(fault_count__gt=0).exists(), "the fault is found")
    assert f"case:{case.reference}: event 3 is missing" in AuditCheck.objects.latest("id").faults[0]
    assert worker.has_said("the audit trail has 2 fault(s)", 0)
