"""The rules of one edition for one level: its criteria, its pathways, its flags, its score."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple, get_args

from policies import flags
from policies.composition import CriterionUse, Leaf, compiled, group, leaves, open_leaves, state_of
from policies.criteria import MEASURES
from policies.criteria.base import Check
from policies.document import ClockDays, EditionDocument
from policies.facts import Facts, LevelFacts, TreatmentModality
from policies.measures import Findings, dated_studies, first_shown, onset_on, read_onset
from policies.questions import Questions
from policies.results import Determination, LevelResult
from policies.treatment import read_treatments
from policies.truth import MET, NOT_MET, UNKNOWN, Truth
from policies.view import Clock, Context, LevelView, RequestView

NO_LEVEL_FACTS: Final = LevelFacts()
NO_CLOCK: Final = ClockDays(acute_days=10**9, old_fracture_days=10**9)  # days that are never reached
_REMEMBERED: Final = 8192  # traces; a handful of kilobytes each at most


class Trace(NamedTuple):
    """What follows from the states of a level's criteria alone.

    `open` are the unknown criteria on which an insufficient level depends. `in_gap`: its treatment is not met where its
    cause is not ruled out. `by_lesion`: the pathway of the lesion is met.
    """

    determination: Determination
    pathways: dict[str, Truth]
    met: tuple[str, ...]
    criteria: dict[str, dict[str, Truth]]
    open: tuple[Leaf, ...]
    score: int
    in_gap: bool
    by_lesion: bool


def is_blank(level: LevelFacts) -> bool:
    """Whether every scored fact of a level is null or empty."""
    return not (
        level.etiology is not None
        or level.imaging
        or level.purpose is not None
        or level.mechanism is not None
        or level.other_pain_source is not None
        or (level.onset is not None and (level.onset.earliest is not None or level.onset.latest is not None))
        or (level.lesion is not None and (level.lesion.pattern is not None or level.lesion.source is not None))
        or (
            level.exam is not None
            and (level.exam.documented is not None or level.exam.finding is not None or level.exam.date is not None)
        )
    )


class LevelRules:
    """An edition's pathways, compiled once under one setting of the switches.

    `pathways` are their names and parts, in the edition's order; `questions` are those of its criteria.
    """

    def __init__(self, document: EditionDocument, switches: Mapping[str, str]) -> None:
        sets = {name: frozenset(members) for name, members in document.finding_sets.items()}
        self.findings = Findings(
            sets.get("shows_fracture", frozenset()),
            frozenset(document.advanced_modalities),
            frozenset(document.fracture_excluding_modalities),
        )
        days, inclusive = document.clock or NO_CLOCK, switches["day_count"] == "inclusive"
        self.clock = Clock(days.acute_days, days.old_fracture_days, int(inclusive))
        self._as_of_service = switches["as_of"] == "service"
        self._closed_world = switches["missing"] == NOT_MET
        groups = {str(kind): group for kind, group in document.treatment_groups.items()}
        self._groups = {kind: groups.get(kind, kind) for kind in get_args(TreatmentModality)}
        cap = document.admission_caps_onset
        self._stays = frozenset(cap.stays if cap else ())
        self._because = cap.because if cap else None
        context = Context(self.findings, sets, frozenset(document.tumors), self._groups, self.clock, dict(switches))
        self.context = context
        self.questions = Questions()
        self._compile(document, context)
        self._trace = lru_cache(maxsize=_REMEMBERED)(self._trace_of)
        self._gap = document.level_flags.gap_between_A_and_C
        without = document.level_flags.B_without_fracture_literal_reading_differs
        self._by_lesion = without.pathway if without else None

    def _compile(self, document: EditionDocument, context: Context) -> None:
        places: dict[str, int] = {}
        checks: list[Check] = []
        ages: set[int] = set()

        def leaf(use: CriterionUse) -> Leaf:
            criterion = document.criteria[use.use]
            if use.use not in places:
                measure = MEASURES[criterion.measure]
                parameters = measure.parameters.model_validate(criterion.with_)
                accepted = frozenset(criterion.accepted_when_silent)
                places[use.use] = len(checks)
                checks.append(measure.build(parameters, context._replace(accepted=accepted)))
                ages.update(parameters.ages())
                self.questions.add(criterion, parameters, context)
            return Leaf(criterion.id or use.use, places[use.use], use.counts_under(context.switches))

        pathways = []
        for name, pathway in document.pathways.items():
            parts = [compiled(part, context.switches, leaf) for part in pathway.all]
            present = group("all", [part for part in parts if part is not None])
            if present is not None:
                pathways.append((name, present))
        self._checks = tuple(checks)
        steady = {place for key, place in places.items() if not MEASURES[document.criteria[key].measure].onset}
        self._steady = tuple(
            tuple(part.check for part in pathway.counted if isinstance(part, Leaf) and part.check in steady)
            for _, pathway in pathways
        )
        self._ages = frozenset(ages)
        self.pathways = tuple(pathways)
        self._leaves = {name: tuple(leaves(pathway)) for name, pathway in pathways}

    def as_of(self, facts: Facts) -> datetime.date:
        """The day on which the clocks are read."""
        if facts.service_date is None:
            return facts.request_date
        return facts.service_date if self._as_of_service else min(facts.request_date, facts.service_date)

    def request_view(self, facts: Facts) -> RequestView:
        day = self.as_of(facts)
        as_of = day.toordinal()
        record = read_treatments(facts.treatments, as_of, self._groups, self.clock.extra_day)
        return RequestView(facts, day, as_of, as_of + self.clock.extra_day, record)

    def _admitted(self, request: RequestView) -> int | None:
        """The day of an admission for fracture pain, where only one level has facts."""
        stay = request.hospital
        if stay.admit_date is None or stay.status not in self._stays or stay.reason != self._because:
            return None
        levels = request.facts.levels
        if len(levels) > 1 and sum(not is_blank(level) for level in levels.values()) > 1:
            return None
        return stay.admit_date.toordinal()

    def assess(self, request: RequestView, name: str) -> LevelResult:
        """The result of a level that a line names, with or without facts."""
        view = self.view_of(request, name)
        states = self._states(view)
        trace = self._trace(states)
        if view.facts is NO_LEVEL_FACTS and UNKNOWN in states:
            return self._without_facts(view, states, trace)
        self._flag(view, states, trace)
        found = tuple(dict.fromkeys(view.flags)) if len(view.flags) > 1 else tuple(view.flags)
        determination, pathways, met, criteria, asked, score, _, _ = trace
        missing = self.questions.ask(view, asked) if asked else ()
        return LevelResult(name, determination, pathways, met, criteria, missing, found, score)

    def view_of(self, request: RequestView, name: str) -> LevelView:
        """The level as the criteria read it; an empty one where nothing was sent about it."""
        level = request.facts.levels.get(name)
        admitted = None
        if level is None or is_blank(level):
            level = NO_LEVEL_FACTS
        elif request.hospital.admit_date is not None:
            admitted = self._admitted(request)
        studies = dated_studies(level, request.as_of)
        onset = read_onset(level.onset, studies, admitted, request.as_of, self.findings)
        return LevelView(request, name, level, studies, onset)

    def _without_facts(self, view: LevelView, states: tuple[Truth, ...], trace: Trace) -> LevelResult:
        """Insufficient whatever the facts of the whole request say; it asks for what they leave unknown."""
        unknown = (
            leaf for found in self._leaves.values() for leaf in found if leaf.counts and states[leaf.check] == UNKNOWN
        )
        missing = self.questions.ask(view, trace.open or _each_once(unknown))
        _, pathways, met, criteria, _, score, _, _ = trace
        return LevelResult(view.name, "insufficient_information", pathways, met, criteria, missing, (), score)

    def _states(self, view: LevelView) -> tuple[Truth, ...]:
        states = tuple([check(view) for check in self._checks])
        if self._closed_world:
            return tuple(NOT_MET if state == UNKNOWN else state for state in states)
        return states

    def _trace_of(self, states: tuple[Truth, ...]) -> Trace:
        """Everything that follows from the states of the criteria alone; remembered, and never changed."""
        pathways = {name: state_of(pathway, states) for name, pathway in self.pathways}
        criteria = {name: {leaf.id: states[leaf.check] for leaf in found} for name, found in self._leaves.items()}
        determination = _determination(pathways)
        asked: tuple[Leaf, ...] = ()
        if determination == "insufficient_information":
            asked = _each_once(chain.from_iterable(open_leaves(part, states) for _, part in self.pathways))
        met = tuple(name for name, state in pathways.items() if state == MET)
        score = self.closest(states)[1]
        return Trace(
            determination, pathways, met, criteria, asked, score, self._in_gap(criteria), self._by_lesion in met
        )

    def states_of(self, criteria: Mapping[str, Mapping[str, Truth]]) -> tuple[Truth, ...]:
        """The states of the criteria by place, from those of a level's result."""
        states: list[Truth] = [UNKNOWN] * len(self._checks)
        for name, found in self._leaves.items():
            for leaf in found:
                states[leaf.check] = criteria[name][leaf.id]
        return tuple(states)

    def closest(self, states: Sequence[Truth]) -> tuple[str, int]:
        """The closest pathway, and its score: the share of its parts that are met, in percent, rounded down."""
        best: tuple[int, int, float] | None = None
        closest = ("", 0)
        for name, pathway in self.pathways:
            counted = [state_of(part, states) for part in pathway.counted]
            met = counted.count(MET)
            distance = (counted.count(NOT_MET), counted.count(UNKNOWN), -met / len(counted))
            if best is None or distance < best:
                best, closest = distance, (name, met * 100 // len(counted))
        return closest

    def _flag(self, view: LevelView, states: Sequence[Truth], trace: Trace) -> None:
        """The flags that rest on more than one criterion."""
        found, youngest = view.flags, view.youngest
        if youngest is not None:
            acute_days, old_fracture_days, _ = self.clock
            if youngest >= acute_days:
                if trace.in_gap:
                    found.append(flags.GAP)
                if youngest > old_fracture_days:
                    found.append(flags.OLD_FRACTURE)
            elif self._crosses(view):
                found.append(flags.CROSSES_SIX_WEEKS)
        if trace.by_lesion and first_shown(view.studies, self.findings) is None:
            found.append(flags.B_WITHOUT_FRACTURE)
        if trace.determination == "insufficient_information" and self._meets_on_every_day(view, states):
            found.append(flags.MEETS_WHATEVER_ONSET)

    def _in_gap(self, criteria: Mapping[str, Mapping[str, Truth]]) -> bool:
        """Whether the treatment is not met where the cause is not ruled out."""
        gap = self._gap
        if gap is None:
            return False
        states = criteria[gap.pathway]
        return states[gap.not_met] == NOT_MET and states[gap.not_ruled_out] != NOT_MET

    def _crosses(self, view: LevelView) -> bool:
        """Whether the fracture may be six weeks old on the day of service."""
        service, earliest = view.request.service, view.onset.earliest
        if service is None or earliest is None:
            return False
        return service - earliest + self.clock.extra_day >= self.clock.acute_days

    def _meets_on_every_day(self, view: LevelView, states: Sequence[Truth]) -> bool:
        """Whether the level would meet on whichever day of its onset interval the fracture began.

        Between two days on which a study, the examination or the admission falls before the onset, or the fracture
        reaches an age that a measure asks for, only the treated days depend on the onset, and a later onset never has
        more of them: so the last day of each such stretch speaks for all of it.
        """
        earliest, latest = view.onset.earliest, view.onset.latest
        if earliest is None or latest is None or earliest >= latest:
            return False
        if not any(all(states[place] == MET for place in steady) for steady in self._steady):
            return False  # in each pathway something else is missing, whatever the day
        request, exam = view.request, view.facts.exam
        turns = {latest, *(request.age_day - age for age in self._ages)}
        turns.update(day for day, _, _ in view.studies)
        for day in (exam.date if exam else None, request.hospital.admit_date):
            if day is not None:
                turns.add(day.toordinal())
        return all(self._meets_on(view, day) for day in turns if earliest <= day <= latest)

    def _meets_on(self, view: LevelView, day: int) -> bool:
        """Whether the level would meet had the fracture begun on this day."""
        onset = onset_on(day, view.studies, view.request.as_of, self.findings)
        again = LevelView(view.request, view.name, view.facts, view.studies, onset)
        return self._trace(self._states(again)).determination == "meets"


def _each_once(found: Iterable[Leaf]) -> tuple[Leaf, ...]:
    """Criteria in order, each once, though several pathways have it."""
    first: dict[str, Leaf] = {}
    for leaf in found:
        first.setdefault(leaf.id, leaf)
    return tuple(first.values())


def _determination(pathways: Mapping[str, Truth]) -> Determination:
    states = pathways.values()
    if MET in states:
        return "meets"
    return "insufficient_information" if UNKNOWN in states else "does_not_meet"
