"""The OpenAPI document, and the API held to it by schemathesis (RELIABILITY.md B1)."""

import io
import json
from contextlib import suppress
from typing import Any

import jsonschema
import pytest
import schemathesis
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance

from portal.api.urls import urlpatterns
from priorauth.roles import Role
from tests.api_helpers import V1, key_for, new_request
from tests.cases import EXAMPLES, approve, case_in_review, office, person, plan
from tests.soak import SOAK, figure, report

DOCUMENT = f"{V1}/openapi.json"
CASES = 2_000  # with SOAK=1: asked of the seven operations as an office, a payer and nobody, and in sequences
WHO = ("office", "payer", "nobody")
OPERATIONS = 7

for name, values in {
    "npi": ["1205804119", "1316905227"],
    "phone": ["617-555-0100"],
    "icd-10-cm": ["M80.08XA", "C79.51"],
    "procedure-code": ["22510", "22511", "22513", "0QU03JZ"],
}.items():
    schemathesis.openapi.format(name, st.sampled_from(values))


def document() -> dict[str, Any]:
    return Client().get(DOCUMENT).json()


def test_it_is_valid_and_made_without_a_warning():
    written = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=written)
    assert json.loads(written.getvalue()) == document()
    assert document()["openapi"].startswith("3.")


def test_every_route_of_the_api_stands_in_it():
    paths = {f"/api/{str(route.pattern).replace('<reference:reference>', '{reference}')}" for route in urlpatterns}
    assert paths - {*document()["paths"]} == {"/api/", DOCUMENT}
    operations = [operation for path in document()["paths"].values() for operation in path.values()]
    assert len(operations) == OPERATIONS
    for operation in operations:
        assert operation["summary"]
        assert {"401", "403", "406", "500", "503"} <= {*operation["responses"]}
        assert operation["security"] == [{"key": []}, {"cookieAuth": []}]


def against(component: str) -> jsonschema.Draft202012Validator:
    whole = document()
    schema = {"$ref": f"#/components/schemas/{component}", "components": whole["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def test_the_facts_of_every_worked_case_are_facts_in_it():
    facts, read = against("Facts"), [json.loads(line)["facts"] for line in EXAMPLES.read_text().splitlines()]
    wrong = [error.message for one in read if one["lines"] for error in facts.iter_errors(one)]
    assert len(read) > 50
    assert wrong == []


def test_a_whole_request_is_one_in_it_and_an_unknown_key_is_not():
    body = against("NewRequest")
    assert not list(body.iter_errors(new_request()))
    assert list(body.iter_errors(new_request(colour="red")))


@pytest.fixture
def asked(transactional_db):
    """The API as schemathesis sees it, some cases in it, and the headers of each who asks."""
    clerk = person(Role.CLERK)
    for at_home in (clerk, person(Role.CLERK, office("Bay Pain Clinic"))):
        approve(case_in_review(at_home), person(Role.NURSE))
        case_in_review(at_home)
    headers = {
        "office": {"Authorization": f"Bearer {key_for(office())}"},
        "payer": {"Authorization": f"Bearer {key_for(plan())}"},
        "nobody": {},
    }
    return schemathesis.openapi.from_wsgi(DOCUMENT, get_wsgi_application()), headers


def limits(examples: int, **options: Any) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=not SOAK,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        **options,
    )


def hold(case: schemathesis.Case, headers: dict[str, str]) -> Any:
    """Ask, and compare the answer with the document. (Much that has the right shape is refused for what it says, so
    that it is valid is not asked for.)"""
    response = case.call(headers=headers)
    case.validate_response(response, excluded_checks=[positive_data_acceptance], headers=headers)
    return response


def with_people(case: schemathesis.Case, valid: bool) -> None:
    """Put people into a request who can be: random names and numbers are refused before the facts are looked at."""
    if valid and isinstance(case.body, dict) and "member" in case.body:
        case.body = new_request() | {"facts": case.body["facts"]}


def statuses_of(operation: Any, mode: GenerationMode, headers: dict[str, str], examples: int) -> set[int]:
    """Ask an operation so many times, and hold each answer against the document."""
    statuses = set()

    @limits(examples)
    @given(operation.as_strategy(generation_mode=mode), st.booleans())
    def ask(case, people):
        with_people(case, people and mode == GenerationMode.POSITIVE)
        statuses.add(hold(case, headers).status_code)

    ask()
    return statuses


def test_every_answer_to_anything_stands_in_the_document(asked):
    """B1: no fault, no status, no media type and no shape that the document does not have."""
    api, headers = asked
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    each = figure(CASES) // (OPERATIONS * len(WHO) * len(modes))
    seen = {
        who: set().union(
            *(
                statuses_of(found.ok(), mode, headers[who], max(each, 1))
                for found in api.get_all_operations()
                for mode in modes
            )
        )
        for who in WHO
    }
    report(
        "B1", f"{each * OPERATIONS * len(WHO) * len(modes)} calls, as an office, a payer and nobody", "as documented"
    )
    assert seen["nobody"] <= {401, 404, 405, 406}
    assert seen["office"] >= {200, 422}
    assert seen["payer"] >= {200, 403}


def test_sequences_of_calls_stand_in_the_document_too(asked):
    """B1, stateful: what is sent is read, answered and withdrawn, in any order."""
    api, headers = asked
    seen, wrong = [], []

    class Sequences(api.as_state_machine()):
        def call(self, case, **_):
            with_people(case, valid=True)
            response = case.call(headers=headers["office"])
            seen.append((case.operation.label, response.status_code))
            return response

        def validate_response(self, response, case, **_):
            try:
                case.validate_response(response, excluded_checks=[positive_data_acceptance], headers=headers["office"])
            except FailureGroup as failure:
                wrong.append(failure.exceptions)

    for _ in range(figure(100)):
        if len(seen) < figure(600):
            with suppress(Flaky):  # the portal remembers what was sent, which Hypothesis takes for moods of the test
                Sequences.run(settings=limits(10, stateful_step_count=6))
    assert wrong == []
    assert len(seen) >= figure(600)
    report("B1", f"{len(seen)} calls in sequences", "as documented")
    assert {
        ("POST /api/v1/requests", 201),
        ("GET /api/v1/requests/{reference}", 200),
        ("POST /api/v1/requests/{reference}/withdrawal", 200),
        ("POST /api/v1/requests/{reference}/answers", 409),
    } <= {*seen}
