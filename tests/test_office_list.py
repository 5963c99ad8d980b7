"""The office's list: owner, order, search, and the file of what is shown."""

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from priorauth.audit.chain import utc_text
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from priorauth.services import claim, information
from priorauth.services.base import moment
from tests.cases import NOW, draft_case, office, person, score_all, sent_case
from tests.factories import browser, clerk, saved_draft

pytestmark = pytest.mark.django_db


def shown(client, query="", **post):
    response = client.post("/requests/", post) if post else client.get(f"/requests/{query}")
    return [row["case"].pk for row in response.context["rows"]]


def file_of(client, **post):
    response = client.post("/requests/file/", post)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(response.content.decode(), newline="")))


def test_the_list_is_of_one_owner_or_of_everybody():
    mine, colleague = clerk(), clerk()
    other = person(Role.CLERK, office("Bay Pain Clinic"))
    first, second = draft_case(mine), draft_case(colleague)
    foreign = draft_case(other)
    client = browser(mine)
    assert set(shown(client)) == {first.pk, second.pk}
    assert shown(client, "?who=me") == [first.pk]
    assert shown(client, f"?show=drafts&who={colleague.user_id}") == [second.pk]
    assert shown(client, f"?who={other.user_id}") == []
    assert set(shown(client, "?who=nobody&order=sideways&show=all")) == {first.pk, second.pk}
    page = client.get("/requests/").content.decode()
    assert f'<option value="{colleague.user_id}"' in page
    assert f'<option value="{other.user_id}"' not in page
    assert foreign.reference not in page
    assert "There is nothing of this owner now." in client.get(f"/requests/?who={other.user_id}").content.decode()


def test_the_order_is_by_the_next_step_or_by_the_latest_change():
    by = clerk()
    draft = draft_case(by)
    early = sent_case(by, at=NOW - dt.timedelta(days=3))
    late = sent_case(by, at=NOW)
    Case.objects.unscoped("a test moves it").filter(pk=draft.pk).update(updated_at=NOW - dt.timedelta(days=9))
    client = browser(by)
    assert shown(client, "?order=due") == [early.pk, late.pk, draft.pk]
    assert shown(client) == [early.pk, late.pk, draft.pk]
    assert shown(client, "?order=updated") == [late.pk, early.pk, draft.pk]
    assert shown(client, "?show=with-plan") == [early.pk, late.pk]
    assert shown(client, "?show=with-plan&order=updated") == [late.pk, early.pk]


def test_a_question_is_due_when_its_answer_is_in_the_list_its_order_its_file_and_on_the_case_page(clock):
    by, nurse, now = clerk(), person(Role.NURSE), NOW
    asked, sent = sent_case(by, at=now), sent_case(by, at=now - dt.timedelta(hours=2))
    score_all(now)
    until = now + dt.timedelta(hours=3)
    asked.refresh_from_db()
    claim.claim(asked, by=nurse, at=now)
    information.ask(asked, by=nurse, at=now, question="Which side is it?", items=[], answer_by=until)
    asked.refresh_from_db()
    assert until < sent.due_at < asked.due_at, "by the decision alone the other would come first"
    client = browser(by)
    words = f"answer by <strong>{moment(until)}</strong>"
    assert shown(client, "?order=due") == [asked.pk, sent.pk]
    assert shown(client, "?show=needs-you") == [asked.pk]
    (row,) = client.get("/requests/?show=needs-you").context["rows"]
    assert str(row["next"]) == f"You: answer by {moment(until)}"
    assert not row["next"].late
    assert words in client.get(f"/requests/{asked.reference}/").content.decode()
    assert [row[5:7] for row in file_of(client, order="due")[1:2]] == [["You: answer", utc_text(until)]]


@pytest.mark.parametrize("sought", ["XYZ-123 456", "synth", "Alma Synthetic", "3/14/1948", "Mar 14, 1948"])
def test_a_search_finds_and_no_address_remembers_it(sought):
    client = browser(clerk())
    sent = sent_case(person(Role.CLERK))
    assert shown(client, sought=sought) == [sent.pk]
    assert shown(client, f"?sought={sought}") == [sent.pk], "an address does not search: it shows all"


def test_a_draft_is_found_however_its_birth_and_its_member_id_are_written_and_by_a_part_of_its_reference():
    client = browser(clerk())
    kept = {"first_name": "Bea", "last_name": "Example", "member_id": "BXH 100-200302"}
    saved = saved_draft(client, birth_date="7/2/1951", **kept)
    other = saved_draft(client, birth_date="7/12/51", **kept | {"member_id": "BXH100200303", "last_name": "Other"})
    sent_case(person(Role.CLERK))
    for sought in (
        *("1951-07-02", "7/2/1951", "07 02 1951", "July 2nd, 1951", "2 Jul 1951", "7/2/51"),
        *("bxh-100200302", "BXH100200302", "b. example", "Example, B"),
        *(saved.reference[:9].lower(), saved.reference.replace("-", ""), saved.reference[3:12].replace("-", " ")),
    ):
        assert shown(client, sought=sought) == [saved.pk], sought
    assert shown(client, sought="1951-07-12") == [other.pk]
    assert shown(client, sought="Bea") == [other.pk, saved.pk]
    for nothing in ("PA-", ".", ", .", "1951-07-03", "x. example"):
        assert shown(client, sought=nothing) == [], nothing


def test_a_name_is_found_by_each_of_its_words_with_either_apostrophe_and_with_or_without_its_accents():
    client = browser(clerk())
    saved = saved_draft(client, first_name="Mary Ann", last_name="van der Álvarez-O\u2019Connor")
    apart = saved_draft(client, first_name="Jose\u0301", last_name="Łukasz-Weiß")
    saved_draft(client, first_name="Nora", last_name="Connor")
    for sought in ("o'connor", "O\u2019Connor, Mary", "álvarez", "ALVAREZ", "Älvarez", "ann", "van der"):
        assert shown(client, sought=sought) == [saved.pk], sought
    for sought in ("josé", "jose l", "lukasz", "Weiß"):
        assert shown(client, sought=sought) == [apart.pk], sought
    for nothing in ("onnor", "[a-z]", "(", "\\", "*", "o'connor nora"):
        assert shown(client, sought=nothing) == [], nothing


def test_the_file_has_what_the_list_shows_all_pages_of_it_and_no_formula():
    by = clerk()
    client = browser(by)
    for _ in range(26):
        draft_case(by)
    evil = saved_draft(client, first_name="", last_name="=cmd()", member_id="ZZZ999999")
    sent = sent_case(by)
    rows = file_of(client)
    assert rows[0][:3] == ["Reference", "Patient", "Procedure"]
    assert len(rows) == 1 + 28
    (row,) = file_of(client, show="with-plan")[1:]
    assert row[:6] == [sent.reference, "A. Synthetic", "22511", "L1", "Received", "Plan: decision"]
    assert row[6] == utc_text(sent.due_at)
    assert [row[1] for row in file_of(client, sought="ZZZ999999")[1:]] == ["'=cmd()"]
    assert evil.reference in {row[0] for row in file_of(client, show="drafts", who="me")}
    assert client.get("/requests/file/")["Location"] == "/requests/"
    searches = AuditEvent.objects.filter(action="search", actor_id=by.user_id)
    assert searches.count() == 4
    assert "ZZZ999999" not in str(list(searches.values()))


def test_a_longer_list_costs_no_more_queries():
    by = clerk()
    client = browser(by)

    def queries(ask):
        with CaptureQueriesContext(connection) as caught:
            ask()
        return len(caught)

    def figures():
        return [queries(lambda: client.get("/requests/?order=due")), queries(lambda: client.post("/requests/file/"))]

    draft_case(by), sent_case(by)
    figures()
    few = figures()
    for _ in range(10):
        draft_case(clerk()), sent_case(by)
    assert figures() == few
    assert max(few) <= 16
