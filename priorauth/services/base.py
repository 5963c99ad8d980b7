"""What every act on a case shares: the right to do it, one conditional UPDATE, one audit event, one transaction."""

import datetime as dt
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.dateformat import format as format_date

from priorauth import audit, prepared
from priorauth.audit.writer import LAST
from priorauth.models import AuditEvent, Case, Decision, Handover
from priorauth.roles import Actor, Role
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.statuses import DECIDED, TRANSITIONS, Act, Status

SHORTEST_REASON = 20  # characters that can be seen
# Hangul fillers, the braille blank and the null notehead: letters and symbols by their category (Unicode 15).
BLANK_LOOKING = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")
SOURCES = {act: sorted(transition.sources) for act, transition in TRANSITIONS.items()}
OF_HELD_FILES = (Act.ATTACH, Act.DETACH)


@dataclass
class Change:
    """What the audit event of an act will say: `entities` by id, `fields` by name with their new values (digested),
    `rows` that the act wrote besides the case and `removed` that it deleted (sealed). `last` is the event before it."""

    case: Case
    last: list[str] | None
    entities: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    rows: list[models.Model] = field(default_factory=list)
    removed: list[models.Model] = field(default_factory=list)


@contextmanager
def acting(
    case: Case, act: Act, *, by: Actor, at: dt.datetime, version: int | None = None, **columns: Any
) -> Iterator[Change]:
    """Do `act` on `case` in one transaction: the conditional UPDATE first, the caller's rows, the audit event last.

    `version` is the one that the person's page showed (None: the one `case` was loaded with); `columns` are further
    columns of the case to set. Raises NotPermitted or Conflict; then nothing was written but the refused attempt, of an
    act that asks for a claim also where somebody was faster.
    """
    permit(case, act, by=by, at=at)
    with transaction.atomic():
        change = begin(case, act, by=by, at=at, version=version, **columns)
        if change:
            yield change
            end(change, act, by=by, at=at)
    if not change:
        _conflict(case, act, by, at)


def begin(
    case: Case, act: Act, *, by: Actor, at: dt.datetime, version: int | None = None, **columns: Any
) -> Change | None:
    """The conditional UPDATE of `act`, in the caller's transaction. None where the case moved on or is not held."""
    transition = TRANSITIONS[act]
    columns |= {"updated_at": at} | ({"status": transition.to} if transition.to else {})
    seen = case.version if version is None else version
    while (found := _update(case, act, columns, by=by, at=at, version=seen)) is None:
        if (seen := _beside(case, act, by, seen)) is None:
            return None
    case.version = seen + 1
    for name, value in columns.items():
        setattr(case, name, value)
    return Change(case, found[0], fields={name: _plain(value) for name, value in columns.items()})


def _update(
    case: Case, act: Act, columns: dict[str, Any], *, by: Actor, at: dt.datetime, version: int
) -> tuple[list[str] | None] | None:
    named = ", ".join(f"{Case._meta.get_field(name).column} = %s" for name in columns)
    values = [value.pk if isinstance(value, models.Model) else value for value in columns.values()]
    condition, seen_so = _open_to(case, act, by, at, version)
    statement = f"UPDATE priorauth_case SET version = version + 1, {named} WHERE {condition} RETURNING {LAST}"  # noqa: S608
    with prepared.cursor() as cursor:
        cursor.execute(statement, [*values, *seen_so, audit.case_stream(case)])
        return cursor.fetchone()


def _beside(case: Case, act: Act, by: Actor, version: int) -> int | None:
    """The case's version now, where nothing came since `version` but files that the office holds: for who does not see
    those, the case is as it was, and who adds one file takes nothing of another's. None otherwise."""
    now = Case.objects.unscoped("the case that is acted on").values_list("version", flat=True).get(pk=case.pk)
    return None if (by.is_office and act != Act.ATTACH) or now <= version or moved(case, version) else now


def moved(case: Case, version: int) -> bool:
    """Whether anything came after that version of a case that was sent, besides files that the office holds."""
    events = AuditEvent.objects.filter(stream=audit.case_stream(case), sequence__gt=version)
    return events.exclude(action__in=OF_HELD_FILES).exists()


def end(change: Change, act: Act, *, by: Actor, at: dt.datetime) -> None:
    """The audit event of an act that was begun: the last that its transaction writes."""
    audit.record(
        by=by,
        at=at,
        action=act,
        case=change.case,
        last=change.last,
        entities=change.entities,
        change=change.fields,
        rows=change.rows,
        removed=change.removed,
    )


def ready(case: Case, act: Act, *, by: Actor, at: dt.datetime, version: int | None = None) -> None:
    """Raise Conflict, as `acting` would, where the case moved on or is not held: before a service tells what the act
    lacks."""
    seen = case.version if version is None else version
    while not _is_open_to(case, act, by, at, seen):
        if (seen := _beside(case, act, by, seen)) is None:
            _conflict(case, act, by, at)


def _is_open_to(case: Case, act: Act, by: Actor, at: dt.datetime, version: int) -> bool:
    condition, values = _open_to(case, act, by, at, version)
    with prepared.cursor() as cursor:
        cursor.execute(f"SELECT FROM priorauth_case WHERE {condition}", values)
        return cursor.rowcount > 0


def _open_to(case: Case, act: Act, by: Actor, at: dt.datetime, version: int) -> tuple[str, list[Any]]:
    """The condition, with its values, that the case still is as it was seen, in a status that `act` starts from, and
    held where that is asked."""
    condition, values = "id = %s AND version = %s AND status = ANY(%s)", [case.pk, version, SOURCES[act]]
    if TRANSITIONS[act].claimed:
        return f"{condition} AND claimed_by_id = %s AND claimed_until > %s", [*values, by.user_id, at]
    return condition, values


def _conflict(case: Case, act: Act, by: Actor, at: dt.datetime) -> NoReturn:
    case.refresh_from_db()
    if TRANSITIONS[act].claimed or act == Act.REOPEN:
        note_refusal(case, act, by=by, at=at)
    raise Conflict(_why_not(case, act, by, at))


def permit(case: Case | None, act: Act, *, by: Actor, at: dt.datetime) -> None:
    """Refuse a role that may not do `act`. A service that checks anything else calls this first, outside of any
    transaction of its own, so that the refused attempt is kept and the answer does not tell what the case holds."""
    if by.role in TRANSITIONS[act].roles:
        return
    may = " or ".join(role.label.lower() for role in Role if role in TRANSITIONS[act].roles)
    why = f"As {Role(by.role).label.lower()} you cannot do this. It is for a person who is {may}."
    if act in (Act.NOT_APPROVE, Act.PARTLY_APPROVE):
        why = "Only a physician with an active licence may decide not to approve. Escalate the case."
    refuse(case, act, why, by=by, at=at)


def refuse(case: Case | None, act: Act, why: str, *, by: Actor, at: dt.datetime) -> NoReturn:
    """Write the refused attempt to the person's own stream, then raise NotPermitted, which says why."""
    note_refusal(case, act, by=by, at=at)
    raise NotPermitted(why)


def lacking(case: Case, act: Act, field_name: str, why: str, *, by: Actor, at: dt.datetime) -> NoReturn:
    """Write the refused attempt, then raise Incomplete: the act lacks what the rules ask for."""
    note_refusal(case, act, by=by, at=at)
    raise Incomplete(field_name, why)


def note_refusal(case: Case | None, act: Act, *, by: Actor, at: dt.datetime) -> None:
    with transaction.atomic():
        audit.record(by=by, at=at, action=f"refused_{act}", entities={"case": case.reference} if case else {})


def needed(text: str, field_name: str, message: str) -> str:
    """The text without outer blanks. Raises Incomplete where nothing is left that can be seen."""
    text = (text or "").strip()
    if not visible(text):
        raise Incomplete(field_name, message)
    return text


def long_enough(text: str, field_name: str, message: str) -> str:
    """The text without outer blanks. Raises Incomplete where fewer than SHORTEST_REASON characters can be seen."""
    text = needed(text, field_name, message)
    if visible(text) < SHORTEST_REASON:
        raise Incomplete(field_name, message)
    return text


def visible(text: str) -> int:
    """How many characters of a text a reader sees: control, zero-width and blank-looking ones count for nothing, a mark
    belongs to the letter under it, and of blanks one counts between two words."""
    words = "".join(character for character in text if character.isspace() or _is_seen(character)).split()
    return len(" ".join(words))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in BLANK_LOOKING


def moment(at: dt.datetime) -> str:
    """An instant as people read it, in the plan's time zone: `Fri Nov 27, 2026, 4:12 p.m. EST`."""
    return format_date(timezone.localtime(at), settings.DATETIME_FORMAT)


def holder(case: Case) -> str:
    """Who holds a case, in words, and until when."""
    return f"{case.claimed_by} holds this case until {moment(case.claimed_until)}."


def _why_not(case: Case, act: Act, by: Actor, at: dt.datetime) -> str:
    if case.status in DECIDED:
        decision = case.decisions.select_related("decided_by").filter(round=case.round).first()
        if decision:
            outcome = Decision.Outcome(decision.outcome).label.lower()
            return f"{decision.decided_by} decided this case at {moment(decision.decided_at)}: {outcome}."
    if case.status not in TRANSITIONS[act].sources:
        return f"The case is now “{Status(case.status).label}”, so this can no longer be done."
    if TRANSITIONS[act].claimed and case.claimed_by_id != by.user_id:
        live = case.claimed_until is not None and case.claimed_until > at
        why = holder(case) if live else "Claim the case first: then nobody else can decide it while you do."
        return f"{why}{_taken(case, by)}"
    if TRANSITIONS[act].claimed and case.claimed_until <= at:
        return f"Your claim ran out at {moment(case.claimed_until)}. Claim the case again."
    return f"The case was changed at {moment(case.updated_at)} while you had it open. Read it again before you go on."


def _taken(case: Case, by: Actor) -> str:
    """How a case that this person held came into other hands, or ""."""
    last = Handover.objects.for_actor(by).filter(case=case).select_related("by", "to_user").first()
    if last is None or last.from_user_id != by.user_id or last.by_id == by.user_id:
        return ""
    did = {
        Handover.Kind.RELEASE: "released it",
        Handover.Kind.HAND_OVER: f"handed it over to {last.to_user}",
        Handover.Kind.TAKE_OVER: "took it over",
    }[Handover.Kind(last.kind)]
    return f" {last.by} {did} at {moment(last.at)}" + (f": “{last.words}”" if last.words else ".")


def _plain(value: Any) -> Any:
    """A JSON value for the digest: instants as UTC text, rows as their key."""
    if isinstance(value, dt.datetime):
        return audit.utc_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.pk if isinstance(value, models.Model) else value
