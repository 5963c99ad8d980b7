"""The payer's decision export: version 2 of its columns, streamed, formula-safe, without patient identifiers."""

import csv
import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from priorauth import exports
from priorauth.models import AuditEvent, DecisionLine
from priorauth.roles import Role
from priorauth.services import decision_lines, reopen
from priorauth.services.errors import NotPermitted
from priorauth.statuses import Urgency
from tests.cases import (
    DAYS,
    NOW,
    WORDS,
    approve,
    case_in_review,
    facts,
    not_approve,
    person,
    score_all,
    sent_case,
    submission,
)
from tests.soak import report
from tests.tampering import guards_off

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)
ALL = exports.Selection(DAY, DAY)

VERSION_2 = [
    "reference",
    "line",
    "code",
    "levels",
    "determination",
    "pathway",
    "score",
    "policy",
    "edition",
    "outcome",
    "reason_codes",
    "decided_by_role",
    "human_review",
    "received",
    "due",
    "decided",
    "on_time",
    "hours",
    "authorization_number",
    "valid_from",
    "valid_to",
    "product",
    "setting",
    "urgency",
    "office_npi",
    "clinician_npi",
    "levels_not_approved",
    "units",
    "round",
]


def rows(selection=ALL, role=Role.PAYER):
    text = b"".join(exports.csv(selection, by=person(role), at=NOW)).decode()
    assert text.endswith("\r\n"), "RFC 4180 ends lines with CR LF"
    return list(csv.DictReader(StringIO(text, newline="")))


@pytest.fixture
def approved():
    case = case_in_review(person(Role.CLERK))
    approve(case, person(Role.NURSE), at=NOW + dt.timedelta(minutes=20))
    return case


def test_the_columns_are_version_2():
    assert list(exports.COLUMNS) == VERSION_2


def test_one_row_per_line_with_every_value(approved):
    decision = approved.decisions.get()
    assert rows() == [
        {
            "reference": approved.reference,
            "line": "1",
            "code": "22511",
            "levels": "L1",
            "determination": "meets",
            "pathway": "A",
            "score": "100",
            "policy": "bcbsma-484",
            "edition": "2022-06",
            "outcome": "approved",
            "reason_codes": "",
            "decided_by_role": "nurse",
            "human_review": "true",
            "received": "2026-11-20T20:30:00Z",
            "due": "2026-11-24T20:30:00Z",
            "decided": "2026-11-20T20:50:00Z",
            "on_time": "true",
            "hours": "0.33",
            "authorization_number": decision.authorization_number,
            "valid_from": "2026-11-30",
            "valid_to": "2027-02-28",
            "product": "ppo",
            "setting": "outpatient",
            "urgency": "standard",
            "office_npi": "1234567893",
            "clinician_npi": "1234567893",
            "levels_not_approved": "",
            "units": "1",
            "round": "1",
        }
    ]


def test_a_denied_line_has_its_reason_code_and_no_authorization():
    not_approve(case_in_review(person(Role.CLERK)), person(Role.PHYSICIAN))
    row = rows()[0]
    assert (row["outcome"], row["reason_codes"], row["authorization_number"]) == ("not_approved", "N01", "")
    assert row["decided_by_role"] == "physician"


def of_two_lines(clerk, at=NOW):
    """In review: 22511 for L1, and 22512 for L2 to L4, of which L3 is healed; nothing else is as in other tests."""
    document = facts()
    level, first = document["levels"]["L1"], document["lines"][0]
    healed = [{**level["imaging"][0], "finding": "healed"}]
    document["levels"] |= {"L2": level, "L3": {**level, "imaging": healed}, "L4": level}
    document["lines"].append({**first, "line": 2, "code": "22512", "levels": ["L2", "L3", "L4"], "units": 3})
    sent = {**submission(document).facts, "product": "hmo", "setting": "ambulatory_surgery_center"}
    clinician = {**submission().clinician, "npi": "1205804119"}
    case = sent_case(clerk, at=at, facts=sent, clinician=clinician, urgency=Urgency.EXPEDITED)
    score_all(at)
    case.refresh_from_db()
    return case


def test_no_two_columns_are_alike_line_by_line_and_round_by_round():
    """What is the case's, the decision's, the round's and the line's is each told apart from the others."""
    case, hour = of_two_lines(person(Role.CLERK)), dt.timedelta(hours=1)
    codes, days = ["N01", "N04"], {"valid_from": DAY + dt.timedelta(days=9), "valid_to": DAY + dt.timedelta(days=40)}
    some = {"levels": {2: ["L3"]}, "units": {2: 2}, "reason_codes": codes, **days}
    due, late = case.due_at, case.due_at + dt.timedelta(seconds=1)
    first = not_approve(case, person(Role.PHYSICIAN), at=late, **some)
    opened = late + 3 * hour
    reopen.reopen(case, by=person(Role.LEAD), at=opened, reason=WORDS)
    second = not_approve(case, person(Role.PHYSICIAN), at=opened + 2 * hour, lines=[2], **DAYS)
    names = ("line", "round", "code", "levels", "levels_not_approved", "units", "outcome", "reason_codes")
    names += ("determination", "score", "authorization_number", "valid_to", "on_time", "hours")
    told = [tuple(row[name] for name in names) for row in rows(exports.Selection())]
    line_1, line_2 = ("22511", "L1"), ("22512", "L2, L4", "L3", "2", "approved", "N01 N04")
    ours, other = first.authorization_number, second.authorization_number
    took = f"{(late - NOW) / hour:.2f}"
    assert told == [
        ("1", "1", *line_1, "", "1", "approved", "", "meets", "100", ours, "2026-12-30", "false", took),
        ("2", "1", *line_2, "does_not_meet", "87", ours, "2026-12-30", "false", took),
        ("1", "2", *line_1, "", "1", "approved", "", "meets", "100", other, "2027-02-28", "true", "2.00"),
        (
            "2",
            "2",
            "22512",
            *["L2, L3, L4"] * 2,
            "",
            "not_approved",
            "N01",
            "does_not_meet",
            "87",
            "",
            "",
            "true",
            "2.00",
        ),
    ]
    instants = [[NOW, due, late]] * 2 + [[opened, case.due_at, opened + 2 * hour]] * 2
    found = [
        [dt.datetime.fromisoformat(row[name]) for name in ("received", "due", "decided")]
        for row in objects(exports.Selection())
    ]
    assert found == instants
    same = ("product", "setting", "urgency", "office_npi", "clinician_npi", "decided_by_role")
    wanted = ("hmo", "ambulatory_surgery_center", "expedited", "1234567893", "1205804119", "physician")
    assert {tuple(row[name] for name in same) for row in rows(exports.Selection())} == {wanted}


def test_what_was_decided_at_its_last_moment_is_on_time_and_what_could_not_be_scored_has_its_row(approved):
    case = case_in_review(person(Role.CLERK))
    with guards_off():
        case.assessments.all().delete()
    approve(case, person(Role.PHYSICIAN), at=case.due_at, reason="I read all of the records.")
    _, row = rows(exports.Selection())
    scored = ("policy", "edition", "determination", "pathway", "score")
    assert (row["on_time"], *(row[name] for name in scored)) == ("true", "", "", "", "", "")


def test_no_patient_identifier_leaves(approved):
    text = str(rows())
    for value in ("Synthetic", "Alma", "XYZ123456", "1948"):
        assert value not in text


def test_period_status_and_product_select(approved):
    day = dt.timedelta(days=1)
    assert rows(exports.Selection(DAY + day, DAY + day)) == []
    assert rows(exports.Selection(DAY - day, DAY - day)) == []
    assert rows(exports.Selection(DAY, DAY, ("not_approved",))) == []
    assert rows(exports.Selection(DAY, DAY, (), ("hmo",))) == []
    assert len(rows(exports.Selection(DAY, DAY, ("approved", "closed"), ("ppo", "hmo")))) == 1
    assert exports.count(ALL) == len(exports.preview(ALL)) == 1


def test_the_days_are_the_plans_days(approved):
    late = NOW.replace(hour=23, minute=59)
    approve(case_in_review(person(Role.CLERK), at=late), person(Role.NURSE), at=late)
    assert len(rows()) == 2


def test_the_export_is_in_the_trail_and_only_for_those_who_may(approved):
    with pytest.raises(NotPermitted):
        rows(role=Role.NURSE)
    assert rows(role=Role.LEAD)
    event = AuditEvent.objects.get(action="export_decisions")
    assert event.entities["selection"]["first"] == "2026-11-20"


def test_the_command_writes_the_same_file(approved, tmp_path):
    target = tmp_path / "decisions.csv"
    call_command("export_decisions", "--from", "2026-11-20", "--to", "2026-11-20", "--output", str(target))
    assert list(csv.DictReader(StringIO(target.read_text()))) == rows()
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("option", "value"), [("--product", "PPO"), ("--status", "draft"), ("--from", "soon")])
def test_the_command_refuses_what_it_does_not_know_and_says_what_it_does(option, value, db):
    arguments = {"--from": "2026-11-20", "--to": "2026-11-20"} | {option: value}
    with pytest.raises(CommandError, match=f"argument {option}: invalid"):
        call_command("export_decisions", *[part for pair in arguments.items() for part in pair])


def test_the_last_day_that_there_is_can_be_given():
    approve(case_in_review(person(Role.CLERK)), person(Role.NURSE), at=NOW)
    assert exports.count(exports.Selection(dt.date.min, dt.date.max)) == 1


def objects(selection=ALL, role=Role.PAYER):
    return [json.loads(line) for line in b"".join(exports.jsonl(selection, by=person(role), at=NOW)).splitlines()]


def test_json_lines_have_the_same_columns_with_the_types_of_json(approved):
    (row,), (cells,) = objects(), rows()
    assert list(row) == VERSION_2
    assert (row["line"], row["score"], row["human_review"], row["on_time"], row["hours"]) == (1, 100, True, True, 0.33)
    assert row["reason_codes"] is None
    spoken = {True: "true", False: "false", None: ""}
    assert {
        name: spoken.get(value, str(value)) if value not in (1, 0) or value is True else str(value)
        for name, value in row.items()
    } == cells


# What a spreadsheet takes for the start of a formula, also behind what nobody sees.
SIGNS = ["=1+1", "+1", "-1+1", "@SUM(1)", "＝1", "＋1", "－1", "＠x", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0"]
BEFORE = [
    "",
    " ",
    "  ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\x01",
    "\x1f",
    "\x7f",
    "\u00a0",
    "\u00ad",
    "\u200b",
    "\u200e",
    "\u2028",
    "\u202e",
    "\u2060",
    "\ufeff",
    "\u3000",
    " \u200b\t",
]


@pytest.fixture
def decided(monkeypatch):
    """Decides a request whose lines have these texts for levels."""

    def decide_with(texts):
        def lines(decision, *_):
            return [
                DecisionLine(decision=decision, number=number, code="22511", levels=text, outcome="approved", **DAYS)
                for number, text in enumerate(texts, start=1)
            ]

        monkeypatch.setattr(decision_lines, "lines_of", lines)
        return approve(case_in_review(person(Role.CLERK)), person(Role.NURSE))

    return decide_with


def test_200_hostile_beginnings_are_text_in_csv_and_themselves_in_json_lines(decided):
    hostile = [before + sign for sign in SIGNS for before in BEFORE]
    assert len(hostile) == 200
    decided(hostile)
    assert [row["levels"] for row in rows()] == ["'" + text for text in hostile]
    assert [row["levels"] for row in objects()] == hostile
    report("B8", f"{len(hostile)} beginnings, as CSV and as JSON Lines", "0 formulas")


OTHER = ["T12, L1", "5-4", "a=b", 'say "L1"', "L1, \\n", "L1\x01\x02", '{"a": 1}', "\\.", "é漢\U0001f600"]


def test_other_text_comes_through_both_forms_as_it_is(decided):
    decided(OTHER)
    assert [row["levels"] for row in rows()] == [row["levels"] for row in objects()] == OTHER


def test_a_refused_export_is_in_the_trail_too(approved):
    for stream in exports.STREAMS.values():
        with pytest.raises(NotPermitted):
            stream(ALL, by=person(Role.AUDITOR), at=NOW)
    assert AuditEvent.objects.filter(action="refused_export_decisions", role="auditor").count() == 2
    assert not AuditEvent.objects.filter(action="export_decisions").exists()


def test_the_command_writes_json_lines(approved, tmp_path):
    target = tmp_path / "decisions.jsonl"
    days = ("--from", "2026-11-20", "--to", "2026-11-20")
    call_command("export_decisions", *days, "--format", "jsonl", "--output", str(target))
    assert [json.loads(line) for line in target.read_text().splitlines()] == objects()
