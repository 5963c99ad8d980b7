"""Which edition of which policy governs a day of service. Editions are loaded once per process."""

import datetime
from functools import cache
from pathlib import Path
from typing import Final

from policies.edition import Edition

LIBRARY: Final = Path(__file__).parent / "library"
DEFAULT_POLICY: Final = "bcbsma-484"


class UnknownPolicyError(LookupError):
    """There is no such policy, or no such edition of it, in the library."""


@cache
def editions() -> dict[str, tuple[Edition, ...]]:
    """Every edition in the library by policy, oldest first; raises `strict_yaml.YamlError` for a faulty file."""
    found: dict[str, list[Edition]] = {}
    for path in sorted(LIBRARY.glob("*/*.yaml")):
        edition = Edition.load(path)
        found.setdefault(edition.policy, []).append(edition)
    return {policy: tuple(sorted(those, key=lambda one: one.effective)) for policy, those in found.items()}


def governing(policy_id: str, service_date: datetime.date | None) -> Edition:
    """The edition in force on a day of service; the newest where no day is given.

    A service before the first edition gets the first one, which then answers that it is not in its scope. Raises
    `UnknownPolicyError`.
    """
    known = editions().get(policy_id)
    if not known:
        raise UnknownPolicyError(f"there is no policy {policy_id}")
    if service_date is None:
        return known[-1]
    return next((one for one in reversed(known) if one.effective <= service_date), known[0])


def edition(policy_id: str, edition_id: str) -> Edition:
    """An edition by name, for replay; raises `UnknownPolicyError`."""
    for one in editions().get(policy_id, ()):
        if one.edition == edition_id:
            return one
    raise UnknownPolicyError(f"there is no edition {edition_id} of policy {policy_id}")
