"""A replay of stored requests under another reading, with reading the database and writing to it, against `assess` over
the same facts: in processor time of this process. The requests are the policy's worked cases, many times each."""

import io
import json
from collections.abc import Iterator

from django.db import connection, transaction
from django.utils import timezone
from pydantic_core import from_json

from benchmarks.measure import Finding, at_least, ratio
from benchmarks.memory import MIB, resident
from benchmarks.scoring import EXAMPLES
from benchmarks.seed import Columns, copies, last_key
from policies.streaming import results
from priorauth.models import Revision
from priorauth.roles import Role
from priorauth.services import replay
from tests.cases import case_in_review, person
from tests.tampering import guards_off

ROUNDS = 3
TIMES = 60  # that each worked case is stored
REFERENCE = r"""upper(regexp_replace(left(md5({case} || ' ' || n), 12), '(.{{4}})(.{{4}})(.{{4}})', 'PA-\1-\2-\3'))"""
CASES: Columns = {"reference": REFERENCE, "started_with": "gen_random_uuid()"}
REVISIONS: Columns = {"case_id": "{case} + n"}
ASSESSMENTS: Columns = {"case_id": "{case} + n", "revision_id": "{revision} + n"}


def measure() -> Iterator[Finding]:
    _store()
    edition = replay.installed()[-1].with_switches(modalities="all_three")
    facts = Revision.objects.unscoped("assess has the same").order_by("id").values_list("facts", flat=True)
    lines = b"".join(json.dumps(document).encode() + b"\n" for document in facts)
    grown: list[int] = []

    def by_assess() -> None:
        for _ in results(io.BytesIO(lines), edition.policy, 1):
            pass

    def by_replay() -> None:
        grown.clear()
        with transaction.atomic():
            replay.run(edition, at=timezone.now(), tell=lambda _count: grown.append(resident()))
            transaction.set_rollback(True)

    count = lines.count(b"\n")
    part, limit, ours = ratio(by_assess, by_replay, ROUNDS)
    told = f"{count / limit:,.0f} and {count / ours:,.0f} requests/s"
    yield at_least("replay of stored requests against assess", 0.5, part, told)
    more = (max(grown) - grown[0]) / MIB
    told = f"of growth over {count:,} requests"
    yield Finding("memory of a replay", "at most 10 MiB", f"{more:.1f} MiB", more <= 10, told)


def _store() -> None:
    """Each worked case, received and scored, and TIMES copies of it."""
    clerk, now = person(Role.CLERK), timezone.now()
    cases = [case_in_review(clerk, from_json(row)["case_id"], now) for row in EXAMPLES.read_bytes().splitlines()]
    with guards_off():
        for case in cases:
            rows = {case: CASES, case.revisions.get(): REVISIONS, case.assessments.get(): ASSESSMENTS}
            values = {row._meta.model_name: last_key(type(row)) for row in rows}
            for row, columns in rows.items():
                copies(row, columns, TIMES, values)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
