"""Why an act is not open to a person at this moment, in words: what the page says in place of a button.

The services check all of this again, and more, when somebody acts.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from priorauth.clock import Clock
from priorauth.models import Assessment, Case
from priorauth.roles import Actor, Role
from priorauth.services import barred, clock_rules, conflicts, judge, rails
from priorauth.services.base import holder
from priorauth.services.claim import held, holds
from priorauth.services.scored import CLOSABLE, READ_OUT, latest_assessment, out_by_reading, unscored
from priorauth.statuses import TRANSITIONS, Act, Status

DECISIONS = frozenset({Act.APPROVE, Act.NOT_APPROVE, Act.CLOSE, Act.JUDGE, Act.READ, Act.REOPEN})
# The acts that a declared conflict keeps from a person, and those that more does (services/barred.py).
KEPT_APART = frozenset({Act.CLAIM, Act.ASK, Act.ESCALATE, Act.EXTEND, Act.STOP_CLOCK, Act.RESUME_CLOCK})
BARRED = DECISIONS | {Act.DOWNGRADE, Act.TAKE_OVER}


@dataclass
class Obstacles:
    """What stands between one person and the acts on one case at one moment; what acts have in common is read once."""

    case: Case
    actor: Actor
    now: dt.datetime

    def to(self, act: Act) -> str:
        """The reason why the person cannot do `act` now, or nothing."""
        return self.forbidden(act) or self.blocked(act) or self.lacking(act)

    def forbidden(self, act: Act) -> str:
        """What this person may not do, whoever holds the case."""
        return self._for_a_physician(act) or self._role(act) or self._person(act) or self._decision(act)

    def _for_a_physician(self, act: Act) -> str:
        nurse = self.case.status == Status.WITH_PHYSICIAN and self.actor.role == Role.NURSE
        needs_a_claim = act == Act.CLAIM or TRANSITIONS[act].claimed
        return "The case waits for a physician." if nurse and needs_a_claim else ""

    def _role(self, act: Act) -> str:
        if self.actor.role in TRANSITIONS[act].roles:
            return ""
        if self.actor.role == Role.AUDITOR:
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

    def _person(self, act: Act) -> str:
        if act in KEPT_APART:
            return self._conflict
        return self._barred if act in BARRED else ""

    @cached_property
    def _conflict(self) -> str:
        return conflicts.conflict(self.case, self.actor.user_id)

    @cached_property
    def _barred(self) -> str:
        return barred.undeclared(self.case, by=self.actor, at=self.now) or self._conflict

    def blocked(self, act: Act) -> str:
        """What the case's status or somebody's claim does not let anybody, or this person, do now."""
        case, now, transition = self.case, self.now, TRANSITIONS[act]
        if case.status not in transition.sources:
            return f"The case is “{Status(case.status).label}”."
        if act in clock_rules.WHY_NOT:
            return self.of_the_clock(Clock.of(case), act)
        if transition.claimed and not self._mine:
            return holder(case) if held(case, now) else "Claim the case first: then nobody else decides it meanwhile."
        if act == Act.CLAIM and held(case, now) and not self._mine:
            return holder(case)
        return self._passing(act)

    @property
    def _mine(self) -> bool:
        return holds(self.case, self.actor, self.now)

    def _passing(self, act: Act) -> str:
        """Who may give a case back, hand it over or take it over."""
        nobody = "" if held(self.case, self.now) else "Nobody holds this case."
        if act in (Act.RELEASE, Act.TAKE_OVER) and nobody:
            return nobody
        if act == Act.TAKE_OVER and self._mine:
            return "You hold this case."
        if act in (Act.RELEASE, Act.HAND_OVER) and not self._mine and self.actor.role != Role.LEAD:
            return f"{nobody or holder(self.case)} Only its holder or a lead can do this."
        return ""

    def of_the_clock(self, clock: Clock, act: Act) -> str:
        """Why the clock of an open case cannot be changed now: its rule, or who holds the case; a lead may all the
        same."""
        if why := clock_rules.WHY_NOT[act](clock, self.now):
            return why
        elsewhere = held(self.case, self.now) and not self._mine and self.actor.role != Role.LEAD
        return holder(self.case) if elsewhere else ""

    def lacking(self, act: Act) -> str:
        """What this person has to do first."""
        return self._ground.unmarked if act == Act.APPROVE and not self._ground.against else ""

    @cached_property
    def _assessment(self) -> Assessment | None:
        return latest_assessment(self.case)

    @cached_property
    def _ground(self) -> rails.Ground:
        return rails.ground(self.case, self._assessment, by=self.actor)

    def _decision(self, act: Act) -> str:
        if act not in DECISIONS:
            return ""
        if why := unscored(self.case):
            return why
        if act in (Act.JUDGE, Act.READ) and self._assessment is None:
            return judge.NOT_SCORED
        if act == Act.APPROVE and self._ground.against and self.actor.role != Role.PHYSICIAN:
            return f"{self._ground.against} Ask, or escalate."
        if act == Act.CLOSE and (self._assessment is None or self._assessment.result["determination"] not in CLOSABLE):
            return "The policy governs this request, so it needs a decision."
        if act == Act.CLOSE and self.actor.role != Role.PHYSICIAN and out_by_reading(self._assessment):
            return READ_OUT
        return ""
