"""The edition's file loads strictly, says what the contract asks, and has its types as a schema for editors."""

import copy
import hashlib
import io
import shutil
from datetime import date

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from policies import loader, registry, schema, strict_yaml
from policies.strict_yaml import YamlError

FILE = registry.LIBRARY / "bcbsma_484" / "2022-06.yaml"
TEXT = FILE.read_text("utf-8")
EDITION = registry.edition("bcbsma-484", "2022-06")


def test_the_digest_is_that_of_the_file():
    assert EDITION.sha256 == hashlib.sha256(FILE.read_bytes()).hexdigest()


def test_every_edition_loads():
    assert run_checks(tags=["policies"]) == []


@pytest.mark.parametrize("day", [None, date(1, 1, 1), date(2022, 5, 31), date(2022, 6, 1), date(9999, 12, 31)])
def test_the_one_edition_governs_every_day(day):
    """A service before it is answered not_in_scope by the edition itself."""
    assert registry.governing("bcbsma-484", day) is EDITION


def test_an_unknown_policy_is_named():
    with pytest.raises(registry.UnknownPolicyError, match="there is no policy bcbsma-485"):
        registry.governing("bcbsma-485", None)
    with pytest.raises(registry.UnknownPolicyError, match="there is no edition 2023-06"):
        registry.edition("bcbsma-484", "2023-06")


def test_judgement_is_marked_where_a_person_confirms():
    marked = {criterion.id or key for key, criterion in EDITION.document.criteria.items() if criterion.judgement}
    assert marked == {"exam_concordant", "imaging_nonhealing", "imaging_lesion", "pain_source_certain"}


def test_every_switch_has_a_locator_and_a_reason():
    assert len(EDITION.document.switches) == 13
    for switch in EDITION.document.switches.values():
        assert switch.locator.startswith("484, ")
        assert switch.why.endswith(".")


def test_an_unknown_switch_or_value_is_refused():
    with pytest.raises(ValueError, match="there is no switch as_of with the value later"):
        EDITION.with_switches(as_of="later")
    with pytest.raises(ValueError, match="there is no switch clock"):
        EDITION.with_switches(clock="service")


FAULTS = [
    ('  "22510": {', "  22510: {", "codes.current.22510: 22510 needs quotation marks"),
    ('policy: "485"', "policy: 485x", "codes.related.22513.policy: 485x needs quotation marks"),
    ('effective: "2022-06-01"', "effective: 2022-06-01", "effective: 2022-06-01 needs quotation marks"),
    ('default: "yes"', "default: yes", "switches.observation_is_hospitalization.default: yes needs quotation marks"),
    ("title: ", "titel: ", "titel: is not a known key"),
    ("title: ", "motto: a\ntitle: ", "motto: is not a known key"),
    ("title: ", "number: a\ntitle: ", "number: is repeated"),
    ("tumors: [myeloma,", "tumors: [gout,", "tumors.0: Input should be"),
    ("{use: symptomatic,", "{use: symptoms,", "pathways.A.all.1.use: there is no criterion symptoms"),
    ("measure: pain_present", "measure: pain", "criteria.symptomatic.measure: there is no measure pain"),
    ("gap_days: 7", "gap: 7", "criteria.conservative_6_weeks.with.gap: is not a known key"),
    ("gap_days: 7", 'gap_days: "7"', "criteria.conservative_6_weeks.with.gap_days: Input should be a valid integer"),
    ("{positive: unhealed,", "{positive: raw,", "criteria.imaging_nonhealing.with.positive: there is no finding set"),
    ("switch: and_when_C", "switch: and_when_D", "pathways.C.all.5.when: names a switch or value"),
    ("alternatives: [inclusive]", "alternatives: [exact]", "switches.day_count: its values must be elapsed, inclusive"),
    ("  undated_treatment: ", "  undated: ", "flags.undated: is not known: nothing raises it"),
    ("  other: {scope: outside}\n", "", "products: other is missing"),
    ("not_ruled_out: osteoporotic,", "not_ruled_out: bones,", "level_flags.gap_between_A_and_C.not_ruled_out: there"),
    ("    no_level: {", "    level: {", "words.rules.level: is not known"),
    (
        "      - {use: symptomatic, locator",
        "      - {usage: symptomatic, locator",
        "pathways.A.all.1: must have one of the",
    ),
    (
        '- {use: symptomatic, locator: "484, statement 1, bullet 1"}',
        '- at_least: {count: 2, of: [{use: symptomatic, locator: "x"}]}',
        "pathways.A.all.1.at_least.count: there are only 1 parts",
    ),
    (
        '- {use: symptomatic, locator: "484, statement 1, bullet 1"}',
        "- not: {any: [{use: symptomatic}]}",
        "pathways.A.all.1.not.any.0.locator: is missing",
    ),
    ("{use: symptomatic,", "{use: osteoporotic,", "pathways.A.all.1.use: osteoporotic stands in this pathway already"),
    (
        "pain_present\n",
        "pain_present\n    accepted_when_silent: [purpose]\n",
        "pain_present cannot accept silence on pu",
    ),
    ('    ask: "Please send the current pain', '    plan: "', "criteria.symptomatic.plan: is not a known key"),
    ("    accepted_when_silent: [purpose]\n", "", "criteria.not_prophylactic_unless_said: ask is missing"),
    (
        "    with: {accepted: treat_pain}\n    evidence",
        "    with: {accepted: treat_pain}\n    accepted_when_silent: [purpose]\n    evidence",
        "criteria.not_prophylactic.ask: is never asked",
    ),
    ('      onset: "When did', '      start: "When did', "criteria.conservative_6_weeks.ask_if.start: is never asked"),
    ('      word: "The score', '      # "The score', "criteria.severe_pain: ask_if.word is missing"),
    ("criteria:\n  osteoporotic:", "criteria:\n  bones: *b\n  osteoporotic:", "found undefined alias"),
    ("      - {use: severe_pain,", "      - {use: fracture_shown,", "criteria.severe_pain: no pathway uses it"),
    (
        "  healed: [healed,",
        "  healed: [edema,",
        "criteria.imaging_nonhealing.with.negative: edema stands in positive too",
    ),
    ("undecided: [other_metabolic]", "undecided: [trauma]", "osteoporotic.with: trauma stands in both injury and und"),
    (
        "counts: {switch: and_when_B, is: [generator]}",
        "counts: {switch: and_when_B, is: [literal_fracture]}",
        "pathways.B.all.4.counts: names literal_fracture, under which it does not appear",
    ),
    ('  "22520": {now', '  "22510": {now', "codes.deleted.22510: stands among the current codes too"),
    ("regions: [C, T], role: primary", "role: primary", "codes.current.22510: regions is missing"),
    ("hmo: {scope: commercial, inpatient: required,", "hmo: {scope: commercial,", "products.hmo: inpatient is missing"),
    ("  missing:\n    default", "  silence:\n    default", "switches.silence: nothing reads it"),
    ("alternatives: [service]", "alternatives: [earlier]", "switches.as_of: its values must be"),
    ("  claim_conflict:\n    default: ask", "  claims:\n    default: ask", "switches: claim_conflict is missing"),
    ("  gap: ", "  chasm: ", "words.chasm: is not a known key"),
    ("edition: ", "edition: *one\nx: ", "found undefined alias"),
    ("edition: ", "edition: &one a\nmotto: *one\nx: ", "motto: is an alias"),
    ("edition: ", "edition: 5 #", "edition: Input should be a valid string"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS, ids=[fault[2] for fault in FAULTS])
def test_a_faulty_file_is_refused_with_file_line_and_key(old, new, message, tmp_path):
    assert old in TEXT
    path = tmp_path / "2022-06.yaml"
    path.write_text(TEXT.replace(old, new, 1), "utf-8")
    with pytest.raises(YamlError, match=r"^2022-06\.yaml, line [0-9]+, ") as caught:
        loader.load(path)
    assert message in str(caught.value)


def test_the_line_is_the_right_one(tmp_path):
    path = tmp_path / "2022-06.yaml"
    path.write_text(TEXT.replace("gap_days: 7", "gap_days: seven"), "utf-8")
    line = next(number for number, text in enumerate(TEXT.splitlines(), 1) if "gap_days: 7" in text)
    with pytest.raises(YamlError, match=f"line {line}, criteria"):
        loader.load(path)


@pytest.mark.parametrize("text", ["", "- a", "{", "a: b", "a: [", "\t"])
def test_a_file_that_is_no_edition(text, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(YamlError, match=r"^x\.yaml, line 1, "):
        loader.load(path)


def test_two_editions_that_overlap_are_refused(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "2022-06.yaml").write_text(TEXT, "utf-8")
    (folder / "2022-07.yaml").write_text(TEXT.replace('edition: "2022-06"', 'edition: "2022-07"'), "utf-8")
    with pytest.raises(YamlError, match=r"^2022-07\.yaml, line [0-9]+, effective: overlaps x/2022-06\.yaml"):
        registry.load(tmp_path)
    (folder / "2022-07.yaml").write_text(TEXT.replace('effective: "2022-06-01"', 'effective: "2022-07-01"'), "utf-8")
    with pytest.raises(YamlError, match=r"^2022-07\.yaml, line [0-9]+, edition: is the name of x/2022-06\.yaml too"):
        registry.load(tmp_path)


def test_of_two_editions_each_governs_from_its_own_day(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "a.yaml").write_text(TEXT, "utf-8")
    later = TEXT.replace('effective: "2022-06-01"', 'effective: "2023-06-01"').replace('"2022-06"', '"2023-06"')
    (folder / "b.yaml").write_text(later, "utf-8")
    ((one, other),) = registry.load(tmp_path).values()
    for day, edition in ((date(2022, 6, 1), one), (date(2023, 5, 31), one), (date(2023, 6, 1), other), (None, other)):
        assert registry.in_force([one, other], day) is edition


def library(tmp_path, edit=lambda text: text, cases=lambda text: text):
    """The library in another folder, with another edition or another file of cases."""
    folder = tmp_path / "bcbsma_484"
    shutil.copytree(FILE.parent, folder)
    for path, change in ((folder / FILE.name, edit), (folder / "cases" / "onset.yaml", cases)):
        path.write_text(change(path.read_text("utf-8")), "utf-8")
    return tmp_path


def told(folder):
    with pytest.raises(CommandError) as caught:
        call_command("check_policies", str(folder))
    return str(caught.value)


def test_check_policies_names_every_case_that_fails(tmp_path):
    folder = library(tmp_path, edit=lambda text: text.replace("with: {days: 42}", "with: {days: 43}"))
    assert (
        "onset.yaml, line 2, a fracture of 42 days is not under six weeks: criteria is {'C.under_6_weeks': 'met'}"
        in (told(folder))
    )


def test_check_policies_names_a_state_without_a_case(tmp_path):
    folder = tmp_path / "x"
    shutil.copytree(
        FILE.parent, folder, ignore=lambda _, names: [n for n in names if n in ("onset.yaml", "tables.yaml")]
    )
    assert "2022-06.yaml, line " in told(tmp_path)
    assert "criteria.under_6_weeks: no case expects it to be unknown" in told(tmp_path)


def test_check_policies_names_the_line_of_a_faulty_case(tmp_path):
    folder = library(tmp_path, cases=lambda text: text.replace("expect:", "expects:", 1))
    assert told(folder) == "onset.yaml, line 4, 0.expects: is not a known key"


def test_the_deployment_checks_try_every_case(monkeypatch, tmp_path):
    assert run_checks(tags=["policies"], include_deployment_checks=True) == []
    folder = library(tmp_path, edit=lambda text: text.replace("with: {days: 42}", "with: {days: 43}"))
    monkeypatch.setattr(registry, "LIBRARY", folder)
    assert {error.id for error in run_checks(tags=["policies"], include_deployment_checks=True)} == {"policies.E003"}


def test_the_schema_for_editors_is_that_of_the_types():
    assert schema.FILE.read_text("utf-8") == schema.text()
    assert TEXT.startswith(f"# yaml-language-server: $schema=../../{schema.FILE.name}\n")
    out = io.StringIO()
    call_command("check_policies", "--schema", stdout=out)
    assert out.getvalue() == schema.text()


def test_the_schema_takes_the_edition_and_refuses_what_the_loader_refuses():
    validator = Draft202012Validator(schema.edition_schema())
    Draft202012Validator.check_schema(schema.edition_schema())
    plain = strict_yaml.load(FILE).data
    assert validator.is_valid(plain)
    for place, value in (
        (("criteria", "conservative_6_weeks", "with", "days"), "42"),
        (("criteria", "conservative_6_weeks", "with", "gap"), 7),
        (("criteria", "symptomatic", "measure"), "pain"),
        (("pathways", "A", "all", 0), {"usage": "osteoporotic"}),
        (("finding_sets", "healed"), ["well"]),
        (("motto",), "x"),
    ):
        changed = copy.deepcopy(plain)
        part = changed
        for step in place[:-1]:
            part = part[step]
        part[place[-1]] = value
        assert not validator.is_valid(changed), place
