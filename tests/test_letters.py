"""Letters: what each kind says and to whom, and that one that was issued stays as it is."""

import datetime as dt
import re
from types import SimpleNamespace

import pytest

from policies.member import FACTS
from priorauth import audit
from priorauth.audit import receipts
from priorauth.letters import answers, clinician, member, of_time, reading
from priorauth.letters.content import Content, sha256
from priorauth.letters.matter import Line, Matter
from priorauth.letters.pdf import pdf
from priorauth.models import AuditEvent, Case, ClockChange, Decision
from priorauth.models.letter import TEXTS
from priorauth.roles import Role
from priorauth.services import decide, expire, information, judge, letter_texts, submit
from priorauth.services.decision_lines import Verdict
from tests import cases
from tests.cases import NO_IMAGING, NOW, approve, case_in_review, claimed, not_approve, person
from tests.letters import (
    CHANGE,
    FOR_CLINICIAN,
    FOR_MEMBER,
    REASONS,
    WAITS,
    approved,
    approved_against,
    approved_levels,
    asked,
    content,
    downgraded,
    extended,
    member_text,
    partly_approved,
    refused,
    strings,
)
from tests.tampering import force, guards_off

pytestmark = pytest.mark.django_db

# What a letter says

AT_L1 = "vertebroplasty at L1 (a bone in the lower back)"
APPEAL = [
    "by May 19, 2027",
    "This is called an appeal.",
    "within 72 hours",
    "Office of Patient Protection",
    "Your plan covers other care",
]
DECIDED = ["What we decided", "Why", "What you can do now", "The rule we used", "Who decided", "Dates"]
CLOCK = ["What changes", "Why", "What you can do now", "The rule for the time", "Who decided", "Dates"]
KINDS = {
    "approved": (
        approved,
        "We approved this request",
        DECIDED,
        [
            f"We approved {AT_L1}.",
            "good from Nov 30, 2026 to Feb 28, 2027",
            "They fit the rule",
            "Nurse reviewer No. 2",
        ],
        ["Line 1: 22511, L1: approved", "Oct 9 to Nov 19, 2026 = 42 days of treatment; 42 asked", "A8"],
    ),
    "approved_against": (
        approved_against,
        "We approved this request",
        DECIDED,
        [f"We approved {AT_L1}.", "A doctor of the plan read them and approved it.", "Interventional radiology"],
        ["I read the MRI report on the phone.", "A6", "Missing"],
    ),
    "partly_approved": (
        partly_approved,
        "We approved a part of this request",
        [*DECIDED, "What could change this"],
        [
            f"We approved {AT_L1}.",
            "We did not approve vertebroplasty at L2 (a bone in the lower back).",
            "for each point of our rule at L2:",
            "For what we approved",
            "can plan the care for a day from Nov 30, 2026 to Feb 28, 2027.",
            *APPEAL,
        ],
        ["Line 1: 22511, L1: approved", "Line 2: 22512, L2: not approved", FOR_CLINICIAN],
    ),
    "some levels": (
        approved_levels,
        "We approved a part of this request",
        [*DECIDED, "What could change this"],
        [
            AT_L1,
            "vertebroplasty at L2 (a bone in the lower back)",
            "We did not approve vertebroplasty at L3 (a bone in the lower back).",
            "for each point of our rule at L3:",
            *APPEAL,
        ],
        [
            "Line 1: 22511, L1: approved",
            "Line 2: 22512: approved for L2, 1 of 2 units; not approved for L3",
            "L3: A",
            FOR_CLINICIAN,
        ],
    ),
    "not_approved": (
        refused,
        "We did not approve this request",
        [*DECIDED, "What could change this"],
        [
            FOR_MEMBER,
            f"A scan shows that the break has not healed. {FACTS['not_met']}",
            CHANGE,
            "Interventional radiology",
            "(MA)",
            *APPEAL,
        ],
        [
            "N04 Preventive, or a healed fracture.",
            FOR_CLINICIAN,
            "This rests on:",
            "L1: A6 ",
            CHANGE,
            "MRI of Nov 14, 2026: no edema",
            "Imaging shows L1 healed, or without a fracture.",
            "A6: A newer scan that shows",
            "484, statement 1, and when, bullet 1",
            "call the plan's provider line",
        ],
    ),
    "information_needed": (
        asked,
        "We need more facts for this request",
        ["What we need", "What you can do now", "The rule we used", "Who asks", "Dates"],
        [
            f"We were asked to approve {AT_L1}.",
            "We have to decide by Nov 24, 2026.",
            "should answer by Nov 23, 2026",
            "Please answer by",
            "A scan shows that the break has not",
        ],
        ["Please send the MRI report of L1.", "Please send a dated MRI, CT or bone scan of L1", "A6"],
    ),
    "extension": (
        extended,
        "We need more time for this request",
        CLOCK,
        [
            f"We were asked to approve {AT_L1}.",
            "We had to decide by Nov 27, 2026.",
            "We now have to decide by Dec 2, 2026.",
            "This is no answer to the request.",
            "We need more facts, and they could help your request.",
            WAITS,
            "fast complaint (an expedited grievance)",
            "5 calendar days",
            "7 calendar days from receipt (standard)",
            "42 CFR 422.568, 422.572",
        ],
        ["Line 1: 22511, L1", "More evidence is needed, in the member's interest.", "the plan's provider line"],
    ),
    "standard_time": (
        downgraded,
        "We will answer in the standard time",
        CLOCK,
        [
            "Your doctor's office asked us for a fast answer.",
            "We now have to decide by Nov 27, 2026.",
            WAITS,
            "If your doctor tells us that waiting could harm your health",
            "Interventional radiology",
            "7 calendar days from receipt (standard)",
        ],
        ["Line 1: 22511, L1"],
    ),
}
OF_THE_CLOCK = {"extension", "standard_time"}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_letter_says_what_it_must_to_whom_it_must(name):
    make, title, headings, said, to_clinician = KINDS[name]
    letter = make()
    told = content(letter)
    sections = {section["heading"]: " ".join(strings(section)) for section in letter.content["sections"]}
    assert (told.kind, told.title) == (letter.kind, title)
    assert next(iter(sections)) == headings[0], "the outcome comes first"
    assert {*headings, "Help with this letter", "For the clinician"} == set(sections)
    clinician = sections.pop("For the clinician")
    member = " ".join(sections.values())
    policy = () if name in OF_THE_CLOCK else ("484: Vertebroplasty", "free of charge", "edition 2022-06")
    always = ("a doctor puts bone cement into", *policy)
    assert [words for words in (*said, *always) if words not in member] == []
    assert [words for words in to_clinician if words not in clinician] == []
    assert {("For", "Alma Synthetic"), ("Reference", letter.case.reference)} <= set(told.about.rows)
    assert reading.grade(member_text(told)) <= reading.HARDEST_GRADE
    assert [word for word in reading.unexplained(member_text(told)) if not re.fullmatch(r"AU|[0-9A-Z]{12}", word)] == []
    assert re.findall(r"\b22\d{3}\b|\b[ABC]\d\b|\bN0\d\b|promise|denied", member) == []
    blocks = [block for section in letter.content["sections"] for block in section["blocks"]]
    parts = [block.get("items") or block.get("rows") or [block.get("text")] for block in blocks]
    assert all(all(part) for part in parts), "nothing is printed where there is nothing to say"


NO_TEXT = SimpleNamespace(text=SimpleNamespace(extension=None, downgrade=None))
LESS = [
    ({"approved": True, "asked": 2, "units": 1}, True),
    ({"approved": True, "asked": 2, "units": 2}, False),
    ({"approved": True, "asked": None, "units": 1}, False),
    ({"approved": True, "asked": 2, "units": None}, False),
    ({"approved": False, "asked": 2, "units": 1}, False),
]


def test_where_units_a_locator_or_a_right_are_not_given_a_letter_says_nothing_of_them():
    assert [Line(1, "22511", ("L1",), **units).is_less for units, _ in LESS] == [less for _, less in LESS]
    assert clinician._requested(Line(1, "22511", (), 1, True)) == "Line 1: 22511: approved"
    story = {"levels": [], "sentence": "Not scored.", "locator": ""}
    told = [block.text for block in clinician._line(None, Line(1, "22511", ()), story, {}, {})]
    assert told == ["Line 1: 22511", "Not scored."]
    criteria = [(False, "relied on"), (False, "left out"), (True, "counts")]
    way = {"criteria": [{"counts": counts, "criterion": name} for counts, name in criteria]}
    counted = Matter.counted(SimpleNamespace(relied_on={("L1", "relied on"), ("L2", "left out")}), "L1", way)
    assert [one["criterion"] for one in counted] == ["relied on", "counts"]
    for kind in ("extended", "stopped", "downgraded"):
        assert len(of_time.next_steps(ClockChange(kind=kind), NO_TEXT).blocks) == 1


def test_a_letter_promises_no_date_that_has_passed_and_no_fact_that_could_not_help():
    case, nurse = case_in_review(person(Role.CLERK), NO_IMAGING), person(Role.NURSE)
    late = case.due_at + dt.timedelta(hours=1)
    question = information.ask(claimed(case, nurse, late), by=nurse, at=late, question="Please send the MRI.", items=[])
    told = member_text(content(question.letter))
    assert "We had to decide by Nov 24, 2026, so we are late. We still need these facts." in told
    assert "We have to decide" not in told
    assert member.IN_OUR_WORDS in told, "no point of the rule is named"
    assert reading.grade(told) <= reading.HARDEST_GRADE
    for codes, helps in (["N03"], False), (["N03", "N06"], True), (["N07"], True):
        changed = member.what_could_change(Decision(reason_codes=codes, what_would_change=CHANGE))
        assert ("New facts could change" in str(changed)) == helps, codes


def test_points_that_hold_at_some_bones_alone_name_them():
    letter = partly_approved()
    points = [line for line in strings(letter.content) if "did not help enough." in line]
    assert points == [f"The treatment did not help enough. {FACTS['met']}"], "one bone alone: no need to name it"
    told = strings(approved_levels().content)
    assert [line for line in told if "did not help enough." in line] == points
    assert not [line for line in told if "of the 2 that were asked for" in line], "the bones tell it"
    document, clerk = cases.facts(), person(Role.CLERK)
    document["levels"]["L2"] = {**document["levels"]["L1"], "exam": None}
    document["lines"].append({**document["lines"][0], "line": 2, "code": "22512", "levels": ["L2"]})
    case = submit.send(cases.draft_case(clerk), cases.submission(document), by=clerk, at=NOW)
    cases.score_all()
    case.refresh_from_db()
    told = strings(not_approve(case, person(Role.PHYSICIAN), lines=[1, 2], **REASONS).letter.content)
    assert f"L2: A doctor examined the back and found the sore spot at this bone. {FACTS['unknown']}" in told
    assert f"The treatment did not help enough. {FACTS['met']}" in told


# What a person found otherwise than was computed

SEEN = "The note of Nov 3 tells of pain in the hip, and of none when L1 is tapped."
READ = "A doctor of the plan read the records and"
NOT_SEEN = f"{READ} did not find this shown."
COMPUTED = {"met": "Met", "not_met": "Not met", "unknown": "Missing"}


def marked(case, physician, at=NOW, **marks):
    """Held by the physician, who marks at L1, or at the level before the double underscore."""
    places = [(name.rpartition("__"), verdict) for name, verdict in marks.items()]
    made = [judge.Mark(level or "L1", criterion, verdict, SEEN) for (level, _, criterion), verdict in places]
    judge.judge(claimed(case, physician, at), by=physician, at=at, marks=made)
    return case


def decided(case, physician, relied_on, at=NOW, **changes):
    values = {"lines": [1], **REASONS, "relied_on": relied_on, **changes}
    return decide.not_approve(case, Verdict(**values), by=physician, at=at).letter


def against_met(physician):
    case = marked(
        case_in_review(person(Role.CLERK), "B14"), physician, severe_pain="not_met", pain_source_certain="unknown"
    )
    return decided(case, physician, [("L1", "severe_pain")])


def of_a_level(physician):
    case = marked(cases.case_of_levels(person(Role.CLERK)), physician, L3__symptomatic="not_met")
    cases.certain(case, physician)
    return decided(case, physician, [("L3", "symptomatic")], lines=[], levels={2: ["L3"]}, units={2: 1}, **cases.DAYS)


def of_the_second_of_two_lines(physician):
    document = cases.facts()
    document["lines"].append({**document["lines"][0], "line": 2, "code": "22512"})
    case = cases.sent_case(person(Role.CLERK), facts=cases.submission(document).facts)
    cases.score_all()
    case.refresh_from_db()
    marked(case, physician, symptomatic="not_met", pain_source_certain="met")
    return decided(case, physician, [("L1", "symptomatic")], lines=[2], **cases.DAYS)


def of_another_pathway(physician):
    case = marked(
        case_in_review(person(Role.CLERK)), physician, under_6_weeks="not_met", hospitalized_or_unable_to_walk="met"
    )
    return decided(case, physician, [("L1", "under_6_weeks")])


def without_the_fact(physician):
    case, nurse = case_in_review(person(Role.CLERK), NO_IMAGING), person(Role.NURSE)
    items = case.assessments.get().result["missing"]
    question = information.ask(
        claimed(case, nurse), by=nurse, at=NOW, question="Please send the MRI report.", items=items
    )
    expire.sweep(question.answer_by)
    case.refresh_from_db()
    later = question.answer_by + dt.timedelta(minutes=5)
    marked(case, physician, at=later, imaging_nonhealing="not_met")
    return decided(case, physician, [("L1", "imaging_nonhealing")], at=later)


def approved_otherwise(physician):
    case = marked(
        case_in_review(person(Role.CLERK), "B14"), physician, severe_pain="not_met", pain_source_certain="met"
    )
    reason = "The score of Nov 3 is 8, though no word says severe."
    return decide.approve(case, by=physician, at=NOW, reason=reason, **cases.DAYS).letter


# The maker; what the member reads; the rows (number, computed, marked); what would change it, and what would not.
OTHERWISE = {
    "against met": (
        against_met,
        [f"The pain is severe. {NOT_SEEN}", f"Nothing else explains the pain. {READ} could not tell."],
        [("B3", "met", "Not met"), ("B6", "met", "Needs more")],
        ["B3: A visit note with the pain score", "B6: A note that says how other causes"],
    ),
    "of a level": (
        of_a_level,
        [f"The broken bone hurts now. {NOT_SEEN}"],
        [("A2", "met", "Not met")],
        ["A2: A visit note that says this broken bone hurts."],
    ),
    "of the second of two lines": (
        of_the_second_of_two_lines,
        [f"The broken bone hurts now. {NOT_SEEN}"],
        [("A2", "met", "Not met")],
        ["A2: A visit note that says this broken bone hurts."],
    ),
    "of another pathway": (
        of_another_pathway,
        [
            f"The break is less than 6 weeks old. {FACTS['not_met']}",
            f"it hurts too much to walk. {READ} found that they show this.",
        ],
        [("C5", "not_met", "Met")],
        ["C4: A record that shows that the bone broke later"],
    ),
    "without the fact": (
        without_the_fact,
        [f"A scan shows that the break has not healed. {NOT_SEEN}"],
        [("A6", "unknown", "Not met")],
        ["A6: Please send a dated MRI"],
    ),
    "approved otherwise": (
        approved_otherwise,
        ["A doctor of the plan read them and approved it."],
        [("B3", "met", "Not met")],
        [],
    ),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_who_decides_found_otherwise_than_was_computed_is_told_to_both(name):
    make, said, rows, changes = OTHERWISE[name]
    letter = make(person(Role.PHYSICIAN))
    told, texts = content(letter), strings(letter.content)
    assert [words for words in said if words not in member_text(told)] == []
    assert reading.grade(member_text(told)) <= reading.HARDEST_GRADE
    tables = [block for section in told.sections for block in section.blocks if block.type == "table"]
    marked_rows = [row for table in tables for row in table.rows if "Physician" in row[2]]
    expected = [(number, f"Computed: {COMPUTED[state]}\nPhysician: {word}") for number, state, word in rows]
    assert [(row[0], row[2]) for row in marked_rows] == expected
    assert all(row[3].endswith(f"\nPhysician: {SEEN}") for row in marked_rows)
    if name == "against met":
        assert any("does not apply. A7, computed: Met; Physician: Needs more. The record" in line for line in texts)
    start = texts.index(next((line for line in texts if line.startswith("What would change the result")), texts[-1]))
    assert [line[:2] for line in texts[start:] if re.match(r"[A-C]\d: ", line)] == [words[:2] for words in changes]
    assert [words for words in changes if not any(line.startswith(words) for line in texts)] == []


def test_a_case_that_could_not_be_scored_gets_a_letter_too():
    case = case_in_review(person(Role.CLERK))
    with guards_off():
        case.assessments.all().delete()
    told = strings(approve(case, person(Role.PHYSICIAN), reason="I read all of the records.").letter.content)
    assert "The facts could not be compared with the criteria by program; a person read them." in told
    assert "A doctor of the plan read them and approved it." in " ".join(told)


def test_a_case_closed_without_a_determination_gets_no_letter():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    document = cases.facts() | {"product": "indemnity", "setting": "outpatient"}
    case = submit.send(cases.draft_case(clerk), cases.submission(document), by=clerk, at=NOW)
    cases.score_all()
    case.refresh_from_db()
    decide.close(claimed(case, nurse), by=nurse, at=NOW, reason="No authorization is needed for this plan.")
    assert not case.letters.exists()


# A letter that was issued stays


def test_a_letter_is_written_with_its_act_or_not_at_all(monkeypatch):
    case, nurse = case_in_review(person(Role.CLERK)), person(Role.NURSE)
    claimed(case, nurse)
    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            decide.approve(case, by=nurse, at=NOW, valid_from=NOW.date(), valid_to=NOW.date())
    case.refresh_from_db()
    assert (case.status, case.letters.count(), case.decisions.count()) == ("in_review", 0, 0)


def test_a_letter_is_sealed_and_its_receipt_is_its_acts(capsys):
    for letter, number in ((approved(), 6), (asked(), 5)):
        receipt = receipts.of_letter(letter)
        event = AuditEvent.objects.get(stream=audit.case_stream(letter.case), sequence=number)
        assert (receipt.sequence, receipt.hash, event.entities["letter"]) == (number, event.hash, 1)
        assert receipts.fault(receipt) is None
        assert sha256(letter.content) == letter.sha256
        assert audit.verify_case(letter.case)[0] is None
        forged = "UPDATE priorauth_letter SET content = jsonb_set(content, '{title}', '\"Approved\"') WHERE id = %s"
        force(forged, letter.pk)
        assert f"wrote letter {letter.pk} otherwise than it stands now" in str(audit.verify_case(letter.case)[0])


def test_new_texts_are_in_new_letters_and_in_no_letter_before():
    old, lead = refused(), person(Role.LEAD)
    before = pdf(answers.whole(old))
    now = letter_texts.current()
    values = {name: getattr(now, name) for name in TEXTS} | {"appeal_days": 30, "letterhead": "Bay Plan"}
    kept = letter_texts.keep(values, by=lead, at=NOW, after=1)
    new = refused()
    assert (old.texts.version, new.texts.version, kept.kept_by_id) == (1, 2, lead.user_id)
    assert content(new).letterhead == ("Bay Plan",)
    assert "Ask us to look again, by Dec 20, 2026" in strings(new.content)
    old.refresh_from_db()
    assert pdf(answers.whole(old)) == before
    event = AuditEvent.objects.get(action="keep_letter_texts")
    assert (event.entities, "letterhead" in event.fields) == ({"letter_texts": 2}, True)


def test_a_letter_of_an_unknown_format_is_not_guessed_at():
    with pytest.raises(ValueError, match="format 2 cannot be read here"):
        Content.of(approved().content | {"format": 2})


def test_an_approval_of_a_line_that_named_no_level_says_for_which_it_is():
    clerk, document = person(Role.CLERK), cases.facts()
    document["lines"][0]["levels"] = []
    submit.send(cases.draft_case(clerk), cases.submission(document), by=clerk, at=NOW)
    cases.score_all()
    decision = approve(Case.objects.unscoped("the only one").get(), person(Role.NURSE))
    assert decision.lines.get().levels == "L1"
    assert f"We approved {AT_L1}." in member_text(content(decision.letter))
