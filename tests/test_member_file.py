"""`manage.py import_members`: the good lines of the plan's member file are kept, each wrong one is told."""

import csv
import io

import pytest
from django.core.management import CommandError, call_command

from priorauth import audit
from priorauth.models import AuditEvent, MemberFileLine, PlanMember
from priorauth.roles import SYSTEM, Role
from priorauth.services import member_file
from priorauth.services.errors import NotPermitted
from priorauth.services.member_file import COLUMNS
from tests.cases import NOW, person
from tests.held import held

pytestmark = pytest.mark.django_db

KEPT_BESIDES = 500_000  # bytes
ALMA = ("BXH100200301", "1948-03-14", "Alma", "Synthetic", "hmo", "2026-01-01", "")
BERNARD = ("BXH 100-200302", "1951-07-02", "Bernard", "Exámple", "PPO", "2025-01-01", "2026-12-31")
TWIN = ("BXH100200301", "1948-03-14", "Anna", "Synthetic", "hmo", "2026-01-01", "")


def written(*rows, heading=COLUMNS, encoding="utf-8-sig"):
    text = io.StringIO()
    csv.writer(text).writerows([heading, *rows])
    return text.getvalue().encode(encoding)


def read(*rows, dry_run=False, **options):
    return member_file.read_in(io.BytesIO(written(*rows, **options)), by=SYSTEM, at=NOW, dry_run=dry_run)


def counts(report):
    return report.lines, report.added, report.changed, report.same, report.wrong


def known():
    return list(PlanMember.objects.order_by("member_id", "first_name").values_list(*COLUMNS[:5]))


def test_a_file_is_taken_in_once_and_a_second_time_changes_nothing():
    first = read(ALMA, BERNARD, TWIN)
    assert counts(first) == (3, 3, 0, 0, 0)
    before = list(PlanMember.objects.order_by("pk").values())
    turned = [tuple(reversed(row)) for row in (ALMA, BERNARD, TWIN)]
    second = read(*turned, heading=tuple(reversed(COLUMNS)), encoding="utf-8")
    assert counts(second) == (3, 0, 0, 3, 0)
    assert list(PlanMember.objects.order_by("pk").values()) == before
    assert [row[2] for row in known()] == ["Alma", "Anna", "Bernard"]
    assert known()[2][0] == "BXH100200302"
    assert known()[2][4] == "ppo"
    assert not MemberFileLine.objects.exists()


def test_a_changed_line_changes_its_person_alone_and_nobody_is_taken_out():
    read(ALMA, BERNARD, TWIN)
    report = read((*ALMA[:3], "Synthetic-Wed", "ppo", *ALMA[5:]))
    assert counts(report) == (1, 0, 1, 0, 0)
    assert [row[3:5] for row in known()] == [("Synthetic-Wed", "ppo"), ("Synthetic", "hmo"), ("Exámple", "ppo")]


WRONG = [
    (ALMA[:6], "has 6 cells, the first line has 7"),
    (("B1", *ALMA[1:]), "member_id: give 6 to 20 letters and digits"),
    ((ALMA[0], "3/14/1948", *ALMA[2:]), "birth_date: write the day like 1948-03-14"),
    ((ALMA[0], "1948-02-30", *ALMA[2:]), "birth_date: write the day like 1948-03-14"),
    ((ALMA[0], "0001-01-01", *ALMA[2:]), "birth_date: write the day like 1948-03-14"),
    ((*ALMA[:2], "A" * 61, *ALMA[3:]), "first_name: give 1 to 60 characters"),
    ((*ALMA[:3], " ", *ALMA[4:]), "last_name: give 1 to 60 characters"),
    ((*ALMA[:3], "Syn\x00thetic", *ALMA[4:]), "last_name: has a character that cannot be seen"),
    ((*ALMA[:4], "gold", *ALMA[5:]), f"product: give one of {', '.join(member_file.PRODUCTS)}"),
    (("A" * 21, *ALMA[1:]), "member_id: give 6 to 20 letters and digits"),
    ((ALMA[0], "1899-12-31", *ALMA[2:]), "birth_date: write the day like 1948-03-14"),
    ((*ALMA[:5], "2201-01-01", ""), "covered_from: write the day like 1948-03-14"),
    ((*ALMA[:5], "", ""), "covered_from: write the day like 1948-03-14"),
    ((*ALMA[:3], "Syn\u200bthetic", *ALMA[4:]), "last_name: has a character that cannot be seen"),
    ((*ALMA[:6], "2025-12-31"), "covered_to: give covered_from or a later day"),
    ((*TWIN[:4], "ppo", *TWIN[5:]), "names the same person as line 2 with other values; line 2 counts"),
]


def test_each_wrong_line_is_told_by_line_and_column_and_the_good_ones_are_kept():
    report = read(TWIN, *(row for row, _ in WRONG), TWIN, BERNARD)
    told = [f"line {number}: {why}" for number, (_, why) in enumerate(WRONG, start=3)]
    assert sorted(report.errors) == sorted(told)
    assert counts(report) == (3 + len(WRONG), 2, 0, 1, len(WRONG))
    assert [row[2] for row in known()] == ["Anna", "Bernard"]
    longest = ("a" * 20, "1900-01-01", "A" * 60, "S", "Medicare HMO Blue", "2026-01-01", "2026-01-01")
    shortest = ("a12345", "2026-01-01", "A", "S" * 60, "other", "2200-12-31", "")
    assert counts(read(longest, shortest, BERNARD)) == (3, 2, 0, 1, 0)
    two_lines = read((*ALMA[:3], "Syn\nthetic", *ALMA[4:]), *[("B1", *ALMA[1:])] * 100)
    assert (two_lines.wrong, len(two_lines.errors)) == (101, 100), "the first hundred are told"
    assert [told.partition(":")[0] for told in two_lines.errors[:3]] == ["line 2", "line 4", "line 5"]
    latin = read(("BXH100200309", *BERNARD[1:]), encoding="latin-1")
    assert latin.errors == ["line 2: last_name: is not UTF-8; save the file as UTF-8"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "must name the columns"),
        (written(ALMA, heading=[*COLUMNS[:6], "sex"]), "must name the columns"),
        (written(ALMA).replace(b",", b";"), "must name the columns"),
        (written(ALMA, encoding="utf-16"), "must name the columns"),
        (written(ALMA) + b'BXH100200303,"1948-03-14,Cut', "line 3: this is not CSV"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_changes_nothing(tmp_path, content, why):
    path = tmp_path / "members.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=why):
        call_command("import_members", path)
    assert not PlanMember.objects.exists()
    assert not AuditEvent.objects.exists()


def test_the_command_reports_tries_without_keeping_and_writes_an_event_without_patients(tmp_path, capsys):
    path = tmp_path / "members.csv"
    path.write_bytes(written(ALMA, ("B1", *ALMA[1:])))
    with pytest.raises(SystemExit):
        call_command("import_members", path, "--dry-run")
    assert "2 lines: 1 would be added, 0 would be changed, 0 as before, 1 left out." in capsys.readouterr().out
    assert not PlanMember.objects.exists()
    with pytest.raises(SystemExit) as ended:
        call_command("import_members", path)
    assert ended.value.code == 1
    shown = capsys.readouterr()
    assert shown.out == "2 lines: 1 added, 0 changed, 0 as before, 1 left out.\n"
    assert shown.err == "line 3: member_id: give 6 to 20 letters and digits\n"
    event = AuditEvent.objects.get()
    assert event.action == "import_members"
    assert {"lines": 2, "added": 1, "changed": 0, "wrong": 1}.items() <= event.entities.items()
    assert "Alma" not in str(event.entities)
    assert [fault for _, fault, _ in audit.verify_all() if fault] == []
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("import_members", tmp_path / "none.csv")


def test_only_the_command_line_reads_a_file_in():
    for role in (Role.OFFICE_ADMIN, Role.NURSE, Role.ADMINISTRATOR):
        with pytest.raises(NotPermitted):
            member_file.read_in(io.BytesIO(written(ALMA)), by=person(role), at=NOW)


def test_a_long_file_costs_no_memory():
    def read_in(lines):
        rows = ((f"BXH{number:09}", *ALMA[1:]) for number in range(lines))
        content = written(*rows)
        return lambda: member_file.read_in(io.BytesIO(content), by=SYSTEM, at=NOW, dry_run=True)

    most = held(read_in(10), KEPT_BESIDES) + KEPT_BESIDES
    assert held(read_in(12_000), most) < most
