"""Whose requests a person must not decide: what they took part in themselves, and what they or a lead declared."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from policies.codes import CodeError, Npi
from priorauth import audit
from priorauth.models import Case, ConflictOfInterest, Credential, Organization, User
from priorauth.roles import REVIEWER_ROLES, Actor, Role
from priorauth.services.errors import Conflict, Incomplete, NotPermitted

OPEN = Q(ended_at__isnull=True)
WITH_OFFICE = "You declared that you must not decide requests of this office, so somebody else must."
WITH_MEMBER = "You declared that you must not decide requests of this member, so somebody else must."
WITH_CLINICIAN = "You declared that you must not decide requests of this clinician, so somebody else must."
NO_LICENCE = "Your licence is not on file or has expired, so no case can be given to you. An administrator can add it."


def declared(user_id: int | None) -> Sequence[ConflictOfInterest]:
    return ConflictOfInterest.objects.filter(OPEN, reviewer=user_id).select_related("office", "declared_by")


def conflict(case: Case, user_id: int | None) -> str:
    """Why this person must not decide the case by what was declared, or ""."""
    for one in declared(user_id):
        if one.office_id and one.office_id == case.office_id:
            return WITH_OFFICE
        if one.npi and case.clinician and one.npi == case.clinician.npi:
            return WITH_CLINICIAN
        if one.member_id and case.member and _same_member(one, case):
            return WITH_MEMBER
    return ""


def unlicensed(by: Actor, at: dt.datetime) -> str:
    """Why a physician can be given no case at all, or ""."""
    if by.role != Role.PHYSICIAN:
        return ""
    licences = Credential.objects.filter(user=by.user_id, expires_on__gte=timezone.localdate(at))
    return "" if licences.exists() else NO_LICENCE


def declare(
    *,
    by: Actor,
    at: dt.datetime,
    reviewer: int | None = None,
    office: Organization | None = None,
    member_id: str = "",
    birth_date: dt.date | None = None,
    npi: str = "",
    note: str = "",
) -> ConflictOfInterest:
    """Declare that `reviewer` (oneself; a lead may for another) must not decide requests of one office, one member
    or one clinician. Raises NotPermitted, or Incomplete where it does not name exactly one of them."""
    reviewer = reviewer or by.user_id
    _permit(by, reviewer)
    member_id = member_id.replace(" ", "").replace("-", "").upper()
    if [bool(office), bool(member_id or birth_date), bool(npi)].count(True) != 1:
        raise Incomplete("", "Name one: an office, a member, or a clinician.")
    if bool(member_id) != bool(birth_date):
        raise Incomplete("member_id", "A member needs both: the member ID and the date of birth.")
    if not User.objects.filter(pk=reviewer, membership__role__in=sorted(REVIEWER_ROLES)).exists():
        raise Incomplete("reviewer", "Choose a person who reviews.")
    said = {"reviewer_id": reviewer, "office": office, "member_id": member_id, "birth_date": birth_date}
    said |= {"npi": _npi(npi), "note": note.strip(), "declared_by_id": by.user_id}
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=reviewer)
        if known := ConflictOfInterest.objects.filter(OPEN, **said).first():
            return known  # the second press of one button
        row = ConflictOfInterest.objects.create(**said, declared_at=at)
        _record(row, "declare_conflict", by, at)
    return row


def end(conflict_id: int, *, by: Actor, at: dt.datetime) -> None:
    """End a declared conflict: what one declared oneself, or as a lead anybody's but what another declared of oneself.
    The row stays. Raises NotPermitted, or Conflict where it has ended."""
    row = ConflictOfInterest.objects.get(pk=conflict_id)
    _permit(by, row.reviewer_id)
    if row.reviewer_id == by.user_id != row.declared_by_id:
        raise NotPermitted(f"{row.declared_by} declared this. Somebody else who leads can end it.")
    with transaction.atomic():
        ended = ConflictOfInterest.objects.filter(OPEN, pk=conflict_id).update(ended_by=by.user_id, ended_at=at)
        if not ended:
            raise Conflict("This conflict of interest was ended before.")
        _record(row, "end_conflict", by, at)


def _permit(by: Actor, reviewer: int) -> None:
    if by.role not in REVIEWER_ROLES or (reviewer != by.user_id and by.role != Role.LEAD):
        raise NotPermitted("You can declare your own conflicts of interest; a lead can for others.")


def _record(row: ConflictOfInterest, action: str, by: Actor, at: dt.datetime) -> None:
    kinds = {"office": row.office_id, "member": row.member_id, "clinician": row.npi}
    change = {kind: str(value) for kind, value in kinds.items() if value}
    audit.record(by=by, at=at, action=action, entities={"conflict": row.pk, "user": row.reviewer_id}, change=change)


def _npi(text: str) -> str:
    try:
        return str(Npi.parse(text.replace(" ", "").replace("-", ""))) if text.strip() else ""
    except CodeError as error:
        raise Incomplete("npi", str(error)) from error


def _same_member(one: ConflictOfInterest, case: Case) -> bool:
    return (one.member_id, one.birth_date) == (case.member.member_id, case.member.birth_date)
