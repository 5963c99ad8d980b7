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
    form, typed = revision.details.get("form") or {}, revision.details.get("typed_dates") or {}
    rows = sorted(int(match[1]) for name in form if (match := _ROW.fullmatch(name)))
    found = {}
    sent = revision.facts.get("treatments") or ()
    counted = (that_count or revision.facts).get("treatments") or ()
    for place, (row, facts, now) in enumerate(zip(rows, sent, counted, strict=False)):
        told = [
            _told(name, typed.get(f"treatments-{row}-{name}"), facts.get(name))
            for name in _ENDS
            if facts.get(name) == now.get(name)
        ]
        if words := "; ".join(filter(None, told)):
            found[f"treatments.{place}"] = words
    return found


def with_dates(words: str, path: str, dated: Mapping[str, str]) -> str:
    """A sentence that repeats the fact at a path, with what its dates do not say."""
    return f"{words}; {dated[path]}" if path in dated else words


def _told(name: str, typed: Mapping[str, Any] | None, counted: str | None) -> str:
    if typed is None or typed["first"] == typed["last"]:
        return ""
    happened, since = _ENDS[name]
    return f"{happened} {typed['typed']} ({f'counted {since} {_day(counted)}' if counted else 'not counted'})"


def _day(iso: str) -> str:
    return day_words(dt.date.fromisoformat(iso))
