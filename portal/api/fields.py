"""The kinds of value that the API reads. Each refuses a wrong one with the sentence of the office's form."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from rest_framework import serializers

from policies import facts as facts_v1
from portal.web.fields import Question

NOT_TEXT = "must be text in quotation marks"
NOT_AN_OBJECT = "must be an object"
MISSING = "must be given"
UNKNOWN_KEY = "is not a key here; remove it or correct its name"
DATE = "must be a calendar date such as 2026-08-31, in quotation marks"
ANY_DAY = "2000-01-01"  # stands in while facts are read that lack the day which the receipt sets
KEYS = {"required": MISSING, "null": MISSING}


class Object(serializers.Serializer):
    """An object whose keys are all known: an unknown one is refused by its name."""

    default_error_messages = {"required": MISSING, "null": MISSING, "invalid": NOT_AN_OBJECT}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        values: dict[str, Any] = {}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors = error.detail
        if isinstance(data, Mapping):
            errors |= {key[:60]: [UNKNOWN_KEY] for key in data if key not in self.fields}
        if errors:
            raise serializers.ValidationError(errors)
        return values


class Schemed(serializers.Field):
    """A field that says its JSON schema itself."""

    default_error_messages = KEYS
    schema: dict[str, Any]

    def to_representation(self, value: Any) -> Any:
        return value


class Asked(Schemed):
    """A text that answers a question of the office's form, read as the form reads it; "" where it is optional and not
    given. `format_name` and `example` are for the document alone."""

    def __init__(self, question: Question, *, most: int = 60, format_name: str = "", example: str = "", **options: Any):
        if not options.get("required", True):
            options = {"default": "", "allow_null": True} | options
            options.pop("required")
        super().__init__(**options)
        self.question = question
        self.most = getattr(question, "most", most)
        self.schema = {"type": "string", "maxLength": self.most}
        self.schema |= {"minLength": 1} if self.required else {}
        self.schema |= {"format": format_name} if format_name else {}
        self.schema |= {"examples": [example]} if example else {}
        self.schema |= {"description": question.hint} if question.hint else {}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError(NOT_TEXT)
        if len(data) > self.most:
            raise serializers.ValidationError(f"can have {self.most:,} characters. This has {len(data):,}: shorten it")
        try:
            value = self.question.clean(data)
        except forms.ValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        if self.required and not value:
            raise serializers.ValidationError(MISSING)
        return value

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        absent, value = super().validate_empty_values(data)
        return absent, "" if value is None else value


class Day(Schemed):
    schema = {"type": "string", "format": "date", "examples": ["1948-03-14"]}

    def to_internal_value(self, data: Any) -> dt.date:
        try:
            if isinstance(data, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", data):
                return dt.date.fromisoformat(data)
        except ValueError:
            pass
        raise serializers.ValidationError(DATE)


class OneOf(Schemed):
    def __init__(self, values: list[str], **options: Any) -> None:
        super().__init__(**options)
        self.schema = {"type": "string", "enum": [*values, *([None] if self.allow_null else [])]}

    def to_internal_value(self, data: Any) -> str:
        if data not in self.schema["enum"]:
            raise serializers.ValidationError("must be one of " + ", ".join(filter(None, self.schema["enum"])))
        return data


class Number(Schemed):
    """A whole number."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most
        self.schema = {"type": "integer", "minimum": least, "maximum": most}

    def to_internal_value(self, data: Any) -> int:
        whole = not isinstance(data, bool) and isinstance(data, int | float) and data == int(data)
        if not (whole and self.least <= data <= self.most):
            raise serializers.ValidationError(f"must be a whole number from {self.least} to {self.most}")
        return int(data)


class Listed(serializers.ListField):
    """A list. Its faults are named by their place."""

    default_error_messages = KEYS | {
        "not_a_list": "must be a list",
        "max_length": "can have at most {max_length} of these",
    }


class Sources(Schemed):
    """Where a fact is written, by its path: `levels.L1.onset`, `treatments.0`."""

    PATH = r"^(levels\.[A-Z][A-Z0-9]{1,5}\.[a-z_]{1,40}|treatments\.[0-9]{1,2})$"
    MOST = 100
    schema = {
        "type": "object",
        "maxProperties": MOST,
        "propertyNames": {"pattern": PATH},
        "additionalProperties": {"type": "string", "maxLength": 200},
        "examples": [{"levels.L1.onset": "Office note, page 2"}],
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, dict) or len(data) > self.MOST:
            raise serializers.ValidationError(f"must be an object of at most {self.MOST} paths and texts")
        wrong = {
            path[:60]: ["must be a path like levels.L1.onset or treatments.0, with a text of at most 200 characters"]
            for path, text in data.items()
            if not (re.fullmatch(self.PATH, path) and isinstance(text, str) and len(text) <= 200)
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return data


class Facts(Schemed):
    """Facts v1 (policies/facts-v1.schema.json). What the receipt sets may be missing: it is set anew."""

    schema = {"$ref": "#/components/schemas/Facts"}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        document = {"request_date": ANY_DAY, **data} if isinstance(data, dict) else data
        try:
            facts_v1.parse(document)
        except facts_v1.FactsError as error:
            faults: dict[str, list[str]] = {}
            for path, message in error.faults:
                faults.setdefault(path or "non_field_errors", []).append(message)
            raise serializers.ValidationError(faults) from error
        return data
