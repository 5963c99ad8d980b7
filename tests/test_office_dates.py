"""A typed date is read as the days that it can mean, or answered with a sentence that says what would be right; so is
each date of the form."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.templatetags.office import read_as
from portal.web.dates import THIS_CENTURY, DateProblem, TypedDate, of_a_birth, read
from tests.factories import browser, clerk, form_of, saved_draft, valid_form

SEP_27 = dt.date(2026, 9, 27)


@pytest.mark.parametrize(
    "text",
    [
        "9/27/2026",
        "09/27/2026",
        "9 27 2026",
        "9-27-2026",
        "2026-09-27",
        "Sep 27 2026",
        "Sep 27, 2026",
        "September 27, 2026",
        "Sept. 27 2026",
        "27 Sep 2026",
        " 27 sep  2026 ",
        "27sep2026",
        "27-SEP-2026",
        "Sep-27-2026",
        "Sep 27,2026",
        "Sep. 27th, 2026",
        "27th of September, 2026",
        "2026/09/27",
        "2026.9.27",
        "09272026",
        "20260927",
        "9\N{EN DASH}27\N{EN DASH}2026",
        "2026\N{NON-BREAKING HYPHEN}09\N{NON-BREAKING HYPHEN}27",
        "9/27/2026\N{NO-BREAK SPACE}",
        "Sunday, September 27, 2026",
        "Sun Sep 27, 2026, 4:12 p.m. EDT",
        "09/27/2026 08:15 AM",
        "2026-09-27T00:00:00Z",
    ],
)
def test_a_day_is_read_in_every_usual_form(text):
    assert read(text) == TypedDate(SEP_27, SEP_27)
    assert str(read(text)) == "Sep 27, 2026"


@pytest.mark.parametrize("text", ["9/27/26", "9-27-26", "Sep 27, 26", "27-Sep-26", "27 sep 26"])
def test_a_day_of_this_century_may_have_a_short_year_where_that_is_allowed(text):
    assert read(text, short=THIS_CENTURY) == TypedDate(SEP_27, SEP_27)
    assert read(f"{text} to 10/1/26", months=True, short=THIS_CENTURY).last == dt.date(2026, 10, 1)
    with pytest.raises(DateProblem, match="year with four digits"):
        read(text)


def test_two_digits_of_a_year_of_birth_are_of_the_last_century_or_not_guessed():
    years = of_a_birth(SEP_27)
    assert read("3/14/48", short=years).first == dt.date(1948, 3, 14)
    assert read("12/31/27", short=years).first == dt.date(1927, 12, 31)
    for text in ("3/14/26", "3/14/00"):
        with pytest.raises(DateProblem, match="year with four digits"):
            read(text, short=years)


@pytest.mark.parametrize("text", ["9/26", "Sep 26", "9-26", "9/27/126"])
def test_a_short_year_of_a_month_could_be_a_day_and_is_not_guessed(text):
    with pytest.raises(DateProblem, match="year with four digits"):
        read(text, months=True, short=THIS_CENTURY)


@pytest.mark.parametrize("text", ["Sep 2026", "9/2026", "2026-09", "september 2026", "9-2026"])
def test_a_month_is_the_interval_of_its_days(text):
    assert read(text, months=True) == TypedDate(dt.date(2026, 9, 1), dt.date(2026, 9, 30))
    assert str(read(text, months=True)) == "between Sep 1 and Sep 30, 2026"


@pytest.mark.parametrize(
    "text", ["8/17/2026 to Sep 16 2026", "8/17/2026 - 9/16/2026", "Aug 17, 2026 \u2013 16-Sep-2026"]
)
def test_two_days_are_the_interval_between_them(text):
    date = read(text, months=True)
    assert date == TypedDate(dt.date(2026, 8, 17), dt.date(2026, 9, 16))
    assert str(date) == "between Aug 17 and Sep 16, 2026"


@pytest.mark.parametrize(
    ("text", "part_of_the_message"),
    [
        ("tomorrow", "Write it like 9/27/2026"),
        ("\uff19/27/2026", "Write it like 9/27/2026"),
        ("9" * 10_000, "Write it like 9/27/2026"),
        ("9/27/1", "year with four digits"),
        ("9/27/26", "year with four digits"),
        ("9/27/0001", "from 1900 to 2100"),
        ("9/27/9999", "from 1900 to 2100"),
        ("2/29/2026", "February 2026 has 28 days"),
        ("9/31/2026", "September 2026 has 30 days"),
        ("9/0/2026", "from 1 to 30"),
        ("13/1/2026", "from 1 to 12"),
        ("27/9/2026", "from 1 to 12"),
        ("Foo 27 2026", "name of the month"),
        ("mayor 27 2026", "name of the month"),
        ("Sep 2026", "Give the day, too"),
    ],
)
def test_what_is_no_date_is_told_what_would_be(text, part_of_the_message):
    with pytest.raises(DateProblem, match=part_of_the_message):
        read(text)


def test_a_reversed_interval_is_told():
    with pytest.raises(DateProblem, match="earlier day first"):
        read("9/16/2026 to 8/17/2026", months=True)


def test_february_29_exists_in_leap_years():
    assert read("2/29/2024").first == dt.date(2024, 2, 29)


@given(st.text(), st.booleans())
def test_no_text_breaks_the_reader(text, months):
    try:
        date = read(text, months=months)
    except DateProblem:
        return
    assert date.first <= date.last


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)))
def test_what_is_shown_can_be_typed_again(date):
    assert read(str(TypedDate(date, date))).first == date


# On the form

DAYS = ["9/27/2026", "9 27 2026", "2026-09-27", "Sep 27 2026"]


@pytest.mark.parametrize("text", DAYS)
def test_every_date_of_the_form_takes_each_form_of_a_day_and_says_how_it_read_it(text):
    form = form_of(dated(text))
    assert form.problems == []
    assert {read_as(bound) for bound in form.dates} == {"Read as Sep 27, 2026"}


def test_a_month_is_taken_where_people_may_not_know_the_day():
    form = form_of(dated("Sep 2026"))
    wrong = {problem.input_id.removeprefix("id_") for problem in form.problems}
    months = {bound.html_name for bound in form.dates if not bound.errors}
    assert months == {"levels-0-onset", *(f"treatments-{row}-{name}" for row in (0, 1) for name in ("start", "end"))}
    assert {read_as(bound) for bound in form.dates if not bound.errors} == {"Read as between Sep 1 and Sep 30, 2026"}
    assert wrong == date_names() - months
    assert all("Give the day, too" in problem.message for problem in form.problems)


@pytest.mark.django_db
def test_the_page_shows_how_each_date_was_read():
    client = browser(clerk())
    case = saved_draft(client, **dated("Sep 27 2026"))
    page = client.get(f"/requests/{case.reference}/edit/").content.decode()
    assert page.count("Read as Sep 27, 2026") == len(date_names())


def dated(text):
    """The form in which every date is the same."""
    return valid_form(**dict.fromkeys(date_names(), text)) | ENDED


def date_names():
    return {bound.html_name for bound in form_of(valid_form()).dates}


ENDED = {"treatments-0-ongoing": "no", "treatments-1-ongoing": "no"}
