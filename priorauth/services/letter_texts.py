"""The plan's own texts in its letters: versions that are added and never changed."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.db import connection, connections, transaction

from policies import strict_yaml
from priorauth import audit, letters
from priorauth.models import LetterText
from priorauth.models.letter import TEXTS
from priorauth.roles import Actor, Role
from priorauth.services.base import visible
from priorauth.services.errors import Conflict, Incomplete, NotPermitted

KEEPERS: Final = frozenset({Role.ADMINISTRATOR, Role.LEAD})
LONGEST_APPEAL: Final = 3650  # days
FIRST: Final = Path(letters.__file__).parent / "first-texts.yaml"
MISSING: Final = "There are no texts for letters yet. Ask an administrator or a lead to write them: “Letter texts”."


def current() -> LetterText:
    """The texts that a letter of now has. Raises Conflict where there are none."""
    texts = LetterText.objects.order_by("-version").first()
    if texts is None:
        raise Conflict(MISSING)
    return texts


def keep(values: Mapping[str, Any], *, by: Actor, at: dt.datetime, after: int) -> LetterText:
    """Add a version with `values`, all of TEXTS and `appeal_days`; letters have it from now on.

    `after` is the version that the person's page showed. Raises NotPermitted, Incomplete naming an empty text, or
    Conflict where somebody else has added a version meanwhile.
    """
    if by.role not in KEEPERS:
        raise NotPermitted("The texts of the letters are kept by administrators and leads.")
    check(values)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('letter texts', 0))")
        if current().version != after:
            raise Conflict("Somebody else has changed the texts meanwhile. Open them again: nothing was kept.")
        texts = LetterText(version=after + 1, kept_by_id=by.user_id, kept_at=at, **values)
        texts.save(force_insert=True)
        audit.record(
            by=by, at=at, action="keep_letter_texts", entities={"letter_texts": after + 1}, change=dict(values)
        )
    return texts


def check(values: Mapping[str, Any]) -> None:
    """Raise Incomplete, naming the first of the values that a letter cannot do without."""
    for name in TEXTS:
        if not visible((values[name] or "").strip()):
            raise Incomplete(name, needed_words(name))
    if not 1 <= values["appeal_days"] <= LONGEST_APPEAL:
        raise Incomplete("appeal_days", needed_words("appeal_days"))


def needed_words(name: str) -> str:
    """What is said where a text is empty or a number of days cannot be."""
    if name == "appeal_days":
        return f"Write a number of days from 1 to {LONGEST_APPEAL}."
    label = str(LetterText._meta.get_field(name).verbose_name)
    return f"Write this text: {label[0].lower()}{label[1:]}. A letter cannot be sent without it."


def install(using: str = "default", **_: Any) -> None:
    """Give an installation without texts its first ones. Connected to `post_migrate`."""
    if LetterText._meta.db_table not in connections[using].introspection.table_names():
        return
    if not LetterText.objects.using(using).exists():
        first = strict_yaml.load(FIRST).data
        LetterText(version=1, **first).save(using=using, force_insert=True)
