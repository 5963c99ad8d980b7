"""Whether the chains are whole, end where their cases stand, and tell of the rows as they are."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from json import JSONDecoder
from operator import itemgetter
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from priorauth.audit.chain import GENESIS, Link, event_hash, names, same
from priorauth.audit.contents import Sealed, differences, file_differences, rows_of
from priorauth.audit.keys import KeyRing, key_ring, unknown
from priorauth.audit.writer import case_stream
from priorauth.models import AuditEvent, Case
from priorauth.statuses import TRANSITIONS, Act, Status

BATCH = 3000  # rows that are read at once: those of some 200 cases, or of many drafts
CHUNK = 2000  # events that are fetched at once
DOCUMENTS = ("entities", "fields")
LED_TO = {act.value: transition.to for act, transition in TRANSITIONS.items()} | {Act.CREATE.value: Status.DRAFT}
CHECKPOINTS = "checkpoints"  # where a fault is that lies in their file


class Fault(NamedTuple):
    """One thing wrong: in which stream, at which of its events, and what."""

    stream: str
    sequence: int
    what: str

    def __str__(self) -> str:
        return f"{self.stream}: {'number' if self.stream == CHECKPOINTS else 'event'} {self.sequence} {self.what}"


class Checked(NamedTuple):
    """One stream, its first fault if any, and how many of its events were read."""

    stream: str
    fault: Fault | None
    count: int


class Walk(NamedTuple):
    """What a walk along one stream found: its first fault if any, its last sound event, how many events were read,
    the status to which the acts of a case led, and what they say of its rows."""

    stream: str
    fault: Fault | None
    last: Link | None
    count: int
    status: str
    sealed: dict[str, Sealed]
    whole: bool


def links(events: QuerySet[AuditEvent]) -> Iterator[Link]:
    """The events, in their order, without the making of a model for each."""
    columns = [Cast(name, TextField()) if name in DOCUMENTS else name for name in Link._fields]
    for row in events.values_list(*columns).iterator(chunk_size=CHUNK):
        yield Link._make((*row[:-2], _read(row[-2])[0], _fields(row[-1])))


_read = JSONDecoder().raw_decode


@lru_cache(maxsize=1024)
def _fields(text: str) -> str:
    """The names of changed fields: a few lists, many times each."""
    return names(_read(text)[0])


def walk(stream: str, events: Iterable[Link], ring: KeyRing) -> Walk:
    """Read one stream in order, up to its first fault."""
    fault, last, count, status, whole = None, None, 0, "", False
    wrote: dict[str, Link] = {}
    for count, event in enumerate(events, start=1):
        if what := _broken(event, count, last, ring):
            fault = Fault(stream, count, what)
            break
        wrote |= dict.fromkeys(event.entities.get("rows", ()), event)
        if count == 1:
            whole = bool(wrote)
        last, status = event, LED_TO.get(event.action) or status
    sealed = {name: Sealed(by.entities["rows"][name], ring[by.key_id], by.sequence) for name, by in wrote.items()}
    return Walk(stream, fault, last, count, status, sealed, whole)


def _broken(event: Link, number: int, before: Link | None, ring: KeyRing) -> str:
    if event.sequence != number:
        return f"is missing (the next one present is {event.sequence})"
    if event.previous != (GENESIS if before is None else before.hash):
        return "does not follow the one before it"
    key_id = event.key_id
    if key_id not in ring:
        return unknown(key_id)
    if not same(event_hash(event, ring[key_id]), event.hash):
        return "was changed after it was written"
    if before is not None and key_id != before.key_id and ring.age(key_id) > ring.age(before.key_id):
        return "was signed with a retired key after a newer one"
    return ""


def case_fault(case: Case, walked: Walk) -> Fault | None:
    """Whether the trail ends where the case stands: at its version, and in its status."""
    if walked.last is None:
        return Fault(walked.stream, 1, "is missing: the case has no trail")
    what = ""
    if not walked.count == walked.last.case_version == case.version:
        what = f"is missing: the case stands at version {case.version}, its trail ends otherwise"
    elif walked.status != case.status:
        what = f"is missing: the case is “{case.status}”, its trail ends at “{walked.status}”"
    return Fault(walked.stream, walked.count + 1, what) if what else None


def verify_case(case: Case) -> tuple[Fault | None, int]:
    """Check one case: its chain, its state and its rows. Returns the first fault, if any, and the number of events."""
    stream = case_stream(case)
    with transaction.atomic():
        # The row is held, so that no act comes between the case and its events.
        rows = Case.objects.unscoped("the caller fetched the case in scope").select_for_update(of=("self",))
        held = rows.select_related("member", "clinician", "facility").get(pk=case.pk)
        walked = walk(stream, links(AuditEvent.objects.filter(stream=stream).order_by("sequence")), key_ring())
        checked = next(_compared([walked], {stream: held}))
    return checked.fault, checked.count


def verify_all(*, files: bool = False) -> Iterator[Checked]:
    """Check every stream at one instant, with flat memory; cases without a trail come last. `files` reads the stored
    report files too."""
    ring = key_ring()
    everything = Case.objects.unscoped("the audit check reads every case")
    with one_instant():
        for batch in _batches(chains(ring)):
            references = [walked.stream.removeprefix("case:") for walked in batch]
            cases = everything.select_related("member", "clinician", "facility").filter(reference__in=references)
            yield from _compared(batch, {case_stream(case): case for case in cases}, files=files)
        trail = AuditEvent.objects.filter(stream=Concat(Value("case:"), OuterRef("reference")))
        for case in everything.filter(~Exists(trail)).iterator(chunk_size=CHUNK):
            stream = case_stream(case)
            yield Checked(stream, Fault(stream, 1, "is missing: the case has no trail"), 0)


def _batches(walks: Iterator[Walk]) -> Iterator[list[Walk]]:
    """The walks, as many at once as tell of about BATCH rows."""
    batch, rows = [], 0
    for walked in walks:
        batch.append(walked)
        rows += 1 + len(walked.sealed)
        if rows >= BATCH:
            yield batch
            batch, rows = [], 0
    yield batch


def chains(ring: KeyRing) -> Iterator[Walk]:
    """A walk along each stream."""
    events = links(AuditEvent.objects.order_by("stream", "sequence"))
    return (walk(stream, chain, ring) for stream, chain in groupby(events, key=itemgetter(0)))


@contextmanager
def one_instant() -> Iterator[None]:
    """Read the database as it stands now, while people work on; inside of a transaction, as that one sees it."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _compared(walks: Iterable[Walk], cases: dict[str, Case], *, files: bool = False) -> Iterator[Checked]:
    """The streams, those of cases compared with the case and its rows."""
    rows = rows_of(list(cases.values()))
    for walked in walks:
        case, fault = cases.get(walked.stream), walked.fault
        if case and not fault:
            fault = case_fault(case, walked) or _row_fault(walked, rows[case.pk], files=files)
        elif walked.stream.startswith("case:") and not fault:
            fault = Fault(walked.stream, walked.count, "belongs to a case that no longer exists")
        yield Checked(walked.stream, fault, walked.count)


def _row_fault(walked: Walk, rows: list[Model], *, files: bool) -> Fault | None:
    found = list(differences(rows, walked.sealed, walked.count if walked.whole else None))
    if files:
        found += file_differences(rows, walked.sealed)
    return Fault(walked.stream, *min(found)) if found else None
