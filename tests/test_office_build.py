"""The form fills every fact of facts v1, exactly (DESIGN.md 3.1)."""

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from policies import facts as facts_v1
from portal.web import applies as rules
from portal.web import build, refill, summary
from portal.web.applies import applies
from tests.cases import EXAMPLES
from tests.factories import form_of, study_row, treatment_row, valid_form
from tests.soak import report

ON = dt.date(2026, 11, 20)
SCHEMA = json.loads((Path(facts_v1.__file__).parent / "facts-v1.schema.json").read_text())
# The form refuses these on purpose: an onset in the future, a level that its code does not fit, a reversed onset.
REFUSED = {"E12": "onset", "E42": "levels", "G01": "onset"}


# What the office's lists and the person's own account fill in.
ON_FILE = ("clinician_npi", "clinician_name", "facility_npi", "facility_name", "contact_name", "contact_email")


def facts_of(on=ON, **changes):
    form = form_of(typed(**changes), on)
    assert form.problems == []
    document = build.facts(form, on)
    facts_v1.parse(document | {"request_date": on.isoformat()})
    return document


def typed(**changes):
    """A whole form with fixed dates."""
    days = {
        "service_date": "11/30/2026",
        "levels-0-onset": "9/1/2026",
        "levels-0-exam_date": "11/11/2026",
        "pain_date": "11/15/2026",
        "imaging-0-date": "11/8/2026",
        "treatments-0-start": "9/2/2026",
        "treatments-1-start": "9/5/2026",
    }
    return valid_form(**{**days, **changes})


def examples():
    return [json.loads(line)["facts"] for line in EXAMPLES.read_text().splitlines()]


@pytest.mark.parametrize("document", examples(), ids=lambda document: document["case_id"])
def test_every_worked_case_can_be_typed(document):
    on = dt.date.fromisoformat(document["request_date"])
    form = form_of(refill.from_facts(document), on)
    if document["case_id"] in REFUSED:
        assert [problem.input_id for problem in form.problems] == [
            "id_lines-0-levels" if REFUSED[document["case_id"]] == "levels" else "id_levels-0-onset"
        ]
        return
    assert form.problems == []
    built = build.facts(form, on)
    facts_v1.parse(built | {"request_date": document["request_date"]})
    assert essence(built) == essence(document)


def essence(document):
    """The facts without what a receipt sets, the age (from the date of birth), and nulls."""
    kept = {key: value for key, value in document.items() if key not in ("case_id", "request_date")}
    kept["patient"] = {key: value for key, value in (kept.get("patient") or {}).items() if key != "age"}
    kept = known(kept)
    for level in kept["levels"].values():
        level.get("imaging", []).sort(key=str)
    return kept


def known(value):
    if isinstance(value, dict):
        inner = {key: known(item) for key, item in value.items()}
        return {
            key: item
            for key, item in inner.items()
            if item is not None and item != {} and not (key == "safety_notes" and item == [])
        }
    return [known(item) for item in value] if isinstance(value, list) else value


# One answer for each fact; together they reach every property of the schema.
SPREAD = [
    {},
    {
        "safety_notes": "active infection\n\n takes a blood thinner ",
        "stated_weeks": "6.5",
        "analgesia_hours": "24",
        "hospital": "inpatient",
        "hospital_reason": "fracture_pain",
        "admit_date": "9/2/2026",
        "discharge_date": "9/4/2026",
        "levels-0-etiology": "metastasis",
        "levels-0-lesion_pattern": "lytic",
        "levels-0-lesion_source": "metastasis",
        "levels-0-other_source": "possible",
        "levels-0-other_source_name": "facet joint",
        **treatment_row(0, end="10/1/2026", ongoing="no", start="9/2/2026", duration="29", visits="3", name="Brace"),
    },
]


def test_every_property_of_the_schema_can_be_reached():
    reached = set()
    for changes in SPREAD:
        reached |= paths(facts_of(**changes))
    expected = set(properties(SCHEMA)) - {"case_id", "request_date"}
    assert expected - reached == set()


def properties(node, prefix=""):
    """Every property of the schema that is no object or list of objects; `*` stands for a level name or an index."""
    node = resolve(node)
    children = node.get("properties", {})
    for name, child in children.items():
        yield from properties(child, f"{prefix}.{name}".lstrip("."))
    if isinstance(node.get("additionalProperties"), dict):
        yield from properties(node["additionalProperties"], f"{prefix}.*")
    elif "items" in node:
        yield from properties(node["items"], f"{prefix}.*")
    elif not children:
        yield prefix


def resolve(node):
    if "$ref" not in node:
        return node
    return SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]


def paths(value, prefix=""):
    """The path of every value that is known."""
    if isinstance(value, dict):
        stars = prefix == "levels"
        return {
            path for key, item in value.items() for path in paths(item, f"{prefix}.{'*' if stars else key}".lstrip("."))
        }
    if isinstance(value, list):
        return {path for item in value for path in paths(item, f"{prefix}.*")}
    return set() if value is None else {prefix}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (n, p)
        for n, p in [
            ("product", "product"),
            ("setting", "setting"),
            ("osteoporosis_dx", "patient.osteoporosis_dx"),
            ("lines-0-technique", "lines.0.technique"),
            ("levels-0-etiology", "levels.L1.etiology"),
            ("levels-0-mechanism", "levels.L1.mechanism"),
            ("levels-0-purpose", "levels.L1.purpose"),
            ("levels-0-other_source", "levels.L1.other_pain_source"),
            ("pain_present", "pain.present"),
            ("pain_word", "pain.descriptor"),
            ("walking", "ambulation.current"),
            ("walking_cause", "ambulation.cause"),
            ("walking_before", "ambulation.baseline"),
            ("response", "treatment_response"),
            ("treatments-0-ongoing", "treatments.0.ongoing"),
            ("treatments-0-stopped", "treatments.0.tolerated"),
        ]
    ],
)
@pytest.mark.parametrize("answer", ["not_recorded", ""])
def test_not_recorded_and_not_answered_are_null(name, path, answer):
    value = facts_of(**{name: answer})
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    assert value is None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"exam": "focal_tenderness_at_level"}, (True, "focal_tenderness_at_level")),
        ({"exam": "tenderness_elsewhere"}, (True, "tenderness_elsewhere")),
        ({"exam": "no_tenderness"}, (True, "no_tenderness")),
        ({"exam": "not_examined"}, (False, None)),
        ({"exam": "not_recorded"}, (None, None)),
    ],
)
def test_the_examination_is_documented_denied_or_not_recorded(answers, expected):
    exam = facts_of(**{f"levels-0-{key}": value for key, value in answers.items()})["levels"]["L1"]["exam"]
    assert (exam["documented"], exam["finding"]) == expected


def test_an_onset_known_to_the_month_is_its_interval():
    onset = facts_of(**{"levels-0-onset": "Sep 2026"})["levels"]["L1"]["onset"]
    assert onset == {"earliest": "2026-09-01", "latest": "2026-09-30"}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("Aug 2026", "Oct 2026", ("2026-08-31", "2026-10-01")),
        ("9/2/2026", "Oct 2026", ("2026-09-02", "2026-10-01")),
        ("Sep 2026", "Sep 2026", ("2026-09-30", None)),
        ("9/15/2026", "Sep 2026", ("2026-09-15", None)),
        ("Sep 2026", "9/15/2026", (None, "2026-09-15")),
        ("Sep 2026", "", ("2026-09-30", None)),
    ],
)
def test_a_treatment_known_to_the_month_counts_only_its_sure_days(start, end, expected):
    row = treatment_row(0, start=start, end=end, ongoing="no")
    treatment = facts_of(**row)["treatments"][0]
    assert (treatment["start"], treatment["end"]) == expected


def test_no_treatment_given_is_an_empty_list_and_silence_is_null():
    blank = {"treatments-count": "1"} | treatment_row(0, modality="", start="", ongoing="", stopped="", name="")
    assert facts_of(**blank, treated="no")["treatments"] == []
    for silent in ("yes", "not_recorded", ""):
        assert facts_of(**blank, treated=silent)["treatments"] is None


def test_each_ticked_finding_is_one_entry_and_none_ticked_is_not_mentioned():
    imaging = facts_of(**{"imaging-0-findings-0": ["edema", "fracture_line"]})["levels"]["L1"]["imaging"]
    assert [entry["finding"] for entry in imaging] == ["edema", "fracture_line"]
    assert facts_of(**{"imaging-0-findings-0": []})["levels"]["L1"]["imaging"] is None


def test_the_age_is_read_on_the_receipt_day():
    assert facts_of(birth_date="11/20/1948")["patient"]["age"] == 78
    assert facts_of(birth_date="11/21/1948")["patient"]["age"] == 77


def test_blank_rows_are_ignored_and_lines_are_numbered_without_gaps():
    document = facts_of(**{"lines-count": "3", "lines-2-code": "22512", "lines-2-levels": "L1"})
    assert [(line["line"], line["code"]) for line in document["lines"]] == [(1, "22511"), (2, "22512")]


def test_details_keep_sources_contacts_and_dates_as_typed():
    form = form_of(typed(**{"levels-0-onset": "Sep 2026", "levels-0-onset_source": "ED note, page 2"}))
    details = build.details(form)
    assert details["sources"] == {"levels.L1.onset": "ED note, page 2"}
    assert details["typed_dates"]["levels-0-onset"] == {
        "typed": "Sep 2026",
        "first": "2026-09-01",
        "last": "2026-09-30",
    }
    assert details["contact"]["contact_name"] == "Casey Clerk"
    assert details["diagnosis_codes"] == ["M80.08XA"]
    assert details["form"]["levels-0-onset"] == ["Sep 2026"]


def test_a_one_level_request_for_pathway_a_asks_at_most_40_questions_besides_what_the_office_has_on_file():
    """G5: what is to be seen and not marked optional once the other answers are given, answered here or not."""
    form = form_of(valid_form(**{"treatments-count": "1", "contact_phone": ""}), timezone.localdate())
    asked = [
        part.add_prefix(name)
        for parts in form.sections().values()
        for part in parts
        for name, field in part.fields.items()
        if name not in part.internal and applies(part, name) and not field.label.endswith("(optional)")
    ]
    assert {"pain_date", "imaging-0-findings-0", "treatments-0-ongoing"} < set(asked)
    assert set(ON_FILE) < set(asked)
    new = len(asked) - len(ON_FILE)
    report("G5", "questions of a one-level request", f"{new}, and {len(ON_FILE)} that lists and account fill in")
    assert new <= 40, asked


def test_what_the_style_sheet_hides_until_another_answer_is_no_question_on_the_check_page_either():
    parts = Path(settings.BASE_DIR / "templates/requests/parts").glob("*.html")
    hidden = {name for part in parts for name in re.findall(r"ask [a-z.]*\.(\w+) after=", part.read_text())}
    assert len(hidden) > 10
    assert hidden <= set(rules._RULES)
    rows = treatment_row(0, modality="analgesic"), treatment_row(1, modality="physical_therapy")
    form = form_of(valid_form(**rows[0], **rows[1], **study_row(0, modality="CT", sequence="")))
    told = {group.title: dict(group.rows) for section in summary.sections(form) for group in section.groups}
    assert "Number of visits or injections" not in told["Treatment 1"]
    assert told["Treatment 2"]["Number of visits or injections"] == "Not provided"
    assert "Sequence" not in told["Study 1"]
