"""The OpenAPI 3.1 document: made from the views, the serializers and the facts schema, never written by hand."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.serializers import Serializer

import policies
from portal.api.shapes import Problem
from priorauth.services import bounds

Json = dict[str, Any]

DESCRIPTION = """Offices send requests for a vertebroplasty, follow them and answer questions; the plan's programs read
decisions.

A program sends `Authorization: Bearer pap_...`; a signed-in person's session works too, with Django's CSRF token for
what writes. Every POST that writes needs an `Idempotency-Key`: the same key with the same body is answered again, not
done again, for 30 days. Refusals are problem documents (RFC 9457). Instants are UTC; days are the plan's.

JSON is read strictly: each key once, no unknown key, no NaN, numbers of at most 15 digits, 2 MiB at most. A fact that
is null or absent was not submitted: it is unknown, never no. Only a person decides."""
PROBLEM = "application/problem+json"
REFUSALS = {
    400: "It cannot be read: the JSON, a header or a parameter. `detail` says what would be right.",
    401: "No current key, and nobody is signed in. Unknown, revoked and expired keys are answered alike.",
    403: "The role or the key's scopes do not allow it.",
    404: "There is no such request, or it is another office's: the two answer alike.",
    406: "None of the media types that are accepted can be given.",
    409: "The request has moved on. `detail` says where it stands.",
    411: "The body has no Content-Length; one in chunks is not read.",
    413: "The body is larger than 2 MiB.",
    415: "The body is not application/json.",
    422: "It cannot be taken: `errors` has a path and a sentence each. Or the Idempotency-Key was used before.",
    500: "A fault of the portal. `request_id` finds it in the log.",
    503: "The portal cannot answer just now. Ask again after Retry-After, with the same Idempotency-Key.",
}
ALWAYS = {401, 403, 406, 500, 503}
WITH_BODY = {400, 411, 413, 415, 422}
REFERENCE = OpenApiParameter(
    "reference",
    {
        "type": "string",
        "pattern": "^PA-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$",
        "examples": ["PA-7K2M-0000-1111"],
    },
    OpenApiParameter.PATH,
)
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="a new one for each request, the same one when a request is sent again",
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="only where this answer was given before and nothing was done now",
)
LINKS = {"request_send": "201"}
LINKED = {"request_read": "read it", "request_answer": "answer a question", "request_withdraw": "take it back"}


def describe(
    operation_id: str,
    summary: str,
    answer: type[Serializer] | Json,
    *,
    status: int = 200,
    query: type[Serializer] | None = None,
    body: type[Serializer] | None = None,
    once: bool = False,
    one: bool = False,
    parameters: tuple[OpenApiParameter, ...] = (),
) -> Callable[..., Any]:
    """The document's entry for a view's method. `once`: it writes, with an Idempotency-Key; `one`: about one request.

    `answer` is the shape of the answer, or several by media type.
    """
    refusals = ALWAYS | (WITH_BODY if body else set()) | ({400} if query else set()) | ({404} if one else set())
    refusals |= {409} if once and one else set()
    asked = [*([REFERENCE] if one else []), *([IDEMPOTENCY, REPLAYED] if once else []), *parameters]
    answers = answer if isinstance(answer, dict) else {"application/json": answer}
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        parameters=[*asked, *([query] if query else [])],
        request=body,
        responses={(status, media): OpenApiResponse(shape) for media, shape in answers.items()}
        | {(code, PROBLEM): OpenApiResponse(Problem, REFUSALS[code]) for code in sorted(refusals)},
        tags=["decisions" if operation_id.startswith("decisions") else "requests"],
    )


class FieldSchema(OpenApiSerializerFieldExtension):
    """Our fields say their schema themselves."""

    target_class = "portal.api.fields.Schemed"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> Json:
        return dict(self.target.schema)


class StrictObject(OpenApiSerializerExtension):
    """Our bodies have no unknown keys."""

    target_class = "portal.api.fields.Object"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> Json:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "portal.api.access.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> Json:
        return {"type": "http", "scheme": "bearer", "description": "an API key, pap_..., issued by an administrator"}


def complete(result: Json, **_: Any) -> Json:
    """drf-spectacular's last step: the description, the facts schema, what to do next with a request that was sent."""
    result["info"]["description"] = DESCRIPTION
    result["components"]["schemas"] |= facts_schemas()
    operations = {one["operationId"]: one for path in result["paths"].values() for one in path.values()}
    for operation, status in LINKS.items():
        operations[operation]["responses"][status]["links"] = {
            target: {
                "operationId": target,
                "description": words,
                "parameters": {"reference": "$response.body#/reference"},
            }
            for target, words in LINKED.items()
        }
    return result


@cache
def facts_schemas() -> dict[str, Json]:
    """The facts schema as components, with what a sending adds to it: bounds, and the day that the receipt sets."""
    text = (Path(policies.__file__).parent / "facts-v1.schema.json").read_text()
    for name in json.loads(text)["$defs"]:
        text = text.replace(f'"#/$defs/{name}"', f'"#/components/schemas/{_component(name)}"')
    facts = json.loads(text)
    parts = {_component(name): part for name, part in facts.pop("$defs").items()}
    facts = {key: value for key, value in facts.items() if not key.startswith("$")}
    facts["required"] = [name for name in facts["required"] if name != "request_date"]
    facts["description"] += " request_date, case_id and patient.age are set by the receipt, whatever is sent in them."
    known = facts["properties"]
    for name, most in bounds.MOST.items():
        known[name]["maxProperties" if name == "levels" else "maxItems"] = most
    known["lines"]["minItems"] = 1
    line = known["lines"]["items"]["properties"]
    line["line"]["maximum"] = bounds.HIGHEST_LINE
    line["levels"]["maxItems"] = bounds.MOST["levels"]
    line["code"] |= {"format": "procedure-code", "examples": ["22511"]}
    for part in (facts, *parts.values()):
        _bounded(part)
    return {"Facts": facts, **parts}


def _bounded(schema: Json) -> None:
    """Write the bounds of texts and numbers into a schema and all within it."""
    for name, part in schema.get("properties", {}).items():
        if name in bounds.LONGEST:
            part["maxLength"] = bounds.LONGEST[name]
        if name in bounds.RANGES:
            part["minimum"], part["maximum"] = bounds.RANGES[name]
        _bounded(part)
    if "items" in schema:
        _bounded(schema["items"])


def _component(name: str) -> str:
    return "Facts" + "".join(word.capitalize() for word in name.split("_"))


@cache
def document() -> Json:
    """The whole document, made once per process."""
    return SchemaGenerator().get_schema(request=None, public=True)
