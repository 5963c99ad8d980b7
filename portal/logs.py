"""What every log line carries, and what none may: the text of an exception can quote a patient's data."""

import logging
import re
import traceback
from typing import Any

from priorauth.correlation import request_id


class RequestIdFilter(logging.Filter):
    """Puts the number of the request at hand on every log line; `-` outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        return True


TOKEN = re.compile(r"(/invitation/)[^/\s]+")


class QuietFormatter(logging.Formatter):
    """Tells of an exception its class and its places, never its text (a database names the values of a row in it); of
    an invitation's address not the token, with which anybody could come in."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler may have kept the whole text there
        line = super().format(record)
        record.exc_text = None
        return TOKEN.sub(r"\1...", line)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name that logging calls
        told, error = [], ei[1]
        while error is not None:
            kind = f"{type(error).__module__}.{type(error).__qualname__}"
            told.append("".join(traceback.format_tb(error.__traceback__)) + kind)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nafter\n".join(told)
