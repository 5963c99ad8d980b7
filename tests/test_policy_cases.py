"""YAML sentence cases of the policy library: a base request, named changes to it, and what must come of them.

A case is {case, facts, expect} and, for a replay, {switches}. `facts` are changes to the base request at dotted paths;
`copy_level` adds a level with L1's facts; "null" is null; `each` names one more path and the values that it takes in
turn. `expect` names only what the case is about: `criteria` are those of the first level, `flags` must be among the
flags, `no_flags` must not. A key that is not known is an error.
"""

import copy
from pathlib import Path
from typing import Any

import pytest

from policies import facts, flags, registry, strict_yaml
from policies.assess import assess
from policies.edition import Edition
from policies.strict_yaml import YamlError

LIBRARY = Path(__file__).parents[1] / "policies" / "library" / "bcbsma_484"

CLINICAL = {
    "onset": {"earliest": "2026-09-11", "latest": "2026-09-11"},
    "etiology": "osteoporosis",
    "mechanism": "low_energy",
    "lesion": None,
    "purpose": "treat_pain",
    "exam": {"documented": True, "finding": "focal_tenderness_at_level", "date": "2026-11-11"},
    "imaging": [{"modality": "MRI", "date": "2026-11-08", "finding": "edema"}],
    "other_pain_source": "none",
}
BASE = {
    "case_id": "base",
    "request_date": "2026-11-20",
    "service_date": "2026-11-30",
    "product": "ppo",
    "setting": "outpatient",
    "patient": {"age": 76, "t_score": -3.0, "osteoporosis_dx": True},
    "lines": [{"line": 1, "code": "22511", "levels": ["L1"], "units": 1, "technique": "vertebroplasty"}],
    "levels": {"L1": CLINICAL},
    "pain": {"present": True, "score": 8, "descriptor": "severe"},
    "treatments": [
        {"modality": "analgesic", "start": "2026-09-15", "ongoing": True},
        {"modality": "physical_therapy", "start": "2026-09-19", "ongoing": True},
    ],
    "treatment_response": "inadequate",
    "stated_treatment_weeks": None,
    "hospitalization": {"status": "none"},
    "ambulation": {"current": "with_aid", "cause": "fracture_pain", "baseline": "ambulatory"},
    "safety_notes": [],
}
_EXPECTATIONS = {
    "determination", "pathways", "lines", "mixed", "criteria", "flags", "no_flags", "missing", "advice", "score",
    "levels",
}  # fmt: skip


class CaseError(ValueError):
    """A case that is not well formed."""


def read(path: Path) -> list[dict[str, Any]]:
    cases = [single for case in strict_yaml.load(path).data for single in _each(case)]
    for case in cases:
        unknown = (set(case) - {"case", "facts", "switches", "expect"}) | (set(case["expect"]) - _EXPECTATIONS)
        if unknown:
            raise CaseError(f"{path.name}: {case.get('case')}: {', '.join(sorted(unknown))} is not known")
        if not case["expect"]:
            raise CaseError(f"{path.name}: {case['case']}: expects nothing")
    return cases


def _each(case: dict[str, Any]) -> list[dict[str, Any]]:
    """A case with `each` as one case for every value."""
    if "each" not in case:
        return [case]
    ((place, values),) = case["each"].items()
    plain = {key: value for key, value in case.items() if key != "each"}
    return [
        {**plain, "case": f"{case['case']}: {value}", "facts": {**case.get("facts", {}), place: value}}
        for value in values
    ]


def document(changes: dict[str, Any]) -> dict[str, Any]:
    """The base request with changes at dotted paths; `copy_level: L2` adds a level with L1's facts."""
    result: dict[str, Any] = copy.deepcopy(BASE)
    for path, value in changes.items():
        if path == "copy_level":
            for level in value if isinstance(value, list) else [value]:
                result["levels"][level] = copy.deepcopy(CLINICAL)
            continue
        *steps, last = path.split(".")
        part = result
        for step in steps:
            part = part[int(step)] if isinstance(part, list) else part[step]
        part[int(last) if isinstance(part, list) else last] = None if value == "null" else value
    return result


def failures(case: dict[str, Any], edition: Edition) -> list[str]:
    """What does not come out as the case expects."""
    if "switches" in case:
        edition = edition.with_switches(**case["switches"])
    result = assess(facts.parse(document(case.get("facts", {}))), edition).as_dict()
    return [
        f"{key}: {actual} instead of {expected}"
        for key, expected in case["expect"].items()
        if (actual := _actual(key, expected, result)) != expected
    ]


def _actual(key: str, expected: Any, result: dict[str, Any]) -> Any:
    first = result["lines"][0] if result["lines"] else {}
    if key == "lines":
        return [line["determination"] for line in result["lines"]]
    if key == "levels":
        return [[level["determination"] for level in line["levels"]] for line in result["lines"]]
    if key == "criteria":
        states = first["levels"][0]["criteria"]
        return {path: states[path.split(".")[0]][path.split(".")[1]] for path in expected}
    if key == "flags":
        return [flag for flag in expected if flag in result["flags"]]
    if key == "no_flags":
        return [flag for flag in expected if flag not in result["flags"]]
    if key == "missing":
        return [question["criterion"] for question in result["missing"]]
    if key == "advice":
        return first["advice"]["determination"] if first["advice"] else "none"
    return "none" if result[key] is None else result[key]


CASES = [case for path in sorted((LIBRARY / "cases").glob("*.yaml")) for case in read(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_sentence(case):
    assert not failures(case, registry.edition("bcbsma-484", "2022-06"))


def test_every_sentence_is_said_once():
    assert len({case["case"] for case in CASES}) == len(CASES)


def test_every_flag_has_a_case_that_raises_it_and_one_that_does_not():
    raised = {flag.partition(": ")[0] for case in CASES for flag in case["expect"].get("flags", ())}
    spared = {flag.partition(": ")[0] for case in CASES for flag in case["expect"].get("no_flags", ())}
    assert raised == flags.ALL
    assert spared == flags.ALL


def test_every_switch_value_has_a_case():
    tried = {(name, value) for case in CASES for name, value in case.get("switches", {}).items()}
    document = registry.edition("bcbsma-484", "2022-06").document
    assert tried == {(name, value) for name, switch in document.switches.items() for value in switch.alternatives}


@pytest.mark.parametrize(
    "text",
    [
        "- {case: a, facts: {}, expects: {}, expect: {mixed: true}}",
        "- {case: a, facts: {}, expect: {mixd: true}}",
        "- {case: a, facts: {}, expect: {}}",
    ],
)
def test_a_mistyped_case_is_an_error(text, tmp_path):
    path = tmp_path / "cases.yaml"
    path.write_text(text)
    with pytest.raises(CaseError):
        read(path)


def test_a_repeated_key_in_a_case_is_an_error(tmp_path):
    path = tmp_path / "cases.yaml"
    path.write_text("- {case: a, case: b, facts: {}, expect: {mixed: true}}")
    with pytest.raises(YamlError, match=r"line 1, 0\.case: is repeated"):
        read(path)
