"""An independent reference evaluator for policy 484, to be compared with the production engine.

It is written from the words of the specification (the criteria table, the line rules, the request rules)
and from nothing else: it shares no code, no data and no data model with the engine. It is slow and obvious
on purpose. Days of treatment are sets of days, an uncertain onset is tried day by day, and every criterion
is one function that reads like its row of the table. Where the two disagree, one of them has misread the
policy, or the words allow both.

`evaluate(facts)` takes a facts v1 document as plain JSON values and returns the result without the wording.
Only the default readings are implemented; the switches of the edition are not.

Where the words leave room, this file takes these sides; only the first two can change a determination:
- a stated hemangioma, LCH or primary bone tumor is no "tumor lesion" that unsettles an osteoporosis etiology;
- "only an indeterminate image" means that no other study decides, not that there is no other study;
- an account that contradicts itself raises the flag of the contradiction and none about its treatments, except
  `treatment_dates_reversed`; a reversed range, then a future one, hides the contradictions by studies;
- `crosses_six_weeks_before_service` and `claim_exceeds_fracture_age` need a known earliest onset;
- dates are "shorter" than a claim where they hold no course of six weeks from any possible onset and at least one
  tolerated treatment has an interval; so that flag may stand beside `interrupted_course`;
- flags about contradictory pain stay where another primary source already makes `symptomatic` not met;
- at a level without facts the facts of the whole request still speak, but the level stays insufficient;
- an add-on without an approvable primary line asks for `primary_code`;
- the flag for the osteopenia range goes with primary osteoporosis only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

Json = dict[str, Any]
Flags = set[str]
Verdict = tuple[str, Flags]
Question = tuple[str, str | None]

MET, NOT_MET, UNKNOWN = "met", "not_met", "unknown"
MEETS, FAILS, ASKS = "meets", "does_not_meet", "insufficient_information"
OUT, FREE = "not_in_scope", "prior_auth_not_required"

SIX_WEEKS = 42
LONG_AGO = 40_000  # days before the as-of day where lists of treated days are cut off

UNHEALED = {"edema", "uptake", "cleft", "motion", "fracture_line", "progressive_collapse"}
HEALED = {"healed", "no_edema", "no_fracture"}
SHOWS_FRACTURE = UNHEALED | {"fracture_age_indeterminate", "pathologic_fracture"}
ADVANCED = {"MRI", "CT", "bone_scan", "SPECT", "PET"}
TUMORS = {"myeloma", "metastasis", "hemangioma", "lch", "lymphoma", "plasmacytoma", "primary_bone_tumor"}
MODALITY_GROUP = {
    "analgesic": "drugs",
    "calcitonin": "drugs",
    "injection": "injection",
    "physical_therapy": "physical therapy",
    "rest": "rest and brace",
    "brace": "rest and brace",
    "other": "other",
}


# Days -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=100_000)
def day(text: str | None) -> int | None:
    """The number of a calendar day; differences of these numbers are days elapsed."""
    return None if text is None else date.fromisoformat(text).toordinal()


def part(document: Json, name: str) -> Json:
    return document.get(name) or {}


def nothing(value: Any) -> bool:
    """Null, empty, or made of nothing but nulls."""
    if isinstance(value, dict):
        return all(nothing(item) for item in value.values())
    return value is None or value == [] or value == ""


def has_facts(level: Json | None) -> bool:
    """False for a level that is missing, and for one that is there with no scored fact in it."""
    return any(not nothing(value) for name, value in (level or {}).items() if name != "other_pain_source_name")


# One level of one request ---------------------------------------------------------------------------------


class Onset(NamedTuple):
    """The interval of possible onset days. None at an end: nothing is known of that end."""

    earliest: int | None
    latest: int | None
    contradictions: frozenset[str]


class Case(NamedTuple):
    facts: Json
    level: Json
    as_of: int
    only_level: bool
    onset: Onset


def as_of_day(facts: Json) -> int:
    request, service = day(facts["request_date"]), day(facts.get("service_date"))
    assert request is not None
    return request if service is None else min(request, service)


def studies_up_to(level: Json, as_of: int) -> list[tuple[int, str, str]]:
    """(day, modality, finding) of every study that is dated and not after the as-of day."""
    found = []
    for study in level.get("imaging") or []:
        when = day(study.get("date"))
        if when is not None and when <= as_of:
            found.append((when, study["modality"], study["finding"]))
    return found


def contradictions(earliest: int | None, latest: int | None, level: Json, as_of: int) -> frozenset[str]:
    """The ways in which the stated onset cannot be right."""
    if earliest is not None and latest is not None and earliest > latest:
        return frozenset({"onset_range_reversed"})
    if earliest is not None and earliest > as_of:
        return frozenset({"onset_in_future"})
    studies = studies_up_to(level, as_of)
    shown = [when for when, _, finding in studies if finding in SHOWS_FRACTURE]
    found = set()
    if earliest is not None and any(when < earliest for when in shown):
        found.add("imaging_shows_fracture_before_stated_onset")
    negative = [when for when, kind, finding in studies if kind in ("MRI", "CT") and finding == "no_fracture"]
    if latest is not None and shown and any(latest <= when < min(shown) for when in negative):
        found.add("negative_study_after_stated_onset")
    return frozenset(found)


def admission_for_fracture(facts: Json) -> int | None:
    stay = part(facts, "hospitalization")
    if stay.get("status") in ("inpatient", "observation") and stay.get("reason") == "fracture_pain":
        return day(stay.get("admit_date"))
    return None


def onset_of(facts: Json, level: Json, as_of: int, only_level: bool) -> Onset:
    stated = part(level, "onset")
    earliest, latest = day(stated.get("earliest")), day(stated.get("latest"))
    wrong = contradictions(earliest, latest, level, as_of)
    if wrong:
        return Onset(None, None, wrong)
    shown = [when for when, _, finding in studies_up_to(level, as_of) if finding in SHOWS_FRACTURE]
    candidates = [] if latest is None else [latest]
    candidates += [min(shown)] if shown else []
    candidates += [] if earliest is None and latest is None else [as_of]
    admitted = admission_for_fracture(facts)
    if only_level and admitted is not None and admitted <= as_of:
        before_onset = earliest is not None and admitted < earliest
        after_image = bool(shown) and admitted > min(shown)
        if not before_onset and not after_image:
            candidates.append(admitted)
    return Onset(earliest, min(candidates) if candidates else None, wrong)


def youngest_age(case: Case) -> int | None:
    return None if case.onset.latest is None else case.as_of - case.onset.latest


def oldest_age(case: Case) -> int | None:
    return None if case.onset.earliest is None else case.as_of - case.onset.earliest


def may_be_six_weeks_old(case: Case) -> bool:
    oldest = oldest_age(case)
    return oldest is None or oldest >= SIX_WEEKS


# Conservative treatment -----------------------------------------------------------------------------------


def reversed_dates(treatment: Json) -> bool:
    start, end = day(treatment.get("start")), day(treatment.get("end"))
    return start is not None and end is not None and end < start


def treated_interval(treatment: Json, as_of: int) -> tuple[int, int] | None:
    """First treated day, and the day after the last one. None: undated."""
    start, end = day(treatment.get("start")), day(treatment.get("end"))
    length, goes_on = treatment.get("duration_days"), treatment.get("ongoing") is True
    if reversed_dates(treatment):
        return None
    after = end + 1 if end is not None else as_of if goes_on else None
    if start is not None and after is not None:
        return start, after
    if after is not None and length is not None:
        return after - length, after
    if start is not None and length is not None:
        return start, start + length
    return None


def tolerated(facts: Json) -> list[Json]:
    return [item for item in facts.get("treatments") or [] if item.get("tolerated") is not False]


def treated_days(facts: Json, as_of: int) -> list[int]:
    """Every day with a tolerated treatment before the as-of day, whatever the onset."""
    days: set[int] = set()
    for treatment in tolerated(facts):
        interval = treated_interval(treatment, as_of)
        if interval:
            days.update(range(max(interval[0], as_of - LONG_AGO), min(interval[1], as_of)))
    return sorted(days)


def has_course_of_six_weeks(days: list[int]) -> bool:
    """Up to seven untreated days in a row do not break a course, and are not counted."""
    length, previous = 0, None
    for current in days:
        untreated = 0 if previous is None else current - previous - 1
        length = length + 1 if untreated <= 7 else 1
        if length >= SIX_WEEKS:
            return True
        previous = current
    return False


def treatment_since(onset: int, days: list[int]) -> str:
    counted = days[bisect_left(days, onset) :]
    if len(counted) < SIX_WEEKS:
        return "short"
    return "course" if has_course_of_six_weeks(counted) else "separate courses"


def treatment_for_each_onset(case: Case, days: list[int]) -> set[str]:
    """What the dated treatment amounts to, for every day on which the fracture may have happened."""
    latest = case.as_of if case.onset.latest is None else case.onset.latest
    first = days[0] if days else latest
    earliest = first if case.onset.earliest is None else max(first, case.onset.earliest)
    return {treatment_since(onset, days) for onset in range(min(earliest, latest), latest + 1)}


def conservative_6_weeks(case: Case) -> Verdict:
    treatments, claim = case.facts.get("treatments"), case.facts.get("stated_treatment_weeks") or 0
    if not may_be_six_weeks_old(case):
        return NOT_MET, set()
    if treatments is None:
        return UNKNOWN, set()
    if not treatments:
        return (UNKNOWN, {"claim_without_dated_treatment"}) if claim > 0 else (NOT_MET, set())
    if case.onset.contradictions:
        return UNKNOWN, set()
    days = treated_days(case.facts, case.as_of)
    outcomes = treatment_for_each_onset(case, days)
    if outcomes == {"course"}:
        stale = case.as_of - days[-1] > 90
        return MET, {"treatment_ended_more_than_90_days_ago"} if stale else set()
    return treatment_short_of_six_weeks(case, outcomes, claim)


def treatment_short_of_six_weeks(case: Case, outcomes: set[str], claim: float) -> Verdict:
    """Unknown or not met, for a list of treatments of a fracture that may be 42 days old."""
    flags, open_question = set(), False
    if not tolerated(case.facts):
        flags.add("treatment_not_tolerated")
    intervals = [treated_interval(treatment, case.as_of) for treatment in tolerated(case.facts)]
    if None in intervals:
        flags.add("undated_treatment")
    if "course" in outcomes:
        open_question = True
        if case.onset.earliest is not None and case.onset.latest is not None:
            flags.add("treatment_span_depends_on_onset")
    else:
        flags |= {"interrupted_course"} if "separate courses" in outcomes else set()
        if claim >= 6 and any(intervals):
            flags.add("claim_contradicts_dates")
    return (UNKNOWN if flags or open_question else NOT_MET), flags


def failed_to_respond(case: Case) -> Verdict:
    states = {"none": MET, "inadequate": MET, "adequate": NOT_MET, None: UNKNOWN}
    return states[case.facts.get("treatment_response")], set()


# Cause and pain -------------------------------------------------------------------------------------------


def evidence_of_osteoporosis(case: Case) -> tuple[bool, bool]:
    """(something speaks for osteoporosis, something speaks against it); osteopenia alone is neither."""
    patient = part(case.facts, "patient")
    diagnosed, score = patient.get("osteoporosis_dx"), patient.get("t_score")
    speaks_for = diagnosed is True or (score is not None and score <= -2.5)
    speaks_against = diagnosed is False or (score is not None and score >= -1.0)
    return speaks_for, speaks_against


def stated_lesion(level: Json) -> tuple[bool, str | None, str | None]:
    """(a lesion is stated, its pattern, its source); with pattern none the source counts for nothing."""
    lesion = part(level, "lesion")
    pattern, source = lesion.get("pattern"), lesion.get("source")
    if pattern == "none":
        return False, pattern, None
    return pattern is not None or source is not None, pattern, source


def osteoporotic(case: Case) -> Verdict:
    cause = case.level.get("etiology")
    if cause is None or cause == "other_metabolic":
        return UNKNOWN, set()
    if cause == "trauma":
        return osteoporotic_trauma(case)
    if cause not in ("osteoporosis", "osteoporosis_secondary"):
        return NOT_MET, set()
    doubts = doubts_about_osteoporosis(case)
    if doubts:
        return UNKNOWN, doubts
    score = part(case.facts, "patient").get("t_score")
    if cause == "osteoporosis" and score is not None and -2.5 < score < -1.0:
        return MET, {"osteopenia_range_with_fragility_fracture"}
    return MET, set()


def doubts_about_osteoporosis(case: Case) -> Flags:
    patient, doubts = part(case.facts, "patient"), set()
    score = patient.get("t_score")
    if case.level["etiology"] == "osteoporosis" and score is not None and score >= -1.0:
        doubts.add("normal_t_score_contradicts_osteoporosis")
    if patient.get("osteoporosis_dx") is False:
        doubts.add("osteoporosis_dx_denied_elsewhere")
    if case.level.get("mechanism") == "high_energy":
        doubts.add("high_energy_mechanism_in_osteoporotic_bone")
    stated, pattern, source = stated_lesion(case.level)
    of_cancer = source in ("myeloma", "metastasis", "plasmacytoma", "lymphoma")
    unexplained = source is None and pattern in ("lytic", "mixed")
    if stated and (of_cancer or unexplained):
        doubts.add("tumor_lesion_with_osteoporosis_etiology")
    return doubts


def osteoporotic_trauma(case: Case) -> Verdict:
    speaks_for, speaks_against = evidence_of_osteoporosis(case)
    high_energy = case.level.get("mechanism") == "high_energy"
    if high_energy and speaks_for:
        return UNKNOWN, {"high_energy_mechanism_in_osteoporotic_bone"}
    if high_energy:
        return NOT_MET, set()
    if speaks_for:
        return UNKNOWN, {"low_energy_fall_labelled_trauma_with_osteoporosis"}
    return (NOT_MET if speaks_against else UNKNOWN), set()


def symptomatic(case: Case) -> Verdict:
    state, flags = pain_now(case)
    return (NOT_MET if case.level.get("other_pain_source") == "primary" else state), flags


def pain_now(case: Case) -> Verdict:
    pain = part(case.facts, "pain")
    present, score, word = pain.get("present"), pain.get("score"), pain.get("descriptor")
    if present is True:
        return (UNKNOWN, {"pain_present_but_score_zero"}) if score == 0 else (MET, set())
    if present is False:
        return (UNKNOWN, {"pain_absent_but_scored"}) if (score or 0) > 0 else (NOT_MET, set())
    if score == 0:
        return (UNKNOWN, {"pain_word_and_score_disagree"}) if word else (NOT_MET, set())
    return (MET if score is not None or word is not None else UNKNOWN), set()


def severe_pain(case: Case) -> Verdict:
    pain = part(case.facts, "pain")
    present, score, word = pain.get("present"), pain.get("score"), pain.get("descriptor")
    state, flags = severity(score, word)
    if present is not False:
        return state, flags
    flags = flags - {"pain_called_severe_with_score_4_to_6"}
    if (score or 0) > 0:
        return UNKNOWN, flags | {"pain_absent_but_scored"}
    return (UNKNOWN if word == "severe" else NOT_MET), flags


def severity(score: int | None, word: str | None) -> Verdict:
    """Severe or not, by score and word, where pain is not denied."""
    milder = word in ("mild", "moderate")
    if score is None:
        return (MET if word == "severe" else NOT_MET if milder else UNKNOWN), set()
    if score >= 7:
        return (UNKNOWN, {"pain_word_and_score_disagree"}) if milder else (MET, set())
    if score >= 4:
        if word == "severe":
            return MET, {"pain_called_severe_with_score_4_to_6"}
        return (NOT_MET if milder else UNKNOWN), set()
    return (UNKNOWN, {"pain_word_and_score_disagree"}) if word == "severe" else (NOT_MET, set())


def pain_source_certain(case: Case) -> Verdict:
    source = case.level.get("other_pain_source")
    if source is None:
        return MET, {"other_pain_sources_not_addressed"}
    return {"none": MET, "primary": NOT_MET, "possible": UNKNOWN}[source], set()


def not_prophylactic(case: Case) -> Verdict:
    states = {"treat_pain": MET, "prophylactic": NOT_MET, "adjunct_to_surgery": NOT_MET, None: UNKNOWN}
    return states[case.level.get("purpose")], set()


def not_said_to_be_prophylactic(case: Case) -> Verdict:
    said = case.level.get("purpose") in ("prophylactic", "adjunct_to_surgery")
    return (NOT_MET if said else MET), set()


# Examination and studies ----------------------------------------------------------------------------------


def exam_concordant(case: Case) -> Verdict:
    exam = part(case.level, "exam")
    when, finding = day(exam.get("date")), exam.get("finding")
    if exam.get("documented") is not True or finding is None:
        return UNKNOWN, set()
    if when is not None and when > case.as_of:
        return UNKNOWN, set()
    if when is not None and case.onset.earliest is not None and when < case.onset.earliest:
        return UNKNOWN, set()
    return (MET if finding == "focal_tenderness_at_level" else NOT_MET), set()


class Study(NamedTuple):
    when: int
    modality: str
    positive: bool


def verdict(studies: list[tuple[int, str, str]], positive: set[str], negative: set[str]) -> str:
    """What usable studies say together: positive, negative or unknown."""
    decisive = []
    for when, modality, finding in studies:
        if finding in positive:
            decisive.append(Study(when, modality, True))
        elif finding in negative and modality in ADVANCED:
            decisive.append(Study(when, modality, False))
    if agreed(decisive):
        return agreed(decisive)
    advanced = [study for study in decisive if study.modality in ADVANCED]
    if agreed(advanced):
        return agreed(advanced)
    return latest_of_advanced(advanced) if advanced else UNKNOWN


def agreed(studies: list[Study]) -> str:
    """The common answer, or an empty text where there is none."""
    answers = {study.positive for study in studies}
    if len(answers) != 1:
        return ""
    return "positive" if answers.pop() else "negative"


def latest_of_advanced(studies: list[Study]) -> str:
    """Which of contradicting advanced studies counts."""
    last_day = max(study.when for study in studies)
    last = [study for study in studies if study.when == last_day]
    if not agreed(last):
        return UNKNOWN
    mri_days = [study.when for study in studies if study.modality == "MRI"]
    if mri_days and last_day not in mri_days and last_day - max(mri_days) < 30:
        mri = [study for study in studies if study.modality == "MRI" and study.when == max(mri_days)]
        if agreed(mri) != agreed(last):
            return UNKNOWN
    return agreed(last)


def usable_for_fracture(case: Case) -> list[tuple[int, str, str]]:
    earliest = case.onset.earliest
    studies = studies_up_to(case.level, case.as_of)
    return [study for study in studies if earliest is None or study[0] >= earliest]


def imaging_nonhealing(case: Case) -> Verdict:
    states = {"positive": MET, "negative": NOT_MET, UNKNOWN: UNKNOWN}
    return states[verdict(usable_for_fracture(case), UNHEALED, HEALED)], set()


def fracture_shown(case: Case) -> Verdict:
    studies = usable_for_fracture(case)
    answer = verdict(studies, UNHEALED, HEALED)
    if answer != UNKNOWN:
        return (MET if answer == "positive" else NOT_MET), set()
    decisive = [
        finding
        for _, modality, finding in studies
        if finding in UNHEALED or (finding in HEALED and modality in ADVANCED)
    ]
    indeterminate = any(finding == "fracture_age_indeterminate" for _, _, finding in studies)
    if indeterminate and not decisive:
        return MET, {"acuity_rests_on_history_only"}
    return UNKNOWN, set()


def imaging_lesion(case: Case) -> Verdict:
    mixed = part(case.level, "lesion").get("pattern") == "mixed"
    negative = set() if mixed else {"blastic_lesion"}
    states = {"positive": MET, "negative": NOT_MET, UNKNOWN: UNKNOWN}
    studies = studies_up_to(case.level, case.as_of)
    return states[verdict(studies, {"lytic_lesion", "pathologic_fracture"}, negative)], set()


# Lesion ---------------------------------------------------------------------------------------------------


def osteolytic_lesion(case: Case) -> Verdict:
    stated, pattern, _ = stated_lesion(case.level)
    cause = case.level.get("etiology")
    if pattern == "lytic":
        return MET, set()
    if pattern == "mixed":
        return MET, {"mixed_lytic_blastic_lesion"}
    if pattern in ("blastic", "none"):
        return NOT_MET, set()
    if stated or cause is None or cause in TUMORS:
        return UNKNOWN, set()
    return NOT_MET, set()


def myeloma_or_metastasis(case: Case) -> Verdict:
    stated, _, source = stated_lesion(case.level)
    cause = case.level.get("etiology")
    if source is None and (not stated or cause in TUMORS):
        source = cause
    if source is None:
        return UNKNOWN, set()
    if source in ("plasmacytoma", "lymphoma"):
        return UNKNOWN, {f"source_needs_medical_director: {source}"}
    return (MET if source in ("myeloma", "metastasis") else NOT_MET), set()


# The early pathway ----------------------------------------------------------------------------------------


def under_6_weeks(case: Case) -> Verdict:
    oldest, youngest = oldest_age(case), youngest_age(case)
    if oldest is not None and oldest < SIX_WEEKS:
        return MET, set()
    if youngest is not None and youngest >= SIX_WEEKS:
        return NOT_MET, set()
    return UNKNOWN, set()


def hospitalized(case: Case) -> Verdict:
    stay, earliest = part(case.facts, "hospitalization"), case.onset.earliest
    status, reason, admitted = stay.get("status"), stay.get("reason"), day(stay.get("admit_date"))
    if status is None:
        return UNKNOWN, set()
    if status in ("none", "ed_only"):
        return NOT_MET, set()
    if admitted is not None and earliest is not None and admitted < earliest:
        return NOT_MET, {"admission_before_onset"}
    if reason in ("other_condition", "elective_for_procedure"):
        return NOT_MET, set()
    if reason is None or reason == "mixed":
        return UNKNOWN, set()
    if admitted is not None and admitted > case.as_of:
        return UNKNOWN, set()
    return MET, {"observation_status_counted_as_hospitalization"} if status == "observation" else set()


def unable_to_walk(case: Case) -> Verdict:
    walking = part(case.facts, "ambulation")
    current, cause = walking.get("current"), walking.get("cause")
    if walking.get("baseline") == "non_ambulatory":
        return NOT_MET, {"non_ambulatory_before_fracture"}
    if current is None:
        return UNKNOWN, set()
    if current in ("with_aid", "limited", "independent") or cause == "other":
        return NOT_MET, set()
    if cause is None or current == "few_steps_with_assist":
        return UNKNOWN, set()
    return MET, set()


def hospitalized_or_unable_to_walk(case: Case) -> Verdict:
    (stay, stay_flags), (walk, walk_flags) = hospitalized(case), unable_to_walk(case)
    flags = stay_flags | walk_flags
    if MET in (stay, walk):
        return MET, flags
    return (NOT_MET if stay == walk == NOT_MET else UNKNOWN), flags


# A level --------------------------------------------------------------------------------------------------

PATHWAYS = {
    "A": {
        "osteoporotic": osteoporotic,
        "symptomatic": symptomatic,
        "conservative_6_weeks": conservative_6_weeks,
        "failed_to_respond": failed_to_respond,
        "exam_concordant": exam_concordant,
        "imaging_nonhealing": imaging_nonhealing,
        "pain_source_certain": pain_source_certain,
        "not_prophylactic": not_prophylactic,
    },
    "B": {
        "osteolytic_lesion": osteolytic_lesion,
        "myeloma_or_metastasis": myeloma_or_metastasis,
        "severe_pain": severe_pain,
        "exam_concordant": exam_concordant,
        "imaging_lesion": imaging_lesion,
        "pain_source_certain": pain_source_certain,
        "not_prophylactic": not_prophylactic,
    },
    "C": {
        "osteoporotic": osteoporotic,
        "symptomatic": symptomatic,
        "fracture_shown": fracture_shown,
        "under_6_weeks": under_6_weeks,
        "hospitalized_or_unable_to_walk": hospitalized_or_unable_to_walk,
        "not_prophylactic": not_said_to_be_prophylactic,
    },
}


class LevelResult(NamedTuple):
    name: str
    determination: str
    pathways: dict[str, str]
    criteria: dict[str, dict[str, str]]
    flags: Flags
    missing: list[Question]
    score: int


def all_of(states: Iterable[str]) -> str:
    states = list(states)
    if NOT_MET in states:
        return NOT_MET
    return UNKNOWN if UNKNOWN in states else MET


def level_determination(pathways: dict[str, str]) -> str:
    if MET in pathways.values():
        return MEETS
    return ASKS if UNKNOWN in pathways.values() else FAILS


def case_of(facts: Json, level: Json) -> Case:
    as_of = as_of_day(facts)
    with_facts = [name for name, content in facts["levels"].items() if has_facts(content)]
    only_level = len(with_facts) == 1
    return Case(facts, level, as_of, only_level, onset_of(facts, level, as_of, only_level))


def score_of(criteria: dict[str, dict[str, str]]) -> int:
    """On the closest pathway: fewest not met, then fewest unknown, then the higher share."""
    ranked = []
    for states in criteria.values():
        answers = list(states.values())
        share = 100 * answers.count(MET) // len(answers)
        ranked.append((answers.count(NOT_MET), answers.count(UNKNOWN), -share))
    return -min(ranked)[2]


def judge(case: Case) -> tuple[dict[str, dict[str, str]], Flags]:
    """The state of every criterion of every pathway, and the flags that they raise."""
    flags: Flags = set()
    done: dict[Any, str] = {}
    criteria: dict[str, dict[str, str]] = {}
    for pathway, tests in PATHWAYS.items():
        criteria[pathway] = {}
        for name, test in tests.items():
            if test not in done:
                done[test], raised = test(case)
                flags |= raised
            criteria[pathway][name] = done[test]
    return criteria, flags


def evaluate_level(facts: Json, name: str) -> LevelResult:
    level = facts["levels"].get(name) or {}
    if not has_facts(level):
        return level_without_facts(facts, name)
    case = case_of(facts, level)
    criteria, flags = judge(case)
    pathways = {pathway: all_of(states.values()) for pathway, states in criteria.items()}
    determination = level_determination(pathways)
    flags |= case.onset.contradictions | age_flags(case) | treatment_flags(case)
    flags |= outcome_flags(case, criteria, pathways)
    if determination == ASKS and meets_on_every_day(case):
        flags.add("meets_whatever_the_onset_in_range")
    missing = []
    if determination == ASKS:
        opened = [criteria[pathway] for pathway, state in pathways.items() if state == UNKNOWN]
        for states in opened:
            missing += [(criterion, name) for criterion, state in states.items() if state == UNKNOWN]
    unique = list(dict.fromkeys(missing))
    return LevelResult(name, determination, pathways, criteria, flags, unique, score_of(criteria))


def level_without_facts(facts: Json, name: str) -> LevelResult:
    """Insufficient, whatever the facts of the whole request say. What they leave unknown is asked, in every pathway
    where no pathway is open."""
    as_of = as_of_day(facts)
    criteria, _ = judge(Case(facts, {}, as_of, False, onset_of(facts, {}, as_of, False)))
    pathways = {pathway: all_of(states.values()) for pathway, states in criteria.items()}
    opened = [states for pathway, states in criteria.items() if pathways[pathway] == UNKNOWN] or criteria.values()
    missing = [(criterion, name) for states in opened for criterion, state in states.items() if state == UNKNOWN]
    return LevelResult(name, ASKS, pathways, criteria, set(), list(dict.fromkeys(missing)), score_of(criteria))


def age_flags(case: Case) -> Flags:
    flags, youngest, service = set(), youngest_age(case), day(case.facts.get("service_date"))
    if youngest is not None and youngest > 365:
        flags.add("fracture_older_than_one_year")
    if youngest is not None and youngest < SIX_WEEKS and service is not None:
        earliest = case.onset.earliest
        if earliest is not None and service - earliest >= SIX_WEEKS:
            flags.add("crosses_six_weeks_before_service")
    return flags


def treatment_flags(case: Case) -> Flags:
    facts, flags = case.facts, set()
    oldest, claim = oldest_age(case), facts.get("stated_treatment_weeks")
    if claim is not None and oldest is not None and claim * 7 > oldest:
        flags.add("claim_exceeds_fracture_age")
    if any(reversed_dates(treatment) for treatment in facts.get("treatments") or []):
        flags.add("treatment_dates_reversed")
    groups = {MODALITY_GROUP[item["modality"]] for item in tolerated(facts)}
    if may_be_six_weeks_old(case) and not case.onset.contradictions and len(groups) == 1:
        flags.add("single_modality")
    days, earliest = treated_days(facts, case.as_of), case.onset.earliest
    if earliest is not None and days and days[0] < earliest:
        possible = may_be_six_weeks_old(case)
        flags.add("treatment_before_onset_not_counted" if possible else "treatment_longer_than_fracture_age_clipped")
    return flags


def outcome_flags(case: Case, criteria: dict[str, dict[str, str]], pathways: dict[str, str]) -> Flags:
    flags, youngest = set(), youngest_age(case)
    six_weeks, bone = criteria["A"]["conservative_6_weeks"], criteria["A"]["osteoporotic"]
    if youngest is not None and youngest >= SIX_WEEKS and six_weeks == NOT_MET and bone != NOT_MET:
        flags.add("gap_between_A_and_C")
    shown = any(finding in SHOWS_FRACTURE for _, _, finding in studies_up_to(case.level, case.as_of))
    if pathways["B"] == MET and not shown:
        flags.add("B_without_fracture_literal_reading_differs")
    return flags


def meets_on_every_day(case: Case) -> bool:
    """Whether the level would meet for each single day of its onset interval."""
    earliest, latest = case.onset.earliest, case.onset.latest
    if earliest is None or latest is None:
        return False
    for onset in range(earliest, latest + 1):
        text = date.fromordinal(onset).isoformat()
        pinned = case.level | {"onset": {"earliest": text, "latest": text}}
        criteria, _ = judge(case_of(case.facts, pinned))
        if MET not in [all_of(states.values()) for states in criteria.values()]:
            return False
    return True


# A line ---------------------------------------------------------------------------------------------------

KYPHOPLASTY_CODES = {"22513", "22514", "22515", "22523", "22524", "22525"}
SACROILIAC_CODES = {"27278", "27279", "27280"}
DELETED_CODES = {"22520", "22521", "22522"}
SACROPLASTY_CODES = {"0200T", "0201T"}
SACRAL_PCS = {"0QU13JZ", "0QU14JZ", "0QS13ZZ", "0QUS3JZ", "0QSS3ZZ"}
REPOSITION_PCS = {"0PS33ZZ", "0PS43ZZ", "0QS03ZZ"}
REGIONS = {  # first letters of the levels that a vertebroplasty code covers
    "22510": "CT",
    "22511": "L",
    "22512": "CTL",
    "0PU33JZ": "C",
    "0PU34JZ": "C",
    "0PS33ZZ": "C",
    "0PU43JZ": "T",
    "0PU44JZ": "T",
    "0PS43ZZ": "T",
    "0QU03JZ": "L",
    "0QU04JZ": "L",
    "0QS03ZZ": "L",
}
LISTED_CODES = set(REGIONS) | SACRAL_PCS | SACROPLASTY_CODES | DELETED_CODES
PRIMARY_CODES = {"22510", "22511"}
ADD_ON = "22512"
EFFECTIVE = "2022-06-01"


class LineResult(NamedTuple):
    line: Json
    determination: str
    flags: Flags
    missing: list[Question]
    levels: list[LevelResult]
    clinical: bool
    advice: Json | None = None


def code_of(line: Json) -> str:
    return str(line["code"]).strip().upper()


def sacral(level: str) -> bool:
    return level == "COCCYX" or level.startswith("S")


def levels_of(facts: Json, line: Json) -> list[str]:
    """The levels a line names; one that names none takes the only level of the request, an add-on never."""
    if line.get("levels"):
        return list(line["levels"])
    with_facts = [name for name, content in facts["levels"].items() if has_facts(content)]
    return with_facts if len(with_facts) == 1 and code_of(line) != ADD_ON else []


def before_the_clinical_part(facts: Json, line: Json) -> LineResult | None:
    code, product = code_of(line), facts.get("product")
    if code in KYPHOPLASTY_CODES or code in SACROILIAC_CODES or code not in LISTED_CODES:
        return LineResult(line, OUT, set(), [], [], False)
    if (facts.get("service_date") or facts["request_date"]) < EFFECTIVE:
        return LineResult(line, OUT, {"earlier_policy_version_needed"}, [], [], False)
    if product in ("medicare_hmo_blue", "medicare_ppo_blue"):
        if code in SACROPLASTY_CODES:
            return LineResult(line, FAILS, {"confirm_with_MP_132"}, [], [], False)
        return LineResult(line, OUT, set(), [], [], False)
    if product == "other":
        return LineResult(line, OUT, set(), [], [], False)
    if code in DELETED_CODES:
        return LineResult(line, ASKS, set(), [("code", None)], [], False)
    return None


def clinical_part(facts: Json, line: Json) -> LineResult:
    code, names = code_of(line), levels_of(facts, line)
    if code in SACROPLASTY_CODES:
        return LineResult(line, FAILS, set(), [], [], True)
    if code in SACRAL_PCS:
        flag = "code_listed_as_criteria_apply_but_statement_says_investigational"
        return LineResult(line, FAILS, {flag}, [], [], True)
    if any(sacral(name) for name in names):
        return LineResult(line, FAILS, {"sacral_level_on_vertebroplasty_code"}, [], [], True)
    levels = [evaluate_level(facts, name) for name in names]
    lacks = lacking(facts, line, names)
    flags = line_flags(code, names).union(*(level.flags for level in levels))
    found = {level.determination for level in levels}
    if FAILS in found:
        return LineResult(line, FAILS, flags, [], levels, True)
    missing = [question for level in levels for question in level.missing] + lacks
    if ASKS in found or lacks:
        return LineResult(line, ASKS, flags, missing, levels, True)
    return LineResult(line, MEETS, flags, [], levels, True)


def lacking(facts: Json, line: Json, names: list[str]) -> list[Question]:
    """What a line lacks besides facts."""
    code, technique = code_of(line), line.get("technique")
    lacks: list[Question] = [] if names else [("level", None)]
    if technique == "kyphoplasty" or (technique == "sacroplasty" and names):
        lacks.append(("technique", None))
    lacks += [("level", name) for name in names if name[0] not in REGIONS[code]]
    if code == ADD_ON:
        if not any(code_of(other) in PRIMARY_CODES for other in facts["lines"]):
            lacks.append(("primary_code", None))
        if names and (line.get("units") or 1) != len(names):
            lacks.append(("units", None))
    return lacks


def line_flags(code: str, names: list[str]) -> Flags:
    flags = set()
    if code in PRIMARY_CODES and len(names) > 1:
        flags.add("primary_code_names_one_level")
    if code in REPOSITION_PCS:
        flags.add("reposition_code_confirm_vertebroplasty_not_kyphoplasty")
    return flags


def add_on_rule(results: list[LineResult]) -> list[LineResult]:
    """An add-on that meets needs a primary line that meets clinically."""
    primary = any(
        result.determination == MEETS for result in results if result.clinical and code_of(result.line) in PRIMARY_CODES
    )
    return [
        result._replace(
            determination=ASKS,
            flags=result.flags | {"addon_without_approvable_primary"},
            missing=[("primary_code", None)],
        )
        if result.clinical and code_of(result.line) == ADD_ON and result.determination == MEETS and not primary
        else result
        for result in results
    ]


def authorization(facts: Json, result: LineResult) -> LineResult:
    """The last rule: a product or setting that is not known, or that needs no authorization."""
    product, setting = facts.get("product"), facts.get("setting")
    if not result.clinical or (product is not None and product != "indemnity"):
        return result
    advice = {"determination": result.determination, "missing": result.missing}
    if product is None:
        return result._replace(determination=ASKS, missing=[("product", None)], advice=advice)
    if setting is None:
        return result._replace(determination=ASKS, missing=[("setting", None)], advice=advice)
    if setting == "inpatient":
        return result
    return result._replace(determination=FREE, missing=[], advice=advice)


# The request ----------------------------------------------------------------------------------------------


def request_determination(found: set[str]) -> str:
    if not found:
        return ASKS
    for determination in (ASKS, FAILS, MEETS, FREE, OUT):
        if determination in found:
            return determination
    raise AssertionError(found)


def line_pathways(result: LineResult) -> list[str]:
    if result.determination != MEETS:
        return []
    met = {name for level in result.levels for name, state in level.pathways.items() if state == MET}
    return sorted(met)


def line_document(result: LineResult) -> Json:
    return {
        "line": result.line["line"],
        "code": code_of(result.line),
        "determination": result.determination,
        "pathways": line_pathways(result),
        "flags": sorted(result.flags),
        "missing": list(dict.fromkeys(result.missing)),
        "advice": result.advice,
        "levels": [
            {
                "level": level.name,
                "determination": level.determination,
                "pathways": level.pathways,
                "criteria": level.criteria,
            }
            for level in result.levels
        ],
    }


def evaluate(facts: Json) -> Json:
    clinical = [before_the_clinical_part(facts, line) or clinical_part(facts, line) for line in facts["lines"]]
    results = [authorization(facts, result) for result in add_on_rule(clinical)]
    found = {result.determination for result in results}
    scores = [min(level.score for level in result.levels) for result in results if result.levels]
    flags = {f"safety: {note}" for note in facts.get("safety_notes") or []}
    return {
        "determination": request_determination(found),
        "mixed": len(found) > 1,
        "pathways": sorted({name for result in results for name in line_pathways(result)}),
        "score": min(scores) if scores else None,
        "flags": sorted(flags.union(*(result.flags for result in results))),
        "lines": [line_document(result) for result in results],
    }
