"""A worker that emptied the job table listens for a moment (decision 48): what it hears of it does at once, without a
message; one listens and the others stay free; it ends when it is told to, and with its connection."""

import datetime as dt
import threading

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from portal.celery import end_listening, let_processes_listen
from priorauth import jobs, listening, tasks
from priorauth.models import Job
from priorauth.roles import Role
from tests.cases import person, sent_case
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 30
LISTENER = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {listening.ALONE} AND granted"


class Listener(threading.Thread):
    """A kick in a process of a worker, which has a database connection of its own."""

    def __init__(self):
        super().__init__(daemon=True)
        self.tried, self.trouble = None, None

    def run(self):
        try:
            self.tried = tasks.kick("score")
        except OperationalError as trouble:
            self.trouble = trouble
        finally:
            connection.close()

    def ended(self):
        self.join(PATIENCE)
        return not self.is_alive()


@pytest.fixture
def messages(monkeypatch):
    """The messages that the broker would get; here it is away, and listening would last for ten minutes."""
    sent = []
    monkeypatch.setattr(jobs._broker, "send", sent.append)
    monkeypatch.setattr(tasks, "SLICE", dt.timedelta(minutes=10))
    monkeypatch.setattr(listening, "_ending", [])
    return sent


@pytest.fixture
def listener(messages):
    let_processes_listen()
    thread = Listener()
    thread.start()
    eventually(listening_backend, "a process listens")
    yield thread
    end_listening()
    assert thread.ended()


def listening_backend():
    with connection.cursor() as cursor:
        cursor.execute(LISTENER)
        return cursor.fetchone()


def test_a_job_is_done_at_once_by_the_one_that_listens_and_another_kick_stays_free(listener, messages):
    for number in (1, 2):
        case = sent_case(person(Role.CLERK), at=timezone.now())
        eventually(lambda case=case: case.jobs.get().state == Job.State.DONE, "the job is done")
        assert messages == ["score"] * number
    assert tasks.kick("score") == 0
    assert listener.is_alive()
    end_listening()
    assert listener.ended()
    assert (listener.tried, listening_backend()) == (2, None)


def test_a_lost_connection_ends_it_and_the_next_kick_finds_what_was_written_meanwhile(listener):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", listening_backend())
    assert listener.ended()
    assert listener.trouble
    case = sent_case(person(Role.CLERK), at=timezone.now())
    end_listening()  # a process that is to end works, and does not stay
    assert tasks.kick("score") == 1
    assert case.jobs.get().state == Job.State.DONE


def test_outside_of_a_worker_nobody_listens_and_at_the_end_of_a_moment_a_message_goes_on(messages, monkeypatch):
    assert tasks.kick("score") == 0
    assert messages == []
    let_processes_listen()
    monkeypatch.setattr(tasks, "SLICE", dt.timedelta(milliseconds=50))
    assert tasks.kick("score") == 0
    assert (messages, listening_backend()) == (["score"], None)


def test_a_database_that_tells_nobody_costs_no_request(messages, monkeypatch, caplog):
    monkeypatch.setattr(jobs, "channel", lambda kind: "no such name")
    sent_case(person(Role.CLERK), at=timezone.now())
    assert messages == ["score"]
    assert "nobody was told" in caplog.text


def test_what_was_written_before_anybody_listened_is_looked_for_once_more(messages):
    let_processes_listen()
    assert len(list(listening.moments(Job.Kind.SCORE, seconds=0))) == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_listening_channels()")
        assert (cursor.fetchall(), listening_backend()) == ([], None), "whoever works next hears nothing old"
