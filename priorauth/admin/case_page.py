"""What the case page shows: all that is known of one case, read in a fixed number of queries."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.urls import reverse

from priorauth import selectors, sources, typed
from priorauth.admin import bar, case_record, certainty, criteria_table, evidence, facts, words
from priorauth.admin.clock import clock_context
from priorauth.admin.late_changes import late_changes
from priorauth.admin.looks import Look, looks, of_the_member
from priorauth.admin.marks_form import MarksForm
from priorauth.admin.obstacles import Obstacles
from priorauth.admin.provenance import Origins
from priorauth.admin.tabs import waiting
from priorauth.admin.trail import of_case
from priorauth.clock import clock_from, rule_words
from priorauth.models import Assessment, Attachment, Case, Job, Reading, Revision
from priorauth.pictures import spine, timeline
from priorauth.roles import REVIEWER_ROLES, Actor, Role
from priorauth.services import judge, members, openings, recommendation
from priorauth.services.claim import held, holds
from priorauth.services.scored import computed_states
from priorauth.statuses import OPEN, Act


class Since(NamedTuple):
    """What the office changed since this person was last shown the case."""

    number: int
    changes: list[facts.FactChange]


@dataclass
class Read:
    """What is read of a case at once, for the parts of its page."""

    case: Case
    actor: Actor
    now: dt.datetime
    revisions: list[Revision]
    assessment: Assessment | None
    files: dict[str, Attachment]
    person: members.Person | None
    has_member_file: bool
    readings: list[Reading]

    @property
    def latest(self) -> Revision:
        return self.revisions[-1]

    @cached_property
    def obstacles(self) -> Obstacles:
        return Obstacles(self.case, self.actor, self.now)

    @cached_property
    def origins(self) -> Origins:
        readings = case_record.of(self.latest, self.readings)
        return Origins(self.latest, self.files, self.member_product, readings, self.round_began)

    @cached_property
    def round_began(self) -> dt.datetime | None:
        """When the case was opened again last."""
        return clock_from(self.case) if self.case.round > 1 and self.readings else None

    @property
    def facts(self) -> Mapping[str, Any]:
        """Those that count."""
        return self.assessment.facts if self.assessment else self.latest.facts

    @property
    def planned(self) -> dt.date | None:
        day = self.facts.get("service_date")
        return dt.date.fromisoformat(day) if day else None

    @property
    def member_product(self) -> str:
        return self.person.product if self.person else ""


def read(case: Case, actor: Actor, now: dt.datetime) -> Read:
    revisions = list(case.revisions.select_related("created_by").order_by("number"))
    assessment = case.assessments.filter(revision=revisions[-1]).order_by("-id").first()
    if assessment:
        assessment.revision = revisions[-1]
    files = case.attachments.filter(revision__isnull=False).select_related("added_by", "page_check")
    has_file = members.has_file()
    return Read(
        case,
        actor,
        now,
        revisions,
        assessment,
        {str(file.pk): file for file in files},
        members.on_file(case.member, by=actor) if has_file else None,
        has_file,
        list(case.readings.select_related("read_by", "file")),
    )


def case_page(
    case: Case,
    actor: Actor,
    now: dt.datetime,
    *,
    chosen: Mapping[str, str] | None = None,
    marks: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The context of the page. `chosen` is the query of its address (evidence.py); `marks` is what `criteria` gave for
    marks that were posted, to be shown again."""
    known = read(case, actor, now)
    marks = marks or criteria(known)
    latest, files = known.latest, list(known.files.values())
    return {
        **_head(case, actor, now),
        **clock_context(known.obstacles),
        "facts": known.facts,
        **_pictures(known),
        "since": _since(case, known.revisions, files, actor, now),
        "product": facts.product(case.product),
        "setting": facts.word(case.setting or None),
        "planned": facts.day(known.facts.get("service_date")),
        "member_file": _member_file(known),
        "looks": _looks(known),
        "late_changes": late_changes(latest),
        "duplicates": _duplicates(case, actor),
        **_past(case, actor),
        **marks,
        **bar.bar(known.obstacles, saves=marks["form"] is not None),
        **_computed(case, known.assessment),
        "latest": latest,
        **_evidence(known, marks["table"], chosen or {}),
        **_record(known),
        "write": "" if known.obstacles.to(Act.WRITE) else reverse("admin:priorauth_case_message", args=[case.pk]),
        "escalations": list(case.escalations.select_related("escalated_by")),
        "recommendation_hidden": recommendation.hidden_from(case, actor),
        **_decided(case),
        "entries": of_case(case, brief=True),
    }


def criteria(known: Read, posted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The table of criteria with the marks that may be shown, and the form for who may mark now or did post."""
    case, actor = known.case, known.actor
    table = criteria_table.table(known.assessment, known.origins)
    sides = certainty.levels(known.facts)
    for row in table.rows:
        row.sides = [level for level in sides if row.is_certainty and level.name == row.level]
    marks = judge.made(case, known.assessment)
    blind = actor.role == Role.PHYSICIAN and case.status in OPEN
    criteria_table.note_marks(table.rows, marks, actor.user_id, blind=blind)
    form = None
    if table.markable and (posted is not None or not known.obstacles.to(Act.JUDGE)):
        states = computed_states(known.assessment)
        form = MarksForm(case, actor, table.markable, known.facts, states, posted)
    mine = holds(case, actor, known.now)
    may_read = form is not None or (mine and not known.obstacles.to(Act.READ))
    return {"table": table, "form": form, "may_read": may_read}


def _pictures(known: Read) -> dict[str, Any]:
    latest, that_count = known.latest, known.facts
    written, dated = latest.details.get("sources") or {}, typed.of_treatments(latest, that_count)
    to = evidence.Addresses(known.case)
    shown = sources.reports(latest, known.files.values())
    reports = {level: to.beside(file, page) for level, (file, page) in shown.items()}
    return {
        "timeline": timeline.draw(that_count, written, dated, known.origins.of_records),
        "spine": spine.draw(that_count, reports),
    }


def _evidence(known: Read, table: criteria_table.Table, chosen: Mapping[str, str]) -> dict[str, Any]:
    """The files with the page that is open; `reading`: they stand beside the criteria, for who asked for one."""
    row = evidence.row_in(chosen.get("row", ""), table.rows)
    sought = evidence.Known(known.latest, list(known.files.values()), known.facts, row)
    found = evidence.evidence(known.case, sought, chosen=chosen)
    return {"evidence": found, "reading": "file" in chosen or bool(found.choice and found.choice.cited)}


def _record(known: Read) -> dict[str, Any]:
    """What was sent, the latest first; what office and plan wrote to each other, and what of it is to be read first."""
    case = known.case
    exchanges, messages = case_record.exchanges(case), list(case.messages.select_related("written_by"))
    sendings = case_record.sendings(
        known.revisions, known.files, known.member_product, known.readings, known.round_began
    )
    return {
        "sendings": sendings[::-1],
        "read_before": known.origins.former,
        "exchanges": exchanges,
        "messages_of_case": messages,
        "said": case_record.said(case, messages, exchanges, known.latest),
    }


def _looks(known: Read) -> list[Look]:
    found = [Look(words, [], []) for words in known.origins.otherwise()]
    if known.has_member_file:
        found += of_the_member(known.case, known.facts, known.origins, known.person, known.planned)
    return [*found, *looks(known.case, known.latest, known.assessment, known.origins)]


def _past(case: Case, actor: Actor) -> dict[str, Any]:
    """The other requests for this member, and how many more than are shown."""
    rows, in_all = selectors.past_cases(
        actor, member_id=case.member.member_id, birth_date=case.member.birth_date, besides=case.pk
    )
    return {"past": rows, "more_past": in_all - len(rows)}


def _since(
    case: Case, revisions: Sequence[Revision], attachments: Sequence[Attachment], actor: Actor, now: dt.datetime
) -> Since | None:
    """Note that a reviewer is shown the latest revision; the difference from the one that they were shown before."""
    if actor.role not in REVIEWER_ROLES:
        return None
    latest = revisions[-1]
    before = openings.note(case, latest.number, by=actor, at=now)
    earlier = next((revision for revision in revisions if revision.number == before), None)
    if earlier is None or case.status not in OPEN:
        return None
    names = {str(file.pk): file.name for file in attachments}
    return Since(earlier.number, facts.changes(earlier, latest, names))


def _head(case: Case, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    return {
        "title": case.reference,
        "case": case,
        "age": words.age(case.member.birth_date, now),
        "open": case.status in OPEN,
        "late": case.status in OPEN and case.due_at < now,
        "rule": rule_words(case),
        "claim": _claim(case, actor, now),
        "mine": holds(case, actor, now),
        "waiting": waiting(actor, now) if holds(case, actor, now) else "",
        "may_go_on": actor.role in REVIEWER_ROLES and not holds(case, actor, now),
        "held": held(case, now),
        "handovers": list(case.handovers.select_related("from_user", "to_user", "by")),
    }


def _member_file(known: Read) -> str:
    """What the plan's member file says of the member; nothing where the plan has given none."""
    if not known.has_member_file:
        return ""
    if known.person is None:
        return "Not on file: verify ID, date of birth and name before you decide"
    same = known.person.last_name.casefold() == known.case.member.last_name.casefold()
    last_name = "" if same else f" as {known.person}"
    return f"On file{last_name}: {known.person.plan}, {known.person.coverage(known.planned)}"


def _duplicates(case: Case, actor: Actor) -> list[Case]:
    """Other requests, of any office, for the same member and a same level."""
    return selectors.duplicates(
        actor,
        member_id=case.member.member_id,
        birth_date=case.member.birth_date,
        levels=case.levels.split(", "),
        at=case.received_at,
        besides=case.pk,
    )


def _claim(case: Case, actor: Actor, now: dt.datetime) -> str:
    if not held(case, now):
        return "Nobody holds this case" if case.status in OPEN else ""
    who = "you" if holds(case, actor, now) else str(case.claimed_by)
    return f"Claimed by {who} until {words.until(case.claimed_until, now)}"


def _decided(case: Case) -> dict[str, Any]:
    """The decision that stands, those before it, and how late it came, in words."""
    found = case_record.decisions(case)
    decision = found["decision"]
    late = decision and decision.decided_at > decision.due_at
    return {**found, "decided_late": words.spell(decision.decided_at - decision.due_at) if late else ""}


def _computed(case: Case, assessment: Assessment | None) -> dict[str, Any]:
    found = words.determination(assessment.result["determination"]) if assessment else words.NOT_SCORED
    return {"assessment": assessment, "determination": found, "trouble": _trouble(case, assessment)}


def _trouble(case: Case, assessment: Assessment | None) -> Job | None:
    """The scoring job that waits, or that failed for good, where the latest facts are not scored."""
    if assessment or case.status not in OPEN:
        return None
    return case.jobs.filter(kind=Job.Kind.SCORE).order_by("-id").first()
