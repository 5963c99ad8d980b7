"""The work board: its pictures, and the keys that each person can switch off."""

import datetime as dt
from itertools import pairwise

import pytest
from django.utils import timezone

from priorauth.admin import board
from priorauth.models import AuditEvent, User
from priorauth.pictures import queue as pictures
from priorauth.roles import Role
from tests.admin_helpers import in_review, signed_in
from tests.cases import NOW, approve, person
from tests.factories import browser
from tests.tampering import force
from tests.test_claims import BOARD, text

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def test_the_pictures_of_the_board_add_up_to_the_open_cases():
    spans = [-1, 1, 7.99, 8, 23.9, 24, 72, 200]
    rows = [(status, NOW + left * HOUR) for status in pictures.BALL for left in spans]
    picture = pictures.ageing(rows, NOW)
    assert [bar.total for bar in picture.bars] == [4, 8, 8, 4, 8]
    assert all(bar.counts == (bar.total // 4,) * 4 for bar in picture.bars)
    assert picture.description.startswith("Open cases by time left. Late: 4; under 8 h: 8;")
    for bar in picture.bars:
        ends = [(part.x, part.x + part.width) for part in bar.parts]
        assert all(end == start for (_, end), (start, _) in pairwise(ends))
        assert ends[-1][1] <= pictures.LEFT + pictures.WIDTH
    assert pictures.ageing([], NOW).bars[0].total == 0


def test_a_lead_finds_the_overrides_before_the_latest_too(monkeypatch):
    monkeypatch.setattr(board, "OVERRIDES", 1)
    nurse, cases = person(Role.NURSE), [in_review() for _ in range(3)]
    for case in cases:
        approve(case, nurse, timezone.now())
    force("UPDATE priorauth_decision SET turned_by_reading = true")
    told = text(signed_in(Role.LEAD)[1].get(BOARD))
    told = told[told.index("By what a reviewer read") :]
    assert "<strong>3</strong> decisions rest on a reading of the record that changed the result. The latest 1:" in told
    latest, before = told.split("<summary>The 2 before these</summary>")
    assert [[case.reference in part for case in cases] for part in (latest, before)] == [
        [False, False, True],
        [True, True, False],
    ]


@pytest.mark.parametrize(
    ("decided", "words"),
    [
        (0, "Due within 8 h: 12. The pace of four weeks decides 0 by then."),
        (2000, "The pace of the last four weeks is"),
    ],
)
def test_the_burn_down_sets_what_falls_due_against_the_pace_of_four_weeks(decided, words):
    rows = [("in_review", NOW + left * HOUR) for left in (-1, 1, 7.99, 71, 72) for _ in range(4)]
    picture = pictures.burn_down(rows, decided, NOW)
    assert [one.due for one in picture.columns] == [12] * 8 + [16]
    assert picture.columns[-1].capacity == int(decided / 672 * 72)
    assert picture.description.startswith(words)
    assert all(0 <= one.y <= pictures.HEIGHT and one.y + one.height == pictures.HEIGHT for one in picture.columns)


def test_each_person_can_switch_the_keys_off():
    nurse, page = signed_in(Role.NURSE)
    assert 'data-keys="on"' in text(page.get(BOARD))
    assert page.get("/account/keys/").headers["Location"] == "/account/"
    assert "switched off" in text(page.post("/account/keys/", {}, follow=True))
    assert 'data-keys="off"' in text(page.get(BOARD))
    page.post("/account/keys/", {"on": "on"})
    assert User.objects.get(pk=nurse.user_id).shortcuts
    assert AuditEvent.objects.filter(action="switch_keys").count() == 2
    clerk = browser(person(Role.CLERK))
    assert "/account/keys/" not in text(clerk.get("/account/"))
    assert clerk.post("/account/keys/", {}).status_code == 403
