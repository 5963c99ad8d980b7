"""Eight attacks straight on the tables, at random positions, with the guards off: each is reported, with the right
case or stream named (RELIABILITY A1). A tenth of the positions by default."""

import random
from collections import Counter

import pytest
from django.db import connection, transaction

from priorauth import audit
from priorauth.audit import checkpoints
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from priorauth.services import claim
from tests.cases import NOW, approve, case_in_review, draft_case, not_approve, person, sent_case
from tests.soak import figure, report
from tests.tampering import guards_off

pytestmark = pytest.mark.django_db

TABLE = "priorauth_auditevent"
FORGED = {
    "actor_name": "Somebody else",
    "role": "physician",
    "at": "2026-01-01T00:00:00.000000Z",
    "action": "escalate",
    "change_digest": "0" * 64,
    "actor_id": 4711,
    "request_id": "f" * 32,
}


def sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def stored(stream):
    return list(AuditEvent.objects.filter(stream=stream).order_by("sequence"))


def put_back(events):
    """Write events in place of those that stand under the same ids."""
    sql(f"DELETE FROM {TABLE} WHERE id = ANY(%s)", [event.pk for event in events])
    AuditEvent.objects.bulk_create(events)


def column_of(event, chance):
    """A column that the forged value really changes."""
    return chance.choice([name for name, value in FORGED.items() if getattr(event, name) != value])


def edit(stream, chance):
    event = chance.choice(stored(stream))
    column = column_of(event, chance)
    sql(f"UPDATE {TABLE} SET {column} = %s WHERE id = %s", FORGED[column], event.pk)


def delete(stream, chance):
    sql(f"DELETE FROM {TABLE} WHERE id = %s", chance.choice(stored(stream)[:-1]).pk)


def insert(stream, chance):
    """One more event in the middle; those after it move on."""
    events = stored(stream)
    place = chance.randrange(len(events))
    for event in reversed(events[place:]):
        sql(f"UPDATE {TABLE} SET sequence = sequence + 1 WHERE id = %s", event.pk)
    event = events[place]
    event.pk, event.action = None, "claim"
    event.save(force_insert=True)


def reorder(stream, chance):
    one, other = chance.sample(stored(stream), 2)
    one.sequence, other.sequence = other.sequence, one.sequence
    put_back([one, other])


def truncate(stream, chance):
    """Cut the tail; of a case, set it back to where the trail then ends."""
    events = stored(stream)
    left = events[: chance.randrange(1, len(events))]
    sql(f"DELETE FROM {TABLE} WHERE id = ANY(%s)", [event.pk for event in events[len(left) :]])
    walked = audit.walk(stream, left, audit.key_ring())
    reference = stream.removeprefix("case:")
    sql("UPDATE priorauth_case SET version = %s WHERE reference = %s", len(left), reference)
    if walked.status == "in_review":
        sql("UPDATE priorauth_case SET status = 'in_review' WHERE reference = %s", reference)


def remove_case(stream, chance):
    """Everything of one case: its trail, its rows, itself. Of another stream, everything."""
    case = Case.objects.unscoped("the test attacks").filter(reference=stream.removeprefix("case:")).first()
    sql(f"DELETE FROM {TABLE} WHERE stream = %s", stream)
    if case is None:
        return
    of_case = "SELECT id FROM priorauth_decision WHERE case_id = %s"
    sql(f"DELETE FROM priorauth_decisionline WHERE decision_id IN ({of_case})", case.pk)
    for table in (
        "letter",
        "decision",
        "assessment",
        "attachment",
        "informationrequest",
        "escalation",
        "judgement",
        "revision",
        "draft",
    ):
        sql(f"DELETE FROM priorauth_{table} WHERE case_id = %s", case.pk)
    sql("DELETE FROM priorauth_job WHERE case_id = %s", case.pk)
    sql("DELETE FROM priorauth_case WHERE id = %s", case.pk)


def resigned(stream, chance, key):
    """The whole chain, one event of it forged, signed anew."""
    events, previous = stored(stream), audit.GENESIS
    forged = chance.choice(events)
    column = column_of(forged, chance)
    for event in events:
        if event is forged and column != "action":
            setattr(event, column, FORGED[column])
        elif event is forged:
            event.entities = {**event.entities, "job": 4711}
        event.previous = previous
        event.hash = previous = audit.event_hash(event, key)
    put_back(events)


def rewrite_without_the_key(stream, chance):
    resigned(stream, chance, b"a guess")


def rewrite_with_the_key(stream, chance):
    resigned(stream, chance, audit.signing_key())


ATTACKS = [edit, delete, insert, reorder, truncate, remove_case, rewrite_without_the_key, rewrite_with_the_key]


@pytest.fixture(scope="module")
def trail(django_db_setup, django_db_blocker):
    """A dozen cases at every stage and the streams of readers; the last checkpoint is newer than all of it."""
    with django_db_blocker.unblock(), transaction.atomic():
        clerk, nurse, physician = person(Role.CLERK), person(Role.NURSE), person(Role.PHYSICIAN)
        for number in range(12):
            case = case_in_review(clerk) if number % 4 else sent_case(clerk)
            if number % 4 == 1:
                claim.claim(case, by=nurse, at=NOW)
            elif number % 4 > 1:
                (approve if number % 2 else not_approve)(case, physician)
            audit.record(by=nurse, at=NOW, action="read_case", entities={"case": case.reference})
            audit.record(by=physician, at=NOW, action="sign_in")
        draft_case(clerk)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def seen(trail):
    assert checkpoints.take(NOW) == 1
    assert audit.report().faults == []


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_every_attack_is_reported_with_the_right_case_named(seen, attack):
    chance = random.Random(attack.__name__)
    streams = Counter(AuditEvent.objects.values_list("stream", flat=True))
    worth = sorted(stream for stream, count in streams.items() if count > 1)
    assert len(worth) >= 14, "cases and readers"
    for _ in range(figure(100)):
        stream = chance.choice(worth)
        with transaction.atomic():
            with guards_off():
                attack(stream, chance)
            faults = audit.report().faults
            transaction.set_rollback(True)
        assert faults, f"{attack.__name__} on {stream} was not reported"
        assert {fault.partition(": ")[0] for fault in faults} - {"checkpoints"} == {stream}, faults
    report("A1", f"{attack.__name__}: {figure(100)} times", "each reported, with its case or stream")
