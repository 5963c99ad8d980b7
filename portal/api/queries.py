"""What may stand behind the question mark: each parameter known by name, given once, and read strictly."""

import datetime as dt
import re
from typing import Any

from django.core import signing
from rest_framework import serializers
from rest_framework.request import Request

from policies.vocabulary import PRODUCTS
from portal.api.fields import Asked, Day, Listed, Object, OneOf, Schemed
from portal.api.problems import BadQuery, flat
from portal.web.fields import Text
from priorauth import exports
from priorauth.statuses import Status

MOST_REQUESTS = 200
MOST_ROWS = 100_000
INSTANT = "must be an instant such as 2026-11-20T20:30:00Z (write a + as %2B)"


class Count(Schemed):
    """A number in an address."""

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.most = most
        self.schema = {"type": "integer", "minimum": 1, "maximum": most}

    def to_internal_value(self, data: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", data) or not 1 <= int(data) <= self.most:
            raise serializers.ValidationError(f"must be a whole number from 1 to {self.most}")
        return int(data)


class Instant(Schemed):
    schema = {"type": "string", "format": "date-time", "examples": ["2026-11-20T20:30:00Z"]}

    def to_internal_value(self, data: str) -> dt.datetime:
        try:
            instant = dt.datetime.fromisoformat(data)
            if instant.tzinfo:
                return instant.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
        raise serializers.ValidationError(INSTANT)


class Query(Object):
    """The parameters of one operation."""

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The values that were given. Raises BadQuery."""
        query = cls()
        given, twice = {}, {}
        for name, values in request.query_params.lists():
            single = not isinstance(query.fields.get(name), Listed)
            if single and len(values) > 1:
                twice[name[:60]] = ["must be given once"]
            given[name] = values[0] if single else values
        query = cls(data=given)
        if not query.is_valid() or twice:
            faults = flat({**query.errors, **twice})
            raise BadQuery([fault | {"path": fault["path"].partition(".")[0]} for fault in faults])
        return query.validated_data


class RequestsQuery(Query):
    status = Listed(child=OneOf(Status.values), required=False, help_text="may be repeated")
    updated_since = Instant(required=False, help_text="only requests that changed at this instant or later")
    limit = Count(MOST_REQUESTS, default=50)
    cursor = Asked(Text("Cursor", most=300), required=False, allow_null=False, help_text="`next` of the answer before")


class DecisionsQuery(Query):
    outcome = Listed(child=OneOf([value for value, _ in exports.OUTCOMES]), required=False, help_text="may be repeated")
    product = Listed(child=OneOf(list(PRODUCTS)), required=False, help_text="may be repeated")
    after = Asked(
        Text("Cursor", most=30),
        required=False,
        allow_null=False,
        help_text="reference and line of the last row that you have, as in PA-7K2M-0000-1111.1",
    )
    limit = Count(MOST_ROWS, required=False, help_text="the most rows; without it, all that there are now")
    format = OneOf(["jsonl", "csv"], required=False, help_text="wins over the Accept header")

    def get_fields(self) -> dict[str, serializers.Field]:
        """`from` cannot be the name of an attribute."""
        days = {"from": "the first day of deciding, in the plan's time zone", "to": "the last such day, included"}
        return {name: Day(required=False, help_text=text) for name, text in days.items()} | super().get_fields()


def sealed(place: tuple[str, int]) -> str:
    """A place in the list as a cursor that only this portal can make."""
    return signing.dumps(place, salt="api.cursor", compress=True)


def opened(cursor: str) -> tuple[dt.datetime, int]:
    """The place that a cursor names. Raises BadQuery."""
    try:
        instant, number = signing.loads(cursor, salt="api.cursor")
    except signing.BadSignature as error:
        message = "must be the `next` of an answer to the same question, unchanged; leave it out to begin anew"
        raise BadQuery([{"path": "cursor", "message": message}]) from error
    return dt.datetime.fromisoformat(instant), number
