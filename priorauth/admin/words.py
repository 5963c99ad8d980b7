"""The words of the workbench: time left, age, what was computed, and what the filters offer."""

import datetime as dt
from functools import cache

from django.utils import timezone
from django.utils.dateformat import format as format_date

from policies import registry
from policies.replay import labels
from priorauth.models.member import age_on
from priorauth.services.base import moment

DETERMINATIONS = {
    "meets": "Meets the policy",
    "does_not_meet": "Does not meet the policy",
    "insufficient_information": "Information is missing",
    "not_in_scope": "Not in the scope of the policy",
    "prior_auth_not_required": "Authorization not required",
}
NOT_SCORED = "Not scored"
OF_THE_REQUEST = {
    "code": "The procedure code",
    "primary_code": "A primary code for an add-on",
    "level": "The level of the procedure",
    "technique": "Which procedure the note describes",
    "units": "The units of a code",
    "product": "The plan of the member",
    "setting": "Where it will be done",
}


def determination(value: str) -> str:
    return DETERMINATIONS.get(value, NOT_SCORED)


@cache
def paths() -> dict[str, str]:
    """The pathways of all editions, with their labels."""
    known = [pair for those in registry.editions().values() for one in those for pair in one.document.pathways.items()]
    return {name: f"{name}: {pathway.label}" for name, pathway in sorted(known)}


@cache
def lackings() -> dict[str, str]:
    """What can be missing: the criteria of all editions in the order of the policy, then what is none."""
    criteria = labels([one for those in registry.editions().values() for one in those])
    return dict(reversed(criteria.items())) | OF_THE_REQUEST


@cache
def editions() -> dict[str, str]:
    """The editions, the newest first: `bcbsma-484 2022-06` -> `484, 6/2022`."""
    known = [one for those in registry.editions().values() for one in those]
    known.sort(key=lambda one: one.effective, reverse=True)
    return {f"{one.policy} {one.edition}": f"{one.document.number}, {_month(one.edition)}" for one in known}


def _month(edition: str) -> str:
    """`2022-06` as the policy writes it: `6/2022`; another name as it is."""
    year, _, month = edition.partition("-")
    return f"{int(month)}/{year}" if month.isdecimal() else edition


def until(at: dt.datetime, now: dt.datetime) -> str:
    """Until when something lasts, mostly today: `3:41 p.m. EST`; with its day where that is another one."""
    local = timezone.localtime(at)
    return format_date(local, "g:i a T") if local.date() == timezone.localdate(now) else this_year(at, now)


def this_year(at: dt.datetime, now: dt.datetime) -> str:
    """An instant in a list, without the year where that is this one: `Fri Nov 27, 4:12 p.m. EST`."""
    local = timezone.localtime(at)
    return format_date(local, "D M j, g:i a T") if local.year == timezone.localtime(now).year else moment(at)


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
