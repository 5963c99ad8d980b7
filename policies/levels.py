"""The rules of one edition for one level: its criteria, its pathways, its flags, its score."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from policies import flags
from policies.criteria import MEASURES
from policies.criteria.base import Check
from policies.document import CriterionUse, EditionDocument
from policies.facts import Facts, LevelFacts
from policies.measures import Findings, dated_studies, first_shown, onset_on, read_onset
from policies.results import Determination, LevelResult, Question
from policies.treatment import read_treatments
from policies.truth import MET, NOT_MET, UNKNOWN, Truth, all_of
from policies.view import Clock, Context, LevelView, RequestView

NO_LEVEL_FACTS: Final = LevelFacts()
_REMEMBERED: Final = 8192  # traces; a handful of kilobytes each at most


class CompiledUse(NamedTuple):
    """A criterion in a pathway: its id, the place of its check, and whether it counts."""

    id: str
    check: int
    counts: bool


class Trace(NamedTuple):
    """What follows from the states of a level's criteria alone."""

    determination: Determination
    pathways: dict[str, Truth]
    criteria: dict[str, dict[str, Truth]]
    missing: tuple[Question, ...]
    score: int


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
    """An edition's pathways, compiled once under one setting of the switches."""

    def __init__(self, document: EditionDocument, switches: Mapping[str, str]) -> None:
        sets = {name: frozenset(members) for name, members in document.finding_sets.items()}
        self.findings = Findings(
            sets["shows_fracture"],
            frozenset(document.advanced_modalities),
            frozenset(document.fracture_excluding_modalities),
        )
        inclusive = switches["day_count"] == "inclusive"
        self.clock = Clock(document.clock.acute_days, document.clock.old_fracture_days, int(inclusive))
        self._as_of_service = switches["as_of"] == "service"
        self._closed_world = switches["missing"] == NOT_MET
        self._groups = {str(kind): group for kind, group in document.treatment_groups.items()}
        self._stays = frozenset(document.admission_caps_onset.stays)
        self._because = document.admission_caps_onset.because
        context = Context(self.findings, sets, frozenset(document.tumors), self._groups, self.clock, dict(switches))
        self.context = context
        self._compile(document, context)
        self._trace = lru_cache(maxsize=_REMEMBERED)(self._trace_of)
        gap = document.level_flags.gap_between_A_and_C
        self._gap = (gap.pathway, gap.not_met, gap.not_ruled_out)
        self._without_fracture = document.level_flags.B_without_fracture_literal_reading_differs.pathway

    def _compile(self, document: EditionDocument, context: Context) -> None:
        keys: dict[str, int] = {}
        checks: list[Check] = []
        pathways: list[tuple[str, tuple[CompiledUse, ...]]] = []
        self._asks: list[str] = []

        def place(use: CriterionUse) -> int:
            if use.use not in keys:
                criterion = document.criteria[use.use]
                measure = MEASURES[criterion.measure]
                keys[use.use] = len(checks)
                checks.append(measure.build(measure.parameters.model_validate(criterion.with_), context))
                self._asks.append(criterion.ask)
            return keys[use.use]

        for name, pathway in document.pathways.items():
            uses = [
                CompiledUse(document.criteria[use.use].id or use.use, place(use), use.counts_under(context.switches))
                for use in pathway.criteria
                if use.appears_under(context.switches)
            ]
            pathways.append((name, tuple(uses)))
        self._checks = tuple(checks)
        self._pathways = tuple(pathways)

    def as_of(self, facts: Facts) -> int:
        """The day on which the clocks are read, as an ordinal."""
        received = facts.request_date.toordinal()
        if facts.service_date is None:
            return received
        service = facts.service_date.toordinal()
        return service if self._as_of_service else min(received, service)

    def request_view(self, facts: Facts) -> RequestView:
        as_of = self.as_of(facts)
        return RequestView(facts, as_of, read_treatments(facts.treatments, as_of, self._groups, self.clock.extra_day))

    def level_view(self, request: RequestView, level: LevelFacts) -> LevelView:
        studies = dated_studies(level, request.as_of)
        onset = read_onset(level.onset, studies, self._admitted(request), request.as_of, self.findings)
        return LevelView(request, level, studies, onset, self.clock)

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
        if view.facts is NO_LEVEL_FACTS and not self._closed_world:
            return self._without_facts(name, states)
        return self._result(name, states, view)

    def view_of(self, request: RequestView, name: str) -> LevelView:
        """The level as the criteria read it; an empty one where nothing was sent about it."""
        level = request.facts.levels.get(name)
        if level is None or is_blank(level):
            onset = read_onset(None, [], None, request.as_of, self.findings)
            return LevelView(request, NO_LEVEL_FACTS, [], onset, self.clock)
        return self.level_view(request, level)

    def _without_facts(self, name: str, states: tuple[Truth, ...]) -> LevelResult:
        """Insufficient whatever the facts of the whole request say; it asks for what they leave unknown."""
        trace = self._trace(name, states)
        missing = trace.missing or self._ask(name, states, dict.fromkeys(trace.pathways, UNKNOWN))
        return LevelResult(name, "insufficient_information", trace.pathways, trace.criteria, missing, (), trace.score)

    def _states(self, view: LevelView) -> tuple[Truth, ...]:
        states = [check(view) for check in self._checks]
        if self._closed_world:
            return tuple(NOT_MET if state == UNKNOWN else state for state in states)
        return tuple(states)

    def _result(self, name: str, states: tuple[Truth, ...], view: LevelView) -> LevelResult:
        trace = self._trace(name, states)
        self._flag(view, trace)
        found = tuple(dict.fromkeys(view.flags))
        return LevelResult(name, trace.determination, trace.pathways, trace.criteria, trace.missing, found, trace.score)

    def _trace_of(self, name: str, states: tuple[Truth, ...]) -> Trace:
        """Everything that follows from the states of the criteria alone; remembered, and never changed."""
        pathways: dict[str, Truth] = {}
        criteria: dict[str, dict[str, Truth]] = {}
        for pathway, uses in self._pathways:
            criteria[pathway] = {use.id: states[use.check] for use in uses}
            pathways[pathway] = all_of(states[use.check] for use in uses if use.counts)
        determination = _determination(pathways)
        missing: tuple[Question, ...] = ()
        if determination == "insufficient_information":
            missing = self._ask(name, states, pathways)
        return Trace(determination, pathways, criteria, missing, self._score(states))

    def _ask(self, name: str, states: tuple[Truth, ...], pathways: Mapping[str, Truth]) -> tuple[Question, ...]:
        """A question for each unknown criterion of each open pathway, each criterion once."""
        asked: dict[str, Question] = {}
        for pathway, uses in self._pathways:
            if pathways[pathway] != UNKNOWN:
                continue
            for use in uses:
                if use.counts and states[use.check] == UNKNOWN and use.id not in asked:
                    asked[use.id] = Question(use.id, name, self._asks[use.check].replace("{level}", name))
        return tuple(asked.values())

    def _score(self, states: tuple[Truth, ...]) -> int:
        """The share of criteria met on the closest pathway, in percent, rounded down."""
        best: tuple[int, int, float] | None = None
        score = 0
        for _, uses in self._pathways:
            counted = [states[use.check] for use in uses if use.counts]
            met = counted.count(MET)
            distance = (counted.count(NOT_MET), counted.count(UNKNOWN), -met / len(counted))
            if best is None or distance < best:
                best, score = distance, met * 100 // len(counted)
        return score

    def _flag(self, view: LevelView, trace: Trace) -> None:
        """The flags that rest on more than one criterion."""
        found, clock, youngest = view.flags, self.clock, view.youngest
        if youngest is not None:
            pathway, treated, cause = self._gap
            of_gap = trace.criteria[pathway]
            if youngest >= clock.acute_days and of_gap[treated] == NOT_MET and of_gap[cause] != NOT_MET:
                found.append(flags.GAP)
            if youngest > clock.old_fracture_days:
                found.append(flags.OLD_FRACTURE)
            if youngest < clock.acute_days and self._crosses(view):
                found.append(flags.CROSSES_SIX_WEEKS)
        if trace.pathways[self._without_fracture] == MET and first_shown(view.studies, self.findings) is None:
            found.append(flags.B_WITHOUT_FRACTURE)
        if trace.determination == "insufficient_information" and self._meets_on_every_day(view):
            found.append(flags.MEETS_WHATEVER_ONSET)

    def _crosses(self, view: LevelView) -> bool:
        """Whether the fracture may be six weeks old on the day of service."""
        service, earliest = view.request.service, view.onset.earliest
        if service is None or earliest is None:
            return False
        return service - earliest + self.clock.extra_day >= self.clock.acute_days

    def _meets_on_every_day(self, view: LevelView) -> bool:
        """Whether the level would meet on whichever day of its onset interval the fracture began.

        Between two days on which a study, the examination or the admission falls before the onset, or the fracture
        reaches six weeks, only the treated days depend on the onset, and a later onset never has more of them: so
        the last day of each such stretch speaks for all of it.
        """
        earliest, latest = view.onset.earliest, view.onset.latest
        if earliest is None or latest is None or earliest >= latest:
            return False
        request, exam = view.request, view.facts.exam
        turns = {latest, request.as_of + self.clock.extra_day - self.clock.acute_days}
        turns.update(study.day for study in view.studies)
        for day in (exam.date if exam else None, request.hospital.admit_date):
            if day is not None:
                turns.add(day.toordinal())
        return all(self._meets_on(view, day) for day in turns if earliest <= day <= latest)

    def _meets_on(self, view: LevelView, day: int) -> bool:
        """Whether the level would meet had the fracture begun on this day."""
        onset = onset_on(day, view.studies, view.request.as_of, self.findings)
        states = self._states(LevelView(view.request, view.facts, view.studies, onset, self.clock))
        return any(all_of([states[use.check] for use in uses if use.counts]) == MET for _, uses in self._pathways)


def _determination(pathways: Mapping[str, Truth]) -> Determination:
    states = pathways.values()
    if MET in states:
        return "meets"
    return "insufficient_information" if UNKNOWN in states else "does_not_meet"
