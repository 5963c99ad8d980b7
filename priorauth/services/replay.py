"""Replay: the stored requests scored again under another edition or reading, to see what would change. No case is
written: the run leaves rows of its own and one event in the portal's stream of the day.

Of each request that was sent, whatever became of it, the latest revision is scored; the stored determination is that
revision's newest assessment. All is read as it stood at one instant, and the run is stored whole or not at all.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from policies import registry, workers
from policies.differences import differences
from policies.edition import Edition
from policies.places import put
from policies.replay import UNREADABLE, Replayed, Rescorer, Stored, in_force_from, labels
from priorauth import audit
from priorauth.models import Assessment, Reading, Replay, ReplayedCase, Revision
from priorauth.models.reading import counting
from priorauth.roles import SYSTEM
from priorauth.services.score import POLICY

BATCH = 100
LONGEST_FAULT = 300
WHY = "a replay scores every office's requests, and shows no office any"


def installed() -> tuple[Edition, ...]:
    """The editions of the policy under which requests are scored, oldest first."""
    return registry.editions()[POLICY]


def run(
    edition: Edition,
    *,
    at: dt.datetime,
    since: dt.date | None = None,
    jobs: int = 1,
    tell: Callable[[int], None] = lambda _count: None,
) -> Replay:
    """Score again under `edition`, at the switches where it stands, as if it were in force already.

    `since` is the first calendar day of receipt; `tell` hears how many requests are done, after each batch. Raises
    `policies.workers.WorkerDiedError` where a worker process dies; then nothing is stored.
    """
    known = installed()
    tried = in_force_from(edition, known[0].effective)
    work = Rescorer(tried, labels([*known, edition]))
    with transaction.atomic():
        number = _next_number()
        with closing(_rescored(_batches(_stored(since)), work, jobs)) as found:
            counts = _store(number, found, tell)
        replay = Replay(
            pk=number,
            made_at=at,
            policy=edition.policy,
            edition=edition.edition,
            edition_sha256=edition.sha256,
            switches=edition.changed,
            since=since,
            requests=counts.total(),
            changed=sum(count for (_, _, moved), count in counts.items() if moved),
            matrix=_matrix(counts),
            differences=[difference._asdict() for difference in differences(known[-1], edition)],
        )
        replay.save(force_insert=True)
        audit.record(by=SYSTEM, at=at, action="replay", entities=_entities(replay))
    return replay


def _stored(since: dt.date | None) -> QuerySet[Revision, tuple[Any, ...]]:
    """case, revision, facts, result and, where values read in the record count, the last reading that it knows."""
    later = Revision.objects.unscoped(WHY).filter(case=OuterRef("case"), number__gt=OuterRef("number"))
    newest = Assessment.objects.unscoped(WHY).filter(revision=OuterRef("pk")).order_by("-id")
    rows = Revision.objects.unscoped(WHY).filter(~Exists(later))
    if since:
        midnight = dt.datetime.combine(since, dt.time(), timezone.get_default_timezone())
        rows = rows.filter(case__received_at__gte=midnight)
    texts = {"document": Cast("facts", TextField()), "result": Cast(Subquery(newest.values("result")[:1]), TextField())}
    rows = rows.annotate(**texts, read=Subquery(newest.values("last_reading")[:1])).order_by("pk")
    return rows.values_list("case_id", "pk", "document", "result", "read")


def _batches(rows: QuerySet[Revision, tuple[Any, ...]]) -> Iterator[list[Stored]]:
    """Read through a cursor of the server: memory stays flat, and every row is as it stood when it was opened."""
    found = rows.iterator(chunk_size=BATCH)
    while batch := list(islice(found, BATCH)):
        yield [Stored(key, _counting(facts, key[1], read), result) for *key, facts, result, read in batch]


def _counting(facts: str, revision: int, read: int | None) -> str:
    """The facts that were scored: where values read in the record count, with those."""
    if read is None:
        return facts
    rows = Reading.objects.unscoped(WHY).filter(revision=revision, pk__lte=read)
    values = {path: row.value for path, row in counting(rows).items()}
    return json.dumps(put(json.loads(facts), values))


def _rescored(batches: Iterable[list[Stored]], work: Rescorer, jobs: int) -> Generator[Replayed]:
    if jobs == 1:
        yield from chain.from_iterable(map(work, batches))
    else:
        yield from workers.in_turn(batches, work, jobs)


def _store(number: int, found: Iterator[Replayed], tell: Callable[[int], None]) -> Counter[tuple[str, str, bool]]:
    """Write a row for every request. Returns how many went from which determination to which, and had a line change."""
    counts: Counter[tuple[str, str, bool]] = Counter()
    rows = ReplayedCase.objects.unscoped(WHY)
    while batch := list(islice(found, BATCH)):
        rows.bulk_create([_row(number, one) for one in batch])
        counts.update((one.old, one.new, bool(one.lines)) for one in batch)
        tell(counts.total())
    return counts


def _row(number: int, one: Replayed) -> ReplayedCase:
    case, revision = one.key
    return ReplayedCase(
        replay_id=number,
        case_id=case,
        revision_id=revision,
        old=one.old,
        new=one.new,
        changed=bool(one.lines),
        lines=one.lines,
        fault=one.fault[:LONGEST_FAULT],
    )


def _matrix(counts: Counter[tuple[str, str, bool]]) -> dict[str, dict[str, int]]:
    matrix: dict[str, dict[str, int]] = {}
    for (old, new, _), count in sorted(counts.items()):
        row = matrix.setdefault(old, {})
        row[new] = row.get(new, 0) + count
    return matrix


def _entities(replay: Replay) -> dict[str, Any]:
    """What the event says: which edition, read how, over how much. No request is named."""
    return {
        "replay": replay.pk,
        "policy": replay.policy,
        "edition": replay.edition,
        "edition_sha256": replay.edition_sha256,
        "switches": replay.switches,
        "since": replay.since and replay.since.isoformat(),
        "requests": replay.requests,
        "changed": replay.changed,
        "unreadable": sum(row.get(UNREADABLE, 0) for row in replay.matrix.values()),
    }


def _next_number() -> int:
    """The key of the run, drawn before its rows are written; the run itself is written last, with its counts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Replay._meta.db_table])
        return cursor.fetchone()[0]
