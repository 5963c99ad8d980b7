"""What an office has typed of an answer: who answered which item, what is wrong, two people's parts together."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from portal.web import asked, refill
from portal.web.asked import AskedItem
from portal.web.request_form import RequestForm
from portal.web.rows import Raw
from portal.web.summary import words as in_words
from priorauth.models import AnswerDraft
from priorauth.roles import Actor
from priorauth.services.base import visible
from priorauth.services.information import LONGEST_WORDS, NO_REASON, Item

BOTH = "“We do not have this” is ticked beside an answer. Untick it, or clear the answer."
Problem = tuple[str, str]  # the id of the input, and the message


@dataclass
class Typed:
    """The fields that differ from what was sent, the words on each item, the items that the office does not have."""

    changes: Raw = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)
    not_held: set[int] = field(default_factory=set)
    note: str = ""

    @classmethod
    def of_draft(cls, draft: AnswerDraft | None) -> "Typed":
        if draft is None:
            return cls()
        items = {int(place): item for place, item in draft.items.items()}
        words = {place: item["words"] for place, item in items.items()}
        return cls(draft.changes, words, {place for place, item in items.items() if item["not_held"]}, draft.note)

    @classmethod
    def of_post(cls, post: QueryDict, changes: Raw, count: int) -> "Typed":
        words = {place: _text(post, f"answer.{place}.words") for place in range(count)}
        not_held = {place for place in range(count) if f"answer.{place}.none" in post}
        return cls(changes, words, not_held, _text(post, "note_to_answer"))


def _text(post: QueryDict, name: str) -> str:
    return post.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip()


def whole(posted: Raw, base: Raw, sent: Raw, items: Sequence[AskedItem]) -> Raw:
    """The form as it stands after a post: the fields that were asked for as posted, also where they were emptied, the
    others as they were; and what an answer cannot change as it was sent."""
    kept = {name: texts for name, texts in base.items() if not _is_any(items, name)}
    fixed = {name: texts for name, texts in sent.items() if refill.is_fixed(name)}
    typed = {name: texts for name, texts in posted.items() if not refill.is_fixed(name)}
    return {**kept, **typed, **fixed}


def together(theirs: Typed, mine: Typed) -> tuple[Typed, Collection[str]]:
    """Both people's parts, mine where both changed the same; and where that is: fields by name, items by number."""
    changes, clash = asked.together(theirs.changes, mine.changes)
    words = {place: mine.words.get(place) or text for place, text in theirs.words.items()}
    both = [place for place, text in theirs.words.items() if text and mine.words.get(place) not in (None, "", text)]
    note = mine.note or theirs.note
    names = [*clash, *(f"answer.{place}.words" for place in both)]
    if theirs.note and mine.note not in ("", theirs.note):
        names.append("note_to_answer")
    return Typed(changes, {**mine.words, **words}, mine.not_held | theirs.not_held, note), names


def shown(form: RequestForm, theirs: Typed, names: Collection[str]) -> list[tuple[str, str]]:
    """What the colleague wrote where both changed the same: (question, answer) in words. `form` is the colleague's."""
    bounds = {bound.html_name: (part, bound) for parts in form.sections().values() for part in parts for bound in part}
    found = []
    for name in names:
        if name in bounds:
            part, bound = bounds[name]
            found.append((": ".join(filter(None, [part.about, bound.field.words])), in_words(bound)))
        elif name.startswith("answer."):
            place = int(name.split(".")[1])
            found.append((f"Words on item {place + 1}", theirs.words[place]))
        elif name == "note_to_answer":
            found.append(("Note to the reviewer", theirs.note))
        else:
            found.append(("Rows or files", "changed by both of you"))
    return found


def states(
    items: Sequence[AskedItem], typed: Typed, draft: AnswerDraft | None, actor: Actor, at: dt.datetime
) -> dict[str, Any]:
    """Each answered item, by its place, with who answered it and when: whoever changed it last."""
    return {
        str(item.place): _known(item, typed, draft)
        or {**_said(item, typed), "by": actor.user_id, "name": actor.name, "at": at.isoformat()}
        for item in items
        if _answers(item, typed)
    }


def _said(item: AskedItem, typed: Typed) -> dict[str, Any]:
    return {"not_held": item.place in typed.not_held, "words": typed.words.get(item.place, "")}


def _answers(item: AskedItem, typed: Typed) -> bool:
    said = _said(item, typed)
    return said["not_held"] or visible(said["words"]) > 0 or bool(_about(item, typed.changes))


def _about(item: AskedItem, changes: Raw) -> Raw:
    return {name: texts for name, texts in changes.items() if item.is_about(name)}


def _known(item: AskedItem, typed: Typed, draft: AnswerDraft | None) -> Mapping[str, Any] | None:
    """The item as the draft has it, where nobody changed it since."""
    known = draft.items.get(str(item.place)) if draft else None
    said = _said(item, typed)
    if known is None or {name: known[name] for name in said} != said:
        return None
    return known if _about(item, draft.changes) == _about(item, typed.changes) else None


def marked(items: list[AskedItem], typed: Typed, draft: AnswerDraft | None) -> list[AskedItem]:
    """The items with what was typed on each; `answered` also says by whom, where it is kept."""
    for item in items:
        known = _known(item, typed, draft) or {}
        item.answered = {**known, **_said(item, typed)} if _answers(item, typed) else {}
    return items


def check(items: Sequence[AskedItem], changes: Raw) -> None:
    """Say on each item what is wrong with its words, or with facts beside “We do not have this”."""
    held = [item for item in items if not item.answered.get("not_held")]
    given = [name for name, texts in changes.items() if any(texts) and not name.endswith("-count")]
    for item in items:
        words = item.answered.get("words", "")
        if item.answered.get("not_held") and not visible(words):
            item.wrong = NO_REASON
        elif item not in held and any(item.is_about(name) and not _is_any(held, name) for name in given):
            item.wrong = BOTH
        elif len(words) > LONGEST_WORDS:
            item.wrong = f"This can have {LONGEST_WORDS} characters. It has {len(words):,}: shorten it."


def _is_any(items: Iterable[AskedItem], name: str) -> bool:
    """Whether a field of the form answers one of the items."""
    return any(item.is_about(name) for item in items)


def problems(form: RequestForm, items: Sequence[AskedItem], changes: Raw) -> list[Problem]:
    """Every message of the page: of the fields that stand on it and of the items' words; and, without an id to go to,
    of changed fields that do not stand on it."""
    ids = {bound.auto_id for item in items for bound in item.fields} | {"id_other_file"}
    starts = tuple(f"id_{group}-" for item in items for group in item.groups)
    found = []
    for problem in form.problems:
        here = problem.input_id in ids or problem.input_id.startswith(starts)
        if here or problem.input_id.removeprefix("id_") in changes:
            found.append((problem.input_id if here else "", problem.message))
    return found + [(f"answer_{item.place}", item.wrong) for item in items if item.wrong]


def rows(items: Sequence[AskedItem]) -> list[Item]:
    """The answered items as they are sent."""
    return [
        Item(
            item.place,
            item.answered["not_held"],
            item.answered["words"],
            item.answered["by"],
            dt.datetime.fromisoformat(item.answered["at"]),
        )
        for item in items
        if item.answered
    ]
