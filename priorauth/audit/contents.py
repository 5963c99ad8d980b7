"""What the events of a case wrote: each row with a keyed digest of its values, so that a row changed behind the
portal's back is found and the trail still holds no patient data."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models
from django.db.models.expressions import RawSQL

from priorauth.audit.chain import digest, utc_text
from priorauth.models import (
    Assessment,
    Attachment,
    Case,
    ClockChange,
    Decision,
    DecisionLine,
    Escalation,
    Handover,
    InformationRequest,
    ItemAnswer,
    Judgement,
    Letter,
    Message,
    Reading,
    Reopening,
    Revision,
)

# Columns that change without an act, or that another sealed row already proves.
OF_THE_SCORE = {"paths", "missing", "edition"}
UNSEALED = {
    "case": {"updated_at", "claimed_until", "arrived_at", "message_waits", *OF_THE_SCORE},
    "attachment": {"revision", "information_request", "scan", "scanned_at"},
}
# How rows were sealed before a claim could be renewed without an act: such seals hold too.
UNSEALED_BEFORE = {"case": {"updated_at", "arrived_at", "message_waits", *OF_THE_SCORE}}
# Columns that came after rows were sealed: where one is empty, its row is sealed as it was before there was one.
SEALED_IF_SET = {
    "decision": {"turned_by_reading"},
    "decisionline": {"levels_not_approved"},
    "assessment": {"last_reading_id"},
}
PEOPLE = ("member", "clinician", "facility")
HANGING = {
    Revision: "case",
    Assessment: "case",
    Decision: "case",
    DecisionLine: "decision__case",
    InformationRequest: "case",
    Escalation: "case",
    Attachment: "case",
    Message: "case",
    ItemAnswer: "case",
    Letter: "case",
    Handover: "case",
    ClockChange: "case",
    Judgement: "case",
    Reopening: "case",
    Reading: "case",
}


def label(row: models.Model) -> str:
    """How the trail names a row: `revision:17`."""
    return f"{row._meta.model_name}:{row.pk}"


def seal(row: models.Model, key: bytes | None = None, unsealed: Mapping[str, Set[str]] = UNSEALED) -> str:
    """The keyed digest of a row's values."""
    left_out = unsealed.get(row._meta.model_name, frozenset())
    later, values = SEALED_IF_SET.get(row._meta.model_name, frozenset()), {}
    for name, read in _columns(type(row), frozenset(left_out)):
        if (value := getattr(row, name)) or name not in later:
            values[name] = _plain(read(value))
    return digest(values, key)


@cache
def _columns(model: type[models.Model], left_out: frozenset[str]) -> list[tuple[str, Callable[[Any], Any]]]:
    """The sealed columns of a table, each with what reads a value of it."""
    fields = [field for field in model._meta.concrete_fields if field.name not in left_out]
    return [(field.attname, field.to_python) for field in fields]


def seals(written: Iterable[models.Model], removed: Iterable[models.Model] = ()) -> dict[str, str]:
    """What an event says of its rows: label -> digest, and nothing behind the label of a row that was removed."""
    return {label(row): seal(row) for row in written} | {label(row): "" for row in removed}


def _plain(value: Any) -> Any:
    """A JSON value that is the same before the row is stored and after it is read."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, dt.datetime):
        return utc_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.loads(json.dumps(value), parse_int=_number, parse_float=_number)
    return str(value) if isinstance(value, uuid.UUID | models.fields.files.FieldFile) else value


def _number(text: str) -> str:
    """PostgreSQL gives 1e16 back as 10000000000000000 and -0.0 as 0.0: one form for all of them."""
    return f"#{Decimal(text).normalize() + 0}"


def rows_of(cases: Sequence[Case]) -> dict[int, list[models.Model]]:
    """Every row that hangs on each case, by the key of the case, in a fixed number of queries."""
    rows: dict[int, list[models.Model]] = {
        case.pk: [case, *(person for name in PEOPLE if (person := getattr(case, name)))] for case in cases
    }
    # One value: of a list each key would be looked at, each time.
    these = RawSQL("SELECT unnest(%s::bigint[])", [list(rows)])
    for model, path in HANGING.items():
        found = model.objects.unscoped("the audit check compares every row").filter(**{f"{path}__in": these})
        for row in found.annotate(of_case=models.F(f"{path}_id")).order_by("pk"):
            rows[row.of_case].append(row)
    return rows


class Sealed(NamedTuple):
    """What an event says of one row: the digest ("" for a row that it removed), its key, and the event's number."""

    digest: str
    key: bytes
    event: int


def differences(rows: Iterable[models.Model], sealed: dict[str, Sealed], last: int | None) -> Iterator[tuple[int, str]]:
    """Where the rows of a case differ from what its events wrote: (number of the event, what is wrong).

    `last` is the number of the trail's last event, or None where the trail does not name every row: those that
    version 0.1 began.
    """
    gone = {name for name, row in sealed.items() if row.digest}
    for row in rows:
        name = label(row)
        known = sealed.get(name)
        gone.discard(name)
        if known and known.digest:
            if known.digest != seal(row, known.key) and known.digest != _seal_before(row, known.key):
                yield known.event, f"wrote {_words(name)} otherwise than it stands now"
        elif last is not None:
            yield last, f"is the last, and none wrote {_words(name)}"
    for name in sorted(gone):
        yield sealed[name].event, f"wrote {_words(name)}, which is gone"


def _seal_before(row: models.Model, key: bytes) -> str:
    """What an older event may say of the row."""
    return seal(row, key, UNSEALED_BEFORE) if row._meta.model_name in UNSEALED_BEFORE else ""


def file_differences(rows: Iterable[models.Model], sealed: dict[str, Sealed]) -> Iterator[tuple[int, str]]:
    """The stored report files whose bytes are not those that were sent; of an infected file none need be left."""
    for row in rows:
        if isinstance(row, Attachment) and row.scan != Attachment.Scan.INFECTED and _sha256(row) != row.sha256:
            event = sealed[label(row)].event if label(row) in sealed else 1
            yield event, f"stored a file that is gone or has other bytes now ({_words(label(row))})"


def _sha256(attachment: Attachment) -> str:
    """The digest of the stored bytes; "" where they are gone."""
    try:
        with attachment.file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _words(name: str) -> str:
    model, _, key = name.partition(":")
    return "the case" if model == "case" else f"{apps.get_model('priorauth', model)._meta.verbose_name} {key}"
