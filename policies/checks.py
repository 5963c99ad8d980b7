"""System checks: every edition loads, so that a faulty file stops the start and not a request; with `check --deploy`
every case holds too, as in `check_policies`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register

from policies import checking, registry
from policies.strict_yaml import YamlError


@register("policies")
def editions_load(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    try:
        found = registry.editions()
    except YamlError as error:
        return [Error(str(error), id="policies.E001")]
    if not found:
        return [Error("There is no policy edition in the library.", id="policies.E002")]
    return []


@register("policies", deploy=True)
def policies_hold(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [Error(fault, id="policies.E003") for fault in checking.faults(registry.LIBRARY)]
