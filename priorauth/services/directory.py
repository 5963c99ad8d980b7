"""An office's own clinicians and facilities. Its administrator keeps the lists; the form offers them to the office.

Nothing is deleted: a retired entry is no longer offered, and requests keep what they were sent with (models/member.py).
"""

import datetime as dt
from collections.abc import Mapping
from typing import TypeVar

from django.db import IntegrityError, transaction

from policies.codes import CodeError, Npi
from priorauth import audit
from priorauth.models.directory import OfficeEntry
from priorauth.roles import Actor, Role
from priorauth.services.base import needed
from priorauth.services.errors import Conflict, Incomplete, NotPermitted

E = TypeVar("E", bound=OfficeEntry)
ONLY = "Only an administrator of your office changes its lists."
GONE = "A colleague changed this entry while you had it open. Look at it again before you change it."


def permit(by: Actor) -> None:
    """Refuse everybody but an office's administrator."""
    if by.role != Role.OFFICE_ADMIN:
        raise NotPermitted(ONLY)


def add(kind: type[E], values: Mapping[str, str], *, by: Actor, at: dt.datetime) -> E:
    """Put one more entry into the list of `by`'s office; a retired one of the same kind and NPI comes back instead.

    Raises NotPermitted, Incomplete for what is missing or wrong, Conflict where the list has it already.
    """
    permit(by)
    values = _checked(values)
    with transaction.atomic():
        entry = _retired(kind, values, by) or kind(office_id=by.organization_id)
        action = "directory_restore" if entry.pk else "directory_add"
        entry.retired_at = None
        _keep(entry, values, action, by=by, at=at)
    return entry


def change(entry: OfficeEntry, values: Mapping[str, str], *, by: Actor, at: dt.datetime) -> None:
    """Correct an entry; what was sent with it stays as it was sent. Raises as `add` does."""
    permit(by)
    with transaction.atomic():
        _keep(entry, _checked(values), "directory_change", by=by, at=at)


def retire(entry: OfficeEntry, *, by: Actor, at: dt.datetime) -> None:
    """Offer it no longer. Raises NotPermitted, and Conflict where it is retired already."""
    _set_retired(entry, "directory_retire", at, by=by, at=at)


def restore(entry: OfficeEntry, *, by: Actor, at: dt.datetime) -> None:
    """Offer a retired entry again. Raises NotPermitted, and Conflict where it is offered already."""
    _set_retired(entry, "directory_restore", None, by=by, at=at)


def _set_retired(
    entry: OfficeEntry, action: str, retired_at: dt.datetime | None, *, by: Actor, at: dt.datetime
) -> None:
    permit(by)
    with transaction.atomic():
        rows = type(entry).objects.for_actor(by).filter(pk=entry.pk, retired_at__isnull=retired_at is not None)
        if not rows.update(retired_at=retired_at):
            raise Conflict(GONE)
        audit.record(by=by, at=at, action=action, entities={entry._meta.model_name: entry.pk})
    entry.retired_at = retired_at


def _retired(kind: type[E], values: Mapping[str, str], by: Actor) -> E | None:
    """The retired entry that these values would be refused for."""
    names = next(rule.fields for rule in kind._meta.constraints if "office" in rule.fields)
    same = {name: values[name] for name in names if name != "office"}
    return kind.objects.for_actor(by).select_for_update().filter(retired_at__isnull=False, **same).first()


def _keep(entry: OfficeEntry, values: Mapping[str, str], action: str, *, by: Actor, at: dt.datetime) -> None:
    for name, value in values.items():
        setattr(entry, name, value)
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:
        raise Conflict(f"Your list has the NPI {entry.npi} already. Change that entry instead.") from error
    entities = {entry._meta.model_name: entry.pk}
    audit.record(by=by, at=at, action=action, entities=entities, change=dict(values))


def _checked(values: Mapping[str, str]) -> dict[str, str]:
    try:
        npi = Npi.parse(values["npi"])
    except CodeError as error:
        raise Incomplete("npi", str(error)) from error
    return {**values, "npi": str(npi), "name": needed(values["name"], "name", "Enter the name.")}
