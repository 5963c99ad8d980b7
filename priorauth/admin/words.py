"""The words of the workbench: time left, age, what was computed."""

import datetime as dt

from django.utils import timezone

from priorauth.models.member import age_on

DETERMINATIONS = {
    "meets": "Meets the policy",
    "does_not_meet": "Does not meet the policy",
    "insufficient_information": "Information is missing",
    "not_in_scope": "Not in the scope of the policy",
    "prior_auth_not_required": "Authorization not required",
}
NOT_SCORED = "Not scored"


def determination(value: str) -> str:
    return DETERMINATIONS.get(value, NOT_SCORED)


def time_left(due: dt.datetime, now: dt.datetime) -> str:
    """How long until `due`, or how late: `5 d 1 h left`, `45 min left`, `Late by 2 h 5 min`."""
    span = spell(abs(due - now))
    return f"{span} left" if due >= now else f"Late by {span}"


def spell(span: dt.timedelta) -> str:
    """The two largest units of a length of time."""
    minutes = int(span.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def age(birth_date: dt.date, now: dt.datetime) -> int:
    return age_on(birth_date, timezone.localdate(now))
