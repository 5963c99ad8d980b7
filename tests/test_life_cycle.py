"""The life of a request as a state machine (RELIABILITY.md C7): people do what they like, in any order, and none of it
makes an illegal transition. LIFE says what is legal; it is written from DESIGN.md 3.4, not taken from the code."""

import datetime as dt
import random
from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as told
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from priorauth import audit, jobs
from priorauth.models import AuditEvent, Case, Job
from priorauth.roles import SYSTEM, Actor, Role
from priorauth.services import (
    amend,
    attach,
    claim,
    decide,
    downgrade,
    escalate,
    expire,
    extend,
    hand_over,
    information,
    judge,
    read,
    reopen,
    score,
    stop_clock,
    submit,
    withdraw,
    write,
)
from priorauth.services.decision_lines import Verdict
from priorauth.services.errors import Refused
from priorauth.services.scored import computed_states
from priorauth.statuses import TRANSITIONS, Act, Urgency
from tests import cases, regimes
from tests.factories import report as report_file
from tests.regimes import MOVED
from tests.soak import SOAK, figure, report

pytestmark = pytest.mark.django_db

WORDS = cases.WORDS
OPEN = {"received", "in_review", "information_needed", "with_physician"}
REVIEW = {"in_review", "with_physician"}
OFFICE = {"clerk", "office_admin"}
NURSES = {"nurse", "lead"}
REVIEWERS = NURSES | {"physician"}
DECIDED = {"approved", "partly_approved", "not_approved", "closed"}


class Legal(NamedTuple):
    """From where, to where ("" stays), by whom; and whether only the person who holds the case may."""

    sources: set[str]
    to: str
    roles: set[str]
    held: bool = False


LIFE = {
    "attach": Legal(OPEN | {"draft"}, "", OFFICE),
    "detach": Legal(OPEN | DECIDED | {"draft", "withdrawn"}, "", OFFICE),
    "send": Legal({"draft"}, "received", OFFICE),
    "score": Legal({"received"}, "in_review", {"system"}),
    "score_failed": Legal({"received"}, "in_review", {"system"}),
    "rescore": Legal(OPEN - {"received"}, "", {"system"}),
    "amend": Legal(OPEN, "", OFFICE),
    "answer": Legal({"information_needed"}, "received", OFFICE),
    "withdraw": Legal(OPEN | {"draft"}, "withdrawn", OFFICE),
    "write": Legal(OPEN, "", OFFICE | REVIEWERS),
    "claim": Legal(REVIEW, "", REVIEWERS),
    "release": Legal(REVIEW, "", REVIEWERS),
    "ask": Legal(REVIEW, "information_needed", REVIEWERS, held=True),
    "escalate": Legal({"in_review"}, "with_physician", NURSES, held=True),
    "approve": Legal(REVIEW, "approved", REVIEWERS, held=True),
    "partly_approve": Legal(REVIEW, "partly_approved", {"physician"}, held=True),
    "not_approve": Legal(REVIEW, "not_approved", {"physician"}, held=True),
    "close": Legal(REVIEW, "closed", REVIEWERS, held=True),
    "expire": Legal({"information_needed"}, "in_review", {"system"}),
    "judge": Legal(REVIEW, "", REVIEWERS, held=True),
    "read": Legal(REVIEW, "", REVIEWERS, held=True),
    "hand_over": Legal(REVIEW, "", REVIEWERS),
    "take_over": Legal(REVIEW, "", {"lead"}),
    "reopen": Legal(DECIDED, "in_review", {"lead"}),
    "extend": Legal(OPEN, "", REVIEWERS),
    "stop_clock": Legal(OPEN, "", REVIEWERS),
    "resume_clock": Legal(OPEN, "", REVIEWERS),
    "downgrade": Legal(OPEN, "", {"physician"}),
}
# Meets; two lines, one of them for three levels; two lines; not in scope; insufficient.
REQUESTS = ("A03", "R44", "S12", "E38", cases.NO_IMAGING)
PLANS = ("hmo", "ppo", "medicare_hmo_blue")  # each with a rule of its own: no change, stops, extensions


class World(NamedTuple):
    """One case, who acts on it, when, and the chance that chooses the rest."""

    case: Case
    by: Actor
    at: dt.datetime
    chance: random.Random

    @property
    def who(self) -> dict[str, Any]:
        return {"by": self.by, "at": self.at}


def detach(world: World) -> None:
    if file := world.case.attachments.last():
        attach.detach(world.case, file, **world.who)


def send(world: World) -> None:
    document = cases.facts(world.chance.choice(REQUESTS)) | {"product": world.chance.choice(PLANS)}
    urgency = world.chance.choice([Urgency.STANDARD, Urgency.EXPEDITED])
    submit.send(world.case, cases.submission(document, urgency=urgency), **world.who)


def run_jobs(world: World) -> None:
    """The portal scores; one time in four the scorer raises until its tries are used up."""
    if world.by.role != Role.SYSTEM:
        return
    fails = world.chance.random() < 1 / 4
    for _ in range(jobs.MAX_ATTEMPTS if fails else 1):
        Job.objects.filter(state=Job.State.WAITING).update(run_after=world.at)
        jobs.run_due(Job.Kind.SCORE, broken if fails else score.run, score.give_up, world.at)


def broken(job: Job, now: dt.datetime) -> None:
    raise ValueError("planted")


def changed(world: World) -> dict[str, Any]:
    return cases.facts() | {
        "product": world.chance.choice(PLANS),
        "pain": {"present": True, "score": world.chance.randint(0, 10)},
    }


def answer(world: World) -> None:
    note = world.chance.choice(["", "We have no such report."])
    information.answer(world.case, note=note, **world.who)


def marks(world: World) -> list[judge.Mark]:
    """A mark for each criterion of the scored levels, as it was computed; often one against that."""
    found = computed_states(world.case.assessments.last()) or {("L1", "symptomatic"): ["met"]}
    verdicts = {key: states[0] for key, states in found.items()}
    if world.chance.random() < 1 / 2:
        verdicts[world.chance.choice(sorted(verdicts))] = "not_met"
    return [judge.Mark(level, criterion, verdict, WORDS) for (level, criterion), verdict in verdicts.items()]


def refuse(world: World, *, some: bool) -> None:
    """Mark what is not met, then not approve every line, or the first of several, or a level of a line of several."""
    revision = world.case.revisions.last()
    asked = {line["line"]: line["levels"] for line in revision.facts["lines"]} if revision else {1: ["L1"]}
    several = [number for number, levels in asked.items() if some and len(levels) > 1]
    levels = {number: asked[number][:1] for number in several}
    lines = [] if several else [*asked][:1] if some else [*asked]
    relied_on = []
    if computed_states(world.case.assessments.filter(revision=revision).last()):
        cases.certain(world.case, world.by, world.at)
        relied_on = cases.not_met(world.case, world.by, world.at, lines, levels)
    units = {number: len(asked[number]) - 1 for number in several}
    verdict = Verdict(lines, relied_on=relied_on, levels=levels, units=units, **cases.REASONS, **VALID)
    decide.not_approve(world.case, verdict, **world.who)


def read_some(world: World) -> None:
    """One value or two of what was sent are there, are not, or are another; what a study shows and the score."""
    found = world.chance.choice(["same", "not_there", "counts", "stands"])
    other = found in ("counts", "stands")
    said = {"levels.L1.imaging.0.finding": world.chance.choice(["healed", "edema"]), "pain.score": 1}
    paths = [path for path in said if world.chance.random() < 2 / 3]
    findings = [read.Finding(path, found, said[path] if other else None, WORDS if other else "") for path in paths]
    read.read(world.case, findings=findings, **world.who)


def pass_on(world: World) -> None:
    people = [person.user_id for person in LifeCycle.people if person.user_id]
    hand_over.hand_over(world.case, to=world.chance.choice(people), line=WORDS, **world.who)


VALID = {"valid_from": dt.date(2026, 11, 30), "valid_to": dt.date(2027, 2, 28)}
DOES: dict[str, Callable[[World], Any]] = {
    "attach": lambda w: attach.attach(w.case, report_file(), **w.who),
    "detach": detach,
    "send": send,
    "score": run_jobs,
    "rescore": run_jobs,
    "amend": lambda w: amend.amend(w.case, facts=changed(w), details={}, **w.who),
    "answer": answer,
    "withdraw": lambda w: withdraw.withdraw(w.case, reason="Sent by mistake.", **w.who),
    "write": lambda w: write.write(w.case, text="Please call.", **w.who),
    "claim": lambda w: claim.claim(w.case, **w.who),
    "release": lambda w: claim.release(w.case, **w.who),
    "ask": lambda w: information.ask(w.case, question="Please send the report.", items=[], **w.who),
    "escalate": lambda w: escalate.escalate(w.case, question="Is it new?", recommendation="approve", **w.who),
    "expire": lambda w: expire.sweep(w.at) if w.by.role == Role.SYSTEM else None,
    "judge": lambda w: judge.judge(w.case, marks=marks(w), **w.who),
    "read": read_some,
    "hand_over": pass_on,
    "take_over": lambda w: hand_over.take_over(w.case, reason=WORDS, **w.who),
    "reopen": lambda w: reopen.reopen(w.case, reason=WORDS, **w.who),
    "extend": lambda w: extend.extend(w.case, count=1, ground="evidence", reason=WORDS, **w.who),
    "stop_clock": lambda w: stop_clock.stop(w.case, ground="documents", reason=WORDS, **w.who),
    "resume_clock": lambda w: stop_clock.resume(w.case, reason=WORDS, **w.who),
    "downgrade": lambda w: downgrade.downgrade(w.case, reason=WORDS, **w.who),
    "approve": lambda w: decide.approve(w.case, reason=w.chance.choice(["", WORDS]), **VALID, **w.who),
    "not_approve": lambda w: refuse(w, some=False),
    "partly_approve": lambda w: refuse(w, some=True),
    "close": lambda w: decide.close(w.case, reason=WORDS, **w.who),
}

BACK = {"withdraw", "release", "write", "hand_over", "take_over"}
BACK |= {"extend", "stop_clock", "resume_clock", "downgrade"}


class LifeCycle(RuleBasedStateMachine):
    """One request, and everybody who may or may not touch it.

    One rule, and a chance of its own a life: of several rules hypothesis would leave some out of most lives, and a
    life without its office, or without its portal, does not come far.
    """

    people: list[Actor]

    @initialize(seed=st.integers(0, 2**32))
    def start(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = cases.NOW
        self.place = transaction.savepoint()
        draft = cases.draft_case(self.people[0])
        self.pk, self.stream = draft.pk, audit.case_stream(draft)

    @rule()
    def somebody_acts(self) -> None:
        """One in three does whatever comes to mind; the others do what LIFE lets them, or a life would not come far."""
        case = self.case()
        if self.chance.random() < 1 / 3:
            self.do(self.chance.choice(sorted(DOES)), self.chance.choice(self.people), case)
        elif able := self.able(case):
            name = self.chance.choice(sorted(able))
            self.do(name, self.chance.choice(able[name]), case)
        self.now += dt.timedelta(minutes=self.chance.choice([0, 0, 0, 1, 1, 1, 1, 29, 31, 1500]))

    def able(self, case: Case) -> dict[str, list[Actor]]:
        """What can be done now, and who can; without what leads a life back or to its end for no reason."""
        held = case.claimed_by_id and case.claimed_until > self.now
        able: dict[str, list[Actor]] = {}
        for name in set(DOES) - BACK:
            legal = LIFE[name]
            if case.status not in legal.sources or (name == "claim" and held):
                continue
            people = [person for person in self.people if person.role in legal.roles]
            if may := [person for person in people if not legal.held or person.user_id == case.claimed_by_id]:
                able[name] = may
        return able

    def do(self, name: str, by: Actor, before: Case) -> None:
        """Try it. Either it was legal and is whole, or nothing of it stays."""
        if before.received_at is None and by.role not in OFFICE:
            return  # a draft is out of the plan's reach: tests/test_tenancy.py
        try:
            with transaction.atomic():
                DOES[name](World(copy(before), by, self.now, self.chance))
        except Refused:
            assert columns(self.case()) == columns(before)
            assert not self.events(after=before.version)
            return
        case, new = self.case(), self.events(after=before.version)
        assert case.version == before.version + len(new)
        assert replayed(new, before.status) == case.status
        for event in new:
            if LIFE[event.action].held:
                assert before.claimed_by_id == event.actor_id
                assert before.claimed_until > self.now

    def case(self) -> Case:
        return Case.objects.unscoped("the test reads its case").get(pk=self.pk)

    def events(self, after: int = 0) -> list[AuditEvent]:
        return list(AuditEvent.objects.filter(stream=self.stream, sequence__gt=after).order_by("sequence"))

    def teardown(self) -> None:
        if not hasattr(self, "pk"):
            return
        with connection.cursor() as cursor:  # what the database itself would say at a commit
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        case, (first, *acts) = self.case(), self.events()
        assert first.action == "create"
        assert replayed(acts, "draft") == case.status
        assert audit.verify_case(case)[0] is None
        rounds = [decision.round for decision in case.decisions.all()]
        assert len(rounds) == len({*rounds})
        lives.append([first.action, *(event.action for event in acts)])
        transaction.savepoint_rollback(self.place)


lives: list[list[str]] = []


def columns(case: Case) -> dict[str, Any]:
    return {field.attname: getattr(case, field.attname) for field in Case._meta.concrete_fields}


def replayed(acts: list[AuditEvent], status: str) -> str:
    """The status to which acts lead, each of them being legal where it stands."""
    for event in acts:
        legal = LIFE[event.action]
        assert status in legal.sources, f"{event.action} from {status}"
        assert event.role in legal.roles, f"{event.action} by {event.role}"
        status = legal.to or status
    return status


def test_c7_no_life_has_an_illegal_step_and_its_trail_replays_to_where_it_stands(settings, tmp_path):
    settings.REGIMES_FILE = regimes.copy(tmp_path, *MOVED)
    lives.clear()
    roles = [*Role.values]
    roles.remove(Role.SYSTEM)
    LifeCycle.people = [
        *(cases.person(Role(role)) for role in roles),
        cases.person(Role.NURSE),
        cases.person(Role.PHYSICIAN),
        cases.person(Role.PHYSICIAN, licensed=False),
        SYSTEM,
    ]
    run_state_machine_as_test(
        LifeCycle,
        settings=told(
            max_examples=figure(500),
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate, Phase.shrink],
            derandomize=not SOAK,  # the short run is the same each time
        ),
    )
    missed = set(Act) - {action for life in lives for action in life}
    assert len(missed) <= (0 if SOAK else 6), f"no life had {missed}"
    report("C7", f"{len(lives)} lives of up to 50 steps", "0 illegal transitions; every trail replays to its case")


def test_the_table_of_the_test_knows_every_act_of_the_portal():
    assert {*LIFE, "create"} == set(Act)
    assert {name: legal.held for name, legal in LIFE.items()} == {
        act.value: TRANSITIONS[act].claimed for act in TRANSITIONS
    }
