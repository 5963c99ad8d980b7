"""The job table is the truth: a failing job is retried, made visible, and blocks nobody."""

import datetime as dt
from types import SimpleNamespace

import pytest
from billiard.pool import Worker
from kombu.exceptions import OperationalError
from redis.exceptions import ResponseError

from priorauth import jobs
from priorauth.models import Job
from priorauth.roles import Role
from priorauth.services import score, withdraw
from tests.cases import NOW, approve, case_in_review, person, score_all, sent_case
from tests.processes import publishing_to
from tests.together import held_elsewhere

pytestmark = pytest.mark.django_db


def run(handler, now=NOW):
    return jobs.run_due(Job.Kind.SCORE, handler, score.give_up, now)


def test_scoring_stores_an_immutable_assessment_with_its_edition_and_words():
    case = case_in_review(person(Role.CLERK))
    assessment = case.assessments.get()
    assert (assessment.policy, assessment.edition, len(assessment.edition_sha256)) == ("bcbsma-484", "2022-06", 64)
    assert assessment.result["lines"][0]["levels"][0]["criteria"]["A"]["conservative_6_weeks"] == "met"
    assert assessment.revision.number == 1
    assert assessment.explanation
    assert score.evaluate(assessment.revision, NOW).result == assessment.result


def test_scoring_twice_scores_once():
    case = case_in_review(person(Role.CLERK))
    job = Job.objects.get()
    score.run(job, NOW)
    assert case.assessments.count() == 1
    assert score_all() == 0


def test_a_withdrawn_request_is_not_scored():
    clerk = person(Role.CLERK)
    case = sent_case(clerk)
    withdraw.withdraw(case, by=clerk, at=NOW, reason="Sent by mistake.")
    assert score_all() == 1
    assert not case.assessments.exists()
    assert Job.objects.get().state == "done"


def test_a_poisoned_job_is_retried_later_made_visible_and_blocks_nobody():
    clerk = person(Role.CLERK)
    poisoned, sound = sent_case(clerk), sent_case(clerk)

    def handler(job, now):
        if job.case_id == poisoned.pk:
            raise ZeroDivisionError("Alma Synthetic, born 1948")
        score.run(job, now)

    assert run(handler) == 2
    sound.refresh_from_db()
    assert sound.status == "in_review"
    now = NOW
    for attempt in range(2, jobs.MAX_ATTEMPTS + 1):
        assert run(handler, now) == 0, "a failed job waits before its next try"
        now += dt.timedelta(minutes=10)
        assert run(handler, now) == 1
        assert Job.objects.get(case=poisoned).attempts == attempt
    job = Job.objects.get(case=poisoned)
    poisoned.refresh_from_db()
    assert (job.state, poisoned.status, poisoned.determination) == ("failed", "in_review", "")
    assert job.last_error.startswith("ZeroDivisionError in handler")
    assert "Alma" not in job.last_error
    assert run(handler, now + dt.timedelta(days=1)) == 0
    physician = person(Role.PHYSICIAN)
    assert approve(poisoned, physician, reason="Scored by hand: every criterion of A is met.").against_computed


def test_a_case_that_cannot_even_be_handed_over_waits_once_more_and_blocks_nobody():
    clerk = person(Role.CLERK)
    poisoned = sent_case(clerk)
    Job.objects.filter(case=poisoned).update(attempts=jobs.MAX_ATTEMPTS - 1)
    sound = sent_case(clerk)

    def handler(job, now):
        if job.case_id == poisoned.pk:
            raise ZeroDivisionError
        score.run(job, now)

    def failed(job, now):
        score.give_up(job, now)
        raise RuntimeError("after the work")

    assert jobs.run_due(Job.Kind.SCORE, handler, failed, NOW) == 2
    sound.refresh_from_db()
    poisoned.refresh_from_db()
    job = Job.objects.get(case=poisoned)
    assert (sound.status, poisoned.status) == ("in_review", "received")
    assert (job.state, job.attempts, job.run_after > NOW) == ("waiting", jobs.MAX_ATTEMPTS, True)
    assert job.last_error.startswith("RuntimeError in failed")
    assert jobs.run_due(Job.Kind.SCORE, handler, score.give_up, job.run_after) == 1
    job.refresh_from_db()
    assert job.state == "failed"


def test_a_job_that_kills_its_worker_is_counted_waits_and_ends_with_a_person():
    clerk = person(Role.CLERK)
    deadly, sound = sent_case(clerk), sent_case(clerk)

    def handler(job, now):
        if job.case_id == deadly.pk:
            raise SystemExit  # ends the worker in the middle of its transaction
        score.run(job, now)

    now = NOW
    for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
        with pytest.raises(SystemExit):
            run(handler, now)
        assert Job.objects.get(case=deadly).attempts == attempt
        run(handler, now)
        sound.refresh_from_db()
        assert sound.status == "in_review", "the next worker does the other jobs first"
        now += dt.timedelta(minutes=10)
    assert run(handler, now) == 1
    deadly.refresh_from_db()
    job = Job.objects.get(case=deadly)
    assert (job.state, deadly.status) == ("failed", "in_review")
    assert job.last_error == "The worker ended in the middle of each try"


@pytest.mark.django_db(transaction=True)
def test_a_job_in_another_workers_hands_is_passed_over():
    clerk = person(Role.CLERK)
    first, second = sent_case(clerk), sent_case(clerk)
    with held_elsewhere(Job.objects.filter(case=first).select_for_update().get, "2s"):
        assert score_all() == 1
    second.refresh_from_db()
    assert second.status == "in_review"
    assert Job.objects.get(case=first).attempts == 0


def test_half_done_work_of_a_failing_handler_is_undone():
    case = sent_case(person(Role.CLERK))

    def half(job, now):
        score.run(job, now)
        raise RuntimeError("after the work, before it is marked done")

    run(half)
    case.refresh_from_db()
    assert case.status == "received"
    assert not case.assessments.exists()
    assert score_all(NOW + dt.timedelta(minutes=1)) == 1
    case.refresh_from_db()
    assert case.status == "in_review"


def test_a_dead_broker_costs_nothing_but_time(django_capture_on_commit_callbacks, caplog):
    with publishing_to("redis://127.0.0.1:1/0"), django_capture_on_commit_callbacks(execute=True):
        case = sent_case(person(Role.CLERK))
        assert jobs._broker.pause_until == 0.0
    assert case.status == "received"
    assert "no wake-up sent" in caplog.text


@pytest.mark.parametrize("trouble", [ResponseError("OOM command not allowed"), OperationalError("down"), KeyError("x")])
def test_whatever_the_broker_says_the_request_is_received(trouble, monkeypatch, django_capture_on_commit_callbacks):
    def send_task(*_args, **_kwargs):
        raise trouble

    monkeypatch.setattr(jobs.current_app, "send_task", send_task, raising=False)
    monkeypatch.setattr(jobs._broker, "pause_until", 0.0)
    with django_capture_on_commit_callbacks(execute=True):
        case = sent_case(person(Role.CLERK))
    assert case.status == "received"
    assert jobs._broker.pause_until > 0


def test_a_worker_that_stops_waits_for_nobody_to_read_a_result(monkeypatch):
    """A task that was taken while the worker was told to stop held it for half a minute, and a deploy with it."""
    naps = []
    monkeypatch.setattr("billiard.pool.time.sleep", naps.append)
    process = Worker.__new__(Worker)
    process.on_ready_counter = SimpleNamespace(value=0)
    assert not process._ensure_messages_consumed(completed=1)
    assert 0 < sum(naps) <= 1.01
