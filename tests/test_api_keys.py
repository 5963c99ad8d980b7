"""Keys for programs: shown once, kept as a digest, scoped, expiring, revoked; machine accounts are no people."""

import datetime as dt
import logging
import re

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal.logs import JsonFormatter
from priorauth.models import ApiKey, AuditEvent, User
from priorauth.roles import Role
from priorauth.services import keys
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from tests.api_helpers import CHECK, DECISIONS, REQUESTS, Program, key_for, new_request
from tests.cases import NOW, office, person, plan
from tests.factories import browser

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
NO_REQUEST_ID = re.compile(rb'"request_id": "[0-9a-f]{32}"')


def issued(**changes):
    values = {"organization": office(), "name": "Night program", "scopes": ["requests:read"], "days": 30}
    return keys.issue(by=person(Role.ADMINISTRATOR), at=NOW, **{**values, **changes})


def body(response):
    return NO_REQUEST_ID.sub(b"", response.content)


def test_a_key_is_known_by_its_text_and_the_database_holds_only_a_digest():
    key, text = issued()
    assert keys.SHAPE.fullmatch(text)
    assert keys.authenticate(text, NOW) == key
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(k)::text FROM priorauth_apikey k")
        (row,) = cursor.fetchone()
    assert text.split("_")[2] not in row


def test_two_keys_share_nothing():
    (one_key, first), (other, second) = issued(), issued()
    assert one_key.account_id != other.account_id
    assert first.split("_")[1:] != second.split("_")[1:]


@pytest.mark.parametrize("change", ["", "a", "pap_", "swap", "long", "é", "other secret", "other prefix"])
def test_any_other_text_is_no_key(change):
    _, text = issued()
    _, prefix, secret = text.split("_")
    wrong = {
        "swap": text[:-2] + text[-1] + text[-2] + ("" if text[-1] != text[-2] else "0"),
        "long": text + "0",
        "other secret": f"pap_{prefix}_{'0' * 64}",
        "other prefix": f"pap_{'0' * 12}_{secret}",
    }.get(change, change)
    assert keys.authenticate(wrong, NOW) is None


def test_a_key_ends_on_time_and_when_it_is_revoked():
    key, text = issued(days=2)
    end = NOW + dt.timedelta(days=2)
    assert keys.authenticate(text, end - dt.timedelta(seconds=1))
    assert keys.authenticate(text, end) is None
    administrator = person(Role.ADMINISTRATOR)
    keys.revoke(key, by=administrator, at=NOW)
    keys.revoke(key, by=administrator, at=NOW + HOUR)
    assert keys.authenticate(text, NOW) is None
    assert not User.objects.get(pk=key.account_id).is_active
    User.objects.filter(pk=key.account_id).update(is_active=True)
    assert keys.authenticate(text, NOW) is None, "the account alone brings no key back"
    assert ApiKey.objects.get().revoked_at == NOW
    assert AuditEvent.objects.filter(action="key_revoke").count() == 1


def test_the_last_use_is_written_at_most_once_an_hour(django_assert_num_queries):
    _, text = issued()
    with django_assert_num_queries(2):
        keys.authenticate(text, NOW)
    with django_assert_num_queries(1):
        keys.authenticate(text, NOW + HOUR - dt.timedelta(seconds=1))
    assert ApiKey.objects.get().last_used_at == NOW
    keys.authenticate(text, NOW + HOUR)
    assert ApiKey.objects.get().last_used_at == NOW + HOUR


def test_issuing_and_revoking_are_events_of_the_administrator_that_name_no_secret():
    key, text = issued()
    event = AuditEvent.objects.get(action="key_issue")
    assert event.role == Role.ADMINISTRATOR
    assert event.entities["api_key"] == key.prefix
    assert text.split("_")[2] not in str(vars(event))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " \u200b"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["decisions:read"]}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 731}, "days"),
    ],
)
def test_a_key_is_issued_only_with_a_name_fitting_scopes_and_an_end(changes, field):
    with pytest.raises(Incomplete) as refused:
        issued(**changes)
    assert refused.value.field == field
    assert not ApiKey.objects.exists()


def test_the_plans_key_reads_decisions_and_nothing_else():
    with pytest.raises(Incomplete, match=r"For Example Plan that is decisions:read\."):
        issued(organization=plan(), scopes=["requests:read"])
    assert issued(organization=plan(), scopes=["decisions:read"])[0].account.membership.role == Role.PAYER


def test_only_administrators_issue_and_revoke():
    key, _ = issued()
    for role in set(Role) - {Role.ADMINISTRATOR, Role.SYSTEM}:
        with pytest.raises(NotPermitted):
            keys.issue(by=person(role), at=NOW, organization=office(), name="x", scopes=["requests:read"], days=1)
        with pytest.raises(NotPermitted):
            keys.revoke(key, by=person(role), at=NOW)


def test_unknown_expired_and_revoked_keys_and_none_are_answered_alike():
    spent, revoked = key_for(office(), days=1), key_for(office())
    ApiKey.objects.filter(prefix=spent.split("_")[1]).update(
        created_at=timezone.now() - 2 * HOUR, expires_at=timezone.now() - HOUR
    )
    key = ApiKey.objects.get(prefix=revoked.split("_")[1])
    keys.revoke(key, by=person(Role.ADMINISTRATOR), at=timezone.now())
    unknown = f"pap_{'0' * 12}_{'0' * 64}"
    answers = [Program(text).get(REQUESTS) for text in (spent, revoked, unknown, "nonsense", "")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({body(answer) for answer in answers}) == 1
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)


@pytest.mark.parametrize(
    "header", ["Basic dXNlcjpwYXNz", "Bearer", "bearer  ", "Token {key}", "{key}", "Bearer {key}x"]
)
def test_any_other_authorization_is_refused_even_beside_a_session(header):
    client = browser(person(Role.CLERK))
    header = header.replace("{key}", key_for(office()))
    assert client.get(REQUESTS, headers={"Authorization": header}).status_code == 401
    assert client.get(REQUESTS).status_code == 200


def test_a_key_without_the_scope_is_refused_by_the_scopes_name():
    reader, writer = Program(key_for(office(), "requests:read")), Program(key_for(office(), "requests:write"))
    assert reader.get(REQUESTS).status_code == 200
    for response in (reader.send(REQUESTS, new_request()), reader.send(CHECK, {})):
        assert response.status_code == 403
        assert "requests:write" in response.json()["detail"]
    assert writer.send(REQUESTS, new_request()).status_code == 201
    assert "requests:read" in writer.get(REQUESTS).json()["detail"]


def test_a_key_of_one_kind_of_organization_does_nothing_on_the_others_side():
    office_key, plan_key = Program(key_for(office())), Program(key_for(plan()))
    assert office_key.get(DECISIONS).status_code == 403
    assert plan_key.get(REQUESTS).status_code == 403
    assert AuditEvent.objects.get(action="refused_export_decisions").organization == office().name


def test_a_revoked_key_is_out_at_its_next_request():
    text = key_for(office())
    program = Program(text)
    assert program.get(REQUESTS).status_code == 200
    keys.revoke(ApiKey.objects.get(), by=person(Role.ADMINISTRATOR), at=timezone.now())
    assert program.get(REQUESTS).status_code == 401


def test_a_session_and_its_csrf_token_work_too():
    client = browser(person(Role.CLERK))
    client.handler.enforce_csrf_checks = True
    assert client.get(REQUESTS).status_code == 200
    refused = client.post(CHECK, "{}", content_type="application/json")
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/problem+json")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/requests/new/").content.decode())[1]
    passed = client.post(CHECK, "{}", content_type="application/json", headers={"X-CSRFToken": token})
    assert passed.status_code == 422


def test_the_log_names_the_program_by_its_account_and_never_shows_the_key(caplog):
    caplog.set_level(logging.DEBUG)
    key, text = issued(days=700)
    for sent in (text, text[:-1]):
        Program(sent).get(REQUESTS)
    Program(text).send(REQUESTS, {})
    lines = [record for record in caplog.records if record.name == "portal.access"]
    assert [(line.route, line.status, line.user) for line in lines] == [
        ("api:requests", 200, key.account_id),
        ("api:requests", 401, None),
        ("api:requests", 403, key.account_id),
    ]
    written = "".join(JsonFormatter().format(record) for record in caplog.records)
    assert text.split("_")[2][:-1] not in written + caplog.text


def test_a_machine_account_signs_in_nowhere_and_stands_in_no_list_of_people():
    key, _ = issued()
    account = User.objects.get(is_machine=True)
    assert not account.has_usable_password()
    assert authenticate(email=account.email, password="") is None
    administrator = browser(person(Role.ADMINISTRATOR))
    for model in ("user", "membership", "credential"):
        for address in (f"admin:priorauth_{model}_changelist", f"admin:priorauth_{model}_add"):
            assert "program.invalid" not in administrator.get(reverse(address)).content.decode()
    change = administrator.get(reverse("admin:priorauth_user_change", args=[account.pk]))
    assert change.status_code == 302
    assert key.account == account


LIST, ADD = "admin:priorauth_apikey_changelist", "admin:priorauth_apikey_add"


def typed_key(**changes):
    values = {"organization": office().pk, "name": "Claims export", "scopes": ["requests:read"], "days": "90"}
    return {**values, "prefix": keys.new_prefix(), **changes}


def issue_on_the_page(client, **changes):
    return client.post(reverse(ADD), typed_key(**changes))


def test_a_key_is_shown_once_on_a_page_that_nobody_keeps():
    client = browser(person(Role.ADMINISTRATOR))
    response = issue_on_the_page(client)
    text = keys.SHAPE.search(response.content.decode())[0]
    assert "no-store" in response.headers["Cache-Control"]
    assert Program(text).get(REQUESTS).status_code == 200
    key = ApiKey.objects.get()
    for address in (reverse(LIST), reverse("admin:priorauth_apikey_change", args=[key.pk])):
        page = client.get(address).content.decode()
        assert "Claims export" in page
        assert text.split("_")[2] not in page


def test_a_page_sent_twice_issues_one_key():
    client, typed = browser(person(Role.ADMINISTRATOR)), typed_key()
    assert client.post(reverse(ADD), typed).status_code == 200
    again = client.post(reverse(ADD), typed)
    assert again.status_code == 409
    assert "issued already" in again.content.decode()
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"organization": ""}, "Choose the organization."),
        ({"name": ""}, "Write which program the key is for"),
        ({"name": "a\x00b"}, "Write which program the key is for"),
        ({"scopes": []}, "Choose what the key may do."),
        ({"scopes": ["decisions:read"]}, "For Harbor Spine Office that is requests:read or requests:write."),
        ({"days": "soon"}, "Enter a number of days from 1 to 730."),
        ({"days": "731"}, "Enter a number of days from 1 to 730."),
    ],
)
def test_what_is_wrong_is_said_at_the_field(changes, message):
    response = issue_on_the_page(browser(person(Role.ADMINISTRATOR)), **changes)
    assert response.status_code == 400
    assert response.content.decode().count(message) >= 2, "in the summary and at the field"
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_on_a_page_that_says_what_happens():
    client = browser(person(Role.ADMINISTRATOR))
    key, text = issued()
    address = reverse("admin:priorauth_apikey_change", args=[key.pk])
    assert "cannot be undone" in client.get(address).content.decode()
    assert client.post(address).headers["Location"] == reverse(LIST)
    assert keys.authenticate(text, NOW) is None
    assert "Revoked" in client.get(reverse(LIST)).content.decode()
    assert "Revoke this key" not in client.get(address).content.decode()


def test_only_administrators_see_it():
    key, _ = issued()
    for role in (Role.CLERK, Role.NURSE, Role.LEAD, Role.AUDITOR, Role.PAYER):
        client = browser(person(role))
        for address in (LIST, ADD):
            assert client.get(reverse(address)).status_code == 403
        assert client.post(reverse("admin:priorauth_apikey_change", args=[key.pk])).status_code == 403


def test_a_prefix_is_issued_once():
    prefix = keys.new_prefix()
    issued(prefix=prefix)
    with pytest.raises(Conflict):
        issued(prefix=prefix)
