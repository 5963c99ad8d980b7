"""Dates of treatments as the office typed them, where that was no day: the facts carry only the days that are sure."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from policies.vocabulary import day_words
from priorauth.models import Revision

_ROW = re.compile(r"treatments-([0-9]+)-modality")
_ENDS = {"start": ("started", "from"), "end": ("ended", "up to")}


def of_treatments(revision: Revision, that_count: Mapping[str, Any] | None = None) -> dict[str, str]:
    """What the facts do not say of each treatment, by its path in facts v1; nothing of a day that counts instead of
    the one that was sent (`that_count`: the facts with what was read).

    `{"treatments.0": "started Oct 2026 (counted from Oct 31, 2026)"}`
    """
    found: dict[str, list[str]] = {}
    sent = revision.facts.get("treatments") or ()
    for path, typed in _no_days(revision, that_count).items():
        treatment, _, name = path.rpartition(".")
        counted = sent[int(treatment.partition(".")[2])].get(name)
        found.setdefault(treatment, []).append(_told(name, typed, counted))
    return {treatment: "; ".join(words) for treatment, words in found.items()}


def days(revision: Revision, that_count: Mapping[str, Any] | None = None) -> dict[str, tuple[dt.date, dt.date]]:
    """The first and the last day that such a date can mean, by its path (`treatments.0.start`)."""
    return {
        path: (dt.date.fromisoformat(typed["first"]), dt.date.fromisoformat(typed["last"]))
        for path, typed in _no_days(revision, that_count).items()
    }


def _no_days(revision: Revision, that_count: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    form, typed = revision.details.get("form") or {}, revision.details.get("typed_dates") or {}
    rows = sorted(int(match[1]) for name in form if (match := _ROW.fullmatch(name)))
    sent = revision.facts.get("treatments") or ()
    counted = (that_count or revision.facts).get("treatments") or ()
    return {
        f"treatments.{place}.{name}": one
        for place, (row, facts, now) in enumerate(zip(rows, sent, counted, strict=False))
        for name in _ENDS
        if facts.get(name) == now.get(name)
        and (one := typed.get(f"treatments-{row}-{name}"))
        and one["first"] != one["last"]
    }


def with_dates(words: str, path: str, dated: Mapping[str, str]) -> str:
    """A sentence that repeats the fact at a path, with what its dates do not say."""
    return f"{words}; {dated[path]}" if path in dated else words


def _told(name: str, typed: Mapping[str, Any], counted: str | None) -> str:
    happened, since = _ENDS[name]
    return f"{happened} {typed['typed']} ({f'counted {since} {_day(counted)}' if counted else 'not counted'})"


def _day(iso: str) -> str:
    return day_words(dt.date.fromisoformat(iso))
