"""Facts v1: the same documents as the schema, refusals that name the path, codes."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from policies import codes, facts

FOLDER = Path(__file__).parents[1]
SCHEMA = json.loads((FOLDER / "policies" / "facts-v1.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
ROWS = [
    json.loads(row)["facts"]
    for row in (FOLDER / "tests" / "data" / "policy_484_examples.jsonl").read_text("utf-8").splitlines()
]
WHOLE = {
    **ROWS[0],
    "patient": {"age": 76, "t_score": -3.0, "osteoporosis_dx": True},
    "lines": [{"line": 1, "code": "22511", "levels": ["L1"], "units": 1, "technique": "vertebroplasty"}],
    "pain": {"present": True, "score": 8, "descriptor": "severe", "date": "2026-11-11"},
    "hospitalization": {"status": "inpatient", "reason": "mixed", "admit_date": "2026-11-01", "discharge_date": None},
    "ambulation": {"current": "unable", "cause": "other", "baseline": "ambulatory", "analgesia_hours": 24},
    "treatments": [
        {
            "modality": "analgesic",
            "start": "2026-10-09",
            "end": None,
            "ongoing": True,
            "duration_days": 0,
            "tolerated": None,
            "name": "x",
            "visits": 3,
        }
    ],
    "stated_treatment_weeks": 6.5,
    "safety_notes": ["infection"],
}
WHOLE["levels"]["L1"] |= {
    "lesion": {"pattern": "lytic", "source": "myeloma"},
    "other_pain_source_name": "facet",
    "imaging": [{"modality": "MRI", "date": "2026-11-08", "finding": "edema", "impression": "a", "sequence": "STIR"}],
}


def paths(value, at=()):
    """Every place in a document."""
    yield at
    if isinstance(value, dict):
        for key, part in value.items():
            yield from paths(part, (*at, key))
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths(part, (*at, index))


PLACES = [path for path in paths(WHOLE) if path]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 12),
    st.sampled_from([131, 10**30, 7.0, 7.5, -0.5, -1, 1e300]),
    st.sampled_from(
        ["", "x", "none", "lytic", "L1", "T12", "T13", "2026-11-20", "2026-02-30", "20261120", "0000-01-01"]
    ),
    st.sampled_from(
        [
            "2026-11-20T00:00:00",
            "2026-W01-1",
            "\uff19\uff19\uff19\uff19-01-01",
            " 2026-11-20",
            "inpatient",
            "other",
            "5",
        ]
    ),
    st.sampled_from([[], {}, [None], ["L1"], {"x": 1}, {"earliest": "2026-11-20"}, [{}]]),
)


def changed(document, place, value):
    """The document with another value at a place; `...` takes it away."""
    document = copy.deepcopy(document)
    part = document
    for step in place[:-1]:
        part = part[step]
    if value is ...:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    return document


def accepted(document):
    try:
        facts.parse(document)
    except facts.FactsError:
        return False
    return True


def repeats(document):
    """What the schema only describes: a line number used twice, a level named twice in a line."""
    lines = document.get("lines")
    return any(len(set(line.get("levels", []))) < len(line.get("levels", [])) for line in lines)


@pytest.mark.parametrize("document", [*ROWS, WHOLE], ids=lambda document: document["case_id"])
def test_worked_cases_are_facts(document):
    assert accepted(document)
    assert VALIDATOR.is_valid(document)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(PLACES), st.one_of(ODD, st.just(...)))
def test_the_types_accept_what_the_schema_accepts(place, value):
    document = changed(WHOLE, place, value)
    if VALIDATOR.is_valid(document) and not repeats(document):
        too_large = isinstance(value, float) and value > 1e18
        assert accepted(document) or too_large
    else:
        assert not accepted(document)


@pytest.mark.parametrize(
    "place", [place for place in PLACES if isinstance(place[-1], str)], ids=lambda place: ".".join(map(str, place))
)
def test_an_unknown_key_is_refused_wherever_it_stands(place):
    part = WHOLE
    for step in place:
        part = part[step]
    if isinstance(part, dict) and place != ("levels",):
        document = changed(WHOLE, (*place, "x"), 1)
        with pytest.raises(facts.FactsError) as caught:
            facts.parse(document)
        assert caught.value.path == ".".join([*map(str, place), "x"])


REFUSED = [
    (("request_date",), "2026-02-30", "request_date", "must be a calendar date such as 2026-08-31, in quotation marks"),
    (("request_date",), None, "request_date", "must be a calendar date such as 2026-08-31, in quotation marks"),
    (("request_date",), ..., "request_date", "must be given"),
    (("levels", "L1", "onset", "earliest"), 20261120, "levels.L1.onset.earliest", "must be a calendar date"),
    (("pain", "score"), True, "pain.score", "must be a whole number from 0 to 10"),
    (("pain", "score"), 11, "pain.score", "must be a whole number from 0 to 10"),
    (("patient", "t_score"), float("nan"), "patient.t_score", "must be an ordinary number"),
    (("patient", "t_score"), float("inf"), "patient.t_score", "must be an ordinary number"),
    (("patient", "t_score"), 10**400, "patient.t_score", "must be a number"),
    (("patient", "osteoporosis_dx"), 1, "patient.osteoporosis_dx", "must be true or false"),
    (("stated_treatment_weeks",), -1, "stated_treatment_weeks", "must be 0 or more"),
    (("levels", "L6"), {}, "levels.L6", "must be a level: C1 to C7"),
    (("levels", "L1", "etiology"), "cancer", "levels.L1.etiology", "must be one of osteoporosis, "),
    (("lines", 0, "levels"), ["L1", "T1", "L1"], "lines.0.levels.2", "must be named once only in a line"),
    (("lines", 0, "levels"), "L1", "lines.0.levels", "must be a list"),
    (("safety_notes",), None, "safety_notes", "must be a list"),
    (("product",), "HMO", "product", "must be one of hmo, pos, ppo, indemnity, "),
    (("pain",), [], "pain", "must be an object"),
]


@pytest.mark.parametrize(("place", "value", "path", "message"), REFUSED)
def test_a_refusal_names_the_path_and_what_would_be_right(place, value, path, message):
    with pytest.raises(facts.FactsError) as caught:
        facts.parse(changed(WHOLE, place, value))
    assert caught.value.path == path
    assert caught.value.message.startswith(message)


def test_a_line_number_used_twice_is_refused():
    document = {**WHOLE, "lines": [{"line": 1, "code": "22511"}, {"line": 1, "code": "22512"}]}
    with pytest.raises(facts.FactsError) as caught:
        facts.parse(document)
    assert caught.value.faults == (("lines.1.line", "must differ from the number of every other line"),)


def test_all_faults_are_told():
    with pytest.raises(facts.FactsError) as caught:
        facts.parse({**WHOLE, "product": "x", "setting": "y"})
    assert [fault.path for fault in caught.value.faults] == ["product", "setting"]


@pytest.mark.parametrize("value", [None, [], 5, "x", b"{}"])
def test_a_document_is_an_object(value):
    with pytest.raises(facts.FactsError) as caught:
        facts.parse(value)
    assert caught.value.faults == (("", "must be an object"),)


def test_a_refusal_never_repeats_the_value():
    with pytest.raises(facts.FactsError) as caught:
        facts.parse({**WHOLE, "case_id": 1234567, "product": "Jane Doe", "request_date": "Jane Doe"})
    assert "Jane" not in str(caught.value.faults)


def test_facts_are_frozen_and_codes_are_trimmed():
    parsed = facts.parse(changed(WHOLE, ("lines", 0, "code"), "  0qu03jz\n"))
    assert parsed.lines[0].code == "0QU03JZ"
    with pytest.raises(ValueError, match="frozen"):
        parsed.product = "hmo"


@pytest.mark.parametrize("npi", ["1234567893", " 1245319599 "])
def test_npi(npi):
    assert codes.Npi.parse(npi) == npi.strip()


@pytest.mark.parametrize("npi", ["123456789", "12345678930", "123456789a", "\uff11" * 10, ""])
def test_npi_of_other_than_ten_digits(npi):
    with pytest.raises(codes.CodeError, match="exactly 10 digits"):
        codes.Npi.parse(npi)


def test_npi_check_digit():
    for last in range(10):
        npi = f"123456789{last}"
        if last == 3:
            continue
        with pytest.raises(codes.CodeError, match="check digit"):
            codes.Npi.parse(npi)


@pytest.mark.parametrize(
    ("system", "text", "code"),
    [
        (codes.ProcedureCode, " 0200t ", "0200T"),
        (codes.ProcedureCode, "22511", "22511"),
        (codes.ProcedureCode, "c1713", "C1713"),
        (codes.Icd10Pcs, "0qu03jz", "0QU03JZ"),
        (codes.Icd10Cm, "m8008xa", "M80.08XA"),
        (codes.Icd10Cm, "C90.00", "C90.00"),
        (codes.Icd10Cm, "C79", "C79"),
        (codes.Level, " t12", "T12"),
        (codes.Level, "coccyx", "COCCYX"),
    ],
)
def test_codes(system, text, code):
    assert system.parse(text) == code
    assert isinstance(system.parse(text), system)


@pytest.mark.parametrize(
    ("system", "text"),
    [
        (codes.ProcedureCode, "2251"),
        (codes.ProcedureCode, "225111"),
        (codes.Icd10Pcs, "0QI03JZ"),
        (codes.Icd10Pcs, "0QU03J"),
        (codes.Icd10Cm, "880.08XA"),
        (codes.Icd10Cm, "M80."),
        (codes.Icd10Cm, "M80.08XAB1"),
        (codes.Level, "C8"),
        (codes.Level, "T13"),
        (codes.Level, "L0"),
        (codes.Level, "S6"),
    ],
)
def test_what_is_not_a_code(system, text):
    with pytest.raises(codes.CodeError):
        system.parse(text)


def test_regions():
    assert len(codes.LEVELS) == 30
    assert [codes.Level.parse(level).region for level in ("C7", "T12", "L1", "S5", "COCCYX")] == [
        "C",
        "T",
        "L",
        "S",
        "COCCYX",
    ]
