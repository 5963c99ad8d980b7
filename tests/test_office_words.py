"""Every message that the specification of the form lists (UX.md 2.5), and the answers that raise it."""

from html import unescape

import pytest
from django.utils import timezone

from portal.web import member, second_request
from portal.web.checking import STATEMENT
from tests.factories import (
    browser,
    clerk,
    draft_of,
    form_of,
    on_file,
    post_edit,
    saved_draft,
    sent_through_the_page,
    valid_form,
)
from tests.form_messages import NOT_ASKED, SAID, messages, plain

pytestmark = pytest.mark.django_db


def test_what_is_not_asked_for_stands_in_no_way():
    """The reasons are true of the form: all of these left out, and only what names a person is asked for."""
    silent = {name: "" for name in valid_form() if name.startswith(("levels-0", "imaging-0"))}
    silent |= {
        "setting": "",
        "product": "",
        "lines-0-levels": "",
        "urgency": "expedited",
        "urgency_reason": "Cannot walk.",
    }
    assert form_of(valid_form(**silent), timezone.localdate(), whole=True).problems == []
    assert {row[0] for row in SAID}.isdisjoint(NOT_ASKED)


@pytest.mark.parametrize(("asked", "changes", "at", "words"), SAID, ids=[row[0] for row in SAID])
def test_each_message_is_said_in_plain_words_where_it_belongs(asked, changes, at, words):
    said = messages(valid_form(**changes), at)
    fitting = [message for message in said if words in message]
    assert len(fitting) == 1, f"{asked}: {said}"
    assert words not in " ".join(messages(valid_form(), at)), "nothing is said of a form that is right"
    if at == "sending":
        assert fitting[0] not in messages(valid_form(**changes), "field"), "a draft may wait for it"
    for message in said:
        plain(message)


def test_the_words_stand_in_the_summary_and_at_the_question():
    """The rows of the table on the page itself: as many at once as can be wrong together."""
    client = browser(clerk())
    case = saved_draft(client)
    waiting = [row for row in SAID if row[2] in ("field", "sending")]
    while waiting:
        changes = side_by_side(waiting)
        said = " ".join(messages(valid_form(**changes), "sending"))
        shown = [row for row in waiting if row[3] in said]
        assert shown
        post_edit(client, case, valid_form(**changes))
        page = unescape(client.get(f"/requests/{case.reference}/edit/?problems=all").content.decode())
        assert "<title>Error: " in page
        for asked, _, _, words in shown:
            assert page.count(words) >= 2, asked
        waiting = [row for row in waiting if row not in shown]


def side_by_side(table):
    """The changes of rows, each the first to change what it changes. One may still hide another's message."""
    changes = {}
    for row in table:
        if set(row[1]).isdisjoint(changes):
            changes |= row[1]
    return changes


def test_what_is_said_about_the_member_and_before_sending():
    """The notes of the member lookup, and the two questions of the check page."""
    client = browser(clerk())
    sent_through_the_page(client)
    on_file("Anna", member_id="ABC999999")
    case = saved_draft(client)
    check = f"/requests/{case.reference}/edit/check/"
    assert member.NOBODY in client.get(check).content.decode()
    page = client.post(check, {"version": draft_of(case).version}).content.decode()
    assert page.count(STATEMENT) == page.count(second_request.WHY) == 2
    assert "Send a second request because" in page
    for first_name, words in (("Alma", "Found: Alma Synthetic, born Mar 14, 1948,"), ("Anna", member.SEVERAL)):
        on_file(first_name)
        post_edit(client, case, valid_form(first_name=""))
        post_edit(client, case, valid_form(first_name="" if first_name == "Anna" else "Alma"))
        assert words in client.get(f"/requests/{case.reference}/edit/").content.decode()
    for message in (STATEMENT, second_request.WHY, second_request.TOO_LONG, member.NOBODY, member.LATER):
        plain(message)


ODD = ["\x07", "x" * 10_000, "-1", "1e9", "\u202ezz", "31/31/3131", "<b>", "not a choice"]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_no_question_answers_odd_text_with_code_names(text):
    """Every question of the form at once, found by walking it."""
    form = form_of({name: [text] for name in every_name()} | COUNTS)
    assert len(form.problems) > 30
    for problem in form.problems:
        plain(problem.message.replace(text, ""))


def every_name():
    parts = form_of(COUNTS).sections().values()
    return [part[name].html_name for those in parts for part in those for name in part.fields]


COUNTS = {"levels-count": "2", "lines-count": "2", "imaging-count": "2", "treatments-count": "2"}
