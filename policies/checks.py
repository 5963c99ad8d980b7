"""System check: every edition in the library loads, so that a faulty file stops the start and not a request."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register

from policies.registry import editions
from policies.strict_yaml import YamlError


@register("policies")
def editions_load(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    try:
        found = editions()
    except YamlError as error:
        return [Error(str(error), id="policies.E001")]
    if not found:
        return [Error("There is no policy edition in the library.", id="policies.E002")]
    return []
