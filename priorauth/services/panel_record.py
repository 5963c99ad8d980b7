"""What an office changed after the portal showed it what is missing (decision 25).

A record is a JSON value of the draft: `shown` with `at`, `said` and the watched `answers` in words by their names, and
`changes`, oldest first. It is bounded: MOST changes of short texts.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from priorauth.roles import Actor

MOST = 200
LONGEST = 300  # characters of a text
SAME_EDIT = dt.timedelta(minutes=1)  # a saving in the middle of a word, and the next
Record = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """What a saved draft shows: the watched answers that were given, in words by their names, and what the panel says
    of them."""

    answers: dict[str, str]
    said: str


def after(record: Record, shown: Shown | None, *, by: Actor, at: dt.datetime) -> Record:
    """The record once a draft that shows `shown` was saved. An answer filled in for the first time is no change."""
    if shown is None:
        return record
    answers = {name[:LONGEST]: words[:LONGEST] for name, words in shown.answers.items()}
    said = shown.said[:LONGEST]
    before = record.get("shown")
    if before is None:
        return record | {"shown": {"at": _text(at), "said": said, "answers": answers}}
    changes = [dict(change) for change in record.get("changes", [])]
    for name, was in before["answers"].items():
        _note(changes, name, was, answers.get(name, ""), before, by=by, at=at)
    # The words stand since they were first shown; an answer that was cleared is remembered as it was.
    since = before["at"] if before["said"] == said else _text(at)
    shown_now = {"at": since, "said": said, "answers": before["answers"] | answers}
    return record | {"shown": shown_now, "changes": changes[:MOST]}


def _note(
    changes: list[dict[str, str]], name: str, was: str, now: str, before: Record, *, by: Actor, at: dt.datetime
) -> None:
    """Keep one difference. A second step of one edit, or the refilling of what was cleared, changes the first entry."""
    last = next((change for change in reversed(changes) if change["what"] == name), None)
    if now == (last["after"] if last else was):
        return
    if last and (not last["after"] or (last["by"] == by.name and at - _instant(last["at"]) < SAME_EDIT)):
        last |= {"after": now, "at": _text(at), "by": by.name}
        if last["after"] == last["before"]:
            changes.remove(last)
        return
    changes.append(
        {
            "what": name,
            "before": last["after"] if last else was,
            "after": now,
            "at": _text(at),
            "by": by.name,
            "shown_at": before["at"],
            "said": before["said"],
        }
    )


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def sent(record: Record) -> Record:
    """What goes with the sending, as part of the details; nothing where there is nothing to tell."""
    told = {"changes_after_panel": record.get("changes"), "confirmed": list(record.get("confirmed", {}).values())}
    return {name: value for name, value in told.items() if value}
