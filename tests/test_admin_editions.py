"""Editions and replays in the admin: read by everybody there, written by nobody; every number leads to its list."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from policies import registry
from priorauth.admin import replays
from priorauth.models import AuditEvent, EditionUse, Replay
from priorauth.roles import Role
from priorauth.services import replay
from tests.admin_helpers import signed_in
from tests.cases import CLEAN, NOW, case_in_review, person, sent_case
from tests.tampering import force
from tests.walking import undone

pytestmark = pytest.mark.django_db

EDITION = registry.edition("bcbsma-484", "2022-06")
LIST = reverse("admin:priorauth_editionuse_changelist")
COMPARE = reverse("admin:priorauth_editionuse_compare")


@pytest.fixture(scope="module")
def run(django_db_setup, django_db_blocker) -> Iterator[Replay]:
    """One request of each fate under modalities=all_three; two that lose, one of them unreadable elsewhere."""
    with django_db_blocker.unblock(), undone():
        clerk = person(Role.CLERK)
        for name in (CLEAN, "A20", "A20", "A10"):
            case_in_review(clerk, name)
        broken = case_in_review(clerk)
        spoil = "UPDATE priorauth_revision SET facts = jsonb_set(facts, '{lines}', '3') WHERE case_id = %s"
        force(spoil, broken.pk)
        sent_case(clerk)
        yield replay.run(EDITION.with_switches(modalities="all_three"), at=NOW, since=NOW.date())


def text(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def page_of(run: Replay) -> str:
    return reverse("admin:priorauth_replay_change", args=[run.pk])


def cases_of(run: Replay) -> str:
    return reverse("admin:priorauth_replay_cases", args=[run.pk])


def test_the_list_names_every_edition_its_digest_and_its_first_use(run):
    _, nurse = signed_in(Role.NURSE)
    shown = text(nurse, LIST)
    name = "bcbsma-484 2022-06 Vertebroplasty and sacroplasty"
    assert f"{name} Jun 1, 2022 Fri Nov 20, 2026, 3:30 p.m. EST Unchanged since {EDITION.sha256}" in shown
    force("UPDATE priorauth_editionuse SET edition = '2019-01'")
    shown = text(nurse, LIST)
    assert f"Jun 1, 2022 Not yet Not used yet {EDITION.sha256}" in shown
    assert "bcbsma-484 2019-01 Not known Fri Nov 20, 2026, 3:30 p.m. EST File gone" in shown
    force("UPDATE priorauth_editionuse SET edition = '2022-06', sha256 = %s", "0" * 64)
    assert f"File changed {EDITION.sha256}" in text(nurse, LIST)


def test_two_readings_side_by_side_in_words(run):
    _, nurse = signed_in(Role.NURSE)
    assert "Nothing differs. Choose another edition" in text(nurse, COMPARE)
    asked = {"one": "bcbsma-484 2022-06", "other": "bcbsma-484 2022-06", "set-and_when_C": "on"}
    response = nurse.get(COMPARE, asked)
    shown = " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
    assert "What 2022-06 2022-06, read otherwise" in shown
    assert "Pathway C: Imaging shows that the fracture has not healed Not there must be met" in shown
    for wrong in ({"one": "bcbsma-484 1999-01"}, {"set-modalities": "four"}):
        response = nurse.get(COMPARE, wrong)
        assert response.status_code == 400
        assert b"Choose a" in response.content


def test_every_number_of_the_matrix_leads_to_as_many_requests(run, monkeypatch):
    monkeypatch.setattr(replays, "PER_PAGE", 2)
    _, nurse = signed_in(Role.NURSE)
    body = nurse.get(page_of(run)).content.decode()
    links = re.findall(r'href="([^"]+cases/[^"]+)">(\d+)', body)
    assert [int(count) for _, count in links] == [3, 1, 1, 2, 1, 1]  # changed; then row by row
    for link, count in links:
        address, found, pages = link.replace("&amp;", "&"), [], 0
        while address:
            listed = nurse.get(address).content.decode()
            found += re.findall(r'class="reference" href="/admin/priorauth/case/(\d+)/change/"', listed)
            after = re.search(r'href="(\?[^"]+)">Next page', listed)
            address = cases_of(run) + after[1].replace("&amp;", "&") if after else ""
            pages += 1
            moved = "changed=1" in link or re.search("new=does_not_meet", link)
            assert listed.count(">Line 1, 22511: ") == (listed.count('class="reference"') if moved else 0)
        assert len(set(found)) == len(found) == int(count)
        assert pages == -(-int(count) // 2)


def test_a_list_says_what_changed_each_request_and_is_an_event(run):
    lead, client = signed_in(Role.LEAD)
    shown = text(client, cases_of(run) + "?old=meets&new=does_not_meet")
    assert "Replay" in shown
    assert (
        "Line 1, 22511: Meets the policy → Does not meet the policy"
        " L1, path A, At least 6 weeks of conservative treatment since the fracture: met → not met" in shown
    )
    assert "Alma" not in shown
    event = AuditEvent.objects.latest("pk")
    assert (event.actor_id, event.action, event.entities) == (lead.user_id, "read_list", {"replay": str(run.pk)})
    assert "The stored facts do not parse: lines: must be a list." in text(client, cases_of(run) + "?new=unreadable")
    assert "6 requests" in text(client, cases_of(run))
    for wrong in ("?old=denied", "?new=x"):
        text(client, cases_of(run) + wrong, 404)


def test_the_page_of_a_replay_says_what_was_tried(run):
    _, administrator = signed_in(Role.ADMINISTRATOR)
    shown = text(administrator, page_of(run))
    for words in (
        "6, the latest revision of each",
        "Nov 20, 2026 or later",
        "Kinds of treatment asked (modalities): all three",
        EDITION.sha256,
        "3 requests with a changed line",
        "Kinds of treatment asked (modalities) any all three",
        "Stored: Not scored 1",
    ):
        assert words in shown
    assert cases_of(run) not in administrator.get(page_of(run)).content.decode()
    text(administrator, cases_of(run), 403)
    assert "Kinds of treatment asked (modalities): all three" in text(
        administrator, reverse("admin:priorauth_replay_changelist")
    )


def test_every_change_can_be_said(run):
    change = {
        "level": "",
        "pathway": "",
        "criterion": "rule",
        "label": "rule",
        "before": "sacral_code",
        "after": "criteria",
    }
    assert replays._why(change) == "rule: sacral code → criteria"
    gone = {**change, "level": "L1", "pathway": "A", "criterion": "pathway", "before": "met", "after": "absent"}
    assert replays._why(gone) == "L1, path A: met → not asked"
    counts = {**gone, "criterion": "x", "label": "The exam", "before": "unknown", "after": "unknown"}
    assert replays._why(counts) == "L1, path A, The exam: missing, and counts otherwise"


def test_nobody_writes_here(run):
    _, administrator = signed_in(Role.ADMINISTRATOR)
    use = EditionUse.objects.get()
    for name, key in (("editionuse", use.pk), ("replay", run.pk)):
        for page in ("add", "delete", "change"):
            arguments = [] if page == "add" else [key]
            address = reverse(f"admin:priorauth_{name}_{page}", args=arguments)
            assert administrator.post(address, {"post": "yes"}).status_code in (403, 405)
