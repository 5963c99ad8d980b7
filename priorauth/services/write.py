"""Messages between office and plan about an open case. They decide nothing and stop no clock."""

import datetime as dt

from priorauth.models import Case, Message
from priorauth.roles import Actor
from priorauth.services import notify
from priorauth.services.base import acting, needed, permit
from priorauth.services.errors import Incomplete
from priorauth.statuses import Act

LONGEST = 2000


def write(case: Case, *, by: Actor, at: dt.datetime, text: str, version: int | None = None) -> Message:
    """Write to the other side. Whoever has the case open is told that it changed, so that nobody decides unread."""
    permit(case, Act.WRITE, by=by, at=at)
    text = needed(text, "text", "Write your message.")
    if len(text) > LONGEST:
        raise Incomplete("text", f"A message can have {LONGEST:,} characters. This has {len(text):,}: shorten it.")
    with acting(case, Act.WRITE, by=by, at=at, version=version, message_waits=by.is_office) as change:
        message = Message(case=case, from_office=by.is_office, text=text, written_by_id=by.user_id, written_at=at)
        message.save(force_insert=True)
        change.rows.append(message)
        change.entities["message"] = message.pk
        change.fields["text"] = text
        if not by.is_office:
            notify.enqueue(case, f"message:{message.pk}", at)
    return message
