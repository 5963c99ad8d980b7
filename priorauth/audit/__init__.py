"""The audit trail (DESIGN.md 3.5, RELIABILITY.md 1): a hash chain per case, and per person and day for other acts.

The hash of an event is HMAC-SHA256 over the previous hash and the event's canonical form, under a key that is kept
outside the database. `keys` and `chain` are the arithmetic, `writer` appends, `contents` seals the rows that an act
wrote, `verify` reads everything again; `checkpoints` writes what was seen to a file elsewhere, `anchors` compares the
two, `receipts` are what an office keeps, `report` is one check of it all.
"""

from priorauth.audit.chain import GENESIS, canonical, digest, event_hash, utc_text
from priorauth.audit.keys import key_id, key_ring, signing_key
from priorauth.audit.report import Report, report
from priorauth.audit.verify import Checked, Fault, verify_all, verify_case, walk
from priorauth.audit.writer import case_stream, record, user_stream

__all__ = [
    "GENESIS",
    "Checked",
    "Fault",
    "Report",
    "canonical",
    "case_stream",
    "digest",
    "event_hash",
    "key_id",
    "key_ring",
    "record",
    "report",
    "signing_key",
    "user_stream",
    "utc_text",
    "verify_all",
    "verify_case",
    "walk",
]
