"""Which edition of which policy governs a day of service. The library is loaded once per process."""

import datetime
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from policies import strict_yaml
from policies.edition import Edition

LIBRARY: Final = Path(__file__).parent / "library"
DEFAULT_POLICY: Final = "bcbsma-484"
Library = dict[str, tuple[Edition, ...]]


class UnknownPolicyError(LookupError):
    """There is no such policy, or no such edition of it, in the library."""


def load(folder: Path) -> Library:
    """Every edition in a folder of policies by policy, oldest first.

    Raises `strict_yaml.YamlError` for a faulty file, and for two editions of one policy that overlap: an edition is in
    force until the next one begins, so no two begin on one day, nor have one name.
    """
    found: dict[str, list[Edition]] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        edition = Edition.load(path)
        found.setdefault(edition.policy, []).append(edition)
    library = {policy: tuple(sorted(those, key=lambda one: one.effective)) for policy, those in found.items()}
    for those in library.values():
        _apart(those)
    _numbered_once(library)
    return library


def _apart(those: Sequence[Edition]) -> None:
    names: dict[str, Edition] = {}
    for one, other in pairwise(those):
        if one.effective == other.effective:
            message = f"overlaps {_name(one)}, which begins on the same day"
            raise strict_yaml.load(other.file).fault(("effective",), message)
    for one in those:
        if one.edition in names:
            raise strict_yaml.load(one.file).fault(("edition",), f"is the name of {_name(names[one.edition])} too")
        names[one.edition] = one


def _numbered_once(library: Library) -> None:
    """A policy's number is its address: no two policies share one."""
    owners: dict[str, Edition] = {}
    for one in (edition for those in library.values() for edition in those):
        owner = owners.setdefault(one.document.number, one)
        if owner.policy != one.policy:
            raise strict_yaml.load(one.file).fault(("number",), f"is the number of {_name(owner)} too")


def _name(edition: Edition) -> str:
    return f"{edition.file.parent.name}/{edition.file.name}"


@cache
def editions() -> Library:
    """The library of this installation; raises as `load`."""
    return load(LIBRARY)


def numbered(number: str) -> tuple[Edition, ...]:
    """The editions of the policy with this number, oldest first; raises `UnknownPolicyError`."""
    for those in editions().values():
        if those[0].document.number == number:
            return those
    raise UnknownPolicyError(f"there is no policy {number}")


def name_of(policy_id: str) -> str:
    """A policy as people name it, `Policy 484`; by its id where its files are gone."""
    those = editions().get(policy_id)
    return f"Policy {those[0].document.number}" if those else policy_id


def governing(policy_id: str, service_date: datetime.date | None) -> Edition:
    """The edition in force on a day of service; the newest where no day is given.

    A service before the first edition gets the first one, which then answers that it is not in its scope. Raises
    `UnknownPolicyError`.
    """
    known = editions().get(policy_id)
    if not known:
        raise UnknownPolicyError(f"there is no policy {policy_id}")
    return in_force(known, service_date)


def in_force(known: Sequence[Edition], service_date: datetime.date | None) -> Edition:
    """Of a policy's editions, oldest first, the one in force on a day; the newest where no day is given."""
    if service_date is None:
        return known[-1]
    return next((one for one in reversed(known) if one.effective <= service_date), known[0])


def edition(policy_id: str, edition_id: str) -> Edition:
    """An edition by name, for replay; raises `UnknownPolicyError`."""
    for one in editions().get(policy_id, ()):
        if one.edition == edition_id:
            return one
    raise UnknownPolicyError(f"there is no edition {edition_id} of policy {policy_id}")
