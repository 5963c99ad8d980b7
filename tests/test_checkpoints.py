"""Lines outside the database about what was in it: nothing older than the newest can be rewritten or taken away."""

import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from priorauth import audit
from priorauth.audit import checkpoints
from priorauth.models import AuditEvent, Checkpoint
from priorauth.roles import Role
from priorauth.services import claim
from tests.cases import NOW, approve, case_in_review, draft_case, person
from tests.tampering import force
from tests.together import at_once
from tests.waiting import eventually, waiting_for_a_lock

pytestmark = pytest.mark.django_db


def faults():
    return audit.report().faults


def lines():
    return [json.loads(line) for line in checkpoints.path().read_bytes().splitlines()]


def read(by):
    """An act that concerns no case, in the person's own stream."""
    with transaction.atomic():
        return audit.record(by=by, at=NOW, action="read_case", entities={"case": "PA-0000-0000-0000"})


@pytest.fixture
def decided():
    case = case_in_review(person(Role.CLERK))
    approve(case, person(Role.NURSE))
    return case


def test_a_line_tells_the_last_event_of_each_stream_that_moved(decided):
    nurse = person(Role.NURSE)
    assert checkpoints.take(NOW) == 1
    other, reading = draft_case(person(Role.CLERK)), read(nurse)
    assert checkpoints.take(NOW) == 1
    first, second = lines()
    head = AuditEvent.objects.get(stream=audit.case_stream(decided), sequence=6)
    assert first["heads"] == {head.stream: [6, head.hash]}
    assert set(second["heads"]) == {audit.case_stream(other), reading.stream}
    assert (first["events"], second["events"], second["previous"]) == (6, 2, first["hash"])
    assert second["after"] == first["upto"] == head.pk
    assert [checkpoint.number for checkpoint in Checkpoint.objects.all()] == [1, 2]
    assert checkpoints.path().stat().st_mode & 0o777 == 0o600
    assert faults() == []


def test_nothing_new_is_no_line(decided):
    assert (checkpoints.take(NOW), checkpoints.take(NOW), len(lines())) == (1, 0, 1)


def test_much_that_is_new_is_several_lines(decided, monkeypatch):
    monkeypatch.setattr(checkpoints, "MOST_EVENTS", 2)
    assert checkpoints.take(NOW) == 3
    assert [line["events"] for line in lines()] == [2, 2, 2]
    assert (audit.report().checkpoints, faults()) == (3, [])


def test_events_newer_than_the_last_line_are_counted(decided):
    checkpoints.take(NOW)
    read(person(Role.NURSE))
    assert audit.report().newer == 1


@pytest.mark.parametrize("stream", ["case", "user"])
def test_a_tail_that_was_cut_is_found_in_every_kind_of_stream(decided, stream):
    reading = read(person(Role.NURSE))
    checkpoints.take(NOW)
    gone = reading.stream if stream == "user" else audit.case_stream(decided)
    force("UPDATE priorauth_case SET version = 4, status = 'in_review' WHERE id = %s", decided.pk)
    force("DELETE FROM priorauth_auditevent WHERE stream = %s AND sequence IN (1, 6) AND action <> 'create'", gone)
    number = 1 if stream == "user" else 6
    assert any(fault.startswith(f"{gone}: event {number} is missing, though checkpoint 1 of ") for fault in faults())


def test_an_event_put_among_those_that_a_line_covers_is_found(decided):
    nurse = person(Role.NURSE)
    draft = draft_case(person(Role.CLERK))
    reading = read(nurse)
    checkpoints.take(NOW)
    second = read(nurse)
    force("UPDATE priorauth_auditevent SET id = id + 1000 WHERE id = %s", reading.pk)
    force("UPDATE priorauth_auditevent SET id = %s WHERE id = %s", reading.pk, second.pk)
    assert draft.version == 1
    assert faults() == [f"{second.stream}: event 2 was not there when checkpoint 1 of {lines()[0]['at']} was written"]


def test_a_database_set_back_is_told_and_what_it_lost_named(decided):
    checkpoints.take(NOW)
    kept = transaction.savepoint()
    lost = []
    for _ in range(2):
        lost.append(audit.case_stream(draft_case(person(Role.CLERK))))
        checkpoints.take(NOW)
    transaction.savepoint_rollback(kept)
    first, second, third = faults()
    assert first.startswith(f"{lost[0]}: event 1 is missing, though checkpoint 2 of ")
    assert second.startswith(f"{lost[1]}: event 1 is missing, though checkpoint 3 of ")
    assert third == "checkpoints: number 3 is unknown to the database, which was set back to number 1"


def test_after_a_set_back_the_line_goes_on_and_the_break_stays_visible(decided):
    checkpoints.take(NOW)
    kept = transaction.savepoint()
    for _ in range(2):
        draft_case(person(Role.CLERK))
        checkpoints.take(NOW)
    transaction.savepoint_rollback(kept)
    later = draft_case(person(Role.CLERK))
    assert checkpoints.take(NOW) == 1
    assert [line["number"] for line in lines()] == [1, 2, 3, 2]
    assert "checkpoints: number 2 does not follow number 3, which stands before it" in faults()
    force("DELETE FROM priorauth_auditevent WHERE stream = %s", audit.case_stream(later))
    assert any(later.reference in fault for fault in faults())


@pytest.mark.parametrize(
    ("mar", "told"),
    [
        (lambda rows: rows[:-1], "checkpoints: number 3 is missing from the file, which ends with number 2"),
        (lambda rows: [], "checkpoints: number 3 is missing from the file, which ends with number 0"),
        (lambda rows: [rows[0], rows[2]], "checkpoints: number 3 does not follow number 1, which stands before it"),
        (
            lambda rows: [rows[1], rows[0], rows[2]],
            "checkpoints: number 2 does not follow number 0, which stands befor",
        ),
        (lambda rows: [rows[0].replace(b'"events":6', b'"events":4'), *rows[1:]], "checkpoints: number 1 was changed"),
        (lambda rows: [*rows[:2], rows[2][:40] + b"\n"], "checkpoints: number 3 is missing from the file, which ends"),
        (lambda rows: [rows[0], b"{}\n", rows[2]], "checkpoints: number 3 does not follow number 1"),
    ],
)
def test_a_file_that_was_cut_changed_or_put_together_anew_is_found(decided, mar, told):
    checkpoints.take(NOW)
    for _ in range(2):
        draft_case(person(Role.CLERK))
        checkpoints.take(NOW)
    rows = checkpoints.path().read_bytes().splitlines(keepends=True)
    checkpoints.path().write_bytes(b"".join(mar(rows)))
    assert any(fault.startswith(told) for fault in faults()), faults()


def test_a_file_that_is_gone_is_found_and_the_next_line_goes_on_from_the_database(decided):
    checkpoints.take(NOW)
    checkpoints.path().unlink()
    assert faults() == ["checkpoints: number 1 is missing from the file, which ends with number 0"]
    draft_case(person(Role.CLERK))
    assert (checkpoints.take(NOW), lines()[0]["number"]) == (1, 2)
    assert faults() == ["checkpoints: number 2 does not follow number 0, which stands before it"]


def test_a_line_forged_without_the_key_is_found(decided):
    checkpoints.take(NOW)
    forged = lines()[0] | {"number": 2, "after": lines()[0]["upto"], "previous": lines()[0]["hash"]}
    with checkpoints.path().open("ab") as file:
        file.write(audit.canonical(forged) + b"\n")
    assert faults() == ["checkpoints: number 2 was changed after it was written"]


def test_a_line_torn_by_a_crash_is_named_harms_nothing_and_is_written_again(decided, capsys):
    checkpoints.take(NOW)
    draft_case(person(Role.CLERK))
    checkpoints.take(NOW)
    whole = checkpoints.path().read_bytes()
    checkpoints.path().write_bytes(whole[:-30])
    force("DELETE FROM priorauth_checkpoint WHERE number = 2")  # as it is when the writer ends in the middle of a line
    assert (faults(), audit.report().torn) == ([], 1)
    assert checkpoints.take(NOW) == 1
    report = audit.report()
    assert (report.faults, report.torn, report.checkpoints, report.newer) == ([], 1, 2, 0)
    call_command("verify_audit")
    assert "1 line(s) of the checkpoints are torn" in capsys.readouterr().err


def test_a_line_that_the_database_does_not_know_yet_is_taken_over(decided):
    checkpoints.take(NOW)
    draft_case(person(Role.CLERK))
    checkpoints.take(NOW)
    force("DELETE FROM priorauth_checkpoint WHERE number = 2")  # the writer ended between file and commit
    assert faults() == []
    read(person(Role.NURSE))
    assert checkpoints.take(NOW) == 1
    assert [line["number"] for line in lines()] == [1, 2, 3]
    assert Checkpoint.objects.count() == 3
    assert faults() == []


def test_a_file_that_cannot_be_written_is_an_error_in_words_and_no_checkpoint(decided, settings, tmp_path):
    (tmp_path / "in-the-way").write_text("")
    settings.CHECKPOINT_DIR = tmp_path / "in-the-way"
    with pytest.raises(CommandError, match=r"No checkpoint: .* cannot be written"):
        call_command("checkpoint_audit")
    assert not Checkpoint.objects.exists()


def test_the_command_prints_the_newest_line_to_be_kept_on_paper(decided, capsys):
    call_command("checkpoint_audit")
    assert f"checkpoint 1 up to event id {lines()[0]['upto']}: {lines()[0]['hash']}" in capsys.readouterr().out


class Together:
    """A second person at work on a connection of their own, who waits in the middle of an act."""

    def __init__(self, work):
        self.started, self.go_on = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, args=[work])

    def _run(self, work):
        try:
            with transaction.atomic():
                work()
                self.started.set()
                assert self.go_on.wait(20)
        finally:
            connection.close()

    def __enter__(self):
        self.thread.start()
        assert self.started.wait(20)
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.thread.join()


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_not_committed_yet_is_waited_for_not_passed_over(decided):
    nurse, other = person(Role.NURSE), person(Role.NURSE)
    with Together(lambda: read(nurse)) as slow:
        newest = []

        def take():
            newest.append(checkpoints.take(NOW))
            connection.close()

        writer = threading.Thread(target=take)
        writer.start()
        eventually(waiting_for_a_lock, "the checkpoint waits for the open act")
        slow.go_on.set()
        writer.join()
    read(other)
    assert newest == [1]
    assert lines()[0]["events"] == 7
    assert (checkpoints.take(NOW), faults()) == (1, [])


@pytest.mark.django_db(transaction=True)
def test_an_act_that_does_not_end_costs_a_checkpoint_but_stops_nobody(decided, monkeypatch, caplog):
    from priorauth.tasks import checkpoint

    monkeypatch.setattr(checkpoints, "TRIES", 1)
    nurse, other = person(Role.NURSE), person(Role.NURSE)
    with Together(lambda: read(nurse)):
        assert checkpoint() == 0
        read(other)
    assert "no checkpoint was written" in caplog.text
    assert checkpoint() == 1
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_write_each_event_once(decided):
    other = case_in_review(person(Role.CLERK))
    nurses = [person(Role.NURSE) for _ in range(4)]

    def work(nurse):
        for _ in range(3):
            checkpoints.take(NOW) if nurse is None else read(nurse)

    at_once(work, [*nurses, None, None, None, None])
    claim.claim(other, by=nurses[0], at=NOW)
    checkpoints.take(NOW)
    numbers = [line["number"] for line in lines()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sum(line["events"] for line in lines()) == AuditEvent.objects.count() == 9 + 12 + 1
    assert (faults(), audit.report().newer) == ([], 0)
