"""The number of the request at hand: its audit events, its log lines and its error page share it."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
