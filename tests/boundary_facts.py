"""Facts documents at the boundaries of policy 484, for comparing evaluators.

`enumerated()` yields, criterion group by criterion group, the cross product of the values of the facts that the
group reads, at and around every boundary. Where a product explodes, a fixed sequence of choices takes a part of
it; the stream is the same in every run. `random_facts(seed)` yields one document that mixes all groups. Every
document is valid; documents share their parts, so do not change one.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import chain, combinations, product
from typing import Any, TypeVar

Json = dict[str, Any]
Item = TypeVar("Item")

REQUEST = date(2026, 11, 20)  # the as-of day, unless a service date is earlier


def words(text: str) -> list[str]:
    return text.split()


ETIOLOGIES = words(
    "osteoporosis osteoporosis_secondary trauma myeloma metastasis hemangioma lch lymphoma plasmacytoma "
    "primary_bone_tumor infection other_metabolic degenerative none"
)
SOURCES = ["myeloma", "metastasis", "hemangioma", "lch", "lymphoma", "plasmacytoma", "primary_bone_tumor"]
MECHANISMS = ["spontaneous", "low_energy", "high_energy"]
PATTERNS = ["lytic", "mixed", "blastic", "none"]
T_SCORES = [None, -3.0, -2.5, -2.4, -1.0, -0.9]
MODALITIES = ["MRI", "CT", "XR", "bone_scan", "SPECT", "PET", "fluoroscopy"]
FINDINGS = words(
    "edema uptake cleft motion fracture_line progressive_collapse fracture_age_indeterminate healed no_edema "
    "no_fracture lytic_lesion blastic_lesion pathologic_fracture"
)
TREATMENTS = ["analgesic", "physical_therapy", "rest", "brace", "injection", "calcitonin", "other"]
PURPOSES = ["treat_pain", "prophylactic", "adjunct_to_surgery"]
WALKING = ["unable", "transfers_only", "few_steps_with_assist", "with_aid", "limited", "independent"]
STAYS = ["inpatient", "observation", "ed_only", "none"]
STAY_REASONS = ["fracture_pain", "other_condition", "mixed", "elective_for_procedure"]
PRODUCTS = ["hmo", "pos", "ppo", "indemnity", "medicare_hmo_blue", "medicare_ppo_blue", "other", None]
SETTINGS = ["inpatient", "outpatient", "ambulatory_surgery_center", "office", "observation", None]
TECHNIQUES = ["vertebroplasty", "kyphoplasty", "sacroplasty", None]
CODES = words(
    "22510 22511 22512 0PU33JZ 0PU34JZ 0PU43JZ 0PU44JZ 0QU03JZ 0QU04JZ 0PS33ZZ 0PS43ZZ 0QS03ZZ 0QU13JZ 0QU14JZ "
    "0QS13ZZ 0QUS3JZ 0QSS3ZZ 0200T 0201T 22520 22521 22522 22513 22514 22515 22523 22524 22525 27278 27279 27280 "
    "22509 63030"
)
CODES += [" 22511 ", "0qu03jz", "0200t"]


def nullable(values: Iterable[Any]) -> list[Any]:
    return [*values, None]


def one_in(number: int, items: Iterable[Item]) -> Iterator[Item]:
    """A fixed part of a long sequence, chosen so that no value of any dimension is left out by its rhythm."""
    choice = random.Random(number)
    return (item for item in items if number == 1 or choice.randrange(number) == 0)


def ago(days: int | None, end: date = REQUEST) -> str | None:
    """The day so many days before the as-of day (negative: after it)."""
    return None if days is None else (end - timedelta(days=days)).isoformat()


# Building blocks ---------------------------------------------------------------------------------------


def onset(earliest: int | None, latest: int | None) -> Json:
    return {"earliest": ago(earliest), "latest": ago(latest)}


def study(modality: str, finding: str, days: int | None) -> Json:
    return {"modality": modality, "finding": finding, "date": ago(days)}


def treatment(start: int | None = None, end: int | None = None, modality: str = "analgesic", **more: Any) -> Json:
    return {"modality": modality, "start": ago(start), "end": ago(end), **more}


def line(number: int, code: str, levels: list[str], units: int | None = 1, technique: str | None = None) -> Json:
    return {"line": number, "code": code, "levels": levels, "units": units, "technique": technique}


FRACTURE: Json = {
    "onset": onset(70, 70),
    "etiology": "osteoporosis",
    "mechanism": "low_energy",
    "lesion": None,
    "purpose": "treat_pain",
    "exam": {"documented": True, "finding": "focal_tenderness_at_level", "date": ago(9)},
    "imaging": [study("MRI", "edema", 12)],
    "other_pain_source": "none",
}
FRESH = FRACTURE | {"onset": onset(20, 20)}
HEALED = FRACTURE | {"imaging": [study("MRI", "healed", 12)]}
UNCLEAR = FRACTURE | {"imaging": [study("XR", "fracture_age_indeterminate", 12)], "exam": None}
LESION = FRACTURE | {
    "onset": None,
    "etiology": "metastasis",
    "mechanism": "spontaneous",
    "lesion": {"pattern": "lytic", "source": "metastasis"},
    "imaging": [study("MRI", "lytic_lesion", 10)],
}
EMPTY = {"onset": {"earliest": None, "latest": None}, "imaging": [], "lesion": {}, "other_pain_source_name": "facet"}
TREATED = [treatment(66, ongoing=True), treatment(62, ongoing=True, modality="physical_therapy")]
NOT_ADMITTED = {"status": "none", "reason": None, "admit_date": None}
ADMITTED = {"status": "inpatient", "reason": "fracture_pain", "admit_date": ago(8)}
WITH_WALKER = {"current": "with_aid", "cause": "fracture_pain", "baseline": "ambulatory"}
IN_BED = {"current": "unable", "cause": "fracture_pain", "baseline": "ambulatory"}

BASE: Json = {
    "request_date": ago(0),
    "service_date": ago(-10),
    "product": "ppo",
    "setting": "outpatient",
    "patient": {"age": 76, "t_score": -3.0, "osteoporosis_dx": True},
    "lines": [line(1, "22511", ["L1"])],
    "levels": {"L1": FRACTURE},
    "pain": {"present": True, "score": 8, "descriptor": "severe"},
    "treatments": TREATED,
    "treatment_response": "inadequate",
    "stated_treatment_weeks": None,
    "hospitalization": NOT_ADMITTED,
    "ambulation": WITH_WALKER,
    "safety_notes": [],
}


def one_level(changes: Json | None = None, base: Json = FRACTURE, **facts: Any) -> Json:
    return BASE | facts | {"levels": {"L1": base | (changes or {})}}


ONSETS: list[Json | None] = [
    None,
    {},
    *(onset(days, days) for days in (0, 1, 41, 42, 43, 70, 84, 365, 366)),
    *(onset(late, early) for late, early in ((49, 35), (42, 41), (43, 42), (60, 30), (95, 65), (84, 42), (83, 41))),
    *(onset(late, early) for late, early in ((366, 364), (366, 365), (367, 366), (10, -5), (60, -5))),
    *(onset(days, None) for days in (0, 41, 42, 70, 366)),
    *(onset(None, days) for days in (-3, 0, 41, 42, 70, 366)),
    onset(10, 20),
    onset(-2, -1),
    onset(-1, -1),
    onset(-1, -2),
    onset(-1, None),
]
FEW_ONSETS = [None, onset(20, 20), onset(41, 41), onset(70, 70), onset(49, 35), onset(None, 30), onset(100, None)]


# Groups ------------------------------------------------------------------------------------------------


def causes() -> Iterator[Json]:
    dimensions = (nullable(ETIOLOGIES), nullable(MECHANISMS), T_SCORES, [True, False, None])
    lesions = [{"pattern": pattern, "source": source} for pattern in nullable(PATTERNS) for source in nullable(SOURCES)]
    for cause, mechanism, t_score, diagnosed, lesion in product(*dimensions, lesions):
        level = {"etiology": cause, "mechanism": mechanism, "lesion": lesion}
        yield one_level(level, patient={"t_score": t_score, "osteoporosis_dx": diagnosed})


def pains() -> Iterator[Json]:
    descriptors = ["mild", "moderate", "severe", None]
    others = ["none", "possible", "primary", None]
    scores = [None, *range(11)]
    dimensions = ([True, False, None], scores, descriptors, others, [FRACTURE, FRESH, LESION])
    for present, score, word, other, level in product(*dimensions):
        pain = {"present": present, "score": score, "descriptor": word}
        yield one_level({"other_pain_source": other}, level, pain=pain)


def treatment_shapes() -> list[Json]:
    going_on = [treatment(days, ongoing=True) for days in (0, 41, 42, 43, 49, 80, 400, -5)]
    ended = [treatment(start, end, ongoing=False) for start, end in ((42, 1), (42, 0), (41, 0), (43, 2), (50, 10))]
    ended += [treatment(end + 60, end) for end in (89, 90, 91, 92, 30, -5)]
    ended += [treatment(-2, -10), treatment(43, 43), treatment(131, 90), treatment(132, 91)]
    durations = [treatment(ongoing=True, duration_days=days) for days in (0, 41, 42, 43, 90)]
    durations += [treatment(60, duration_days=days) for days in (0, 41, 42, 43, 70)]
    durations += [treatment(None, 5, duration_days=days) for days in (41, 42, 60)]
    both = [treatment(60, 30, duration_days=90), treatment(60, ongoing=True, duration_days=5)]
    both += [treatment(60, 50, ongoing=True), treatment(None, 5, ongoing=True, duration_days=60)]
    undated = [treatment(60), treatment(None, 5), treatment(duration_days=60), treatment(), treatment(ongoing=True)]
    wrong = [treatment(10, 60), treatment(10, 60, ongoing=True, duration_days=50), treatment(60, ongoing=False)]
    refused = [
        treatment(66, ongoing=True, tolerated=False),
        treatment(tolerated=False),
        treatment(10, 60, tolerated=False),
    ]
    return going_on + ended + durations + both + undated + wrong + refused


def courses() -> list[list[Json]]:
    """Lists of treatments made as a whole: courses with gaps around seven days."""
    lists = []
    for gap, first, second in product((0, 6, 7, 8, 20), (20, 21, 42), (20, 21, 22)):
        end = 3 + second + gap
        later = treatment(2 + second, 3, modality="physical_therapy")
        lists.append([treatment(end + first - 1, end), later])
    three = [treatment(80, 67), treatment(58, 45, modality="rest"), treatment(36, 23, modality="brace")]
    return [*lists, three, [treatment(60, ongoing=True, modality=kind) for kind in TREATMENTS]]


def treatment_lists() -> Iterator[list[Json] | None]:
    shapes = treatment_shapes()
    yield None
    yield []
    yield from courses()
    yield from ([shape] for shape in shapes)
    for kind in TREATMENTS:
        yield [treatment(60, ongoing=True, modality=kind), treatment(50, ongoing=True, modality="calcitonin")]


CLAIMS = [None, 0, 0.5, 5.9, 6, 6.5, 10]


def treatments() -> Iterator[Json]:
    services = [ago(-10), ago(1), ago(-1)]
    dimensions = (list(treatment_lists()), ONSETS, CLAIMS, services)
    for given, when, claim, service in one_in(2, product(*dimensions)):
        yield one_level({"onset": when}, treatments=given, stated_treatment_weeks=claim, service_date=service)


def treatment_pairs() -> Iterator[Json]:
    pairs = [[first, second] for first, second in product(treatment_shapes(), repeat=2)]
    for given, when, claim in one_in(7, product(pairs, ONSETS, [None, 6])):
        yield one_level({"onset": when}, treatments=given, stated_treatment_weeks=claim)


def responses() -> Iterator[Json]:
    answers = ["none", "inadequate", "adequate", None]
    for answer, level, given in product(answers, [FRACTURE, FRESH, LESION], [TREATED, [], None]):
        yield one_level(None, level, treatment_response=answer, treatments=given)


def single_studies() -> Iterator[Json]:
    days = [None, -1, 0, 12, 69, 70, 71, 400]
    lesions = [None, {"pattern": "mixed", "source": "myeloma"}, {"pattern": "lytic", "source": "metastasis"}]
    for kind, finding, when, start, lesion in product(MODALITIES, FINDINGS, days, FEW_ONSETS, lesions):
        yield one_level({"imaging": [study(kind, finding, when)], "onset": start, "lesion": lesion})


def deciding_studies() -> list[Json]:
    """Studies that settle or contradict one another; 34 and 35 days ago are 29 and 30 before 5 days ago."""
    findings = "edema healed no_fracture fracture_age_indeterminate lytic_lesion blastic_lesion pathologic_fracture"
    days = [5, 34, 35, 80, None, -1]
    return [study(*args) for args in product(["MRI", "CT", "XR", "SPECT"], findings.split(), days)]


def study_pairs() -> Iterator[Json]:
    pairs = combinations(deciding_studies(), 2)
    mixed = {"pattern": "mixed", "source": "myeloma"}
    dimensions = (pairs, [onset(70, 70), onset(49, 3), None], [None, mixed])
    for images, start, lesion in one_in(2, product(*dimensions)):
        yield one_level({"imaging": list(images), "onset": start, "lesion": lesion})


def study_histories() -> Iterator[Json]:
    """Three or four studies, all of which decide."""
    studies = [study(*args) for args in product(["MRI", "CT"], ["edema", "no_edema"], [5, 34, 35, 80])]
    for images in chain(combinations(studies, 3), combinations(studies, 4)):
        yield one_level({"imaging": list(images), "onset": onset(100, 100)})


def study_triples() -> Iterator[Json]:
    choice, studies = random.Random(484), deciding_studies()
    for _ in range(25_000):
        images = [choice.choice(studies) for _ in range(3)]
        changes = {"imaging": images, "onset": choice.choice(ONSETS)}
        if choice.random() < 0.3:
            changes["lesion"] = {"pattern": choice.choice(nullable(PATTERNS)), "source": "myeloma"}
        yield one_level(changes, ambulation=choice.choice([IN_BED, WITH_WALKER]))


def exams() -> Iterator[Json]:
    findings = ["focal_tenderness_at_level", "tenderness_elsewhere", "no_tenderness", None]
    days = [None, -1, 0, 1, 70, 71]
    dimensions = ([True, False, None], findings, days, [*FEW_ONSETS, onset(-1, -1)], [FRACTURE, LESION])
    for documented, finding, when, start, level in product(*dimensions):
        exam = {"documented": documented, "finding": finding, "date": ago(when)}
        yield one_level({"exam": exam, "onset": start}, level)
    yield one_level({"exam": None})


def stays() -> list[Json | None]:
    days = [None, -1, 0, 8, 20, 21]
    made = product(nullable(STAYS), nullable(STAY_REASONS), days)
    return [None, *({"status": status, "reason": reason, "admit_date": ago(when)} for status, reason, when in made)]


def walks() -> list[Json | None]:
    made = product(nullable(WALKING), ["fracture_pain", "other", None], ["ambulatory", "non_ambulatory", None])
    return [None, *({"current": now, "cause": cause, "baseline": before} for now, cause, before in made)]


def hospital_and_walking() -> Iterator[Json]:
    starts = [onset(20, 20), None, onset(60, 5)]
    for stay, walk, start in product(stays(), walks(), starts):
        yield one_level({"onset": start}, FRESH, hospitalization=stay, ambulation=walk)


def purposes() -> Iterator[Json]:
    for purpose, level, given in product(nullable(PURPOSES), [FRACTURE, FRESH, LESION, UNCLEAR], [ADMITTED, None]):
        yield one_level({"purpose": purpose}, level, hospitalization=given)


def onsets() -> Iterator[Json]:
    """Every onset with what caps, contradicts or uses it."""
    images = [[], [study("MRI", "edema", 41)], [study("XR", "fracture_age_indeterminate", 42)], FRACTURE["imaging"]]
    images += [[study("CT", "no_fracture", 41), study("MRI", "uptake", 12)], [study("MRI", "pathologic_fracture", 43)]]
    given = [TREATED, [treatment(49, ongoing=True)], [treatment(300, ongoing=True)], [], None]
    services = [None, ago(-10), ago(-1), ago(0), ago(1), ago(5), ago(-40)]
    given_stays = [NOT_ADMITTED, ADMITTED, ADMITTED | {"admit_date": ago(42)}, ADMITTED | {"status": "observation"}]
    second = [{}, {"L2": FRACTURE}, {"L2": EMPTY}]
    dimensions = (ONSETS, images, given, services, given_stays, second)
    for start, shown, drugs, service, stay, more in one_in(3, product(*dimensions)):
        level = FRACTURE | {"onset": start, "imaging": shown}
        facts = {"treatments": drugs, "service_date": service, "hospitalization": stay}
        yield BASE | facts | {"levels": {"L1": level, **more}}


def onset_ranges() -> Iterator[Json]:
    """Ranges that may meet on every one of their days although the range as such does not."""
    ranges = [onset(late, early) for late in range(38, 62, 3) for early in range(20, late, 3)]
    given = [[treatment(days, ongoing=True), *TREATED[:1]] for days in (45, 62)] + [[treatment(41, ongoing=True)]]
    images = [
        FRACTURE["imaging"],
        [study("MRI", "edema", 30)],
        [study("CT", "no_fracture", 50), study("MRI", "edema", 12)],
    ]
    exams_at = [ago(9), ago(44), None]
    dimensions = (ranges, given, images, exams_at, [ADMITTED, NOT_ADMITTED], [IN_BED, WITH_WALKER])
    for start, drugs, shown, seen, stay, walk in product(*dimensions):
        level = {"onset": start, "imaging": shown, "exam": FRACTURE["exam"] | {"date": seen}}
        yield one_level(level, treatments=drugs, hospitalization=stay, ambulation=walk)


THREE_LEVELS = {"L1": FRACTURE, "L2": FRACTURE, "T12": FRACTURE, "C3": FRACTURE, "S1": FRACTURE, "COCCYX": FRACTURE}
LEVEL_LISTS: list[list[str]] = [
    *([], ["L1"], ["T12"], ["C3"], ["S1"], ["COCCYX"], ["L1", "L2"], ["L1", "S1"], ["T12", "L1"], ["L5"]),
    ["C3", "T12", "L1"],
]


def single_lines() -> Iterator[Json]:
    level_facts = [THREE_LEVELS, {"L1": FRACTURE}, {"S1": FRACTURE}, {"L1": HEALED, "L2": UNCLEAR}, {"L1": EMPTY}]
    dimensions = (CODES, LEVEL_LISTS, [None, 1, 2, 3], TECHNIQUES, level_facts, ["hmo", "indemnity", None])
    for code, levels, units, technique, facts, plan in one_in(2, product(*dimensions)):
        yield BASE | {"lines": [line(1, code, levels, units, technique)], "levels": facts, "product": plan}


def gates() -> Iterator[Json]:
    """Product, setting, version and code, in the order in which they decide."""
    days = [("2022-05-20", None), ("2022-06-01", None), ("2022-05-20", "2022-05-31"), ("2022-05-20", "2022-06-01")]
    days += [("2022-06-01", "2022-05-31"), (REQUEST.isoformat(), ago(-10))]
    levels = [FRACTURE, HEALED, UNCLEAR]
    for plan, setting, (request, service), code, level in product(PRODUCTS, SETTINGS, days, CODES, levels):
        facts = {"product": plan, "setting": setting, "request_date": request, "service_date": service}
        yield one_level(None, level, lines=[line(1, code, ["L1"])], **facts)


def line_pool() -> list[tuple[str, list[str], int | None, str | None]]:
    pool = [("22510", ["T12"], 1, None), ("22510", ["L1"], 1, None), ("22510", ["T12", "C3"], 2, "vertebroplasty")]
    pool += [("22511", levels, 1, None) for levels in (["L1"], ["L2"], ["L1", "L2"], [], ["L5"], ["S1"])]
    pool += [("22511", ["L1"], 1, technique) for technique in ("kyphoplasty", "sacroplasty")]
    pool += [("22512", levels, units, None) for levels in (["L2"], ["T12"], ["L1", "L2"], []) for units in (None, 1, 2)]
    pool += [("22512", ["S1"], 1, None), ("22512", ["L2"], 1, "kyphoplasty"), ("22512", ["L5"], 1, None)]
    pool += [
        (code, ["L1"], None, None) for code in ("0QU03JZ", "0QS03ZZ", "0QU13JZ", "22521", "22514", "27279", "99999")
    ]
    return [*pool, ("0200T", ["S1"], 1, "sacroplasty"), ("0PU43JZ", ["T12"], None, None), ("0QU03JZ", [], None, None)]


LEVEL_KINDS = [FRACTURE, FRESH, HEALED, UNCLEAR, LESION, EMPTY, {}]


def several_lines() -> Iterator[Json]:
    choice, pool = random.Random(22512), line_pool()
    for _ in range(30_000):
        lines = [line(number, *choice.choice(pool)) for number in range(1, choice.choice([0, 1, 2, 2, 2, 3, 3, 4]) + 1)]
        levels = {name: choice.choice(LEVEL_KINDS) for name in ("L1", "L2", "T12") if choice.random() < 0.85}
        facts = {
            "product": choice.choice(["hmo", "ppo", "ppo", "ppo", "indemnity", "medicare_ppo_blue", None]),
            "setting": choice.choice(SETTINGS),
            "hospitalization": choice.choice([ADMITTED, NOT_ADMITTED]),
            "safety_notes": choice.choice([[], [], ["pregnancy", "active infection"]]),
        }
        yield BASE | facts | {"lines": lines, "levels": levels}


def empty_levels() -> Iterator[Json]:
    nothing = [
        {},
        EMPTY,
        {"onset": None},
        {"lesion": {"pattern": None, "source": None}},
        {"exam": {"documented": None}},
    ]
    little = [{"exam": {"documented": False}}, {"purpose": "treat_pain"}, {"other_pain_source": "primary"}]
    little += [{"imaging": [study("XR", "healed", None)]}, {"onset": onset(None, 5)}, {"etiology": "none"}]
    walking = WITH_WALKER | {"current": "independent"}
    facts = [{}, {"treatments": [], "pain": {"present": False}, "ambulation": walking}, {"patient": None, "pain": None}]
    for level, more, levels in product(nothing + little, facts, [["L1"], []]):
        yield BASE | more | {"lines": [line(1, "22511", levels)], "levels": {"L1": level}}
        yield BASE | more | {"lines": [line(1, "22511", levels)], "levels": {"L1": level, "L2": FRACTURE}}
    for more in facts:
        yield BASE | more | {"levels": {}}
        yield {"request_date": REQUEST.isoformat(), "lines": [line(1, "22511", ["L1"])], "levels": {}} | more


def fault_values() -> list[tuple[str, str, Any]]:
    """(where, fact, value): one step away from a document that meets."""
    level = [("etiology", cause) for cause in nullable(ETIOLOGIES)]
    level += [("mechanism", value) for value in nullable(MECHANISMS)]
    level += [("purpose", value) for value in nullable(PURPOSES)]
    level += [("other_pain_source", value) for value in ("none", "possible", "primary", None)]
    level += [("onset", value) for value in ONSETS]
    level += [("exam", None), ("exam", {"documented": True, "finding": "no_tenderness"})]
    level += [("imaging", None)] + [("imaging", [study("MRI", finding, 12)]) for finding in FINDINGS]
    level += [("lesion", {"pattern": pattern, "source": "myeloma"}) for pattern in nullable(PATTERNS)]
    facts = [("pain", {"present": present, "score": score}) for present in (True, False, None) for score in (0, 5, 8)]
    facts += [("treatments", given) for given in (None, [], [treatment()], [treatment(49, ongoing=True)])]
    facts += [("treatment_response", value) for value in ("none", "adequate", None)]
    facts += [("hospitalization", value) for value in (None, ADMITTED)]
    facts += [("ambulation", value) for value in (None, IN_BED)]
    facts += [("patient", None), ("patient", {"t_score": -0.5}), ("patient", {"osteoporosis_dx": False})]
    facts += [("stated_treatment_weeks", value) for value in CLAIMS] + [("service_date", None)]
    return [("level", *item) for item in level] + [("facts", *item) for item in facts]


def double_faults() -> Iterator[Json]:
    for pair in combinations(fault_values(), 2):
        level = {fact: value for where, fact, value in pair if where == "level"}
        facts = {fact: value for where, fact, value in pair if where == "facts"}
        for base in (FRACTURE, FRESH, LESION):
            yield one_level(level, base, **({"hospitalization": ADMITTED} | facts if base is FRESH else facts))


GROUPS = (
    *(causes, pains, treatments, treatment_pairs, responses, exams, purposes, hospital_and_walking),
    *(single_studies, study_pairs, study_histories, study_triples, onsets, onset_ranges),
    *(single_lines, gates, several_lines, empty_levels, double_faults),
)


def enumerated() -> Iterator[Json]:
    return chain.from_iterable(group() for group in GROUPS)


# Random documents --------------------------------------------------------------------------------------

DAYS = [None, -10, -1, 0, 1, 5, 10, 20, 29, 30, 34, 35, 36, 40, 41, 42, 43, 44, 50, 60, 70, 83, 84, 90, 91, 365, 366]
NAMES = ["L1", "L2", "L4", "T12", "T5", "C3", "S1", "COCCYX"]


class Dice:
    """Seeded choices; `rate` is how often a document leaves the beaten track."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rate = self.random.choice([0.03, 0.1, 0.25, 0.6])

    def any(self, values: list[Any]) -> Any:
        return self.random.choice(values)

    def rarely(self, usual: Any, values: list[Any]) -> Any:
        return self.any(values) if self.random.random() < self.rate else usual


def random_facts(seed: int) -> Json:
    dice = Dice(seed)
    names = dice.random.sample(NAMES[:6], dice.any([1, 1, 1, 2, 3])) + dice.rarely([], [["S1"], ["COCCYX"]])
    facts = {
        "case_id": f"random-{seed}",
        "request_date": ago(0),
        "service_date": ago(dice.any([None, -30, -10, -1, 0, 1, 3])),
        "product": dice.rarely("ppo", PRODUCTS),
        "setting": dice.any(SETTINGS),
        "patient": dice.rarely(BASE["patient"], [None, random_patient(dice)]),
        "lines": random_lines(dice, names),
        "levels": {name: dice.rarely(random_level(dice), [EMPTY, FRACTURE]) for name in names},
        "pain": dice.rarely(BASE["pain"], [None, random_pain(dice)]),
        "treatments": dice.rarely(TREATED, [None, random_treatments(dice), dice.any(courses())]),
        "treatment_response": dice.rarely("inadequate", ["none", "adequate", None]),
        "stated_treatment_weeks": dice.rarely(None, CLAIMS),
        "hospitalization": dice.rarely(dice.any([ADMITTED, NOT_ADMITTED]), stays()),
        "ambulation": dice.rarely(dice.any([IN_BED, WITH_WALKER]), walks()),
        "safety_notes": dice.rarely([], [["active infection"]]),
    }
    return facts | dice.rarely({}, [{"request_date": "2022-06-01"}, {"levels": {}}, {"request_date": ago(1)}])


def random_patient(dice: Dice) -> Json:
    return {"age": 76, "t_score": dice.any(T_SCORES), "osteoporosis_dx": dice.any([True, False, None])}


def random_lines(dice: Dice, names: list[str]) -> list[Json]:
    primary = {"C": "22510", "T": "22510", "L": "22511", "S": "22511"}[names[0][0]]
    together = [(primary, names)] if dice.any([True, False]) else [(primary, names[:1]), ("22512", names[1:])]
    separate = [("22510" if name[0] in "CT" else "22511", [name]) for name in names]
    lines = []
    for code, levels in dice.any([together, separate]):
        levels = dice.rarely(levels, [[], names, ["L1"]])
        units = dice.rarely(len(levels) or 1, [None, 1, 2])
        technique = dice.rarely(dice.any([None, "vertebroplasty"]), TECHNIQUES)
        lines.append(line(len(lines) + 1, dice.rarely(code, CODES), levels, units, technique))
    return lines


def random_pain(dice: Dice) -> Json:
    score, word = dice.any([None, 0, 3, 4, 6, 7, 8, 10]), dice.any(["mild", "moderate", "severe", None])
    return {"present": dice.any([True, True, False, None]), "score": score, "descriptor": word}


def random_onset(dice: Dice) -> Json | None:
    ends = [dice.any(DAYS), dice.any(DAYS)]
    if None not in ends:
        ends = dice.rarely(sorted(ends, reverse=True), [ends])
    return dice.any([onset(*ends), dice.any(ONSETS)])


def random_level(dice: Dice) -> Json:
    base = dice.any([FRACTURE, FRACTURE, FRESH, LESION, LESION, UNCLEAR])
    images = [study(dice.any(MODALITIES), dice.any(FINDINGS), dice.any(DAYS)) for _ in range(dice.any([0, 1, 2, 3]))]
    finding = dice.any(["focal_tenderness_at_level", "tenderness_elsewhere", "no_tenderness", None])
    exam = {"documented": dice.any([True, True, False, None]), "finding": finding, "date": ago(dice.any(DAYS))}
    lesion = {"pattern": dice.any(nullable(PATTERNS)), "source": dice.any(nullable(SOURCES))}
    values = {
        "onset": random_onset(dice),
        "etiology": dice.any(nullable(ETIOLOGIES)),
        "mechanism": dice.any(nullable(MECHANISMS)),
        "lesion": lesion,
        "purpose": dice.any(nullable(PURPOSES)),
        "exam": exam,
        "imaging": images,
        "other_pain_source": dice.any(["none", "possible", "primary", None]),
    }
    return {name: dice.rarely(base[name], [value]) for name, value in values.items()}


def random_treatments(dice: Dice) -> list[Json]:
    number = dice.any([0, 1, 2, 3])
    return [dice.any(treatment_shapes()) | {"modality": dice.any(TREATMENTS)} for _ in range(number)]
