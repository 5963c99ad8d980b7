"""What a draft said in an earlier version, for two people who change it at once.

A draft keeps, the oldest first, what each of its last saves replaced: `version`, the one that the save ended, and
`was`, the texts by the names of the fields that it changed (null where there was no such field).
"""

import json
from typing import Any

from priorauth.models import Draft

MOST = 100  # saves
LARGEST = 64 * 1024  # characters of JSON together
Fields = dict[str, list[str]]


def replaced(draft: Draft, fields: Fields) -> list[dict[str, Any]]:
    """What the draft is to keep once `fields` takes the place of what it has. The oldest saves make room."""
    before = draft.fields
    was = {name: before.get(name) for name in before | fields if before.get(name) != fields.get(name)}
    steps = [*draft.replaced, {"version": draft.version, "was": was}]
    room, kept = LARGEST, []
    for step in reversed(steps[-MOST:]):
        room -= len(json.dumps(step))
        if room < 0:
            break
        kept.append(step)
    return kept[::-1]


def at(draft: Draft, version: int) -> Fields:
    """The fields of an earlier version; nothing for one that is too long ago, or never was."""
    fields = dict(draft.fields)
    for step in reversed(draft.replaced if version < draft.version else []):
        for name, texts in step["was"].items():
            if texts is None:
                fields.pop(name, None)
            else:
                fields[name] = texts
        if step["version"] == version:
            return fields
    return fields if version == draft.version else {}
