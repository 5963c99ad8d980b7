"""What every log line carries."""

import logging

from priorauth.correlation import request_id


class RequestIdFilter(logging.Filter):
    """Puts the number of the request at hand on every log line; `-` outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        return True
