"""The days of treatment in one sentence, for the office that types them: by kind, together, and what is asked.

The arithmetic is that of the criterion (treatment.py): days after the latest possible onset, up to the as-of day, of
treatments that were not stopped for side effects, no day counted twice.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from policies.criteria.six_weeks import TreatedDaysParameters
from policies.edition import Edition
from policies.facts import Facts, Treatment
from policies.treatment import Span, courses, treated_span, united_spans
from policies.vocabulary import count_of_days, day_words, span_words, words

_MOST_GAPS: Final = 3


class _Window(NamedTuple):
    """The days that count: from the latest onset (None: not known) up to, not including, the as-of day.

    `exact` says whether it is the one day that the onset can be, `contradicted` that a study speaks against it.
    """

    onset: int | None
    end: int
    exact: bool = True
    contradicted: bool = False


def treated_words(facts: Facts, edition: Edition) -> tuple[str, ...]:
    """One text for each onset of the request (levels that share one are told together); () where nothing is listed.

    `Pain relief 83 days. Any treatment on 83 days of the 84 since onset. Policy 484 asks for 42 days (6 weeks).`
    """
    asked = _asked(edition)
    if not facts.treatments or asked is None:
        return ()
    request = edition.levels.request_view(facts)
    levels: dict[_Window, list[str]] = {}
    for name in facts.levels or {}:
        onset = edition.levels.view_of(request, name).onset
        exact, contradicted = onset.earliest == onset.latest, onset.contradiction is not None
        levels.setdefault(_Window(onset.latest, request.as_of, exact, contradicted), []).append(name)
    told = []
    for window, names in (levels or {_Window(None, request.as_of): []}).items():
        place = f"{', '.join(names)}: " if len(levels) > 1 else ""
        told.append(place + _told(facts.treatments, window, asked, edition))
    return tuple(told)


def asked_weeks(edition: Edition) -> int | None:
    """The weeks of treatment that the edition asks for; None where it asks for none."""
    asked = _asked(edition)
    return asked.days // 7 if asked else None


def _asked(edition: Edition) -> TreatedDaysParameters | None:
    """What the edition asks of treated days; None where it asks nothing."""
    for criterion in edition.document.criteria.values():
        if criterion.measure == "treated_days":
            return TreatedDaysParameters.model_validate(criterion.with_)
    return None


def _told(
    treatments: Sequence[Treatment],
    window: _Window,
    asked: TreatedDaysParameters,
    edition: Edition,
) -> str:
    kinds: dict[str, list[Span]] = {}
    undated = stopped = 0
    for treatment in treatments:
        span = treated_span(treatment, window.end)
        if treatment.tolerated is False:
            stopped += 1
        elif span is None:
            undated += 1
        else:
            kinds.setdefault(words(treatment.modality), []).append(span)
    counted = {kind: _inside(spans, window) for kind, spans in kinds.items()}
    every = _inside([span for spans in kinds.values() for span in spans], window)
    asks = f"Policy {edition.document.number} asks for {asked.days} days ({asked.days // 7} weeks)."
    return " ".join(
        filter(None, [_by_kind(counted), _together(every, window, asked), *_left_out(undated, stopped), asks])
    )


def _inside(spans: list[Span], window: _Window) -> list[Span]:
    """The days of the spans that lie in the window, united."""
    first = window.onset if window.onset is not None else 1
    inside = [(max(start, first), min(end, window.end)) for start, end in spans]
    kept = [span for span in inside if span[0] < span[1]]
    return united_spans(kept) if kept else []


def _by_kind(counted: dict[str, list[Span]]) -> str:
    told = ", ".join(f"{kind} {count_of_days(_days(spans))}" for kind, spans in counted.items())
    return f"{told[0].upper()}{told[1:]}." if told else ""


def _days(spans: list[Span]) -> int:
    return sum(end - first for first, end in spans)


def _together(every: list[Span], window: _Window, asked: TreatedDaysParameters) -> str:
    """The union, with the pauses that end a course."""
    days = count_of_days(_days(every))
    if window.onset is None:
        why = "stands against other facts, so it does not count" if window.contradicted else "is not known yet"
        return f"Any treatment on {days}. The day of onset {why}."
    since = "onset" if window.exact else "the latest day that the onset can be"
    told = f"Any treatment on {days} of the {window.end - window.onset} since {since} ({day_words(window.onset)})."
    pauses = [span_words(end, start - 1) for (_, end), (start, _) in pairwise(every) if start - end > asked.gap_days]
    if pauses:
        longest = courses(every, window.onset, asked.gap_days).longest
        shown = "; ".join(pauses[:_MOST_GAPS])
        told += f" Pauses of more than {asked.gap_days} days: {shown}. The longest course has {count_of_days(longest)}."
    return told


def _left_out(undated: int, stopped: int) -> list[str]:
    return [
        f"{count} {'treatment' if count == 1 else 'treatments'} {why}, not counted."
        for count, why in ((undated, "without dates"), (stopped, "stopped for side effects"))
        if count
    ]
