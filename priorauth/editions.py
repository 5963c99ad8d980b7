"""Whether the editions are the ones under which requests were scored (invariant 8): the digest of each file is stored
at its first use, and a file that differs from it stops the start and every scoring."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from django.db import OperationalError, ProgrammingError, connection

from policies import registry
from policies.edition import Edition
from policies.strict_yaml import YamlError
from policies.vocabulary import day_words
from priorauth.models import EditionUse

RIGHT = "Restore the file, or publish the change as a new edition beside it, with its own name and effective date."
SHOWN = 12  # characters of a digest that a person compares


class EditionChanged(RuntimeError):
    """The file of an edition is not the one under which its first request was scored."""


def faults() -> list[str]:
    """What stops the start, in words that name the file and what to do; nothing where all is well.

    A database that is down, or has no tables yet, refuses nobody; one that is no PostgreSQL, and a library that does
    not load, are told by checks of their own.
    """
    if connection.vendor != "postgresql":
        return []
    try:
        library = registry.editions()
        uses = list(EditionUse.objects.order_by("first_used_at", "id"))
    except (OperationalError, ProgrammingError, YamlError):
        return []
    installed = {(one.policy, one.edition): one for those in library.values() for one in those}
    return [fault for use in uses for fault in _faults(use, installed.get((use.policy, use.edition)))]


def _faults(use: EditionUse, edition: Edition | None) -> Iterator[str]:
    if edition is None:
        yield (
            f"Edition {use.edition} of policy {use.policy} scored requests from {first_day(use.first_used_at)} on, and"
            f" its file is gone from {_place(registry.LIBRARY)}. Restore the file (SHA-256 {use.sha256[:SHOWN]}...)."
        )
    elif edition.sha256 != use.sha256:
        yield changed(edition, use)


def changed(edition: Edition, use: EditionUse) -> str:
    """That a file was changed, and what would be right."""
    return (
        f"{_place(edition.file)} was changed after requests were scored under it: edition {use.edition} of policy"
        f" {use.policy} was first used on {first_day(use.first_used_at)} with a file of SHA-256"
        f" {use.sha256[:SHOWN]}..., and this one has {edition.sha256[:SHOWN]}... {RIGHT}"
    )


def first_day(instant: dt.datetime) -> str:
    return f"{day_words(instant.astimezone(dt.UTC).date())} (UTC)"


def _place(path: Path) -> str:
    """A path as people know it, from the project's folder on."""
    return str(path.relative_to(registry.LIBRARY.parent.parent))
