"""Policy 484 (6/2022) written by hand as one plain program over parsed facts: what the engine is measured against.

`decide(facts)` gives the decision alone: no trace, no flags, no questions, no words, every number in place. It is
written to be fast and straightforward, as one would without an engine, and it agrees with the engine on every document
that tests/test_benchmarks.py tries.
"""

from typing import NamedTuple

from policies.facts import Facts, LevelFacts, Line

MET, NOT_MET, UNKNOWN = "met", "not_met", "unknown"
UNHEALED = {"edema", "uptake", "cleft", "motion", "fracture_line", "progressive_collapse"}
HEALED = {"healed", "no_edema", "no_fracture"}
SHOWS = UNHEALED | {"fracture_age_indeterminate", "pathologic_fracture"}
LESION = {"lytic_lesion", "pathologic_fracture"}
SCLEROTIC = {"blastic_lesion"}
ADVANCED = {"MRI", "CT", "bone_scan", "SPECT", "PET"}
TUMORS = {"myeloma", "metastasis", "hemangioma", "lch", "lymphoma", "plasmacytoma", "primary_bone_tumor"}
CANCERS = {"myeloma", "metastasis", "plasmacytoma", "lymphoma"}
RELATED = {"22513", "22514", "22515", "22523", "22524", "22525", "27278", "27279", "27280"}
DELETED = {"22520", "22521", "22522"}
SACROPLASTY = {"0200T", "0201T"}
SACRAL_LISTED = {"0QU13JZ", "0QU14JZ", "0QS13ZZ", "0QUS3JZ", "0QSS3ZZ"}
REGIONS = {
    "22510": "CT",
    "22511": "L",
    "22512": "CTL",
    "0PU33JZ": "C",
    "0PU34JZ": "C",
    "0PU43JZ": "T",
    "0PU44JZ": "T",
    "0QU03JZ": "L",
    "0QU04JZ": "L",
    "0PS33ZZ": "C",
    "0PS43ZZ": "T",
    "0QS03ZZ": "L",
}
EFFECTIVE = (2022, 6, 1)
ORDER = ("insufficient_information", "does_not_meet", "meets", "prior_auth_not_required", "not_in_scope")


class Decision(NamedTuple):
    determination: str
    mixed: bool
    pathways: tuple[str, ...]
    score: int | None
    lines: tuple[str, ...]


class Level(NamedTuple):
    determination: str
    pathways: tuple[str, ...]
    score: int


def decide(facts: Facts) -> Decision:
    """The decision on a request: each line, all of them together, the pathways met, the score."""
    received = facts.request_date.toordinal()
    as_of = min(received, facts.service_date.toordinal()) if facts.service_date else received
    spans = treated_spans(facts, as_of)
    levels: dict[str, Level] = {}
    has_primary = any(line.code in ("22510", "22511") for line in facts.lines)
    drafts = [decide_line(line, facts, as_of, spans, levels, has_primary) for line in facts.lines]
    if not any(
        line.code in ("22510", "22511") and draft[0] == "meets" for line, draft in zip(facts.lines, drafts, strict=True)
    ):
        drafts = [
            ("insufficient_information", *draft[1:]) if line.code == "22512" and draft[0] == "meets" else draft
            for line, draft in zip(facts.lines, drafts, strict=True)
        ]
    words, met, scores = [], set(), []
    for word, clinical, found in drafts:
        if clinical:
            if facts.product is None:
                word = "insufficient_information"
            elif facts.product == "indemnity" and facts.setting != "inpatient":
                word = "prior_auth_not_required" if facts.setting else "insufficient_information"
        if word == "meets":
            met.update(name for level in found for name in level.pathways)
        if found:
            scores.append(min(level.score for level in found))
        words.append(word)
    present = set(words)
    determination = next((word for word in ORDER if word in present), "insufficient_information")
    pathways = tuple(name for name in "ABC" if name in met)
    return Decision(determination, len(present) > 1, pathways, min(scores) if scores else None, tuple(words))


def decide_line(  # noqa: C901 (one rule after the other, as the reading lists them)
    line: Line, facts: Facts, as_of: int, spans: list, levels: dict[str, Level], has_primary: bool
) -> tuple[str, bool, list[Level]]:
    """A line before authorization: its determination, whether it is clinical, its levels."""
    code, product = line.code, facts.product
    if code in RELATED:
        return "not_in_scope", False, []
    if code not in REGIONS and code not in SACROPLASTY and code not in SACRAL_LISTED and code not in DELETED:
        return "not_in_scope", False, []
    day = facts.service_date or facts.request_date
    if (day.year, day.month, day.day) < EFFECTIVE:
        return "not_in_scope", False, []
    if product in ("medicare_hmo_blue", "medicare_ppo_blue"):
        return ("does_not_meet" if code in SACROPLASTY else "not_in_scope"), False, []
    if product == "other":
        return "not_in_scope", False, []
    if code in DELETED:
        return "insufficient_information", False, []
    if code in SACROPLASTY or code in SACRAL_LISTED:
        return "does_not_meet", True, []
    names = line.levels
    if not names and code != "22512":
        named = [name for name, level in facts.levels.items() if not is_empty(level)]
        names = (named[0],) if len(named) == 1 else ()
    if any(name[0] == "S" or name == "COCCYX" for name in names):
        return "does_not_meet", True, []
    found = []
    for name in names:
        if name not in levels:
            levels[name] = decide_level(facts, facts.levels.get(name), as_of, spans)
        found.append(levels[name])
    words = [level.determination for level in found]
    if "does_not_meet" in words:
        return "does_not_meet", True, found
    lacks = (
        "insufficient_information" in words
        or not names
        or line.technique in ("kyphoplasty", "sacroplasty")
        or any(name[0] not in REGIONS[code] for name in names)
        or (code == "22512" and (not has_primary or (line.units or 1) != len(names)))
    )
    return ("insufficient_information" if lacks else "meets"), True, found


def is_empty(level: LevelFacts) -> bool:
    onset, lesion, exam = level.onset, level.lesion, level.exam
    return not (
        level.etiology
        or level.imaging
        or level.purpose
        or level.mechanism
        or level.other_pain_source
        or (onset and (onset.earliest or onset.latest))
        or (lesion and (lesion.pattern or lesion.source))
        or (exam and (exam.documented is not None or exam.finding or exam.date))
    )


def decide_level(facts: Facts, level: LevelFacts | None, as_of: int, spans: list) -> Level:
    empty = level is None or is_empty(level)
    if level is None or empty:
        level = LevelFacts()
    studies = [
        (study.date.toordinal(), study.modality, study.finding)
        for study in level.imaging or ()
        if study.date and study.date.toordinal() <= as_of
    ]
    earliest, latest, contradicted = onset_of(facts, level, studies, as_of, empty)
    oldest = as_of - earliest if earliest is not None else None
    youngest = as_of - latest if latest is not None else None
    usable = studies if earliest is None else [study for study in studies if study[0] >= earliest]

    cause = osteoporotic(facts, level)
    pain = symptomatic(facts, level)
    treated = six_weeks(facts, as_of, spans, earliest, latest, oldest, contradicted)
    response = facts.treatment_response
    failed = UNKNOWN if response is None else NOT_MET if response == "adequate" else MET
    exam = examined(level, as_of, earliest)
    unhealed, decisive = verdict(usable, UNHEALED, HEALED)
    source = level.other_pain_source
    certain = MET if source in (None, "none") else UNKNOWN if source == "possible" else NOT_MET
    purpose = level.purpose
    treats = UNKNOWN if purpose is None else MET if purpose == "treat_pain" else NOT_MET
    a = (cause, pain, treated, failed, exam, unhealed, certain, treats)

    mixed = level.lesion is not None and level.lesion.pattern == "mixed"
    shown_lesion, _ = verdict(studies, LESION, () if mixed else SCLEROTIC)
    b = (lytic(level), cancer(level), severe(facts), exam, shown_lesion, certain, treats)

    history = not decisive and any(study[2] == "fracture_age_indeterminate" for study in usable)
    shown = MET if history else unhealed
    if oldest is not None and oldest < 42:
        young = MET
    else:
        young = NOT_MET if youngest is not None and youngest >= 42 else UNKNOWN
    preventive = MET if purpose in (None, "treat_pain") else NOT_MET
    c = (cause, pain, shown, young, hospital_or_walking(facts, as_of, earliest), preventive)

    met, open_, best = [], False, None
    for name, states in (("A", a), ("B", b), ("C", c)):
        no, yes = states.count(NOT_MET), states.count(MET)
        unknown = len(states) - no - yes
        if not no:
            if unknown:
                open_ = True
            else:
                met.append(name)
        key = (no, unknown, -yes / len(states))
        if best is None or key < best:
            best, score = key, yes * 100 // len(states)
    if empty:
        word = "insufficient_information"
    else:
        word = "meets" if met else "insufficient_information" if open_ else "does_not_meet"
    return Level(word, tuple(met), score)


def onset_of(facts: Facts, level: LevelFacts, studies: list, as_of: int, empty: bool):
    """Earliest and latest day of the onset, and whether the account contradicts itself."""
    onset = level.onset
    earliest = onset.earliest.toordinal() if onset and onset.earliest else None
    latest = onset.latest.toordinal() if onset and onset.latest else None
    stated = earliest is not None or latest is not None
    shown = min((study[0] for study in studies if study[2] in SHOWS), default=None)
    if earliest is not None and (
        (latest is not None and earliest > latest) or earliest > as_of or (shown is not None and shown < earliest)
    ):
        return None, None, True
    if latest is not None and shown is not None:
        for day, modality, finding in studies:
            if finding == "no_fracture" and modality in ("MRI", "CT") and latest <= day < shown:
                return None, None, True
    if shown is not None and (latest is None or shown < latest):
        latest = shown
    stay = facts.hospitalization
    if (
        stay
        and stay.admit_date
        and stay.status in ("inpatient", "observation")
        and stay.reason == "fracture_pain"
        and not empty
        and (len(facts.levels) == 1 or sum(not is_empty(one) for one in facts.levels.values()) == 1)
    ):
        admitted = stay.admit_date.toordinal()
        if (
            admitted <= as_of
            and (earliest is None or admitted >= earliest)
            and (shown is None or admitted <= shown)
            and (latest is None or admitted < latest)
        ):
            latest = admitted
    if stated and (latest is None or as_of < latest):
        latest = as_of
    return earliest, latest, False


def osteoporotic(facts: Facts, level: LevelFacts) -> str:
    etiology, patient = level.etiology, facts.patient
    if etiology is None or etiology == "other_metabolic":
        return UNKNOWN
    t_score = patient.t_score if patient else None
    diagnosed = patient.osteoporosis_dx if patient else None
    if etiology in ("osteoporosis", "osteoporosis_secondary"):
        lesion = level.lesion
        if (
            (etiology == "osteoporosis" and t_score is not None and t_score >= -1.0)
            or diagnosed is False
            or level.mechanism == "high_energy"
        ):
            return UNKNOWN
        if lesion and lesion.pattern != "none":
            doubt = lesion.source in CANCERS if lesion.source else lesion.pattern in ("lytic", "mixed")
            return UNKNOWN if doubt else MET
        return MET
    if etiology == "trauma":
        if diagnosed or (t_score is not None and t_score <= -2.5):
            return UNKNOWN
        against = diagnosed is False or (t_score is not None and t_score >= -1.0)
        return NOT_MET if against or level.mechanism == "high_energy" else UNKNOWN
    return NOT_MET


def symptomatic(facts: Facts, level: LevelFacts) -> str:
    if level.other_pain_source == "primary":
        return NOT_MET
    pain = facts.pain
    if pain is None:
        return UNKNOWN
    if pain.present:
        return UNKNOWN if pain.score == 0 else MET
    if pain.present is False:
        return UNKNOWN if pain.score else NOT_MET
    if pain.score == 0:
        return UNKNOWN if pain.descriptor else NOT_MET
    return UNKNOWN if pain.score is None and pain.descriptor is None else MET


def severe(facts: Facts) -> str:
    pain = facts.pain
    if pain is None:
        return UNKNOWN
    score, word = pain.score, pain.descriptor
    if pain.present is False:
        return UNKNOWN if score or word == "severe" else NOT_MET
    if score is None:
        return UNKNOWN if word is None else MET if word == "severe" else NOT_MET
    if score >= 7:
        return UNKNOWN if word in ("mild", "moderate") else MET
    if word == "severe":
        return MET if score >= 4 else UNKNOWN
    return UNKNOWN if word is None and score >= 4 else NOT_MET


def treated_spans(facts: Facts, as_of: int) -> list[tuple[int, int]]:
    """The united treated days of the tolerated, dated treatments before the as-of day, half-open."""
    spans = []
    for treatment in facts.treatments or ():
        if treatment.tolerated is False:
            continue
        span = span_of(treatment, as_of)
        if span and span[0] < min(span[1], as_of):
            spans.append((span[0], min(span[1], as_of)))
    if len(spans) < 2:
        return spans
    spans.sort()
    united = [spans[0]]
    for first, end in spans[1:]:
        if first > united[-1][1]:
            united.append((first, end))
        elif end > united[-1][1]:
            united[-1] = (united[-1][0], end)
    return united


def span_of(treatment, as_of: int) -> tuple[int, int] | None:
    days = treatment.duration_days
    if treatment.end:
        end = treatment.end.toordinal() + 1
        if treatment.start:
            start = treatment.start.toordinal()
            return (start, end) if start < end else None
        return (end - days, end) if days is not None else None
    if treatment.ongoing:
        if treatment.start:
            return treatment.start.toordinal(), as_of
        return (as_of - days, as_of) if days is not None else None
    if treatment.start and days is not None:
        return treatment.start.toordinal(), treatment.start.toordinal() + days
    return None


def longest_and_total(spans: list[tuple[int, int]], onset: int | None) -> tuple[int, int]:
    """Treated days on or after the onset in the longest course (gaps up to 7 days), and in all."""
    longest = total = run = 0
    previous = None
    for first, end in spans:
        if onset is not None and first < onset:
            if end <= onset:
                continue
            first = onset
        if previous is not None and first - previous > 7:
            run = 0
        run += end - first
        total += end - first
        previous = end
        if run > longest:
            longest = run
    return longest, total


def six_weeks(facts: Facts, as_of: int, spans: list, earliest, latest, oldest, contradicted: bool) -> str:
    if oldest is not None and oldest < 42:
        return NOT_MET
    treatments, claim = facts.treatments, facts.stated_treatment_weeks
    if treatments is None:
        return UNKNOWN
    if not treatments:
        return UNKNOWN if claim else NOT_MET
    tolerated = [treatment for treatment in treatments if treatment.tolerated is not False]
    if contradicted or not tolerated:
        return UNKNOWN
    if latest is not None and longest_and_total(spans, latest)[0] >= 42:
        return MET
    _, total = longest_and_total(spans, earliest)
    if total >= 42:
        return UNKNOWN
    dated = [span_of(treatment, as_of) is not None for treatment in tolerated]
    if not all(dated) or (claim is not None and claim >= 6 and any(dated)):
        return UNKNOWN
    return NOT_MET


def examined(level: LevelFacts, as_of: int, earliest: int | None) -> str:
    exam = level.exam
    if exam is None or not exam.documented or exam.finding is None:
        return UNKNOWN
    if exam.date:
        day = exam.date.toordinal()
        if day > as_of or (earliest is not None and day < earliest):
            return UNKNOWN
    return MET if exam.finding == "focal_tenderness_at_level" else NOT_MET


def verdict(studies: list, positive, negative) -> tuple[str, bool]:
    """What the studies say together, and whether any of them is decisive."""
    decisive = [
        (day, modality, finding in positive)
        for day, modality, finding in studies
        if finding in positive or (finding in negative and modality in ADVANCED)
    ]
    if not decisive:
        return UNKNOWN, False
    says = {study[2] for study in decisive}
    if len(says) == 1:
        return (MET if True in says else NOT_MET), True
    decisive = [study for study in decisive if study[1] in ADVANCED]
    says = {study[2] for study in decisive}
    if len(says) > 1:
        last = max(study[0] for study in decisive)
        says = {study[2] for study in decisive if study[0] == last}
        if len(says) > 1:
            return UNKNOWN, True
        mri = max((study[0] for study in decisive if study[1] == "MRI"), default=None)
        by_mri = {study[2] for study in decisive if study[0] == mri and study[1] == "MRI"}
        if mri is not None and last > mri > last - 30 and by_mri != says:
            return UNKNOWN, True
    return (MET if True in says else NOT_MET), True


def lytic(level: LevelFacts) -> str:
    lesion, etiology = level.lesion, level.etiology
    if lesion and lesion.pattern:
        return MET if lesion.pattern in ("lytic", "mixed") else NOT_MET
    if lesion and lesion.source:
        return UNKNOWN
    return UNKNOWN if etiology is None or etiology in TUMORS else NOT_MET


def cancer(level: LevelFacts) -> str:
    lesion, etiology = level.lesion, level.etiology
    stated = lesion is not None and lesion.pattern != "none" and bool(lesion.pattern or lesion.source)
    source = lesion.source if lesion and stated else None
    if source is None:
        if etiology in TUMORS:
            source = etiology
        else:
            return UNKNOWN if etiology is None or stated else NOT_MET
    if source in ("myeloma", "metastasis"):
        return MET
    return UNKNOWN if source in ("plasmacytoma", "lymphoma") else NOT_MET


def hospital_or_walking(facts: Facts, as_of: int, earliest: int | None) -> str:
    stay, walking = facts.hospitalization, facts.ambulation
    if stay is None or stay.status is None:
        hospital = UNKNOWN
    elif stay.status not in ("inpatient", "observation"):
        hospital = NOT_MET
    else:
        admitted = stay.admit_date.toordinal() if stay.admit_date else None
        if (admitted is not None and earliest is not None and admitted < earliest) or stay.reason in (
            "other_condition",
            "elective_for_procedure",
        ):
            hospital = NOT_MET
        elif stay.reason != "fracture_pain" or (admitted is not None and admitted > as_of):
            hospital = UNKNOWN
        else:
            return MET
    if walking is None:
        return UNKNOWN
    if walking.baseline == "non_ambulatory":
        return hospital
    if walking.current is None:
        return UNKNOWN
    if walking.current in ("with_aid", "limited", "independent") or walking.cause == "other":
        return hospital
    if walking.current in ("unable", "transfers_only") and walking.cause:
        return MET
    return UNKNOWN
