"""A process that does acts without end, each child of it until it is killed. Started by tests/test_kills.py as
`python -m tests.acting CLERK NURSE`, with the ids of two users.

Each line that arrives on standard input makes one more child by a fork, which costs milliseconds where a new process
would cost a second. The child's number is printed.
"""

import os
import random
import sys
from itertools import count

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.db import DatabaseError, connection  # noqa: E402

from priorauth import jobs  # noqa: E402
from priorauth.models import User  # noqa: E402
from priorauth.roles import Actor  # noqa: E402
from priorauth.services import attach, claim, escalate, information, withdraw  # noqa: E402
from priorauth.services.errors import Refused  # noqa: E402
from tests import cases  # noqa: E402
from tests.factories import report  # noqa: E402


def act_without_end(clerk_id: int, nurse_id: int) -> None:
    clerk, nurse = (
        Actor.of(User.objects.select_related("membership__organization").get(pk=pk)) for pk in (clerk_id, nurse_id)
    )
    jobs.wake = lambda _kind: None
    for number in count():
        try:
            one_case(clerk, nurse, random.Random(f"{os.getpid()} {number}"))
        except Refused:
            pass
        except DatabaseError:  # the connection was ended: nothing half done may be left
            connection.close()


def one_case(clerk: Actor, nurse: Actor, chance: random.Random) -> None:
    now = cases.NOW
    case = cases.draft_case(clerk)
    files = []
    if chance.random() < 0.3:
        files = [str(attach.attach(case, report(), by=clerk, at=now).pk)]
    cases.submit.send(case, cases.submission(details={"files": files}), by=clerk, at=now)
    cases.score_all(now)
    case.refresh_from_db()
    claim.claim(case, by=nurse, at=now)
    chance.choice([ask, hand_on, take_back, decide])(case, clerk, nurse)


def ask(case, clerk, nurse):
    information.ask(case, by=nurse, at=cases.NOW, question="Please send the report.", items=[])
    details = {"contact": {"name": "Casey Clerk", "phone": "617-555-0100"}}
    information.answer(case, by=clerk, at=cases.NOW, facts=cases.facts(), details=details, note="Here it is.")


def hand_on(case, _clerk, nurse):
    escalate.escalate(case, by=nurse, at=cases.NOW, question="Is it new?", recommendation="approve")


def take_back(case, clerk, _nurse):
    withdraw.withdraw(case, by=clerk, at=cases.NOW, reason="Sent by mistake.")


def decide(case, _clerk, nurse):
    cases.approve(case, nurse)


if __name__ == "__main__":
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            act_without_end(int(sys.argv[1]), int(sys.argv[2]))
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)
