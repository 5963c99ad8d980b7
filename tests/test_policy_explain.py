"""The words beside a result: honest about state and facts, made from what is stored, never a promise or a denial."""

import json
import re
from datetime import date

import pytest

from policies import facts, registry
from policies.assess import assess
from policies.authorization import needed
from policies.codes import LEVELS
from policies.explain import explain
from policies.member import ANSWERS, FACTS, WAYS, for_member
from policies.vocabulary import count_of_days, day_words, span_words
from tests.test_policy_cases import CASES, document
from tests.test_policy_examples import ROWS

EDITION = registry.edition("bcbsma-484", "2022-06")
FORBIDDEN = re.compile(r"(?i)\bden(y|ied|ial)|will be approved|not necessary for|\bfail(s|ed)? to qualify|(?-i:None)|_")


def story(changes, edition=EDITION):
    parsed = facts.parse(document(changes))
    return explain(parsed, assess(parsed, edition), edition)


def level_of(changes):
    return story(changes).lines[0].levels[0]


def criterion_of(changes, pathway, criterion):
    level = level_of(changes)
    (told,) = [one for one in level.pathways if one.pathway == pathway]
    (found,) = [one for one in told.criteria if one.criterion == criterion]
    return found


def texts(value):
    """Every sentence of an explanation, without ids."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in ("policy", "determination", "flag", "criterion", "state", "pathway", "paths"):
                yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def told_by(one):
    """The paths of the facts that are repeated; what the record does not speak of has a path too, and no fact."""
    pairs = zip(one["found"], one["paths"], strict=True)
    return [path for words, path in pairs if path and "does not speak" not in words]


def fact_at(parsed, path):
    value = parsed.model_dump()
    for step in path.split("."):
        value = value[int(step) if step.isdigit() else step]
    return value


def check_honest(parsed, edition=EDITION):
    result = assess(parsed, edition).as_dict()
    told = explain(parsed, json.loads(json.dumps(result)), edition).as_dict()
    assert json.loads(json.dumps(told)) == told
    assert told == explain(parsed, assess(parsed, edition), edition).as_dict()
    for line, line_told in zip(result["lines"], told["lines"], strict=True):
        for level, level_told in zip(line["levels"], line_told["levels"], strict=True):
            for pathway in level_told["pathways"]:
                assert pathway["state"] == level["pathways"][pathway["pathway"]]
                assert bool(pathway["ruled_out_by"]) == (pathway["state"] == "not_met")
                states = {one["criterion"]: one["state"] for one in pathway["criteria"]}
                assert states == level["criteria"][pathway["pathway"]]
                for one in pathway["criteria"]:
                    assert all(fact_at(parsed, path) is not None for path in told_by(one))
                    assert one["word"] == {"met": "Met", "not_met": "Not met", "unknown": "Missing"}[one["state"]]
                    asked = one["state"] == pathway["state"] == "unknown" and one["counts"]
                    assert bool(one["ask"]) == asked
                    assert bool(one["change"]) == (one["state"] != "met")
                    assert bool(one["not_met"]) == (one["state"] == "not_met")
    return told


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case_id"])
def test_worked_cases_are_told_honestly(row):
    told = check_honest(facts.parse(row["facts"]))
    for text in texts(told):
        assert not FORBIDDEN.search(text), text


def test_every_sentence_case_can_be_told():
    for case in CASES:
        check_honest(case.facts, EDITION.with_switches(**case.switches))


def test_days_are_written_as_people_write_them():
    assert day_words(739859) == "Aug 31, 2026"
    assert span_words(739859, 739942) == "Aug 31 to Nov 22, 2026"
    assert span_words(739859, 739859) == "Aug 31, 2026"
    assert span_words(739616, 739620) == "Dec 31, 2025 to Jan 4, 2026"
    assert (day_words(0), day_words(1), day_words(10**9)) == (
        "a day outside the calendar",
        "Jan 1, 1",
        "a day outside the calendar",
    )
    assert (count_of_days(1), count_of_days(2)) == ("1 day", "2 days")


def test_the_arithmetic_of_age_and_treatment():
    assert criterion_of({}, "C", "under_6_weeks").arithmetic == "Sep 11 to Nov 20, 2026 = 70 days; under 42 asked"
    treated = criterion_of({}, "A", "conservative_6_weeks")
    assert treated.arithmetic == "Sep 15 to Nov 19, 2026 = 66 days of treatment; 42 asked"
    assert "Analgesic: since Sep 15, 2026, still going on" in treated.found
    courses = {"treatments": [{"modality": "rest", "start": "2026-09-20", "end": "2026-10-04"},
                              {"modality": "rest", "start": "2026-11-01", "end": "2026-11-10"}]}  # fmt: skip
    short = criterion_of(courses, "A", "conservative_6_weeks")
    assert short.arithmetic == "Sep 20 to Oct 4, 2026 = 15 days of treatment in the longest course, 25 in all; 42 asked"
    onset = {"levels.L1.onset": {"earliest": "2026-10-02", "latest": "2026-10-16"}}
    assert criterion_of(onset, "C", "under_6_weeks").arithmetic == "35 to 49 days on Nov 20, 2026; under 42 asked"


def test_what_is_not_counted_says_so():
    study = {"levels.L1.imaging": [{"modality": "bone_scan", "finding": "uptake"}]}
    found = criterion_of(study, "A", "imaging_nonhealing").found
    assert found == ("Bone scan without a date: uptake (not counted)",)
    early = {"levels.L1.exam": {"documented": True, "finding": "no_tenderness", "date": "2026-09-10"}}
    assert criterion_of(early, "A", "exam_concordant").found == (
        "Examination of Sep 10, 2026: not tender (before the fracture, not counted)",
    )
    stopped = {"treatments": [{"modality": "rest", "start": "2026-09-15", "end": "2026-09-20", "tolerated": False}]}
    assert (
        "Rest: Sep 15 to Sep 20, 2026, stopped for side effects"
        in criterion_of(stopped, "A", "conservative_6_weeks").found
    )


def test_a_question_asks_for_the_fact_that_is_missing_and_for_nothing_else():
    """Treatment and walking are there with all their dates; the day of the onset, or the stay alone, is not."""
    changes = {"levels.L1.onset": "null", "levels.L1.imaging": [], "ambulation": "null", "hospitalization": "null"}
    assert criterion_of(changes, "A", "conservative_6_weeks").ask == (
        "When did the injury or the pain at L1 begin? "
        "Without that day we cannot tell how much of the treatment came after it."
    )
    assert criterion_of(changes, "C", "hospitalized_or_unable_to_walk").ask == (
        "Was the patient admitted because of this fracture? Can the patient walk, and is it this pain that prevents it?"
    )
    changes["ambulation"] = {"current": "with_aid"}
    assert criterion_of(changes, "C", "hospitalized_or_unable_to_walk").ask == (
        "Was the patient admitted because of this fracture? Please send the admission note with its day and reason."
    )
    changes["treatments"] = [{"modality": "rest", "start": "2026-09-15", "ongoing": True}, {"modality": "brace"}]
    asked = criterion_of(changes, "A", "conservative_6_weeks").ask
    assert asked.endswith("A treatment has no dates to count. Please send its first and last day.")
    assert asked.startswith("When did the injury or the pain at L1 begin?")


def test_what_is_asked_is_what_the_assessment_asks():
    """The question beside a criterion, made again from what is stored, is the one that was sent with the result."""
    for case in CASES:
        edition = EDITION.with_switches(**case.switches) if case.switches else EDITION
        result = assess(case.facts, edition).as_dict()
        for line, told in zip(result["lines"], explain(case.facts, result, edition).lines, strict=True):
            asks = {one.ask for level in told.levels for part in level.pathways for one in part.criteria} - {""}
            levels = [level for level in line["levels"] if level["determination"] == "insufficient_information"]
            if len(levels) == len(line["levels"]) == 1 and not line["advice"]:
                assert asks <= set(told.asks), case.sentence


def test_judgement_is_marked():
    for pathway in level_of({}).pathways:
        for one in pathway.criteria:
            judged = one.criterion in ("exam_concordant", "imaging_nonhealing", "imaging_lesion", "pain_source_certain")
            assert one.confirm == ("a person confirms" if judged else "")


def test_pathways_say_met_possible_or_what_rules_them_out():
    words = {one.pathway: (one.word, one.ruled_out_by) for one in level_of({"levels.L1.exam": "null"}).pathways}
    assert words["A"] == ("looks possible", "")
    assert words["B"][0] == "does not apply"
    assert words["C"] == (
        "does not apply",
        "The fracture of L1 is 6 weeks old or more, so the statement on early treatment does not apply. "
        "Sep 11 to Nov 20, 2026 = 70 days; under 42 asked",
    )
    assert level_of({}).pathways[0].word == "met"


def test_the_gap_is_said_aloud_with_the_first_possible_day():
    told = level_of({"treatments": [{"modality": "rest", "start": "2026-10-20", "ongoing": True}]}).next_step
    assert "fits neither pathway A nor pathway C" in told
    assert "from Dec 1, 2026" in told  # 42 days from Oct 20


def test_that_day_is_the_first_on_which_six_weeks_are_met():
    for day, state in (("2026-11-30", "not_met"), ("2026-12-01", "met")):
        changes = {
            "request_date": day,
            "service_date": "2027-01-04",
            "treatments": [{"modality": "rest", "start": "2026-10-20", "ongoing": True}],
        }
        assert criterion_of(changes, "A", "conservative_6_weeks").state == state


def test_after_a_long_break_the_day_counts_from_the_start():
    told = level_of({"treatments": [{"modality": "rest", "start": "2026-10-20", "end": "2026-11-01"}]}).next_step
    assert "from Jan 1, 2027" in told  # 42 days from Nov 20
    told = level_of({"treatments": []}).next_step
    assert "from Jan 1, 2027" in told


def test_no_day_is_promised_where_something_else_is_not_met():
    changes = {"treatments": [], "levels.L1.purpose": "prophylactic"}
    told = level_of(changes).next_step
    assert "fits neither" in told
    assert "new request" not in told


def test_a_young_fracture_hears_of_both_ways():
    changes = {
        "levels.L1.onset": {"earliest": "2026-10-21", "latest": "2026-10-21"},
        "treatments": [{"modality": "rest", "start": "2026-10-21", "ongoing": True}],
    }
    told = level_of(changes).next_step
    assert "pathway A from Dec 2, 2026" in told
    assert "pathway C sooner" in told


def test_where_no_authorization_is_needed_the_clinical_result_is_advice():
    line = story({"product": "indemnity"}).lines[0]
    assert line.sentence == "The policy asks for no authorization here; its criteria still govern coverage."
    assert line.advice == "These facts meet the policy as it is written; a person decides."


def test_without_a_product_everything_is_asked_at_once():
    line = story({"product": "null", "levels.L1.exam": "null"}).lines[0]
    assert len(line.asks) == 2


def test_details_of_flags_are_told():
    notes = story({"levels.L1.etiology": "lymphoma", "safety_notes": ["open wound"]}).flags
    sentences = {note.flag: note.sentence for note in notes}
    assert sentences["safety: open wound"] == "Safety note in the record: open wound."
    assert "lymphoma" in sentences["source_needs_medical_director: lymphoma"]


def test_another_edition_or_reading_cannot_tell_it():
    parsed = facts.parse(document({}))
    stored = assess(parsed, EDITION).as_dict()
    with pytest.raises(ValueError, match="another edition"):
        explain(parsed, {**stored, "edition_sha256": "0"}, EDITION)
    with pytest.raises(ValueError, match="another reading"):
        explain(parsed, stored, EDITION.with_switches(as_of="service"))


# Every wording has a case: each sentence of the edition is told by a worked case or a sentence case.


def every_telling():
    for parsed, edition in [
        *((facts.parse(row["facts"]), EDITION) for row in ROWS),
        *((case.facts, EDITION.with_switches(**case.switches)) for case in CASES),
    ]:
        yield explain(parsed, assess(parsed, edition), edition).as_dict()


@pytest.fixture(scope="module")
def tellings():
    return list(every_telling())


def pattern(sentence):
    """A sentence of the edition with anything in the place of its blanks."""
    return re.compile(".+".join(re.escape(part) for part in re.split(r"\{\w+\}", sentence)))


def wordings():
    """The edition's sentences, as (key, sentence)."""
    written = EDITION.document
    for key, criterion in written.criteria.items():
        for name in ("label", "evidence", "ask", "not_met", "plain", "change"):
            if getattr(criterion, name):
                yield f"{key}.{name}", getattr(criterion, name)
        yield from ((f"{key}.ask_if.{name}", sentence) for name, sentence in criterion.ask_if.items())
    for name, pathway in written.pathways.items():
        yield f"{name}.label", pathway.label
        yield f"{name}.plain", pathway.plain
    yield from written.flags.items()
    yield from written.words.determinations.items()
    yield from ((f"rules.{name}", rule.says) for name, rule in written.words.rules.items() if rule.says)
    yield from ((name, sentence) for name, sentence in written.words if isinstance(sentence, str))
    yield from written.asks


@pytest.fixture(scope="module")
def all_told(tellings):
    asked = [
        question["ask"] for case in CASES for question in assess(case.facts, EDITION).as_dict()["missing"]
    ]  # the page shows those of a request without lines too
    checked = needed(EDITION, "hmo", "inpatient", "22511", date(2026, 11, 20)).grounds  # a page of its own
    return "\n".join(
        [*{text for told in tellings for text in texts(told)}, *set(asked), *(ground.says for ground in checked)]
    )


@pytest.mark.parametrize(("key", "sentence"), list(wordings()), ids=[key for key, _ in wordings()])
def test_every_sentence_of_the_edition_is_told_by_a_case(key, sentence, all_told):
    assert pattern(sentence).search(all_told), sentence


# The member's words.


def member(changes):
    return for_member(story(changes).as_dict())


def test_the_member_reads_the_closest_way_in_full_and_the_others_in_a_sentence():
    told = member({"levels.L1.exam": "null", "treatment_response": "adequate", "levels.L1.imaging": []})
    assert told.answer == "What we know does not fit the plan's rules so far. A person makes the decision."
    (level,) = told.lines[0].levels
    assert (level.level, level.word) == ("L1", "This does not fit so far.")
    assert level.way == "A bone broke because it is weak, and 6 weeks of treatment did not help."
    facts_told = {one.plain: (one.word, one.change) for one in level.facts}
    assert facts_told["The treatment did not help enough."] == (
        "No, the records say otherwise.",
        "A newer visit note that says the pain is still not under control.",
    )
    assert facts_told["A scan shows that the break has not healed."][0] == "We do not know this yet."
    assert facts_told["The broken bone hurts now."] == ("Yes, the records show this.", "")
    assert [other.startswith("Another way: ") for other in level.others] == [True, True]


def test_the_member_reads_states_that_are_the_assessments(tellings):
    for told in tellings:
        for line, line_told in zip(told["lines"], for_member(told).lines, strict=True):
            for level, level_told in zip(line["levels"], line_told.levels, strict=True):
                (closest,) = [one for one in level["pathways"] if one["pathway"] == level["closest"]]
                assert [one.state for one in level_told.facts] == [
                    one["state"] for one in closest["criteria"] if one["counts"]
                ]


def test_the_members_words_are_plain(tellings):
    """Short sentences of short words: grade 8 at most by Flesch and Kincaid; no codes, no locators, no denial."""
    for text in {text for told in tellings for text in texts(for_member(told).as_dict())} - {*LEVELS}:
        assert not FORBIDDEN.search(text), text
        assert not re.search(r"\d{4}|statement|pathway|criteri|indicat|osteolytic|conservative|investigational", text)
    plain = [sentence for key, sentence in wordings() if key.endswith((".plain", ".change"))]
    for text in (*plain, *ANSWERS.values(), *WAYS.values(), *FACTS.values()):
        assert all(len(sentence.split()) <= 20 for sentence in re.split(r"[.!?] ", text)), text
    assert grade(" ".join([*plain, *ANSWERS.values()])) <= 8


def grade(text):
    """The Flesch-Kincaid grade of a text; a syllable is a run of vowels, a silent e at the end left out."""
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word.lower())))) for word in words)
    return 0.39 * len(words) / len(re.findall(r"[.!?]", text)) + 11.8 * syllables / len(words) - 15.59


def test_every_answer_to_the_member_has_a_case(tellings):
    assert {told["determination"] for told in tellings} == set(ANSWERS)
    states = {
        one.state for told in tellings for line in for_member(told).lines for lv in line.levels for one in lv.facts
    }
    assert states == set(FACTS)
