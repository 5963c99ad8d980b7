"""Up to where the decisions are all there: a reader that goes on by their number must not pass one in flight.

A decision's number is taken when its row is inserted, but the row is seen only once it is committed: number 8 can
appear before number 7. So who decides holds a lock, shared with all who decide, from before the insert to the end of
the transaction; the reader takes it alone for a moment, when nobody decides, and reads the highest number. (An
advisory lock: LOCK TABLE needs rights that the application's role does not have.)
"""

from django.db import OperationalError, connection, transaction

from priorauth.services.errors import Refused

LOCK = "hashtextextended('decisions', 0)"
PATIENCE = "3s"


class Busy(Refused):
    """A decision has been in flight for seconds: nothing was read. Ask again a little later."""


def deciding() -> None:
    """To be called in the transaction of a decision, before its row is inserted."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({LOCK})")


def decided_up_to() -> int:
    """The highest number of a decision such that all up to it are committed; 0 for none.

    Waits for decisions in flight, but not for long, since others would then wait behind it. Raises Busy.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            cursor.execute("SELECT coalesce(max(id), 0) FROM priorauth_decision")
            return cursor.fetchone()[0]
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "55P03":
            raise Busy("A decision is being recorded just now. Ask again in a few seconds.") from None
        raise
