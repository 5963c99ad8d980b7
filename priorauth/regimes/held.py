"""Whether the file of regimes still has every rule that set a clock, as it was: what stops the start."""

from django.db import OperationalError, ProgrammingError, connection

from policies.strict_yaml import YamlError
from priorauth.models import RegimeUse
from priorauth.regimes import library

SHOWN = 12  # characters of a digest that a person compares
RIGHT = "Put it back as it was. A change is a new rule behind it, with its own effective_from."


def fault_of_the_file() -> str:
    """What is wrong with the file of regimes, naming line and key; "" where nothing is."""
    try:
        library.current()
    except (YamlError, OSError) as fault:
        return str(fault)
    return ""


def faults() -> list[str]:
    """What stops the start, in words that name the rule and what to do; nothing where all is well, and nothing where
    the database is down or has no tables yet."""
    if connection.vendor != "postgresql" or fault_of_the_file():
        return []
    try:
        uses = list(RegimeUse.objects.order_by("first_used_at", "id"))
    except (OperationalError, ProgrammingError):
        return []
    return [fault for use in uses if (fault := _fault(use))]


def _fault(use: RegimeUse) -> str:
    name = f"The rule of regime {use.regime} from {use.effective_from} has set the clock of requests"
    try:
        rule = library.current().rule(use.regime, use.effective_from)
    except KeyError:
        return f"{name}, and the file of regimes has it no more. {RIGHT}"
    if rule.sha256 == use.sha256:
        return ""
    return f"{name} with the digest {use.sha256[:SHOWN]}..., and was changed: {rule.sha256[:SHOWN]}... {RIGHT}"
