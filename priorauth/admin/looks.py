"""“Look at these”: what in a request does not agree with itself, or with the plan's own records.

Each look says what disagrees, the values side by side with where each comes from, and what the computation did. Nothing
is computed anew: the flags and the words are those that were stored with the score.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from policies import flags
from priorauth.admin import facts as words_of
from priorauth.admin.provenance import COMPUTED, Cited, Origin, Origins, together
from priorauth.models import Assessment, Case, Revision
from priorauth.services.members import Person

Json = Mapping[str, Any]
STUDY_CRITERIA = ("imaging_nonhealing", "fracture_shown", "imaging_lesion")
MEMBER_RECORD = Origin("member")


class Side(NamedTuple):
    """One of the values that disagree."""

    name: str
    value: str
    origin: Origin
    path: str = ""


class Look(NamedTuple):
    """`what` disagrees, at which levels (none: not of a level), its sides, and what the computation did with them."""

    what: str
    levels: list[str]
    sides: list[Side]
    used: str = ""

    @property
    def cited(self) -> list[Cited]:
        """The sides, those of one origin that follow each other together."""
        return together((side.origin, f"{side.name}: {side.value}", side.path) for side in self.sides)


class _Values:
    """The facts in words, each with its origin."""

    def __init__(self, facts: Json, origins: Origins) -> None:
        self.facts, self._origins = facts, origins

    def level(self, level: str, name: str) -> Any:
        return (self.facts["levels"].get(level) or {}).get(name)

    def side(self, name: str, path: str, value: str) -> Side:
        return Side(name, value, self._origins.of(path), path)

    def onset(self, level: str) -> Side:
        onset = self.level(level, "onset") or {}
        value = words_of.interval(onset.get("earliest"), onset.get("latest"))
        return self.side("Pain started", f"levels.{level}.onset", value)

    def exam(self, level: str) -> Side:
        exam = self.level(level, "exam") or {}
        return self.side("Examination", f"levels.{level}.exam", words_of.day(exam.get("date")))

    def studies(self, level: str) -> list[Side]:
        entries = enumerate(self.level(level, "imaging") or ())
        return [
            self.side(words_of.word(one["modality"]), f"levels.{level}.imaging.{place}", words_of.finding(one))
            for place, one in entries
        ]

    def claim(self, level: str) -> Side:
        weeks = self.facts.get("stated_treatment_weeks")
        value = f"{weeks:g} weeks" if weeks is not None else words_of.NOT_RECORDED
        return self.side("The letter claims", "stated_treatment_weeks", value)

    def pain(self, level: str) -> list[Side]:
        pain = self.facts.get("pain") or {}
        score = pain.get("score")
        return [
            self.side("Pain now", "pain", words_of.yes_no(pain.get("present"))),
            self.side("In the clinician's word", "pain", words_of.word(pain.get("descriptor"))),
            self.side("Score", "pain", words_of.NOT_RECORDED if score is None else f"{score} of 10"),
        ]

    def cause(self, level: str) -> list[Side]:
        patient, lesion = self.facts.get("patient") or {}, self.level(level, "lesion") or {}
        t_score = patient.get("t_score")
        known = [
            self.side("Cause", f"levels.{level}.etiology", words_of.word(self.level(level, "etiology"))),
            self.side("How it happened", f"levels.{level}.mechanism", words_of.word(self.level(level, "mechanism"))),
            self.side("T-score", "patient.t_score", words_of.NOT_RECORDED if t_score is None else f"{t_score:g}"),
            self.side(
                "Osteoporosis diagnosed",
                "patient.osteoporosis_dx",
                words_of.yes_no(patient.get("osteoporosis_dx")),
            ),
            self.side("Lesion", f"levels.{level}.lesion", words_of.word(lesion.get("pattern"), none="No lesion")),
        ]
        return [side for side in known if side.value != words_of.NOT_RECORDED]

    def admission(self, level: str) -> Side:
        stay = self.facts.get("hospitalization") or {}
        return self.side("Admitted", "hospitalization", words_of.day(stay.get("admit_date")))

    def treatments(self, level: str) -> list[Side]:
        entries = enumerate(self.facts.get("treatments") or ())
        return [
            self.side(f"Treatment {place + 1}", f"treatments.{place}", words_of.course(one)) for place, one in entries
        ]


Sides = Callable[[_Values, str], list[Side]]

# The flags that tell of a contradiction, and what stands on its sides. Their sentences say what was done with them.
CONTRADICTIONS: dict[str, Sides] = {
    flags.ONSET_RANGE_REVERSED: lambda values, level: [values.onset(level)],
    flags.ONSET_IN_FUTURE: lambda values, level: [values.onset(level)],
    flags.IMAGING_BEFORE_ONSET: lambda values, level: [values.onset(level), *values.studies(level)],
    flags.NEGATIVE_STUDY_AFTER_ONSET: lambda values, level: [values.onset(level), *values.studies(level)],
    flags.NORMAL_T_SCORE: _Values.cause,
    flags.DX_DENIED: _Values.cause,
    flags.TUMOR_LESION: _Values.cause,
    flags.HIGH_ENERGY: _Values.cause,
    flags.FALL_AS_TRAUMA: _Values.cause,
    flags.WORD_AND_SCORE: _Values.pain,
    flags.PRESENT_BUT_ZERO: _Values.pain,
    flags.ABSENT_BUT_SCORED: _Values.pain,
    flags.SEVERE_AT_MODERATE_SCORE: _Values.pain,
    flags.DATES_REVERSED: _Values.treatments,
    flags.CLAIM_CONTRADICTS: lambda values, level: [values.claim(level)],
    flags.CLAIM_UNDATED: lambda values, level: [values.claim(level)],
    flags.CLAIM_EXCEEDS_AGE: lambda values, level: [values.claim(level), values.onset(level)],
    flags.ADMISSION_BEFORE_ONSET: lambda values, level: [values.admission(level), values.onset(level)],
}
COUNTED = frozenset({flags.CLAIM_CONTRADICTS, flags.CLAIM_UNDATED, flags.CLAIM_EXCEEDS_AGE})


def looks(case: Case, revision: Revision, assessment: Assessment | None, origins: Origins) -> list[Look]:
    """The contradictions within the request, then what else its flags say; the gap between two pathways stands beside
    the criteria already."""
    values, found = _Values(assessment.facts if assessment else revision.facts, origins), []
    told: set[tuple[str, str]] = set()
    for level, note in _notes(assessment.explanation if assessment else {"flags": [], "lines": []}):
        name = note["flag"].partition(": ")[0]
        if (name, level["level"]) not in told and not (name == flags.GAP and level.get("next_step")):
            told.add((name, level["level"]))
            found.append(_flagged(name, note["sentence"], level, values))
    for level in _levels(assessment):
        found += [look for look in (_exam_before_onset(level, values), _studies_differ(level, values)) if look]
    return sorted(_together(found), key=lambda look: not look.sides)


def _together(found: list[Look]) -> list[Look]:
    """What is said of several levels in the same words, once."""
    one: dict[tuple[Any, ...], Look] = {}
    for what, levels, sides, used in found:
        look = one.setdefault((what, tuple(sides), used), Look(what, [], sides, used))
        look.levels.extend(level for level in levels if level)
    return list(one.values())


def _levels(assessment: Assessment | None) -> Iterator[Json]:
    seen: set[str] = set()
    for line in assessment.explanation["lines"] if assessment else ():
        for level in line["levels"]:
            if level["level"] not in seen:
                seen.add(level["level"])
                yield level


NO_LEVEL: Json = {"level": "", "pathways": []}


def _notes(story: Json) -> Iterator[tuple[Json, Json]]:
    """Every note, the deepest place first: a flag of a level stands on its line and on the request too."""
    deeper: set[str] = set()
    for line in story["lines"]:
        for level in line["levels"]:
            for note in level["flags"]:
                deeper.add(note["flag"])
                yield level, note
    for note in [note for line in story["lines"] for note in line["flags"]] + list(story["flags"]):
        if note["flag"] not in deeper:
            deeper.add(note["flag"])
            yield NO_LEVEL, note


def _flagged(name: str, sentence: str, level: Json, values: _Values) -> Look:
    sides = list(CONTRADICTIONS[name](values, level["level"])) if name in CONTRADICTIONS else []
    counted = _sum(level, "conservative_6_weeks") if name in COUNTED else ""
    if counted:
        sides.append(Side("The dates", counted, COMPUTED))
    return Look(sentence, [level["level"]], sides, "The dates are counted, never the claim." if counted else "")


def _sum(level: Json, criterion: str) -> str:
    return next((one["arithmetic"] for one in _criteria(level) if one["criterion"] == criterion), "")


def _criteria(level: Json) -> Iterator[Json]:
    for pathway in level["pathways"]:
        yield from pathway["criteria"]


def _exam_before_onset(level: Json, values: _Values) -> Look | None:
    name = level["level"]
    seen = (values.level(name, "exam") or {}).get("date")
    began = (values.level(name, "onset") or {}).get("earliest")
    if not (seen and began and seen < began):
        return None
    sides = [values.exam(name), values.onset(name)]
    return Look("The examination came before the pain started.", [name], sides, "The examination is not counted.")


def _studies_differ(level: Json, values: _Values) -> Look | None:
    """Where the studies of a level contradict each other, the criterion says by which rule one of them was taken."""
    rule = next((one["arithmetic"] for one in _criteria(level) if one["criterion"] in STUDY_CRITERIA), "")
    return Look("The studies do not agree.", [level["level"]], values.studies(level["level"]), rule) if rule else None


def of_the_member(case: Case, facts: Json, origins: Origins, person: Person | None, planned: Any) -> list[Look]:
    """What the plan's member file says otherwise than the request, whose facts that count are `facts`."""
    typed = case.member
    if person is None:
        value = f"{typed}, ID {typed.member_id}, born {words_of.day(typed.birth_date.isoformat())}"
        sides = [Side("The request", value, Origin("attested")), Side("Member file", "Not on file", MEMBER_RECORD)]
        return [Look("The member is not in the plan's file.", [], sides, "Verify it before you decide.")]
    found = []
    if person.last_name.casefold() != typed.last_name.casefold():
        sides = [Side("The request", str(typed), Origin("attested")), Side("Member file", str(person), MEMBER_RECORD)]
        found.append(Look("The last names differ.", [], sides))
    values = _Values(facts, origins)
    if (stated := facts.get("product")) != person.product:
        sides = [
            values.side("The request", "product", words_of.product(stated)),
            Side("Member file", person.plan, MEMBER_RECORD),
        ]
        used = "The clock and the result follow the request."
        found.append(Look("The plans differ.", [], sides, used))
    if planned and not person.covers(planned):
        sides = [
            values.side("Planned", "service_date", words_of.day(planned.isoformat())),
            Side("Member file", person.coverage(planned), MEMBER_RECORD),
        ]
        found.append(Look("The member is not covered on the planned day.", [], sides))
    return found
