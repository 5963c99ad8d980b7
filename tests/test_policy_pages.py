"""The policy's page and the check before a request, as the people of offices and plan use them."""

import re
from datetime import date
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from policies import registry
from policies.vocabulary import day_words
from portal.permissions import MEMBERS
from portal.policy.check import reference
from priorauth.models import AuditEvent
from priorauth.roles import Role
from tests.cases import office, person, plan
from tests.factories import browser, clerk, saved_draft
from tests.looking import AT, problem_of

pytestmark = pytest.mark.django_db

POLICY, CHECK = "/policies/484/", "/check/"
EDITION = registry.edition("bcbsma-484", "2022-06")
TEXT = EDITION.file.read_text("utf-8")
ASKED = {"product": "hmo", "setting": "outpatient", "code": "22511"}


@pytest.fixture
def client() -> Client:
    return browser(clerk())


def words(response, status=200) -> str:
    """The text of a page's main part, on one line."""
    assert response.status_code == status
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main.partition(">")[2])).split())


def ids(response) -> list[str]:
    return re.findall(r'\sid="([^"]+)"', response.content.decode())


# Who sees them


def test_everybody_who_is_signed_in_sees_both_and_finds_them_in_the_frame():
    for role in MEMBERS:
        actor = person(role, office() if role in (Role.CLERK, Role.OFFICE_ADMIN) else plan())
        for path in (POLICY, CHECK):
            page = browser(actor).get(path)
            assert page.status_code == 200
            frame = page.content.decode().partition("<main")[0]
            assert {f'href="{POLICY}"', f'href="{CHECK}"'} <= set(re.findall(r'href="[^"]*"', frame))
            assert len(re.findall('aria-current="page"', frame)) == 1
            assert ("Start a request" in page.content.decode()) is False
            home = "Requests" if actor.is_office else "Export decisions" if role == Role.PAYER else "Work board"
            assert f">{home}</a>" in frame


def test_nobody_else_does():
    assert [Client().get(path).status_code for path in (POLICY, CHECK)] == [302, 302]
    assert Client().get(POLICY).headers["Location"].startswith("/sign-in/")


# The policy


def test_the_policy_stands_there_in_numbered_criteria_with_where_it_says_so(client):
    page = client.get(POLICY)
    text, found = words(page), ids(page)
    assert len(found) == len(set(found))
    assert {f"{name}{place}" for name, most in (("A", 8), ("B", 7), ("C", 6)) for place in range(1, most + 1)} < {
        *found
    }
    assert {f"reading-{name}" for name in EDITION.document.switches} < {*found}
    targets = set(re.findall(r'href="#([^"]+)"', page.content.decode()))
    assert targets <= {*found}, targets - {*found}
    locators = {use.locator for pathway in EDITION.document.pathways.values() for use in pathway.uses()}
    codes = EDITION.document.codes
    for wanted in (*locators, *codes.current, *codes.deleted, *codes.related, *EDITION.document.not_modelled):
        assert wanted in text
    for wanted in (
        "in force for procedures from Jun 1, 2022. Published by Blue Cross Blue Shield of Massachusetts.",
        "Confirm with the plan, Blue Cross Blue Shield of Massachusetts, that this edition is the current one",
        "A3 Computed At least 6 weeks of conservative treatment since the fracture 484, statement 1, bullet 1 42 days",
        "A5 Computed; a person confirms A documented examination",
        "May be silent: bone density, how it happened, whether osteoporosis was diagnosed.",
        "Readings: How many kinds of treatment are asked for? May treatment pause?",
        "it fits neither pathway A nor pathway C",
        "Indemnity Required Not listed as required",
        "Medicare HMO Blue Policy 132 governs this Medicare plan, not policy 484.",
        "May treatment pause? We read it as Yes: a short pause does not end a course",
        f"2022-06 (this page) Jun 1, 2022 the next edition {EDITION.sha256}",
    ):
        assert wanted in text
    assert "_" not in text
    assert words(client.get(POLICY, {"version": "2022-06"})) == text


@pytest.mark.parametrize(
    "path", ["/policies/485/", f"{POLICY}?version=2023-06", f"{POLICY}?version=", "/policies/4.84/"]
)
def test_an_unknown_policy_or_edition_is_no_page(client, path):
    assert words(client.get(path), 404).startswith("Page not found")


@pytest.fixture
def two_editions(tmp_path, monkeypatch):
    """A second edition from 2024, under which Indemnity needs an authorization outside a hospital too."""
    folder = tmp_path / "bcbsma_484"
    folder.mkdir()
    (folder / "2022-06.yaml").write_text(TEXT, "utf-8")
    later = TEXT.replace('"2022-06"', '"2024-01"', 1).replace('effective: "2022-06-01"', 'effective: "2024-01-01"', 1)
    later = later.replace("elsewhere: not_required", "elsewhere: required", 1)
    (folder / "2024-01.yaml").write_text(later, "utf-8")
    library = registry.load(tmp_path)
    monkeypatch.setattr(registry, "editions", lambda: library)
    return library["bcbsma-484"]


def test_editions_lead_to_each_other_and_the_newest_in_force_is_shown(client, two_editions):
    older, newer = two_editions
    shown = client.get(POLICY)
    assert "Edition 2024-01, in force for procedures from Jan 1, 2024. Published" in words(shown)
    assert 'href="?version=2022-06"' in shown.content.decode()
    assert "There is a newer edition" not in words(shown)
    before = client.get(POLICY, {"version": "2022-06"})
    assert "in force for procedures from Jun 1, 2022 to Dec 31, 2023." in words(before)
    assert "There is a newer edition: 2024-01 , for procedures from Jan 1, 2024." in words(before)
    for edition in two_editions:
        assert edition.sha256 in words(before)
    assert older.sha256 != newer.sha256


def test_each_criterion_of_the_check_page_leads_to_its_place(client):
    draft = saved_draft(client, **{"imaging-0-findings-0": []})
    page = client.get(f"/requests/{draft.reference}/edit/check/").content.decode()
    links = re.findall(r'href="(/policies/484/\?version=2022-06)#([ABC]\d)">([ABC]\d): (484, [^<]+)</a>', page)
    assert {"A3", "A6"} <= {anchor for _, anchor, _, _ in links}
    policy = client.get(links[0][0])
    for _, anchor, said, locator in links:
        assert anchor == said
        entry = policy.content.decode().partition(f'id="{anchor}"')[2].partition("</li>\n")[0]
        assert f">{locator}</p>" in entry


# The check


def test_the_check_asks_three_things_and_nothing_of_a_patient(client):
    page = client.get(CHECK)
    assert words(page).startswith("Is authorization needed? Three answers are enough.")
    assert set(re.findall(r'name="(\w+)"', page.content.decode().partition('<form method="get"')[2])) == {
        "product",
        "setting",
        "code",
        "date",
    }
    assert " checked" not in page.content.decode()


YES, NONE, SILENT = "Yes. An authorization is required.", "No requirement is listed.", "This policy does not answer it."
ANSWERS = [
    (ASKED, f"{YES} Policy 484 asks for an authorization for this plan and place. (484, authorization information)"),
    (ASKED | {"product": "indemnity", "setting": "inpatient"}, YES),
    (ASKED | {"product": "indemnity"}, f"{NONE} The policy asks for no authorization here; its criteria still govern"),
    (ASKED | {"product": "medicare_ppo_blue"}, f"{SILENT} Policy 132 governs this Medicare plan, not policy 484."),
    (
        ASKED | {"code": "0200t"},
        f"{YES} Policy 484 asks for an authorization for this plan and place. (484, authorization",
    ),
    (ASKED | {"code": "22514"}, f"{SILENT} Policy 485 governs this code, not policy 484. (484, related policies)"),
    (
        ASKED | {"code": "22520"},
        "One thing is needed for an answer. The code is no longer in use. Please give the current",
    ),
    (ASKED | {"code": "99213"}, f"{SILENT} Policy 484 does not list this code."),
    (ASKED | {"code": "0qu03jz", "setting": "inpatient"}, YES),
    (ASKED | {"date": "5/31/2022"}, f"{SILENT} The procedure is dated before this edition takes effect."),
    (ASKED | {"product": "unknown", "code": "22514"}, f"{SILENT} Policy 485 governs this code, not policy 484."),
    (
        ASKED | {"product": "unknown"},
        f"It depends on the plan. HMO, POS, PPO: {YES} Policy 484 asks for an authorization for this plan and place."
        f" (484, authorization information) Indemnity: {NONE} The policy asks for no authorization here;",
    ),
]


@pytest.mark.parametrize(("asked", "wanted"), ANSWERS, ids=[" ".join(asked.values()) for asked, _ in ANSWERS])
def test_the_answer_stands_there_with_its_reason_day_and_reference(client, asked, wanted):
    text = words(client.get(CHECK, asked))
    assert text.startswith(f"Is authorization needed? {wanted}")
    today = timezone.localdate()
    assert f"Checked on {day_words(today)} Reference of this check CK-" in text
    assert "This is not an authorization" in text
    assert (
        "Confirm with the plan, Blue Cross Blue Shield of Massachusetts, that this edition is the current one" in text
    )
    assert ("it goes to a physician" in text) == (asked["code"] == "0200t")
    assert ("if you want a decision beforehand" in text) == (NONE in text)
    read = f"Planned date {day_words(date(2022, 5, 31))}" if "date" in asked else "Planned date Not given; read as of"
    assert read in text


MESSAGES = [
    ({}, {"product", "setting", "code"}, "Enter a procedure code of 5 characters, like 22511."),
    ({"product": "hmo"}, {"setting", "code"}, "Select outpatient or inpatient."),
    (ASKED | {"product": ""}, {"product"}, "Select the member's plan, or I do not know."),
    (ASKED | {"product": "gold"}, {"product"}, "Choose one of the answers given: HMO, POS, PPO, Indemnity, Medicare"),
    (ASKED | {"setting": "observation"}, {"setting"}, "Choose one of the answers given: Outpatient, Inpatient."),
    (
        ASKED | {"code": "2251"},
        {"code"},
        "Enter a procedure code of 5 characters, like 22511, or of 7 for an inpatient",
    ),
    (
        ASKED | {"code": "0QU03JZ"},
        {"code"},
        "0QU03JZ is a code for inpatient stays. Select Inpatient, or enter one like",
    ),
    (ASKED | {"date": "soon"}, {"date"}, "Write it like 9/27/2026, Sep 27 2026 or 2026-09-27."),
    (ASKED | {"date": "2/30/2027"}, {"date"}, "February 2027 has 28 days: give a day from 1 to 28."),
]


@pytest.mark.parametrize(("asked", "wrong", "message"), MESSAGES, ids=[message[:40] for _, _, message in MESSAGES])
def test_what_is_wrong_is_named_first_and_beside_the_question(client, asked, wrong, message):
    page = client.get(CHECK, {"code": "", **asked})
    text, markup = words(page, 400), page.content.decode()
    assert text.startswith("There is a problem")
    assert text.count(message) == 2
    assert "<title>Error: Is authorization needed?" in markup
    summary = markup.partition('class="errors"')[2].partition("</div>")[0]
    linked = re.findall(r'href="#(id_\w+)"', summary)
    assert linked == [f"id_{name}" for name in ("product", "setting", "code", "date") if name in wrong]
    assert {*linked} <= {*ids(page)}
    assert "CK-" not in text
    assert not re.search(r"(?i)\binvalid\b|_", text)


def test_the_day_of_the_procedure_picks_the_edition(client, two_editions):
    asked = ASKED | {"product": "indemnity"}
    before = client.get(CHECK, asked | {"date": "12/31/2023"})
    assert NONE in words(before)
    assert f"{POLICY}?version=2022-06#authorization" in before.content.decode()
    for days in ({"date": "Jan 1, 2024"}, {}):
        after = client.get(CHECK, asked | days)
        assert YES in words(after)
        assert f"{POLICY}?version=2024-01#authorization" in after.content.decode()


def test_the_reference_follows_from_the_question_the_edition_and_the_day(two_editions):
    day = date(2026, 11, 20)
    asked = (two_editions[1], "hmo", "outpatient", "22511", day, day)
    others = [
        (two_editions[0], *asked[1:]),
        *(
            (*asked[:place], other, *asked[place + 1 :])
            for place, other in ((1, "pos"), (2, "inpatient"), (3, "22510"))
        ),
        (*asked[:4], date(2026, 11, 21), day),
        (*asked[:5], date(2026, 11, 21)),
    ]
    found = [reference(*one) for one in (asked, *others)]
    assert len({*found}) == len(found) == 7
    assert found[0] == reference(*asked)
    assert all(re.fullmatch(r"CK(-[0-9A-HJKMNP-TV-Z]{4}){2}", one) for one in found)


def test_a_check_leaves_no_trace_and_a_wrong_text_is_only_text(client):
    before = AuditEvent.objects.count()
    page = client.get(CHECK, ASKED | {"code": "<b>\x00", "date": "{{ 7 }}"})
    assert page.status_code == 400
    assert "<b>" not in page.content.decode()
    assert client.get(CHECK, {"seen": "x"}).status_code == 200
    assert AuditEvent.objects.count() == before


def test_only_an_office_is_led_on_to_a_request(client):
    assert "Start a request" in words(client.get(CHECK, ASKED))
    assert "Start a request" not in words(browser(person(Role.NURSE)).get(CHECK, ASKED))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_both_pages_are_accessible_wide_and_narrow_and_print_their_answer(client, chrome, live_server):
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}
    query = "product=unknown&setting=outpatient&code="
    paths = [POLICY, f"{CHECK}?{query}22511", f"{CHECK}?{query}2251"]
    context = chrome.new_context()
    context.add_cookies([cookie])
    page = context.new_page()
    found = []
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        for path in paths:
            page.goto(live_server.url + path)
            found.append(problem_of(page, path, width, AT[width]))
    page.goto(live_server.url + paths[1])
    page.evaluate("window.print = () => document.body.setAttribute('printed', '')")
    page.get_by_role("button", name="Print").click()
    printed = page.locator("body[printed]").count()
    page.emulate_media(media="print")
    shown = [page.get_by_text(text).first.is_visible() for text in ("It depends on the plan.", "Check another one")]
    assert list(filter(None, found)) == []
    assert (printed, shown) == (1, [True, False])
