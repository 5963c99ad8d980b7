"""Scoring: the job that turns the latest revision into an immutable assessment and opens the case for review.

A request that was changed while it was in review is scored again and stays where it is."""

import datetime as dt
from typing import Any

from policies import facts as facts_v1
from policies import registry
from policies.assess import assess
from policies.explain import explain
from priorauth.clock import rule_of
from priorauth.models import Assessment, Case, Job, Revision
from priorauth.roles import SYSTEM
from priorauth.services import first_use
from priorauth.services.base import Change, acting
from priorauth.statuses import OPEN, Act, Status

POLICY = registry.DEFAULT_POLICY
UNSCORED: dict[str, Any] = {"determination": "", "score": None, "paths": [], "missing": [], "edition": ""}


def run(job: Job, now: dt.datetime) -> None:
    """Score the case of `job`. Does nothing where it no longer waits for scoring, so doing it twice does no harm.

    Raises EditionChanged where the edition's file is not the one of its first use.
    """
    case = _locked(job)
    if case.status not in OPEN:
        return
    revision = case.revisions.order_by("-number")[0]
    if case.assessments.filter(revision=revision).exists():
        return
    assessment = evaluate(revision, now)
    act = Act.SCORE if case.status == Status.RECEIVED else Act.RESCORE
    with acting(case, act, by=SYSTEM, at=now, **columns_of(assessment)) as change:
        keep(change, assessment, now)
        change.entities["revision"] = revision.number


def columns_of(assessment: Assessment) -> dict[str, Any]:
    """What lists show and filter by, as columns of the case; the assessment proves them.

    `paths` are those that are met; where the request does not meet, also the closest of each level. `missing` names
    each criterion once, in the order of the result.
    """
    result, story = assessment.result, assessment.explanation
    paths = set(result["pathways"])
    if result["determination"] != "meets":
        paths |= {level["closest"] for line in story["lines"] for level in line["levels"]}
    return {
        "determination": result["determination"],
        "score": result["score"],
        "paths": sorted(paths),
        "missing": list(dict.fromkeys(question["criterion"] for question in result["missing"])),
        "edition": f"{assessment.policy} {assessment.edition}",
    }


def keep(change: Change, assessment: Assessment, now: dt.datetime) -> None:
    """Store an assessment within the act that made it, with the first use of its edition and rule.

    Raises EditionChanged where the edition's file is not the one of its first use.
    """
    first_use.hold(registry.edition(assessment.policy, assessment.edition), now)
    first_use.hold_rule(rule_of(change.case), now)
    assessment.save(force_insert=True)
    change.rows.append(assessment)
    change.entities |= {
        "assessment": assessment.pk,
        "policy": assessment.policy,
        "edition": assessment.edition,
        "edition_sha256": assessment.edition_sha256,
    }
    change.fields |= {"result": assessment.result}


def give_up(job: Job, now: dt.datetime) -> None:
    """After the last try: the case goes to a person without an assessment, and says so. One that is with a person
    already stays there; its page and the list of jobs say that its latest facts were not scored."""
    case = _locked(job)
    if case.status == Status.RECEIVED:
        with acting(case, Act.SCORE_FAILED, by=SYSTEM, at=now, **UNSCORED) as change:
            change.entities["job"] = job.pk


def evaluate(revision: Revision, now: dt.datetime, document: dict[str, Any] | None = None) -> Assessment:
    """The assessment of a revision under the edition that governs it; not saved. `document` are its facts where they
    are not those that were sent (services/read.py)."""
    facts = facts_v1.parse(document or revision.facts)
    edition = registry.governing(POLICY, facts.service_date or facts.request_date)
    assessment = assess(facts, edition)
    result = assessment.as_dict()
    return Assessment(
        case_id=revision.case_id,
        revision=revision,
        policy=result["policy"],
        edition=result["edition"],
        edition_sha256=result["edition_sha256"],
        result=result,
        explanation=explain(facts, assessment, edition).as_dict(),
        created_at=now,
    )


def _locked(job: Job) -> Case:
    rows = Case.objects.unscoped("the portal scores every office's requests").select_for_update(of=("self",))
    return rows.get(pk=job.case_id)
