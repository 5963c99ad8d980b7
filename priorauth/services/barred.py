"""Who may not review a case, whatever it holds: invariant 10, and a physician without an active licence."""

import datetime as dt

from django.utils import timezone

from priorauth.models import Case, Credential
from priorauth.roles import Actor, Role
from priorauth.services import conflicts
from priorauth.services.base import permit, refuse
from priorauth.statuses import Act


def barred(case: Case, *, by: Actor, at: dt.datetime) -> str:
    """Why this person may not decide this case, or "": what nobody has to declare, or a declared conflict."""
    return undeclared(case, by=by, at=at) or conflicts.conflict(case, by.user_id)


def undeclared(case: Case, *, by: Actor, at: dt.datetime) -> str:
    """Why this person may not decide this case by what is known of itself, or "": a request started or sent by oneself
    or one's own organization, or with oneself as the treating clinician; one's own decision of a former round; a
    physician without an active licence."""
    credential = Credential.objects.filter(user_id=by.user_id).first()
    own = by.organization_id == case.office_id or by.user_id == case.created_by_id
    own = own or case.revisions.filter(created_by_id=by.user_id).exists()
    if own or (credential and case.clinician and case.clinician.npi == credential.npi):
        return "You took part in this request, so somebody else must decide it."
    if case.round > 1 and case.decisions.filter(decided_by_id=by.user_id, round__lt=case.round).exists():
        return "You decided this case before it was opened again, so somebody else must decide it now."
    if by.role == Role.PHYSICIAN and (credential is None or credential.expires_on < timezone.localdate(at)):
        return "Your licence is not on file or has expired, so you cannot sign a decision."
    return ""


def permit_unbarred(case: Case, act: Act, *, by: Actor, at: dt.datetime) -> None:
    """Refuse a role that may not do `act`, and a person who may not decide this case. Raises NotPermitted, which the
    trail keeps."""
    permit(case, act, by=by, at=at)
    if why := barred(case, by=by, at=at):
        refuse(case, act, why, by=by, at=at)


def keep_apart(case: Case, act: Act, *, by: Actor, at: dt.datetime) -> None:
    """Refuse an act that decides nothing, yet moves the case, to a person whom a declared conflict keeps from it.

    They may hold it already. Raises NotPermitted, which the trail keeps.
    """
    if why := conflicts.conflict(case, by.user_id):
        refuse(case, act, why, by=by, at=at)


def credential_of(by: Actor) -> Credential | None:
    return Credential.objects.filter(user_id=by.user_id).first() if by.role == Role.PHYSICIAN else None
