"""The edition's file: loads strictly, says what the contract asks, and no number in it is without a case."""

import copy
import hashlib
import re
from datetime import date

import pytest
from django.core.checks import run_checks

from policies import document, loader, registry
from policies.edition import Edition
from policies.strict_yaml import YamlError
from tests.test_policy_cases import CASES, failures

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
    ("title: ", "titel: ", "title: is missing"),
    ("title: ", "motto: a\ntitle: ", "motto: is not a known key"),
    ("title: ", "number: a\ntitle: ", "number: is repeated"),
    ("tumors: [myeloma,", "tumors: [gout,", "tumors.0: Input should be"),
    ("{use: symptomatic,", "{use: symptoms,", "pathways.A.criteria.1.use: there is no criterion symptoms"),
    ("measure: pain_present", "measure: pain", "criteria.symptomatic.measure: there is no measure pain"),
    ("gap_days: 7", "gap: 7", "criteria.conservative_6_weeks.with.gap_days: is missing"),
    ("gap_days: 7", 'gap_days: "7"', "criteria.conservative_6_weeks.with.gap_days: Input should be a valid integer"),
    ("{positive: unhealed,", "{positive: raw,", "criteria.imaging_nonhealing.with.positive: there is no finding set"),
    ("switch: and_when_C", "switch: and_when_D", "pathways.C.criteria.5.when: names a switch or value"),
    ("alternatives: [inclusive]", "alternatives: [exact]", "switches.day_count: its values must be elapsed, inclusive"),
    ("  undated_treatment: ", "  undated: ", "flags.undated: is not known"),
    ("  other: {scope: outside}\n", "", "products: other is missing"),
    ("not_ruled_out: osteoporotic,", "not_ruled_out: bones,", "level_flags.gap_between_A_and_C.not_ruled_out: there"),
    ("    no_level: {", "    level: {", "words.rules: level is missing or not known"),
    ("edition: ", "edition: *one\nx: ", "found undefined alias"),
    ("edition: ", "edition: &one a\nmotto: *one\nx: ", "motto: is an alias"),
    ("edition: ", "edition: !!int 5\nx: ", "edition: Input should be a valid string"),
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


# Mutants: each number one up and one down, each item of a list left out. A case of the library must notice.

_WORDS = {"label", "locator", "ask", "not_met", "why", "title", "words", "asks", "flags", "says", "switches"}


def numbers_and_items(value, at=()):
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in _WORDS and key != "accepted_when_silent":
                yield from numbers_and_items(part, (*at, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield (*at, index), None
            yield from numbers_and_items(part, (*at, index))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        step = 1 if isinstance(value, int) else 0.1
        yield at, value + step
        yield at, value - step


PLAIN = loader.strict_yaml.load(FILE).data
MUTANTS = list(numbers_and_items(PLAIN))


def mutant(place, value):
    plain = copy.deepcopy(PLAIN)
    part = plain
    for step in place[:-1]:
        part = part[step]
    if value is None:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    return plain


def test_there_are_mutants():
    assert len(MUTANTS) > 150


@pytest.mark.parametrize(("place", "value"), MUTANTS, ids=lambda part: re.sub(r"[^\w.]+", ".", str(part)))
def test_a_changed_number_or_a_dropped_item_is_noticed(place, value):
    try:
        changed = document.EditionDocument.model_validate(mutant(place, value))
        switches = {name: switch.default for name, switch in changed.switches.items()}
        edition = Edition(changed, "", switches)
        assert any(failures(case, edition) for case in CASES)
    except (ValueError, KeyError):
        pass  # refused, or a criterion that a case asks for is gone: noticed
