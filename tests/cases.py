"""People, offices and requests for the tests of the services. All synthetic."""

import datetime as dt
import json
import uuid
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from priorauth import jobs
from priorauth.models import Case, Credential, Job, Membership, Organization, User
from priorauth.models.judgement import CERTAINTY
from priorauth.roles import OFFICE_ROLES, Actor, Role
from priorauth.services import claim, decide, drafts, judge, score, submit
from priorauth.services.decision_lines import Verdict
from priorauth.services.scored import computed_states, latest_assessment
from priorauth.statuses import Urgency

ZONE = ZoneInfo("America/New_York")
NOW = dt.datetime(2026, 11, 20, 15, 30, tzinfo=ZONE)
EXAMPLES = Path(__file__).parent / "data" / "policy_484_examples.jsonl"


def example_facts(case_id: str) -> dict[str, Any]:
    """The facts of one worked case of policy 484."""
    rows = (json.loads(line) for line in EXAMPLES.read_text().splitlines())
    return next(row["facts"] for row in rows if row["case_id"] == case_id)


CLEAN = "A03"
NO_IMAGING = "A03 without imaging"


def facts(name: str = CLEAN) -> dict[str, Any]:
    if name == NO_IMAGING:
        document = example_facts(CLEAN)
        document["levels"]["L1"]["imaging"] = None
        return document
    return example_facts(name)


HARBOR = "Harbor Spine Office"


def office(name: str = HARBOR) -> Organization:
    return Organization.objects.get_or_create(name=name, defaults={"kind": "office", "npi": "1234567893"})[0]


def plan() -> Organization:
    return Organization.objects.get_or_create(name="Example Plan", defaults={"kind": "plan"})[0]


def person(role: Role, organization: Organization | None = None, *, licensed: bool = True) -> Actor:
    """A user with a membership in `role`, as the actor they act as; physicians get a licence until 2030."""
    organization = organization or (office() if role in OFFICE_ROLES else plan())
    number = User.objects.count() + 1
    user = User.objects.create_user(f"{role}{number}@example.test", first_name=role.label, last_name=f"No. {number}")
    Membership.objects.create(user=user, organization=organization, role=role)
    if role == Role.PHYSICIAN and licensed:
        Credential.objects.create(
            user=user,
            licence_number=f"MA{number:06}",
            state="MA",
            specialty="Interventional radiology",
            npi="1003000126",
            expires_on=dt.date(2030, 12, 31),
        )
    return Actor.of(user)


def submission(document: dict[str, Any] | None = None, **changes: Any) -> submit.Submission:
    values = {
        "facts": {k: v for k, v in (document or facts()).items() if k not in ("case_id", "request_date")},
        "details": {"contact": {"name": "Casey Clerk", "phone": "617-555-0100"}},
        "member": {
            "member_id": "XYZ123456",
            "first_name": "Alma",
            "last_name": "Synthetic",
            "birth_date": dt.date(1948, 3, 14),
        },
        "clinician": {"npi": "1234567893", "name": "A. Rivera MD", "specialty": "Radiology", "phone": "617-555-0101"},
        "facility": {"npi": "1234567893", "name": "Harbor Hospital"},
        "urgency": Urgency.STANDARD,
    }
    return submit.Submission(**{**values, **changes})


def draft_case(clerk: Actor) -> Case:
    return drafts.start(by=clerk, at=NOW, token=uuid.uuid4(), fields={})


def own_words(office_name: str) -> dict[str, str]:
    """A member and a facility of its own for every office but the first: shown to the wrong one, they are seen."""
    if office_name == HARBOR:
        return {}
    letters, number = "".join(filter(str.isalpha, office_name)), zlib.crc32(office_name.encode())
    return {"last_name": letters, "member_id": f"QRS{number:010}", "facility_name": f"{office_name} Surgery"}


def sent_case(clerk: Actor, name: str = CLEAN, at: dt.datetime = NOW, **changes: Any) -> Case:
    if own := own_words(clerk.organization_name):
        usual, facility = submission(), own.pop("facility_name")
        own_rows = {"member": {**usual.member, **own}, "facility": {**usual.facility, "name": facility}}
        changes = {**own_rows, **changes}
    return submit.send(draft_case(clerk), submission(facts(name), **changes), by=clerk, at=at)


def score_all(now: dt.datetime = NOW) -> int:
    return jobs.run_due(Job.Kind.SCORE, score.run, score.give_up, now)


def case_in_review(clerk: Actor, name: str = CLEAN, at: dt.datetime = NOW) -> Case:
    case = sent_case(clerk, name, at)
    score_all(at)
    case.refresh_from_db()
    return case


def case_of_levels(clerk: Actor, at: dt.datetime = NOW, **of_l3: Any) -> Case:
    """In review: line 1 is 22511 for L1, line 2 is 22512, two units, for L2 and L3. All of it meets the policy, but for
    what `of_l3` says of L3."""
    document = facts()
    level, first = document["levels"]["L1"], document["lines"][0]
    document["levels"] |= {"L2": level, "L3": {**level, **of_l3}}
    document["lines"].append({**first, "line": 2, "code": "22512", "levels": ["L2", "L3"], "units": 2})
    case = sent_case(clerk, at=at, facts=submission(document).facts)
    score_all(at)
    case.refresh_from_db()
    return case


def claimed(case: Case, reviewer: Actor, at: dt.datetime = NOW) -> Case:
    return claim.claim(case, by=reviewer, at=at)


WORDS = "The imaging does not show an unhealed fracture at this level."


DAYS = {"valid_from": dt.date(2026, 11, 30), "valid_to": dt.date(2027, 2, 28)}


def certain(case: Case, reviewer: Actor, at: dt.datetime = NOW) -> Case:
    """The case, which the reviewer holds, with their mark of certainty at each level that asks for one."""
    states = computed_states(latest_assessment(case))
    marks = [judge.Mark(level, criterion, "met", WORDS) for level, criterion in states if criterion == CERTAINTY]
    if marks:
        judge.judge(case, by=reviewer, at=at, marks=marks)
    return case


def not_met(
    case: Case,
    reviewer: Actor,
    at: dt.datetime = NOW,
    lines: Collection[int] = (),
    levels: Mapping[int, Collection[str]] | None = None,
) -> list[tuple[str, str]]:
    """What the reviewer, who holds the case, marked not met: at each level of `lines` and at the `levels` of others
    (neither: at all) one criterion that is known, of the pathway that most speaks for; one that was found not met where
    there is any."""
    found, every = {}, not lines and not levels
    for line in latest_assessment(case).result["lines"]:
        some = (levels or {}).get(line["line"], ())
        for level in line["levels"]:
            if not every and line["line"] not in lines and level["level"] not in some:
                continue
            way = min(level["criteria"].values(), key=lambda way: list(way.values()).count("not_met"))
            known = [one for one, state in way.items() if state != "unknown"]
            named = next((one for one in known if way[one] == "not_met"), known[0])
            found[level["level"], named] = judge.Mark(level["level"], named, "not_met", WORDS)
    if found:
        judge.judge(case, by=reviewer, at=at, marks=list(found.values()))
    return list(found)


def approve(case: Case, reviewer: Actor, at: dt.datetime = NOW, **changes: Any) -> Any:
    """Claimed, marked and approved."""
    certain(claimed(case, reviewer, at), reviewer, at)
    return decide.approve(case, by=reviewer, at=at, **{**DAYS, **changes})


REASONS = {
    "reason_codes": ["N01"],
    "reason_for_member": WORDS,
    "reason_for_clinician": WORDS,
    "what_would_change": "A newer study of this level could change it.",
}


def not_approve(case: Case, reviewer: Actor, at: dt.datetime = NOW, **changes: Any) -> Any:
    """Claimed, marked and not approved: line 1, or the `lines` or `levels` given; the others approved."""
    values = {"lines": [] if "levels" in changes else [1], **REASONS, **changes}
    certain(claimed(case, reviewer, at), reviewer, at)
    relied_on = not_met(case, reviewer, at, values["lines"], values.get("levels"))
    return decide.not_approve(case, Verdict(**{"relied_on": relied_on, **values}), by=reviewer, at=at)
