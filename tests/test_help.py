"""Help, the glossary and the statement on accessibility: open to everybody, true of the portal, in easy words, and
named at the same place of every page."""

import html
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.template.loader import render_to_string
from django.test import Client

from policies import explain
from portal.help.glossary import FILE, STATUSES, WORDS
from portal.help.pages import FOR_ALL, PARTS
from priorauth.admin.bar import ACT_KEYS
from priorauth.letters.reading import HARDEST_GRADE, grade
from priorauth.models import User
from priorauth.roles import Role
from priorauth.statuses import Status
from tests.cases import person
from tests.factories import browser

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent
RIGHT_QUOTE = "\u2019"
PAGES = ("/help/", "/glossary/", "/accessibility/")
FOOTER = '<footer class="footer"> <div class="wide"> <p><a href="/help/">Help</a>, <a href="/glossary/">Glossary</a>,'


def shown(path: str, client: Client | None = None) -> str:
    response = (client or Client()).get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def sentences(page: str) -> str:
    """The paragraphs, points and meanings of a piece of a page, one a line. Headings would make a text look easier."""
    found = re.findall(r"<(p|li|dd)\b[^>]*>(.*?)</\1>", page, re.DOTALL)
    return html.unescape("\n".join(" ".join(re.sub(r"<[^>]+>", "", text).split()) for _, text in found))


def main_of(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


def anchors(page: str) -> set[str]:
    return set(re.findall(r' id="([^"]+)"', page))


ALL = ("office", "reviewers", "lead", "payer", "auditor", "administrator")
READS = {
    **dict.fromkeys((None, "no membership"), ALL),
    **dict.fromkeys((Role.CLERK, Role.OFFICE_ADMIN), ("office",)),
    **dict.fromkeys((Role.NURSE, Role.PHYSICIAN), ("reviewers",)),
    Role.LEAD: ("lead", "reviewers", "payer"),
    Role.PAYER: ("payer",),
    Role.AUDITOR: ("auditor",),
    Role.ADMINISTRATOR: ("administrator", *ALL[:-1]),
}


@pytest.mark.parametrize("role", [None, "no membership", *(role for role in Role if role is not Role.SYSTEM)])
def test_everybody_reads_them_their_own_part_first_and_every_link_leads_somewhere(role):
    client = Client()
    if role == "no membership":
        client.force_login(User.objects.create_user("stranger@example.test"))
    elif role:
        client = browser(person(role))
    pages = {path: shown(path, client) for path in PAGES}
    assert re.findall(r'<h2 id="(\w+)"', pages["/help/"]) == [*READS[role], "trouble", "call"]
    assert ("Or call the plan" in pages["/help/"]) == (role not in set(Role) - {Role.CLERK, Role.OFFICE_ADMIN})
    for page in pages.values():
        assert page.count("<h1>") == 1
        named = re.findall(r' id="([^"]+)"', page)
        assert len(named) == len(set(named)), "a dialog of every page shares no name with a heading of help"
        for path, anchor in re.findall(r'href="(/(?:help|glossary|accessibility)/)?#([^"]+)"', main_of(page)):
            assert anchor in anchors(pages[path] if path else page), (path, anchor)


def test_the_line_to_call_is_named_where_the_plan_gave_it_and_not_made_up_where_it_did_not(settings):
    assert "Its number was not entered in this portal" in shown("/help/")
    settings.PROVIDER_LINE = "617-555-0100 <weekdays>"
    pages = [shown(path) for path in ("/help/", "/accessibility/", "/sign-in/")]
    assert [page.count("provider line, 617-555-0100 &lt;weekdays&gt;.") for page in pages] == [2, 2, 1]
    assert "was not entered" not in pages[0]


def test_each_status_and_each_word_has_an_anchor_and_a_meaning_of_its_own():
    page = shown("/glossary/")
    assert set(FILE["statuses"]) == set(Status.values)
    entries = [*(entry for _, entry in STATUSES), *WORDS]
    assert [entry.term for _, entry in STATUSES] == Status.labels
    assert len({entry.anchor for entry in entries}) == len(entries)
    assert len({entry.meaning for entry in entries}) == len(entries)
    for entry in entries:
        assert f'<dt id="{entry.anchor}">' in page
    assert {word.lower() for word in (*explain.STATE_WORDS.values(), explain.CONFIRM)} <= {
        e.term.lower() for e in WORDS
    }
    terms = [entry.term.casefold() for entry in WORDS]
    assert terms == sorted(terms)


def linked_words() -> list[tuple[str, str, str]]:
    """Every link of a template to a place of help or glossary: file, page, anchor."""
    link = re.compile(r"\{% url '(help|glossary)' %\}#([\w-]+)\"")
    return [
        (path.name, *found)
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for found in link.findall(path.read_text())
    ]


def test_what_pages_link_to_is_there():
    there = {"help": anchors(shown("/help/")), "glossary": anchors(shown("/glossary/"))}
    links = linked_words()
    assert len({name for name, *_ in links}) >= 5
    assert [link for link in links if link[2] not in there[link[1]]] == []


def test_what_help_calls_by_name_is_in_the_portal():
    """Each button, page and list that help names in bold is a word of some other page, of a form or of a list."""
    own = {*(ROOT / "templates" / "help").iterdir()}
    sources = [path for path in (ROOT / "templates").rglob("*.html") if path not in own]
    sources += [path for room in ("policies", "portal", "priorauth") for path in (ROOT / room).rglob("*.py")]
    known = "\n".join(path.read_text() for path in sources).replace(RIGHT_QUOTE, "'")
    lists = {
        str(model._meta.verbose_name_plural).capitalize() for model in apps.get_app_config("priorauth").get_models()
    }
    named = {
        html.unescape(name).replace(RIGHT_QUOTE, "'")
        for name in re.findall(r"<b>([^<]+)</b>", main_of(shown("/help/")))
    }
    people = {"Offices", "People of the plan"}
    assert len(named) > 50
    assert {
        name
        for name in named - people
        if not re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![a-z])", known) and name.capitalize() not in lists
    } == set()


def test_help_knows_every_key_of_an_act():
    keys = set(re.findall(r"<kbd>(\w)</kbd>", shown("/help/")))
    assert set(ACT_KEYS.values()) | {"n", "f", "j", "k", "y", "x", "o"} <= keys


@pytest.mark.parametrize("name", [*PARTS, *FOR_ALL, "glossary", "accessibility"])
def test_all_of_it_is_in_easy_words(name):
    facts = {"idle": 20, "longest": 10, "claim": 30, "statuses": STATUSES, "words": WORDS}
    page = render_to_string(f"help/{name}.html", facts)
    text = sentences(main_of(page) or page)
    assert len(text) > 300
    assert grade(text) <= HARDEST_GRADE, grade(text)
    assert not re.search(r"\binvalid\b|\bdenied\b|\w_\w", text)


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "413", "500", "503", "sign_in"])
def test_a_page_that_knows_nothing_of_the_request_has_help_at_the_same_place(name):
    assert FOOTER in re.sub(r"\s+", " ", render_to_string(f"{name}.html"))
