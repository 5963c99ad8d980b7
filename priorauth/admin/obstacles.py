"""Why an act is not open to a person at this moment, in words: what the page says in place of a button.

The services check all of this again, and more, when somebody acts.
"""

import datetime as dt

from priorauth.clock import Clock
from priorauth.models import Case
from priorauth.roles import Actor, Role
from priorauth.services import clock as clock_rules
from priorauth.services import conflicts, judge, rails
from priorauth.services.barred import barred
from priorauth.services.base import holder
from priorauth.services.claim import held, holds
from priorauth.services.scored import CLOSABLE, latest_assessment, unscored
from priorauth.statuses import TRANSITIONS, Act, Status

CLOCK = {
    Act.EXTEND: clock_rules.why_not_extend,
    Act.STOP_CLOCK: clock_rules.why_not_stop,
    Act.RESUME_CLOCK: clock_rules.why_not_resume,
    Act.DOWNGRADE: clock_rules.why_not_downgrade,
}
DECISIONS = frozenset({Act.APPROVE, Act.NOT_APPROVE, Act.CLOSE, Act.JUDGE, Act.READ, Act.REOPEN})


def obstacle(case: Case, act: Act, actor: Actor, now: dt.datetime) -> str:
    """The reason why `actor` cannot do `act` now, or nothing."""
    return forbidden(case, act, actor, now) or blocked(case, act, actor, now) or lacking(case, act, actor)


def forbidden(case: Case, act: Act, actor: Actor, now: dt.datetime) -> str:
    """What this person may not do, whoever holds the case."""
    return _role(act, actor) or _conflict(case, act, actor, now) or _decision(case, act, actor, now)


def _role(act: Act, actor: Actor) -> str:
    if actor.role in TRANSITIONS[act].roles:
        return ""
    if actor.role == Role.AUDITOR:
        return "Auditors read; they do not act on cases."
    if act == Act.DOWNGRADE:
        return "For a physician: whether waiting does harm is a clinical question."
    if act == Act.NOT_APPROVE:
        return "Physicians only. Escalate instead."
    if act == Act.TAKE_OVER:
        return "Only a lead takes a case over."
    if act == Act.ESCALATE:
        return "For nurses. You are the physician: decide, or ask for information."
    return "Your role does not include this."


def _conflict(case: Case, act: Act, actor: Actor, now: dt.datetime) -> str:
    if act == Act.CLAIM:
        return conflicts.conflict(case, actor.user_id)
    return barred(case, by=actor, at=now) if act == Act.TAKE_OVER else ""


def blocked(case: Case, act: Act, actor: Actor, now: dt.datetime) -> str:
    """What the case's status or somebody's claim does not let anybody, or this person, do now."""
    transition = TRANSITIONS[act]
    if case.status not in transition.sources:
        return f"The case is “{Status(case.status).label}”."
    if act in CLOCK:
        return of_the_clock(Clock.of(case), act, actor, now)
    if transition.claimed and not holds(case, actor, now):
        return holder(case) if held(case, now) else "Claim the case first: then nobody else decides it meanwhile."
    if act == Act.CLAIM and held(case, now) and not holds(case, actor, now):
        return holder(case)
    return _passing(case, act, actor, now)


def _passing(case: Case, act: Act, actor: Actor, now: dt.datetime) -> str:
    """Who may give a case back, hand it over or take it over."""
    mine = holds(case, actor, now)
    if act in (Act.RELEASE, Act.TAKE_OVER) and not held(case, now):
        return "Nobody holds this case."
    if act == Act.TAKE_OVER and mine:
        return "You hold this case."
    if act in (Act.RELEASE, Act.HAND_OVER) and not mine and actor.role != Role.LEAD:
        who = holder(case) if held(case, now) else "Nobody holds this case."
        return f"{who} Only its holder or a lead can do this."
    return ""


def of_the_clock(clock: Clock, act: Act, actor: Actor, now: dt.datetime) -> str:
    """Why the clock of an open case cannot be changed now: its rule, or who holds the case; a lead may all the same."""
    if why := CLOCK[act](clock, now):
        return why
    elsewhere = held(clock.case, now) and not holds(clock.case, actor, now) and actor.role != Role.LEAD
    return holder(clock.case) if elsewhere else ""


def lacking(case: Case, act: Act, actor: Actor) -> str:
    """What this person has to do first."""
    if act != Act.APPROVE:
        return ""
    ground = rails.ground(case, latest_assessment(case), by=actor)
    return "" if ground.against else ground.unmarked


def _decision(case: Case, act: Act, actor: Actor, now: dt.datetime) -> str:
    if act == Act.DOWNGRADE:
        return barred(case, by=actor, at=now)
    if act not in DECISIONS:
        return ""
    if why := barred(case, by=actor, at=now) or unscored(case):
        return why
    assessment = latest_assessment(case)
    if act in (Act.JUDGE, Act.READ) and assessment is None:
        return judge.NOT_SCORED
    if act == Act.APPROVE:
        against = rails.ground(case, assessment, by=actor).against
        if against and actor.role != Role.PHYSICIAN:
            return f"{against} Ask, or escalate."
    if act == Act.CLOSE and (assessment is None or assessment.result["determination"] not in CLOSABLE):
        return "The policy governs this request, so it needs a decision."
    return ""
