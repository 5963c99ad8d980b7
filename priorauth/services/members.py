"""Who the plan's member file says somebody is. Nobody lists it: an office gives member ID and date of birth exactly.

A draft asks once for each pair that is typed in it. The question is an event of the trail, and those that find nobody
are slowed like guessed passwords (brake.py), so that the file cannot be guessed through.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from policies.vocabulary import PRODUCTS, day_words
from priorauth import audit
from priorauth.models import Case, Member, MemberLookup, PlanMember
from priorauth.roles import CASE_READER_ROLES, Actor
from priorauth.services import brake
from priorauth.services.errors import NotPermitted

ONLY = "Only a provider office, for a request of its own, and the plan's reviewers look a member up."


@dataclass(frozen=True)
class Person:
    """What the file says of one person."""

    first_name: str
    last_name: str
    birth_date: dt.date
    product: str
    covered_from: dt.date
    covered_to: dt.date | None

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def plan(self) -> str:
        return PRODUCTS[self.product]

    def is_called(self, first_name: str) -> bool:
        return self.first_name.casefold() == first_name.strip().casefold()

    def covers(self, day: dt.date) -> bool:
        return self.covered_from <= day and (self.covered_to is None or day <= self.covered_to)

    def coverage(self, day: dt.date | None) -> str:
        """`covered on Dec 8, 2026`, or why not; without a day, since when."""
        ends = f" to {day_words(self.covered_to)}" if self.covered_to else ""
        if day is None:
            return f"covered from {day_words(self.covered_from)}{ends}"
        if self.covers(day):
            return f"covered on {day_words(day)}"
        return f"not covered on {day_words(day)}: the coverage runs from {day_words(self.covered_from)}{ends}"


def look_up(case: Case, member_id: str, birth_date: dt.date, *, by: Actor, at: dt.datetime) -> bool:
    """Ask for the draft `case`, which the caller fetched in `by`'s scope, who has this ID and date of birth.

    Returns whether `known_to` tells it now: False where too many questions found nobody lately. The question that this
    draft asked last is not counted again. Raises NotPermitted.
    """
    if not by.is_office or case.office_id != by.organization_id:
        raise NotPermitted(ONLY)
    asked = _asked(member_id, birth_date)
    if _may_know(case, asked, by):
        return True
    counted = [brake.subject("member lookup", str(by.user_id))]
    try:
        brake.count(counted, at)
    except brake.Braked:
        return False
    found = _rows(member_id, birth_date).count()
    with transaction.atomic():
        if found:
            brake.take_back(counted)
        MemberLookup.objects.for_actor(by).update_or_create(
            case=case, defaults={"asked": asked, "asked_by_id": by.user_id, "asked_at": at}
        )
        entities = {"case": case.reference, "found": found}
        audit.record(by=by, at=at, action="member_lookup", entities=entities, change={"asked": asked})
    return True


def known_to(case: Case, member_id: str, birth_date: dt.date, *, by: Actor) -> list[Person] | None:
    """The people with this ID and date of birth, as far as the draft asked for them with `look_up`; else None."""
    return _people(member_id, birth_date) if _may_know(case, _asked(member_id, birth_date), by) else None


def on_file(member: Member, *, by: Actor) -> Person | None:
    """The person of the file whom a request names, for the plan's readers: ID, date of birth and first name agree."""
    if by.role not in CASE_READER_ROLES:
        raise NotPermitted(ONLY)
    people = _people(member.member_id, member.birth_date)
    return next((person for person in people if person.is_called(member.first_name)), None)


def has_file() -> bool:
    """Whether the plan has given a member file at all."""
    return PlanMember.objects.exists()


def _may_know(case: Case, asked: str, by: Actor) -> bool:
    return MemberLookup.objects.for_actor(by).filter(case=case, asked=asked).exists()


def _asked(member_id: str, birth_date: dt.date) -> str:
    return salted_hmac("priorauth.member", f"{member_id}:{birth_date}", algorithm="sha256").hexdigest()


def _people(member_id: str, birth_date: dt.date) -> list[Person]:
    names = ("first_name", "last_name", "birth_date", "product", "covered_from", "covered_to")
    return [Person(**row) for row in _rows(member_id, birth_date).order_by("first_name").values(*names)]


def _rows(member_id: str, birth_date: dt.date) -> QuerySet[PlanMember]:
    return PlanMember.objects.filter(member_id=member_id, birth_date=birth_date)
