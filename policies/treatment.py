"""Arithmetic over conservative treatment: treated days, courses, and the six weeks that the edition asks for.

Treated days are half-open spans of ordinals [first day, day after the last). A course is a run of treated days in
which no more than `gap_days` untreated days follow each other; the untreated days are not counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.facts import Treatment

Span = tuple[int, int]


@dataclass(slots=True)
class Record:
    """The treatments of one request, before any onset is considered.

    `spans` are the united treated days of the tolerated, dated treatments, all before the as-of day. `groups` are
    the kinds of tolerated treatment. `submitted` is false where the list itself is null.
    """

    submitted: bool
    given: bool
    tolerated: bool
    undated: bool
    dated: bool
    reversed: bool
    groups: frozenset[str]
    spans: Sequence[Span]


@dataclass(slots=True)
class Courses:
    """Treated days after a given onset: in the longest course, in all, and in the course that came last.

    `first` and `last` are the first and last treated day of the longest course, `end` the day after the last of all.
    """

    longest: int
    total: int
    current: int
    first: int
    last: int
    end: int


NO_COURSE = Courses(0, 0, 0, 0, 0, 0)


def read_treatments(
    treatments: Sequence[Treatment] | None, as_of: int, groups: Mapping[str, str], extra_day: int
) -> Record:
    """The record of a request. `groups` names the group of each modality; `extra_day` is 1 for inclusive counting."""
    if not treatments:
        return Record(treatments is not None, False, False, False, False, False, frozenset(), ())
    spans = []
    tolerated = set()
    undated = dated = backwards = False
    for treatment in treatments:
        span = treated_span(treatment, as_of)
        if span is None and treatment.start is not None and treatment.end is not None:
            backwards = True
        if treatment.tolerated is False:
            continue
        tolerated.add(groups[treatment.modality])
        if span is None:
            undated = True
            continue
        dated = True
        first, end = span
        if end > as_of:
            end = as_of
        if first < end + extra_day:
            spans.append((first, end + extra_day))
    united = united_spans(spans) if len(spans) > 1 else spans
    return Record(True, True, bool(tolerated), undated, dated, backwards, frozenset(tolerated), united)


def treated_span(treatment: Treatment, as_of: int) -> Span | None:
    """The days of one treatment, not yet cut at the as-of day; None where its dates give no span."""
    start, end, days = treatment.start, treatment.end, treatment.duration_days
    if end is not None:
        after = end.toordinal() + 1
        if start is not None:
            first = start.toordinal()
            return (first, after) if first < after else None
        return (after - days, after) if days is not None else None
    if treatment.ongoing:
        if start is not None:
            return start.toordinal(), as_of
        return (as_of - days, as_of) if days is not None else None
    if start is not None and days is not None:
        first = start.toordinal()
        return first, first + days
    return None


def united_spans(spans: list[Span]) -> list[Span]:
    """Spans in order, without overlap; spans that touch become one."""
    spans.sort()
    united = [spans[0]]
    for first, end in spans[1:]:
        last_first, last_end = united[-1]
        if first > last_end:
            united.append((first, end))
        elif end > last_end:
            united[-1] = (last_first, end)
    return united


def courses(spans: Sequence[Span], onset: int | None, gap_days: int | None) -> Courses:
    """The courses on or after an onset (None: no limit). `gap_days` None joins every treated day into one course."""
    if not spans:
        return NO_COURSE
    if len(spans) == 1:
        first, end = spans[0]
        if onset is not None and first < onset:
            first = onset
        days = end - first
        return Courses(days, days, days, first, end - 1, end) if days > 0 else NO_COURSE
    longest = total = run = run_first = best_first = best_last = 0
    previous_end: int | None = None
    for first, end in spans:
        if onset is not None and first < onset:
            if end <= onset:
                continue
            first = onset
        if previous_end is None or (gap_days is not None and first - previous_end > gap_days):
            run, run_first = 0, first
        run += end - first
        total += end - first
        previous_end = end
        if run > longest:
            longest, best_first, best_last = run, run_first, end - 1
    return Courses(longest, total, run, best_first, best_last, previous_end or 0)
