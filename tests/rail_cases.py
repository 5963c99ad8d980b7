"""Cases before a guard rail: who holds them, what was marked and read, and what came in between."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from policies.places import put
from priorauth.models import AuditEvent, Case, Credential
from priorauth.roles import Role
from priorauth.services import (
    claim,
    expire,
    information,
    judge,
    read,
    reopen,
    withdraw,
)
from tests import cases
from tests.admin_helpers import held_by, in_review, ready, ready_to_refuse, snapshot
from tests.cases import CLEAN, NO_IMAGING, WORDS, case_of_levels, certain, facts, not_met, person, submission
from tests.tampering import guards_off

HOUR = dt.timedelta(hours=1)
SHOWN = "levels.L1.imaging.0.finding"
WHY = "The office sent a newer report by post."
CERTAIN = "pain_source_certain"


def mark(case, by, criterion, verdict, level="L1"):
    return judge.judge(case, by=by, at=timezone.now(), marks=[judge.Mark(level, criterion, verdict, WORDS)])


def marked(criterion: str, verdict: str, name: str = CLEAN) -> Callable[..., Case]:
    def prepare(actor):
        case = held_by(actor, in_review(name))
        mark(case, actor, criterion, verdict)
        return case

    return prepare


def decided(by: Any = None) -> Case:
    return cases.approve(in_review(), by or person(Role.NURSE), timezone.now()).case


def unlicensed(actor):
    case = ready_to_refuse(actor, in_review())
    Credential.objects.filter(user_id=actor.user_id).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    return case


def own(actor):
    case = ready(actor, in_review())
    with guards_off():
        case.revisions.update(created_by=actor.user_id)
    return case


def own_former(actor):
    case = decided(actor)
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=WHY)
    return held_by(actor, case)


def withdrawn(actor):
    case = ready(actor, in_review())
    withdraw.withdraw(case, by=cases.Actor.of(case.created_by), at=timezone.now(), reason="Sent by mistake.")
    return case


def marked_before_a_correction(actor):
    """Marks of the first revision, and a second one."""
    case = ready(actor, in_review(NO_IMAGING))
    clerk = cases.Actor.of(case.created_by)
    information.ask(case, by=actor, at=timezone.now(), question="Please send the MRI.", items=[])
    information.answer(case, by=clerk, at=timezone.now(), facts=facts(), details={}, note="Here it is.")
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return held_by(actor, case)


def marked_in_the_round_before(actor):
    """Marked by the actor, decided by somebody else, and opened again: the facts are the same."""
    case = ready(actor, in_review())
    claim.release(case, by=actor, at=timezone.now())
    cases.approve(case, person(Role.NURSE), timezone.now())
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=WHY)
    return held_by(actor, case)


def says(case, actor, path, value):
    """The reviewer read something else in the record, and it counts."""
    read.read(case, by=actor, at=timezone.now(), findings=[read.Finding(path, "counts", value, WORDS)])


def turned(actor, before="healed"):
    """Marked certain where imaging showed a healed fracture; then the actor read that it shows an edema."""
    document = put(facts(), {SHOWN: before})
    case = cases.sent_case(person(Role.CLERK), at=timezone.now(), facts=submission(document).facts)
    cases.score_all(timezone.now())
    case.refresh_from_db()
    certain(held_by(actor, case), actor, timezone.now())
    says(case, actor, SHOWN, "edema")
    return case


def contradiction_before_a_reading(actor):
    """The purpose was not sent: path C is met without it, path A waits for it. Marked not met, certain again, and then
    a purpose was read, by which both paths are met."""
    document = put(facts("C02"), {"levels.L1.purpose": None})
    case = cases.sent_case(person(Role.CLERK), at=timezone.now(), facts=submission(document).facts)
    cases.score_all(timezone.now())
    case.refresh_from_db()
    held_by(actor, case)
    mark(case, actor, "not_prophylactic", "not_met")
    says(case, actor, "levels.L1.purpose", "treat_pain")
    return certain(case, actor, timezone.now())


def lapsed(actor):
    case = ready(actor, in_review())
    with guards_off():
        Case.objects.unscoped("a claim that ran out").update(claimed_until=timezone.now() - HOUR)
    case.refresh_from_db()
    return case


def made_ready(actor):
    return ready(actor, in_review())


def cited_unknown(actor):
    """Marked not met, though nobody asked the office for what is missing."""
    case = held_by(actor, in_review(NO_IMAGING))
    mark(case, actor, "imaging_nonhealing", "not_met")
    return case


def of_code(actor, line):
    clerk = person(Role.CLERK)
    document = facts() | {"lines": [{"line": 1, "units": 1, **line}]}
    case = cases.submit.send(cases.draft_case(clerk), submission(document), by=clerk, at=timezone.now())
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return held_by(actor, case)


def sacral(actor):
    return of_code(actor, {"code": "0200T", "levels": ["S1"], "technique": "sacroplasty"})


def foreign(actor):
    """A code that the policy does not list."""
    return of_code(actor, {"code": "62323", "levels": ["L1"]})


def asked_before(actor):
    """Asked for the imaging once, and not answered in time."""
    case = held_by(actor, in_review(NO_IMAGING))
    items = [{"criterion": "imaging_nonhealing", "level": "L1"}]
    information.ask(case, by=actor, at=timezone.now(), question="Please send the MRI.", items=items)
    expire.sweep(case.information_requests.get().answer_by)
    case.refresh_from_db()
    return held_by(actor, case)


def held(actor):
    return held_by(actor, in_review())


def to_refuse(actor):
    return ready_to_refuse(actor, in_review())


def missing(actor):
    return held_by(actor, in_review(NO_IMAGING))


def levels(actor):
    """Held by a person who has marked the certainty, and L3 not met."""
    case = certain(held_by(actor, case_of_levels(person(Role.CLERK), timezone.now())), actor, timezone.now())
    not_met(case, actor, timezone.now(), levels={2: ["L3"]})
    return case


def levels_without_certainty(actor):
    case = held_by(actor, case_of_levels(person(Role.CLERK), timezone.now()))
    not_met(case, actor, timezone.now(), levels={2: ["L3"]})
    return case


def sacral_among_levels(actor):
    """A line for L1 and S1: by its sacral level it is not scored by criteria at all."""
    document = facts()
    document["lines"][0]["levels"] = ["L1", "S1"]
    case = cases.sent_case(person(Role.CLERK), at=timezone.now(), facts=submission(document).facts)
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return held_by(actor, case)


def days() -> dict[str, str]:
    return {"valid_from": "11/30/2026", "valid_to": "2/28/2027"}


def decided_and_opened(actor):
    """Decided by the actor, opened again by another lead, and decided again by somebody else."""
    case = own_former(actor)
    claim.release(case, by=actor, at=timezone.now())
    cases.approve(case, person(Role.NURSE), timezone.now())
    return case


def refusals() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action__startswith="refused_").order_by("pk"))


def stored(case: Case) -> dict[str, Any]:
    rows = {
        name: getattr(case, name).count() for name in ("judgements", "readings", "escalations", "reopenings", "letters")
    }
    return snapshot(case) | rows
