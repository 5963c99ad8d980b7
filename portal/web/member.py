"""The member lookup on the form: who has the typed member ID and date of birth, as the plan's file says."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from portal.web.parts import MemberPart
from portal.web.request_form import RequestForm
from portal.web.rows import Raw, typed
from portal.web.words import NOT_RECORDED
from priorauth.models import Case
from priorauth.roles import Actor
from priorauth.services import members
from priorauth.services.members import Person

NOBODY = "We have no member with that ID and date of birth. Check both. You can go on; we will verify before we decide."
LATER = (
    "Not looked up yet. Save to look up this ID and date of birth; after several that nobody has, wait a few minutes."
    " You can go on; we will verify before we decide."
)
SEVERAL = "Several members have that ID and date of birth. Choose by first name:"


@dataclass(frozen=True)
class Note:
    """What the page says where it can look a member up; `people` are to be chosen from."""

    text: str = ""
    good: bool = False
    people: tuple[Person, ...] = ()


def settle(raw: Raw, case: Case, actor: Actor, at: dt.datetime, chosen: str = "") -> Raw:
    """Look the typed member up for the draft `case`; fill in what is blank from the one person who is found.

    `chosen` is the first name that was picked of several. What was typed stays as it is.
    """
    asked = _asked(MemberPart(raw, today=timezone.localdate(at)))
    if not asked or not members.has_file() or not members.look_up(case, *asked, by=actor, at=at):
        return raw
    people = members.known_to(case, *asked, by=actor) or []
    picked = _called(people, chosen)
    if picked:
        return raw | {"first_name": [picked.first_name], "last_name": [picked.last_name]} | _plan(raw, picked)
    person = people[0] if len(people) == 1 else _called(people, typed(raw, "first_name"))
    if person is None:
        return raw
    found = {"first_name": person.first_name, "last_name": person.last_name}
    return raw | {name: [text] for name, text in found.items() if not typed(raw, name)} | _plan(raw, person)


def note_of(form: RequestForm, case: Case | None, actor: Actor) -> Note | None:
    """What is known of the member that the form names; None where the plan has given no member file."""
    if not members.has_file():
        return None
    asked = _asked(form.member)
    if case is None or not asked:
        return Note()
    people = members.known_to(case, *asked, by=actor)
    if people is None:
        return Note(LATER)
    if not people:
        return Note(NOBODY)
    named = form.member.answers["first_name"]
    person = _called(people, named)
    if person is None and len(people) > 1:
        return Note(SEVERAL, people=tuple(people))
    return _found(person or people[0], form, named)


def _found(person: Person, form: RequestForm, named: str) -> Note:
    planned = form.plan.answers["service_date"]
    day = planned.first if planned else None
    covered = person.coverage(day)
    text = f"Found: {person}, born {form.member.answers['birth_date']}, {person.plan}, {covered}."
    wrong = []
    if named and not person.is_called(named):
        wrong.append("The form has another name: check it, or the ID.")
    if form.member.answers["product"] not in ("", None, NOT_RECORDED, person.product):
        wrong.append("The form has another plan: check the card.")
    if day and not person.covers(day):
        wrong.append("Check the date and the card. You can go on; we will verify before we decide.")
    return Note(" ".join([text, *wrong]), good=not wrong)


def _asked(part: MemberPart) -> tuple[str, dt.date] | None:
    """The member ID and the date of birth, where both were understood."""
    member_id, born = part.answers["member_id"], part.answers["birth_date"]
    return (member_id, born.first) if member_id and born else None


def _called(people: Iterable[Person], first_name: str) -> Person | None:
    return next((person for person in people if person.is_called(first_name)), None)


def _plan(raw: Raw, person: Person) -> Raw:
    return {} if typed(raw, "product") else {"product": [person.product]}
