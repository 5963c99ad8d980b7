"""The clinical timeline: where each thing of the course stands between the first day and the request.

Lengths are units of the picture's own 800 units of width. What lies more than two years before the request, or half a
year after it, is not drawn to scale: an arrow at the edge and its date in words say so.
"""

from collections.abc import Container, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from policies.vocabulary import day_words
from priorauth.pictures import course
from priorauth.pictures.course import SIX_WEEKS, Row, Span

WIDTH: Final = 800
LEFT: Final = 200
RIGHT: Final = 784
ROW: Final = 26
LABEL_LINES: Final = 3
LINE_HEIGHT: Final = 18
BEFORE: Final = 730  # days drawn to scale before the request
AFTER: Final = 180  # and after it
LEAST: Final = 56
NOTE_CHARACTER: Final = 7  # the usual width of a character, and of a bold one
LINE_CHARACTER: Final = 9
LONGEST_LABEL: Final = 26  # characters beside a row; the table has all of them
SEE: Final = "see the table"
MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
MOST_TICKS: Final = 7


class Mark(NamedTuple):
    """A bar (`width` over 0) or a moment (0) at `x`. `shape` is what the template draws; `words` are its tooltip."""

    x: int
    width: int
    shape: str
    words: str


class DrawnRow(NamedTuple):
    label: str
    y: int
    marks: tuple[Mark, ...]
    note: str
    note_x: int

    @property
    def note_width(self) -> int:
        return NOTE_CHARACTER * len(self.note) + 6


class Line(NamedTuple):
    """A line from top to bottom with its words above: the request, or six weeks after the pain started."""

    x: int
    words: str
    shape: str
    y: int
    anchor: str


class Tick(NamedTuple):
    x: int
    words: str


class Entry(NamedTuple):
    """One line of the table."""

    what: str
    first: str
    last: str
    days: str
    where: str


class Timeline(NamedTuple):
    height: int
    top: int
    rows: tuple[DrawnRow, ...]
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    description: str
    entries: tuple[Entry, ...]


def draw(
    facts: Mapping[str, Any],
    sources: Mapping[str, str] | None = None,
    dated: Mapping[str, str] | None = None,
    recorded: Container[str] = (),
) -> Timeline:
    """The timeline of a facts v1 document. `sources` say where a fact is written, by its path (details of a
    revision); a treatment or stay whose path is not among `recorded` is drawn as reported only. `dated` are dates that
    were typed as no day."""
    rows = course.rows(facts, sources or {}, dated or {}, recorded)
    request = date.fromisoformat(facts["request_date"]).toordinal()
    marks = _lines_of(facts, request)
    scale = _Scale(rows, [day for day, *_ in marks], request)
    lines = _lines(marks, scale)
    top = max(line.y for line in lines) + 10
    return Timeline(
        height=top + len(rows) * ROW + 24,
        top=top,
        rows=tuple(_row(row, top + number * ROW, scale) for number, row in enumerate(rows)),
        lines=lines,
        ticks=_ticks(scale),
        description=_description(rows, marks),
        entries=(*(_entry(span) for row in rows for span in row.spans), *(_moment(*mark) for mark in marks)),
    )


class _Scale:
    """From days to units. `lo` and `hi` are the first and the last day drawn to scale."""

    def __init__(self, rows: list[Row], lines: list[int], request: int) -> None:
        known = [day for row in rows for span in row.spans for day in (span.first, span.last) if day is not None]
        inside = [day for day in [*known, *lines] if request - BEFORE <= day <= request + AFTER]
        self.request = request
        self.hi = max([request, *inside])
        self.lo = min([*inside, self.hi - LEAST])
        margin = max((self.hi - self.lo) // 40, 1)
        self.lo, self.hi = self.lo - margin, self.hi + margin

    def x(self, day: int) -> int:
        day = min(max(day, self.lo), self.hi)
        return LEFT + round((RIGHT - LEFT) * (day - self.lo) / (self.hi - self.lo))

    def shows(self, day: int) -> bool:
        return self.lo <= day <= self.hi


def _row(row: Row, y: int, scale: _Scale) -> DrawnRow:
    marks = tuple(mark for span in row.spans for mark in _marks(span, scale))
    notes = [_beside(span, scale) for span in row.spans]
    note, note_x = _placed("; ".join(dict.fromkeys(filter(None, notes))), marks)
    return DrawnRow(_short(row.label), y, marks, note, note_x)


def _placed(note: str, marks: tuple[Mark, ...]) -> tuple[str, int]:
    """The words of a row and where they begin: after its marks or before them; on them only where these fill the row.
    What is too long stands in the table."""
    first = min((mark.x for mark in marks), default=LEFT)
    end = max((mark.x + mark.width for mark in marks), default=LEFT) + 10
    for words in (note, SEE):
        width = NOTE_CHARACTER * len(words)
        if end + width < RIGHT:
            return words, end
        if first - width - 10 > LEFT:
            return words, first - width - 10
    return note if LEFT + NOTE_CHARACTER * len(note) < RIGHT else SEE, LEFT + 6


def _marks(span: Span, scale: _Scale) -> list[Mark]:
    first, last = span.first, span.last
    if span.open_end and last is None:
        last = max(scale.request, first or 0)
    if first is None and last is None:
        return []
    start, end = (first if first is not None else last), (last if last is not None else first)
    start, end = min(start, end), max(start, end)
    words = f"{span.what}: {_dates(span)}"
    if end < scale.lo:
        return [Mark(LEFT, 0, "earlier", words)]
    if start > scale.hi:
        return [Mark(RIGHT, 0, "later", words)]
    shape = span.kind
    if span.open_end and first is None:
        return [Mark(scale.x(end), 0, "going-on", words)]
    x = scale.x(start)
    if start == end and span.kind in course.MOMENTS:
        return [Mark(x, 0, shape, words)]
    found = [Mark(x, max(scale.x(end) - x, 6), shape, words)]
    return found if scale.shows(start) else [*found, Mark(LEFT, 0, "earlier", words)]


def _beside(span: Span, scale: _Scale) -> str:
    """What the row says in words: what its dates do not say, and those that are not drawn to scale."""
    outside = [day for day in (span.first, span.last) if day is not None and not scale.shows(day)]
    far = (_dates(span) if span.last else f"since {_day(span.first)}") if outside else ""
    return "; ".join(filter(None, [far, span.note]))


def _lines_of(facts: Mapping[str, Any], request: int) -> list[tuple[int, str, str]]:
    """(day, words, shape) of the lines from top to bottom."""
    found = [(request, "Request", "request")]
    onsets = course.onsets(facts)
    for (_, latest), levels in onsets.items():
        whose = f", {', '.join(levels)}" if len(onsets) > 1 else ""
        found.append((min(latest + SIX_WEEKS, date.max.toordinal()), f"6 weeks{whose}", "weeks"))
    return found


def _lines(marks: list[tuple[int, str, str]], scale: _Scale) -> tuple[Line, ...]:
    """The lines that are drawn to scale, their words on lines of their own where they would stand on each other."""
    shown = sorted(mark for mark in marks if scale.shows(mark[0]))
    lines: list[Line] = []
    ends = [0] * LABEL_LINES
    for day, words, shape in shown:
        x, width = scale.x(day), LINE_CHARACTER * len(words)
        anchor = "end" if x + width / 2 > WIDTH else "middle"
        start = x - width if anchor == "end" else x - width // 2
        place = next((number for number, end in enumerate(ends) if end <= start), LABEL_LINES - 1)
        ends[place] = start + width
        lines.append(Line(x, words, shape, (place + 1) * LINE_HEIGHT - 4, anchor))
    return tuple(lines)


def _ticks(scale: _Scale) -> tuple[Tick, ...]:
    """The first days of months, as many as have room."""
    lo, hi = date.fromordinal(max(scale.lo, 1)), date.fromordinal(min(scale.hi, date.max.toordinal()))
    months = (hi.year - lo.year) * 12 + hi.month - lo.month
    step = next(step for step in (1, 2, 3, 6, 12) if months // step <= MOST_TICKS)
    ticks = []
    for number in range(1, months + 1):
        year, month = divmod(lo.year * 12 + lo.month - 1 + number, 12)
        x = scale.x(date(year, month + 1, 1).toordinal())
        if month % step == 0 and LEFT + 30 < x < RIGHT - 30:
            ticks.append(Tick(x, f"{MONTHS[month]} {year}"))
    return tuple(ticks)


def _description(rows: list[Row], marks: list[tuple[int, str, str]]) -> str:
    spans = [span for row in rows for span in row.spans]
    began = [f"{span.what}: {_dates(span)}" for span in spans if span.kind == "onset"]
    treatments = sum(span.kind in ("record", "reported", "unclear") for span in spans)
    studies = sum(span.kind == "study" for span in spans)
    lines = [f"{words}: {day_words(day)}" for day, words, _ in marks]
    counts = f"{_count(treatments, 'treatment or stay', 'treatments or stays')}, {_count(studies, 'study', 'studies')}"
    return ". ".join([*began, counts, *lines]) + "."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _entry(span: Span) -> Entry:
    written = {"record": "In a record", "reported": "Reported only"}.get(span.kind, "")
    where = ": ".join(filter(None, [written, span.where]))
    last = "still going on" if span.open_end else _day(span.last)
    days = str(span.days) if span.days is not None else ""
    return Entry(span.what, _day(span.first), last, days, "; ".join(filter(None, [where, span.note])))


def _moment(day: int, words: str, _shape: str) -> Entry:
    what = "Request received or updated" if words == "Request" else f"{words} after the pain started"
    return Entry(what, day_words(day), day_words(day), "", "")


def _dates(span: Span) -> str:
    if span.first is None and span.last is None:
        return span.note or "no dates"
    if span.first == span.last:
        return _day(span.first)
    if span.last is None:
        return f"since {_day(span.first)}, {'still going on' if span.open_end else 'end not recorded'}"
    return f"{_day(span.first)} to {_day(span.last)}" if span.first else f"until {_day(span.last)}"


def _day(day: int | None) -> str:
    return "not recorded" if day is None else day_words(day)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1].rstrip() + "…"
