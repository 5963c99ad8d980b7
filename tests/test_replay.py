"""`manage.py replay`: what another edition or reading would change, and that no case is touched."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies import registry
from policies.assess import assess
from policies.changes import Change, changed_lines
from policies.facts import parse
from policies.workers import WorkerDiedError
from priorauth import audit
from priorauth.models import AuditEvent, Case, Replay, ReplayedCase
from priorauth.roles import Role
from priorauth.services import information, replay
from tests.cases import CLEAN, NO_IMAGING, NOW, approve, case_in_review, claimed, facts, person, score_all, sent_case
from tests.tampering import force
from tests.walking import undone

pytestmark = pytest.mark.django_db

FILE = registry.LIBRARY / "bcbsma_484" / "2022-06.yaml"
EDITION = registry.edition("bcbsma-484", "2022-06")
WHY = "the test looks at what was stored"
DAY_LATER = NOW.replace(day=21)
TABLES = [
    *("case", "revision", "assessment", "decision", "decisionline", "informationrequest", "escalation", "attachment"),
    *("job", "member", "clinician", "facility"),
]


@dataclass
class History:
    """Requests by what modalities=all_three makes of them; the reference of each."""

    kept: Case
    lost: Case
    decided: Case
    answered: Case
    asked: Case
    unscored: Case
    broken: Case


@pytest.fixture(scope="module")
def history(django_db_setup, django_db_blocker) -> Iterator[History]:
    with django_db_blocker.unblock(), undone():
        clerk, nurse = person(Role.CLERK), person(Role.NURSE)
        answered = claimed(case_in_review(clerk, NO_IMAGING), nurse)
        information.ask(answered, by=nurse, at=NOW, question="Please send the report.", items=[])
        details = {"contact": {"name": "Casey Clerk", "phone": "617-555-0100"}}
        information.answer(answered, by=clerk, at=NOW, facts=facts("A20"), details=details, note="Here it is.")
        score_all()
        decided = case_in_review(clerk, "A20")
        approve(decided, nurse)
        made = History(
            kept=case_in_review(clerk, CLEAN, DAY_LATER),
            lost=case_in_review(clerk, "A20"),
            decided=decided,
            answered=answered,
            asked=case_in_review(clerk, "A10"),
            broken=case_in_review(clerk, CLEAN),
            unscored=sent_case(clerk),
        )
        spoil = (
            "UPDATE priorauth_revision SET facts = jsonb_set(facts, '{levels,L1,onset}', '\"soon\"') WHERE case_id = %s"
        )
        force(spoil, made.broken.pk)
        yield made


def said(*arguments: str) -> tuple[str, Replay]:
    """What the command prints, and the run that it stored."""
    out = StringIO()
    call_command("replay", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue(), Replay.objects.latest("pk")


def found(run: Replay) -> dict[str, tuple]:
    rows = run.cases.values_list("case__reference", "old", "new", "changed", "lines", "fault")
    return {reference: tuple(rest) for reference, *rest in rows}


ALL_THREE = ("--set", "modalities=all_three")
TREATED = {"level": "L1", "pathway": "A", "criterion": "conservative_6_weeks", "after": "not_met"}


def test_the_matrix_is_what_a_hand_counts(history):
    text, run = said(*ALL_THREE)
    assert run.matrix == {
        "": {"meets": 1},
        "insufficient_information": {"does_not_meet": 1},
        "meets": {"does_not_meet": 3, "meets": 1, "unreadable": 1},
    }
    assert (run.requests, run.changed, run.switches, run.since) == (7, 4, {"modalities": "all_three"}, None)
    rows = found(run)
    assert rows[history.kept.reference] == ("meets", "meets", False, [], "")
    assert rows[history.unscored.reference] == ("", "meets", False, [], "")
    for case in (history.lost, history.decided, history.answered):
        old, new, changed, [line], _ = rows[case.reference]
        assert (old, new, changed) == ("meets", "does_not_meet", True)
        [why] = line["why"]
        assert TREATED.items() <= why.items()
        assert why["before"] == "met"
        assert why["label"] == "At least 6 weeks of conservative treatment since the fracture"
        assert f"{case.reference}: meets -> does_not_meet\n  line 1 " in text
        assert "(L1, pathway A, conservative_6_weeks: met -> not_met)" in text
    assert rows[history.broken.reference][:2] == ("meets", "unreadable")
    assert f"{history.broken.reference}: levels.L1.onset: must be an object" in text
    assert history.kept.reference not in text
    assert "Kinds of treatment asked (modalities): any -> all three" in text
    table = text[text.index("Stored (down)") :].splitlines()
    assert [line.split() for line in table[1:]] == [
        ["does_not_meet", "meets", "unreadable"],
        ["not_scored", "0", "1", "0"],
        ["insufficient_information", "1", "0", "0"],
        ["meets", "3", "1", "1"],
    ]


def test_the_latest_revision_counts_and_since_leaves_out_what_came_earlier(history):
    _, run = said("--since", "2026-11-21")
    assert found(run).keys() == {history.kept.reference}
    _, run = said("--since", "2026-11-20")
    assert run.requests == 7
    row = run.cases.get(case=history.answered)
    assert row.revision.number == 2


def test_more_requests_cost_no_more_statements(history):
    """They come through one cursor of the server, and their rows go in batches."""
    with CaptureQueriesContext(connection) as one:
        replay.run(EDITION, at=NOW, since=DAY_LATER.date())
    with CaptureQueriesContext(connection) as seven:
        replay.run(EDITION, at=NOW)
    assert len(seven) == len(one) <= 12


def test_the_installed_edition_gives_what_is_stored(history):
    text, run = said()
    assert run.changed == 0
    assert run.differences == []
    assert "Changed requests: 0" in text
    assert {(old, new) for old, row in run.matrix.items() for new in row} == {
        ("", "meets"),
        ("insufficient_information", "insufficient_information"),
        ("meets", "meets"),
        ("meets", "unreadable"),
    }


def test_another_edition_is_tried_before_it_takes_effect(history, tmp_path):
    trial = tmp_path / "trial.yaml"
    text = FILE.read_text()
    text = text.replace('edition: "2022-06"', 'edition: "2027-01"').replace('"2022-06-01"', '"2027-01-01"')
    trial.write_text(re.sub(r"days: 42\n      gap_days", "days: 44\n      gap_days", text))
    printed, run = said("--edition", str(trial))
    assert run.edition == "2027-01"
    assert run.matrix == {
        "": {"does_not_meet": 1},
        "insufficient_information": {"insufficient_information": 1},
        "meets": {"does_not_meet": 1, "meets": 3, "unreadable": 1},
    }
    assert found(run)[history.kept.reference][1] == "does_not_meet"  # treated for 43 days when it was received
    assert "days asked: 42 -> 44" in printed
    assert "In force from: Jun 1, 2022 -> Jan 1, 2027" in printed


def fingerprint() -> dict[str, str]:
    with connection.cursor() as cursor:
        prints = {}
        for table in TABLES:
            cursor.execute(f"SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM priorauth_{table} t")
            prints[table] = cursor.fetchone()[0]
    return prints


def test_nothing_is_written_to_the_cases_and_one_event_tells_of_the_run(history):
    before, events = fingerprint(), AuditEvent.objects.count()
    _, run = said(*ALL_THREE)
    assert fingerprint() == before
    assert AuditEvent.objects.count() == events + 1
    event = AuditEvent.objects.latest("pk")
    assert event.stream.startswith("user:system:")
    assert event.action == "replay"
    assert event.entities == {
        "replay": run.pk,
        "policy": "bcbsma-484",
        "edition": "2022-06",
        "edition_sha256": EDITION.sha256,
        "switches": {"modalities": "all_three"},
        "since": None,
        "requests": 7,
        "changed": 4,
        "unreadable": 1,
    }
    assert audit.verify_case(history.decided)[0] is None


def test_two_processes_find_what_one_finds(history, monkeypatch):
    monkeypatch.setattr(replay, "BATCH", 1)
    one, two = said(*ALL_THREE)[1], said(*ALL_THREE, "--jobs", "2")[1]
    assert two.matrix == one.matrix
    assert found(two) == found(one)
    assert list(two.cases.order_by("pk").values_list("case_id")) == list(
        one.cases.order_by("pk").values_list("case_id")
    )


def test_a_worker_that_dies_leaves_nothing(history, monkeypatch):
    runs, rows = Replay.objects.count(), ReplayedCase.objects.unscoped(WHY).count()
    with (
        mock.patch.object(replay.workers, "in_turn", side_effect=WorkerDiedError),
        pytest.raises(CommandError, match="nothing was stored"),
    ):
        said("--jobs", "2")
    assert (Replay.objects.count(), ReplayedCase.objects.unscoped(WHY).count()) == (runs, rows)


def test_a_line_may_change_where_its_request_does_not(history):
    document = facts("S19")
    sacral = document["lines"][0]
    document["lines"] = [{**sacral, "line": 1}, {**sacral, "line": 2, "code": "22511", "levels": ["L5"]}]
    old = assess(parse(document), EDITION).as_dict()
    new = assess(parse(document), EDITION.with_switches(sacral_codes="code_list")).as_dict()
    assert old["determination"] == new["determination"] == "insufficient_information"
    [line] = changed_lines(old, new)
    assert line[:4] == (1, sacral["code"], "does_not_meet", "meets")
    assert line.why == (Change("", "", "rule", "sacral_code", "criteria"),)


def change(document, other, edition=EDITION):
    """Why the lines of a document change under an edition with other readings, or with other rules."""
    again = edition.with_switches(**other) if isinstance(other, dict) else other
    old, new = (assess(parse(document), each).as_dict() for each in (edition, again))
    return [why for line in changed_lines(old, new) for why in line.why]


def test_what_changed_a_line_is_named_whatever_it_is():
    literal = change(facts("F09"), {"and_when_B": "off"})
    assert all(why.pathway == "B" and why.before == why.after != "met" for why in literal)
    assert literal
    document = EDITION.document
    plans = document.products | {"ppo": document.products["indemnity"]}
    free = type(EDITION).of(document.model_copy(update={"products": plans}))
    outpatient = facts(CLEAN) | {"product": "ppo", "setting": "outpatient"}
    assert change(outpatient, free) == [Change("", "", "authorization", "clinical", "table")]
    only_b = {name: pathway for name, pathway in document.pathways.items() if name != "A"}
    without = type(EDITION).of(
        document.model_copy(update={"pathways": only_b, "level_flags": type(document.level_flags)()})
    )
    assert Change("L1", "A", "pathway", "met", "absent") in change(facts(CLEAN), without)
    thoracic = document.codes.current["22511"].model_copy(update={"regions": ["T"]})
    codes = document.codes.model_copy(update={"current": {**document.codes.current, "22511": thoracic}})
    elsewhere = type(EDITION).of(document.model_copy(update={"codes": codes}))
    assert change(facts(CLEAN), elsewhere) == [Change("", "", "level", "absent", "asked")]


def test_nothing_changed_is_no_change():
    result = assess(parse(facts(CLEAN)), EDITION).as_dict()
    assert changed_lines(result, result) == ()


BAD = {
    "no file": (["--edition", "none.yaml"], "Cannot read none.yaml: No such file or directory"),
    "a folder": (["--edition", str(FILE.parent)], "Is a directory"),
    "a fault": (["--edition", "{fault}"], r"fault\.yaml, line \d+, clock\.acute_days: "),
    "bytes": (["--edition", "{bytes}"], "it is not text in UTF-8"),
    "another policy": (["--edition", "tests/packs/example_900/2026-01.yaml"], "an edition of policy example-900"),
    "a long name": (["--edition", "{long}"], "at most 20 characters"),
    "no value": (["--set", "modalities"], "must be SWITCH=VALUE"),
    "unknown switch": (["--set", "modality=any"], "no switch modality. Known: as_of, day_count, modalities"),
    "unknown value": (["--set", "modalities=four"], "no value four. Known: any, two, all_three"),
    "twice": (["--set", "modalities=two", "--set", "modalities=any"], "names modalities twice"),
    "no day": (["--since", "2026-02-30"], "2026-02-30 is not a calendar day such as"),
    "no jobs": (["--jobs", "0"], "--jobs must be 1 or more"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_the_call_is_said(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(Path(__file__).parent.parent)
    text = FILE.read_text()
    files = {
        "fault": text.replace("acute_days: 42", "acute_days: six"),
        "long": text.replace('"2022-06"', f'"{"x" * 21}"'),
    }
    for name, content in files.items():
        (tmp_path / f"{name}.yaml").write_text(content)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    places = {name: tmp_path / f"{name}.yaml" for name in ("fault", "long", "bytes")}
    with pytest.raises(CommandError, match=message):
        call_command("replay", *(argument.format(**places) for argument in arguments))
    assert not Replay.objects.exists()
