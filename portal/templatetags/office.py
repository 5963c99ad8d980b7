"""What the templates of the office pages need beyond Django's own tags."""

import datetime as dt
from functools import partial
from itertools import chain, repeat
from typing import Any

from django import template
from django.conf import settings
from django.forms.boundfield import BoundField
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from policies import registry
from policies.vocabulary import day_words
from portal.web import build, levels
from portal.web.fields import Date
from portal.web.request_form import RequestForm
from priorauth import page_words
from priorauth.models import Attachment, Case
from priorauth.pictures import spine
from priorauth.services.base import moment

register = template.Library()


@register.inclusion_tag("parts/ask.html")
def ask(bound: BoundField, after: str = "") -> dict[str, Any]:
    """One question: label, hint, message, input, and how a date was understood.

    `after` names the answer after which it makes sense (portal.css, "Questions after an answer"); one that holds
    something, right or wrong, is always in sight.
    """
    question = bound.field
    wrong = " ".join(bound.errors)
    value = bound.value() or ""
    described = [("hint", question.hint), ("wrong", wrong)]
    not_recorded = bound.form.is_not_recorded(bound.name)
    kept = " kept" if wrong or value or not_recorded else ""
    return {
        "id": bound.auto_id,
        "name": bound.html_name,
        "label": bound.label,
        "question": question,
        "value": value,
        "wrong": wrong,
        "choices": CHOICES[question.kind](bound, value) if question.kind in CHOICES else "",
        "not_recorded": not_recorded,
        "is_date": isinstance(question, Date),
        "read_as": read_as(bound),
        "after": f" after-{after}{kept}" if after else "",
        "described": " ".join(f"{bound.auto_id}_{part}" for part, text in described if text),
    }


@register.filter
def read_as(bound: BoundField) -> str:
    """How a typed date was understood; what is wrong with it stands elsewhere."""
    understood = bound.form.answers[bound.name] if isinstance(bound.field, Date) and not bound.errors else None
    return f"Read as {understood}" if understood else ""


def _options(bound: BoundField, value: str) -> SafeString:
    shown = [("", "Select"), *bound.field.choices]
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((one, SELECTED if one and one == value else "", word) for one, word in shown),
    )


def _inputs(kind: str, bound: BoundField, value: Any) -> SafeString:
    """Radios or checkboxes; the first has the id that a message links to. A form can have 4,000: hence no template."""
    chosen = set(value) if kind == "checkbox" else {value}
    ids = chain([format_html(' id="{}"', bound.auto_id)], repeat(""))
    return format_html_join(
        "",
        '<label class="choice"><input type="{}" name="{}" value="{}"{}{}>{}</label>',
        (
            (kind, bound.html_name, one, place, CHECKED if one in chosen else "", word)
            for place, (one, word) in zip(ids, bound.field.choices, strict=False)
        ),
    )


CHECKED, SELECTED = SafeString(" checked"), SafeString(" selected")
CHOICES = {"radios": partial(_inputs, "radio"), "checks": partial(_inputs, "checkbox"), "select": _options}


@register.filter
def when(instant: Any) -> str:
    """An instant as people read it, with the zone; nothing for none."""
    return moment(instant) if instant else ""


@register.filter
def in_short(instant: dt.datetime) -> str:
    """An instant where many stand in a column: without the weekday, and without the year where it is this one."""
    local = timezone.localtime(instant)
    year = "" if local.year == timezone.localdate().year else ", Y"
    return format_date(local, f"M j{year}, g:i a T")


@register.filter
def seconds_left(instant: dt.datetime) -> int:
    """How many seconds until then; none where it is past."""
    return max(int((instant - timezone.now()).total_seconds()), 0)


@register.filter
def day(date: dt.date) -> str:
    """A calendar day as the form shows it."""
    return day_words(date)


@register.filter
def policy_page(explanation: dict[str, Any]) -> str:
    """The address of the edition that an explanation was made under; `#A3` after it leads to a criterion."""
    edition = registry.edition(explanation["policy"], explanation["edition"])
    return f"{reverse('policy', args=[edition.document.number])}?version={edition.edition}"


@register.filter
def policy_name(policy_id: str) -> str:
    return registry.name_of(policy_id)


@register.filter
def size(number: int) -> str:
    """A number of bytes in words."""
    return f"{number / 1024 / 1024:.1f} MB" if number >= 1024 * 1024 else f"{max(number // 1024, 1):,} KB"


@register.filter
def own_notes(story: dict[str, Any], below: str) -> list[dict[str, str]]:
    """The notes of a request or a line that none of its lines or levels (`below`) repeats."""
    told = [note for part in story[below] for note in part["flags"]]
    return [note for note in story["flags"] if note not in told]


@register.inclusion_tag("requests/parts/spine.html")
def spine_to_tick(form: RequestForm) -> dict[str, Any]:
    """The levels of a form over the spine, with what its studies found at each."""
    found = {level.name: spine.findings(build.imaging(form, index)) for index, level in enumerate(form.levels)}
    return {"regions": levels.regions(form.known_levels, found), "form": form}


@register.inclusion_tag("parts/status.html")
def status(case: Case) -> dict[str, str]:
    return {"value": case.status, "word": case.get_status_display()}


@register.simple_tag
def provider_line() -> str:
    """The number that an office calls, and its hours; nothing where the plan gave none."""
    number: str = settings.PROVIDER_LINE
    return number


@register.filter
def pages_of(attachment: Attachment) -> str:
    """Whether the file's pages were looked at, and what is wrong with them."""
    words, check = page_words.state(attachment), page_words.check_of(attachment)
    return format_html("<strong>{}</strong>", words) if check and page_words.trouble(check) else words


@register.filter
def trouble_of_page(attachment: Attachment, number: int) -> str:
    """What is wrong with one page of the file, as far as is known."""
    return page_words.of_page(page_words.check_of(attachment), number)


SCANNED = {
    "unscanned": "not scanned for viruses",
    "clean": "no virus found",
    "infected": "a virus was found: nobody can open this file",
}


@register.filter
def scanned(attachment: Attachment) -> str:
    """What the virus scan says of a file."""
    return SCANNED[attachment.scan]
