"""The course of an illness: what facts v1 say happened when, as rows of spans. Days are ordinals (`date.toordinal`)."""

import datetime as dt
from collections.abc import Container, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from policies.vocabulary import words

Facts = Mapping[str, Any]
SIX_WEEKS: Final = 42  # days
MOMENTS: Final = ("onset", "study", "exam")
TREATMENTS: Final = {"analgesic": "Pain medicine", "other": "Another treatment"}
STAY: Final = "hospitalization"  # its path in facts v1
DO_NOT_FIT: Final = "the dates do not fit together"


class Span(NamedTuple):
    """One thing that happened: from and to which day (None: not known), and how the picture shows it.

    `kind`: onset, study, exam, record (a treatment or stay that a record holds), reported (without), unclear (dates
    that do not fit). `open_end`: it goes on. `where`: where it is written; `note`: what the dates do not say.
    """

    what: str
    kind: str
    first: int | None
    last: int | None
    open_end: bool = False
    where: str = ""
    note: str = ""

    @property
    def days(self) -> int | None:
        """How many days, both ends counted; None for a moment, or where an end is not known."""
        if self.kind in (*MOMENTS, "unclear") or self.first is None or self.last is None:
            return None
        return self.last - self.first + 1


class Row(NamedTuple):
    """One row of the picture."""

    label: str
    spans: tuple[Span, ...]


def ordinal(iso: str | None) -> int | None:
    return dt.date.fromisoformat(iso).toordinal() if iso else None


def rows(facts: Facts, sources: Mapping[str, str], dated: Mapping[str, str], recorded: Container[str]) -> list[Row]:
    """Every dated or undated thing, in the order of the picture. `sources` say where a fact is written, `dated` what
    its dates do not say, by its path; `recorded` are the paths of what a record holds."""
    return [
        *_onsets(facts, sources),
        *_studies(facts),
        *_exams(facts),
        *_stay(facts, sources, recorded),
        *(Row(span.what, (span,)) for span in _treatments(facts, sources, dated, recorded)),
    ]


def onsets(facts: Facts) -> dict[tuple[int, int], list[str]]:
    """The levels by the days between which their pain started; a single known end counts as both."""
    found: dict[tuple[int, int], list[str]] = {}
    for name, level in facts["levels"].items():
        onset = (level or {}).get("onset") or {}
        ends = [day for key in ("earliest", "latest") if (day := ordinal(onset.get(key))) is not None]
        if ends:
            found.setdefault((min(ends), max(ends)), []).append(name)
    return found


def _onsets(facts: Facts, sources: Mapping[str, str]) -> Iterator[Row]:
    for (first, last), levels in onsets(facts).items():
        where = "; ".join(filter(None, (sources.get(f"levels.{name}.onset", "") for name in levels)))
        note = "" if first == last else "the day is not known"
        label = f"Pain started, {', '.join(levels)}"
        yield Row(label, (Span(label, "onset", first, last, where=where, note=note),))
    if not onsets(facts):
        yield Row("Pain started", (Span("Pain started", "onset", None, None, note="not recorded"),))


def _studies(facts: Facts) -> Iterator[Row]:
    """One row for each kind of study, one mark for each of its days."""
    found: dict[tuple[str, int | None], list[str]] = {}
    for name, level in facts["levels"].items():
        for entry in (level or {}).get("imaging") or ():
            key = (entry["modality"], ordinal(entry.get("date")))
            found.setdefault(key, []).append(f"{words(entry['finding'])} at {name}")
    ordered = sorted(found, key=lambda key: (key[0], key[1] or 0))
    for modality, keys in groupby(ordered, key=lambda key: key[0]):
        label = _capital(words(modality))
        yield Row(label, tuple(_study(label, day, found[modality, day]) for _, day in keys))


def _study(label: str, day: int | None, findings: list[str]) -> Span:
    note = "" if day else "no date recorded"
    return Span(f"{label}: {'; '.join(dict.fromkeys(findings))}", "study", day, day, note=note)


def _exams(facts: Facts) -> Iterator[Row]:
    spans = []
    for name, level in facts["levels"].items():
        exam = (level or {}).get("exam") or {}
        if exam.get("finding"):
            day = ordinal(exam.get("date"))
            what = f"Examination: {words(exam['finding'])}, {name}"
            spans.append(Span(what, "exam", day, day, note="" if day else "no date recorded"))
    if spans:
        yield Row("Examination", tuple(spans))


def _stay(facts: Facts, sources: Mapping[str, str], recorded: Container[str]) -> Iterator[Row]:
    stay = facts.get(STAY) or {}
    if stay.get("status") in (None, "none"):
        return
    first, last = ordinal(stay.get("admit_date")), ordinal(stay.get("discharge_date"))
    label = f"Hospital: {words(stay['status'])}"
    kind = "record" if STAY in recorded else "reported"
    goes_on = first is not None and last is None
    yield Row(label, (_span(label, kind, first, last, open_end=goes_on, where=sources.get(STAY, "")),))


def _treatments(
    facts: Facts, sources: Mapping[str, str], dated: Mapping[str, str], recorded: Container[str]
) -> Iterator[Span]:
    for number, treatment in enumerate(facts.get("treatments") or ()):
        kind = treatment["modality"]
        label = ": ".join(filter(None, [TREATMENTS.get(kind) or _capital(words(kind)), treatment.get("name")]))
        first, last = ordinal(treatment.get("start")), ordinal(treatment.get("end"))
        path = f"treatments.{number}"
        length = treatment.get("duration_days")
        reported = f"{length} days, as reported" if length is not None and (first is None or last is None) else ""
        yield _span(
            label,
            "record" if path in recorded else "reported",
            first,
            last,
            open_end=bool(treatment.get("ongoing")) and last is None,
            where=sources.get(path, ""),
            note="; ".join(filter(None, [dated.get(path), reported])),
        )


def _span(
    what: str,
    kind: str,
    first: int | None,
    last: int | None,
    *,
    open_end: bool,
    where: str = "",
    note: str = "",
) -> Span:
    """A span that says itself what its dates do not say."""
    if first is not None and last is not None and last < first:
        return Span(what, "unclear", first, last, where=where, note=DO_NOT_FIT)
    notes = [note]
    if first is None:
        notes.append("start not recorded")
    if last is None and not open_end:
        notes.append("end not recorded")
    return Span(what, kind, first, last, open_end, where, "; ".join(filter(None, notes)))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
