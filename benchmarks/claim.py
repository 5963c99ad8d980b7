"""Claim next by eight reviewers at once, each in a process of its own, against the same rows written by hand.

By hand is one transaction of three prepared statements: the first free case of the partial index with SKIP LOCKED, its
update, and the event without which the database takes no change of a case, as one constant row: no chain is looked up,
nothing is hashed or sealed, no right is checked.
"""

from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from benchmarks import by_hand
from benchmarks.measure import Finding, at_least
from benchmarks.seed import World
from benchmarks.together import at_once
from priorauth.models import AuditEvent, Case
from priorauth.roles import Actor
from priorauth.services import claim
from tests.tampering import guards_off

ROUNDS = 5
EACH = 50  # claims of one reviewer in one round
FIRST = """SELECT id, reference, version FROM priorauth_case
    WHERE status = 'in_review' AND received_at IS NOT NULL AND (claimed_by_id IS NULL OR claimed_until <= %s)
    ORDER BY urgency, due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"""
HOLD = "UPDATE priorauth_case SET claimed_by_id = %s, claimed_until = %s, version = %s, updated_at = %s WHERE id = %s"


def measure(world: World) -> Iterator[Finding]:
    rounds, twice = [], 0
    for _ in range(ROUNDS):
        seconds = []
        for reviewer in (_by_hand, _ours):
            taken, found = at_once(reviewer, world.nurses)
            seconds.append(taken)
            cases = [case for claimed in found for case in claimed]
            twice += len(cases) - len(set(cases))
            _give_back(cases)
        rounds.append((seconds[0] / seconds[1], *seconds))
    part, by_hand, ours = sorted(rounds)[ROUNDS // 2]
    claims = EACH * len(world.nurses)
    told = f"{claims / by_hand:,.0f} claims/s by hand, {claims / ours:,.0f} by the service"
    yield at_least("claim next, 8 reviewers", 0.5, part, told)
    yield Finding("cases claimed twice", "none", str(twice), twice == 0, f"of {2 * ROUNDS * claims:,} claims")


def _ours(nurse: Actor) -> list[int]:
    claimed = [claim.claim_next(by=nurse, at=timezone.now()) for _ in range(EACH)]
    return [case.pk for case in claimed if case]


def _by_hand(nurse: Actor) -> list[int]:
    columns = by_hand.columns(AuditEvent.objects.order_by("id").last())
    note = by_hand.insert(AuditEvent, columns)
    claimed = []
    plain = connection.connection
    with by_hand.cursor() as cursor:
        for _ in range(EACH):
            now = timezone.now()
            with plain.transaction():
                cursor.execute(FIRST, [now], prepare=True)
                case, reference, version = cursor.fetchone()
                cursor.execute(HOLD, [nurse.user_id, now + claim.CLAIM, version + 1, now, case], prepare=True)
                place = {"stream": f"case:{reference}", "sequence": version + 1, "case_version": version + 1}
                cursor.execute(note, columns | place, prepare=True)
            claimed.append(case)
    return claimed


def _give_back(cases: list[int]) -> None:
    """Nobody holds them any more, so that each round finds the queue as the one before it did."""
    with guards_off():
        rows = Case.objects.unscoped("the benchmark takes its claims back").filter(pk__in=cases)
        rows.update(claimed_by=None, claimed_until=None)
