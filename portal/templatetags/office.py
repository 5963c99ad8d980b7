"""What the templates of the office pages need beyond Django's own tags."""

import datetime as dt
from typing import Any

from django import template
from django.forms.boundfield import BoundField
from django.urls import reverse

from policies import registry
from policies.vocabulary import day_words
from portal.web.fields import Date
from priorauth.models import Attachment, Case
from priorauth.services.base import clock

register = template.Library()


@register.inclusion_tag("parts/ask.html")
def ask(bound: BoundField) -> dict[str, Any]:
    """One question: label, hint, message, input, and how a date was understood."""
    question = bound.field
    wrong = " ".join(bound.errors)
    understood = bound.form.answers[bound.name] if isinstance(question, Date) and not wrong else None
    described = [("hint", question.hint), ("wrong", wrong)]
    return {
        "id": bound.auto_id,
        "name": bound.html_name,
        "label": bound.label,
        "question": question,
        "value": bound.value() or "",
        "wrong": wrong,
        "understood": understood,
        "described": " ".join(f"{bound.auto_id}_{part}" for part, text in described if text),
    }


@register.filter
def when(instant: Any) -> str:
    """An instant as people read it, with the zone; nothing for none."""
    return clock(instant) if instant else ""


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
def size(number: int) -> str:
    """A number of bytes in words."""
    return f"{number / 1024 / 1024:.1f} MB" if number >= 1024 * 1024 else f"{max(number // 1024, 1):,} KB"


@register.filter
def own_notes(story: dict[str, Any], below: str) -> list[dict[str, str]]:
    """The notes of a request or a line that none of its lines or levels (`below`) repeats."""
    told = [note for part in story[below] for note in part["flags"]]
    return [note for note in story["flags"] if note not in told]


@register.inclusion_tag("parts/status.html")
def status(case: Case) -> dict[str, str]:
    return {"value": case.status, "word": case.get_status_display()}


SCANNED = {
    "unscanned": "not scanned for viruses",
    "clean": "no virus found",
    "infected": "a virus was found: nobody can open this file",
}


@register.filter
def scanned(attachment: Attachment) -> str:
    """What the virus scan says of a file."""
    return SCANNED[attachment.scan]
