"""Refusals of the API: problem documents, JSON read strictly, faults that say where and what; another office's request
is like one that never was."""

import json
import re

import pytest
from django.test import Client

from portal.api import strict_json
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from tests.api_helpers import (
    CHECK,
    DECISIONS,
    NEVER,
    PROBLEM,
    REQUESTS,
    V1,
    new_request,
    office_program,
    one,
    payer_program,
)
from tests.cases import draft_case, person, sent_case
from tests.factories import browser

pytestmark = pytest.mark.django_db
REQUEST_ID = re.compile(rb'"request_id": "[0-9a-f]{32}"')


@pytest.fixture
def program():
    return office_program()


def assert_problem(response, status):
    document = response.json()
    assert response.status_code == document["status"] == status, response.content
    assert response.headers["Content-Type"] == PROBLEM
    assert {*document} - {"errors"} == {"type", "title", "status", "detail", "request_id"}
    return document


def errors_of(response):
    return {error["path"]: error["message"] for error in assert_problem(response, 422)["errors"]}


UNREADABLE = {
    b"": "Send a JSON object as the body",
    b"{": "one JSON value: it cannot be read at line 1, column 2",
    b"{'a': 1}": "one JSON value",
    b'{"a": 1} {"b": 2}': "one JSON value",
    b'{"a": NaN}': "NaN is no JSON number. Send null for what is not known.",
    b'{"a": -Infinity}': "-Infinity is no JSON number.",
    b'{"a": 1e999}': "A number can have at most 15 digits.",
    b'{"a": 1234567890123456}': "A number can have at most 15 digits.",
    b'{"a": ' + b"9" * 5000 + b"}": "A number can have at most 15 digits.",
    b'{"facts": 1, "facts": 2}': "each key once: “facts” stands there twice.",
    b'{"a": {"b\\u202e": 1, "b\\u202e": 2}}': "stands there twice",
    b"[" * 100_000: "nested more than 32 deep",
    b"[" * 40 + b"]" * 40: "nested more than 32 deep",
    b'{"a":' * 40 + b"1" + b"}" * 40: "nested more than 32 deep",
    b'{"a": "\\ud800"}': "half of a surrogate pair",
    b'{"\\udfff": 1}': "half of a surrogate pair",
    b'{"a": "\\u0000"}': "NUL character",
    b'{"a\\u0000": 1}': "NUL character",
    b'{"a": "\xff"}': "JSON in UTF-8",
    "{}".encode("utf-16"): "JSON in UTF-8",
    b"\xef\xbb\xbf{}": "one JSON value",
}


@pytest.mark.parametrize(("body", "said"), UNREADABLE.items(), ids=range(len(UNREADABLE)))
def test_json_that_two_programs_could_read_differently_is_refused(program, body, said):
    document = assert_problem(program.send(CHECK, body), 400)
    assert said in document["detail"]
    assert "errors" not in document


@pytest.mark.parametrize("body", ["[]", "1", '"facts"', "null", "true", "[[]]"])
def test_a_body_that_is_no_object_is_refused(program, body):
    assert errors_of(program.send(REQUESTS, body.encode()))[""] == "must be an object"


def test_every_fault_is_named_by_its_path_and_nothing_of_the_value(program):
    body = new_request()
    body["facts"]["levels"]["L1"]["onset"]["earliest"] = "soon-secret"
    body["facts"]["colour"] = "secret"
    body["member"] |= {"birth_date": "1948-02-30", "nickname": "secret"}
    body["clinician"]["npi"] = "1234567890"
    body["details"]["diagnosis_codes"] = ["M80.08XA", "secret"]
    body["details"]["contact"] = {"name": "Casey", "phone": ""}
    body["details"]["sources"] = {"treatments.x": "secret"}
    del body["facility"]
    body["sent_by"] = "secret"
    response = program.send(REQUESTS, body)
    assert errors_of(response) == {
        "facts.levels.L1.onset.earliest": "must be a calendar date such as 2026-08-31, in quotation marks",
        "facts.colour": "is not a fact of version 1; remove it or correct its name",
        "member.birth_date": "must be a calendar date such as 2026-08-31, in quotation marks",
        "member.nickname": "is not a key here; remove it or correct its name",
        "clinician.npi": "This NPI does not pass its check digit: one of its digits is mistyped.",
        "details.diagnosis_codes.1": "An ICD-10-CM code is a letter, a digit and up to five more characters, such as"
        " M80.08XA.",
        "details.contact.phone": "Enter a phone number or an e-mail address.",
        "details.sources.treatments.x": "must be a path like levels.L1.onset or treatments.0, with a text of at most"
        " 200 characters",
        "facility": "must be given",
        "sent_by": "is not a key here; remove it or correct its name",
    }
    assert "secret" not in response.content.decode()
    assert not Case.objects.unscoped("a test counts").exists()


def test_at_most_100_faults_are_named_at_once(program):
    response = program.send(REQUESTS, {f"key{number}": 1 for number in range(5000)})
    assert len(assert_problem(response, 422)["errors"]) == 100


WRONG = [
    ({"member": {"birth_date": "2999-01-01"}}, "member.birth_date", "must be in the past"),
    ({"member": {"birth_date": "1850-01-01"}}, "member.birth_date", "at most 120 years ago"),
    ({"member": {"birth_date": 19480314}}, "member.birth_date", "must be a calendar date"),
    ({"member": {"first_name": ["Alma"]}}, "member.first_name", "must be text in quotation marks"),
    ({"member": {"first_name": 7}}, "member.first_name", "must be text in quotation marks"),
    ({"member": {"first_name": "Al\u202ema"}}, "member.first_name", "a character that cannot be seen"),
    ({"member": {"last_name": "x" * 61}}, "member.last_name", "can have 60 characters. This has 61: shorten it"),
    ({"member": {"last_name": "  "}}, "member.last_name", "must be given"),
    ({"member": {"member_id": "A1"}}, "member.member_id", "Member ID has 6 to 20 letters and digits."),
    ({"member": {"member_id": None}}, "member.member_id", "must be given"),
    ({"clinician": {"phone": "12"}}, "clinician.phone", "with its area code"),
    ({"details": {"urgency": "now"}}, "details.urgency", "must be one of standard, expedited"),
    ({"details": {"urgency": "expedited"}}, "details.urgency_reason", "Say why waiting"),
    ({"details": {"contact": {"name": "C", "email": "casey"}}}, "details.contact.email", "like name@example.org"),
    ({"details": {"diagnosis_codes": ["M80.08XA"] * 13}}, "details.diagnosis_codes", "can have at most 12 of these"),
    ({"details": {"diagnosis_codes": "M80.08XA"}}, "details.diagnosis_codes", "must be a list"),
    ({"details": {"diagnosis_codes": {"0": "M80.08XA"}}}, "details.diagnosis_codes", "must be a list"),
    ({"details": []}, "details", "must be an object"),
    ({"facts": []}, "facts", "must be an object"),
    ({"facts": {"lines": []}}, "facts.lines", "Give at least one procedure line."),
    ({"facts": {"lines": [{"line": 1, "code": "TOOLONGCODE"}]}}, "facts.lines.0.code", "A procedure code has 5"),
    ({"facts": {"lines": [{"line": 100, "code": "22511"}]}}, "facts.lines.0.line", "Number the lines from 1 to 99."),
    (
        {"facts": {"lines": [{"line": 1, "code": "22511", "units": 11}]}},
        "facts.lines.0.units",
        "A line can ask for at most 10 units.",
    ),
    ({"facts": {"lines": [{"line": n, "code": "22511"} for n in range(1, 12)]}}, "facts.lines", "at most 10"),
    ({"facts": {"treatments": [{"modality": "rest"}] * 41}}, "facts.treatments", "at most 40"),
    (
        {"facts": {"treatments": [{"modality": "rest", "visits": 201}]}},
        "facts.treatments.0.visits",
        "Give a number from 0 to 200.",
    ),
    (
        {"facts": {"treatments": [{"modality": "rest", "name": "x" * 201}]}},
        "facts.treatments.0.name",
        "This can have 200 characters. It has 201: shorten it.",
    ),
    ({"facts": {"safety_notes": ["x" * 1000, "y" * 1000]}}, "facts.safety_notes", "2,000 characters together"),
    ({"facts": {"patient": {"t_score": 11}}}, "facts.patient.t_score", "Give a number from -10 to 10."),
    ({"facts": {"stated_treatment_weeks": -1}}, "facts.stated_treatment_weeks", "must be 0 or more"),
    ({"facts": {"request_date": "yesterday"}}, "facts.request_date", "must be a calendar date"),
]


@pytest.mark.parametrize(("change", "path", "said"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_said_where_it_stands(program, change, path, said):
    body = new_request()
    for part, changed in change.items():
        body[part] = body[part] | changed if isinstance(changed, dict) else changed
    assert said in errors_of(program.send(REQUESTS, body))[path]


QUERIES = [
    (f"{REQUESTS}?status=lost", "status", "must be one of draft, received"),
    (f"{REQUESTS}?limit=0", "limit", "must be a whole number from 1 to 200"),
    (f"{REQUESTS}?limit=9e9", "limit", "must be a whole number from 1 to 200"),
    (f"{REQUESTS}?limit=5&limit=6", "limit", "must be given once"),
    (f"{REQUESTS}?cursor=abc", "cursor", "must be the `next` of an answer"),
    (f"{REQUESTS}?updated_since=yesterday", "updated_since", "must be an instant such as"),
    (f"{REQUESTS}?updated_since=2026-11-20T20:30:00", "updated_since", "must be an instant such as"),
    (f"{REQUESTS}?updated_since=0001-01-01T00:00:00%2B14:00", "updated_since", "must be an instant such as"),
    (f"{REQUESTS}?offfice=1", "offfice", "is not a key here"),
    (f"{REQUESTS}?cursor=%00", "cursor", "cannot be seen"),
]


@pytest.mark.parametrize(("address", "name", "said"), QUERIES, ids=range(len(QUERIES)))
def test_a_parameter_that_cannot_be_read_is_named(program, address, name, said):
    errors = assert_problem(program.get(address), 400)["errors"]
    assert [error["path"] for error in errors] == [name]
    assert said in errors[0]["message"]


ADDRESSES = [
    "v1",
    "v2/requests",
    "v1/requests/",
    "v1/requests/PA-1",
    "v1/requests.json",
    "v1/decisions/1",
    "%00",
    "%ff",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_an_address_that_is_none_is_answered_to_everybody_alike(address, method):
    document = assert_problem(Client().generic(method, f"/api/{address}"), 404)
    assert document["detail"] == "There is nothing at this address that you may read."


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_is_none_is_named_with_those_that_are(program, method):
    response = program.generic(method, REQUESTS)
    assert_problem(response, 405)
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_media_types(program):
    assert_problem(program.get(REQUESTS, headers={"Accept": "application/xml"}), 406)
    key = {"Idempotency-Key": "k1"}
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
    ):
        assert_problem(program.post(REQUESTS, b"{}", content_type=kind, headers=key), 415)


def test_a_body_of_more_than_2_mib_is_refused(program):
    body = json.dumps({"facts": "x" * strict_json.MOST_BYTES}).encode()
    document = assert_problem(program.send(CHECK, body), 413)
    assert document["detail"] == "The body must be 2 MiB or smaller."
    far = program.post(CHECK, b"{}", content_type="application/json", headers={"Content-Length": str(2**40)})
    assert assert_problem(far, 413)["detail"] == "The body must be 2 MiB or smaller."
    assert program.send(CHECK, b" " * (strict_json.MOST_BYTES - 2) + b"{}").status_code == 422


def test_a_fault_of_ours_says_its_number_and_nothing_else(monkeypatch, caplog):
    def broken(*_, **__):
        raise RuntimeError("Alma Synthetic, born 1948")

    program = office_program(raise_request_exception=False)
    monkeypatch.setattr("portal.api.answers.brief", broken)
    sent_case(person(Role.CLERK))
    document = assert_problem(program.get(REQUESTS), 500)
    assert "Alma" not in str(document)
    logged = [record.request.id for record in caplog.records if record.name == "django.request"]
    assert logged == [document["request_id"]]


def test_a_host_that_is_not_ours_is_answered_as_a_problem_too(program):
    assert_problem(program.get(REQUESTS, headers={"Host": "evil.example"}), 400)


KEYS = ["", " ", "a b", "é", "x" * 256, "a\tb"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("part", ["", "answers", "withdrawal"])
def test_what_writes_needs_an_idempotency_key(program, part, key):
    address = one(NEVER, part) if part else REQUESTS
    response = program.post(address, b"{}", content_type="application/json", headers={"Idempotency-Key": key})
    assert "Send an Idempotency-Key header" in assert_problem(response, 400)["detail"]


def stranger_and_nobody(address, method):
    """The answers to a program of office B for a request of office A, and for one that never was."""
    mine, other = person(Role.CLERK), office_program("Bay Pain Clinic", raise_request_exception=False)
    bodies = {"answers": {"text": "Hello"}, "withdrawal": {"reason": "No"}, "": None}
    for case in (sent_case(mine), draft_case(mine)):
        for reference in (case.reference, NEVER):
            where = one(reference, address)
            yield other.send(where, bodies[address], key="k") if method == "POST" else other.generic(method, where)


ROUTES = [
    *(("", method) for method in ("GET", "HEAD", "PUT", "DELETE")),
    *((part, method) for part in ("answers", "withdrawal") for method in ("POST", "GET", "PATCH")),
]


@pytest.mark.parametrize(("part", "method"), ROUTES)
def test_another_offices_request_is_byte_for_byte_like_one_that_never_was(part, method):
    seen = [
        (answer.status_code, REQUEST_ID.sub(b"", answer.content), sorted(answer.headers.items()))
        for answer in stranger_and_nobody(part, method)
    ]
    assert len(seen) == 4
    assert all(answer == seen[0] for answer in seen)
    assert seen[0][0] in (404, 405)


def test_another_offices_requests_are_not_listed_and_its_cursor_leads_nowhere():
    ours, theirs = office_program(), office_program("Bay Pain Clinic")
    for _ in range(3):
        sent_case(person(Role.CLERK))
    cursor = ours.get(f"{REQUESTS}?limit=1").json()["next"]
    assert cursor
    for address in (REQUESTS, f"{REQUESTS}?cursor={cursor}"):
        assert theirs.get(address).json() == {"results": [], "next": None}


def test_a_reviewer_reads_no_request_through_the_api_and_a_payer_none_at_all():
    case = sent_case(person(Role.CLERK))
    for role in (Role.NURSE, Role.PHYSICIAN, Role.LEAD, Role.AUDITOR, Role.PAYER, Role.ADMINISTRATOR):
        client = browser(person(role))
        for address in (REQUESTS, one(case.reference)):
            assert_problem(client.get(address), 403)
    assert_problem(payer_program().get(one(case.reference)), 403)
    assert not AuditEvent.objects.filter(action="read_case").exists(), "nobody read it"
    assert_problem(Client().get(one(case.reference)), 401)
    assert_problem(Client().get(DECISIONS), 401)


def test_the_document_and_nothing_else_is_open_to_everybody():
    assert Client().get(f"{V1}/openapi.json").status_code == 200
    for address in (REQUESTS, one(NEVER), DECISIONS):
        assert_problem(Client().get(address), 401)
    assert_problem(Client().post(CHECK, "{}", content_type="application/json"), 401)
