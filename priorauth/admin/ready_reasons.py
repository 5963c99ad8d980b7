"""What a physician may take over from their own marks when not approving: codes, and sentences for both readers.

All of it is proposed and none chosen beforehand: a ticked sentence is put into the text, where it can be changed.
"""

from collections.abc import Mapping
from typing import Any

from django import forms

from priorauth.admin.act_forms import ActForm
from priorauth.models import Judgement, ReasonCode

MOST_FACTS = 6  # of one criterion
HEALED = "healed"
# Which code tells that a criterion is not met.
CODES = {
    "conservative_6_weeks": ReasonCode.TREATMENT,
    "hospitalized_or_unable_to_walk": ReasonCode.TREATMENT,
    "osteoporotic": ReasonCode.CAUSE,
    "myeloma_or_metastasis": ReasonCode.CAUSE,
    "not_prophylactic": ReasonCode.PREVENTIVE,
    "not_prophylactic_unless_said": ReasonCode.PREVENTIVE,
    "exam_concordant": ReasonCode.NOT_TIED,
    "imaging_nonhealing": ReasonCode.NOT_TIED,
    "imaging_lesion": ReasonCode.NOT_TIED,
    "imaging_lesion_literal": ReasonCode.NOT_TIED,
    "fracture_shown": ReasonCode.NOT_TIED,
    "pain_source_certain": ReasonCode.NOT_TIED,
}
PROPOSED = "From what you marked “not met”: {codes}. Tick what you take."
MEMBER = "Our rule asks for this at {level}: “{plain}” A physician read the records and did not find it.{found}"
Json = dict[str, Any]
Key = tuple[str, str]


def ready_field(reader: str) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=f"Ready sentences for {reader}",
        help_text="From what you marked “not met”. What you tick is added to your text above, to be read and changed.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class Ready(ActForm):
    """A form with `reason_codes`, and for each reader a text, `reason_for_…`, with its `ready_…` below."""

    def propose(self, marked: Mapping[Key, Judgement], stories: Mapping[Key, Json], facts: Json) -> None:
        """Offer what fits the (level, criterion) that were marked not met."""
        told = {key: stories[key] for key in marked if key in stories}
        self.fields["reason_codes"].help_text = codes(told, facts)
        self._offer("member", [for_member(key, story) for key, story in told.items()])
        self._offer("clinician", [for_clinician(key, story, marked[key]) for key, story in told.items()])

    def _offer(self, reader: str, sentences: list[str]) -> None:
        """Sentences to tick; those that were ticked go into the text."""
        name, text = f"ready_{reader}", f"reason_for_{reader}"
        if self.is_bound and (ticked := self.fields[name].widget.value_from_datadict(self.data, None, name)):
            self.data = self.data.copy()
            self.data[text] = "\n".join(filter(None, [self.data.get(text, "").strip(), *ticked]))
            del self.data[name]
        if sentences:
            self.fields[name].choices = [(sentence, sentence) for sentence in sentences]
        else:
            del self.fields[name]


def codes(told: Mapping[Key, Json], facts: Json) -> str:
    """The codes that fit criteria which were marked not met, each with what it comes from; "" where none fits."""
    found: dict[str, list[str]] = {}
    for (level, criterion), story in told.items():
        if code := _code(criterion, facts["levels"].get(level) or {}):
            found.setdefault(code, []).append(f"{level}: {story['label']}")
    told = (f"{code} ({'; '.join(why)})" for code, why in sorted(found.items()))
    return PROPOSED.format(codes=", ".join(told)) if found else ""


def for_member(key: Key, story: Json) -> str:
    """In the member's words: what the rule asks, that it was not found, and the facts that were sent."""
    sent = "; ".join(story["found"][:MOST_FACTS])
    return MEMBER.format(level=key[0], plain=story["plain"], found=f" What was sent: {sent}." if sent else "")


def for_clinician(key: Key, story: Json, mark: Judgement) -> str:
    """The criterion with its place in the policy, the facts and the sum, and the physician's own reason."""
    sent = "; ".join([*story["found"][:MOST_FACTS], *filter(None, [story["arithmetic"]])]) or "nothing on it"
    own = f" {mark.reason}" if mark.reason else ""
    return f"{key[0]}, {story['number']}: {story['label']} ({story['locator']}): not met. What was sent: {sent}.{own}"


def _code(criterion: str, level: Mapping[str, Any]) -> str:
    """A fracture that a study calls healed has its own code."""
    healed = any(study.get("finding") == HEALED for study in level.get("imaging") or ())
    return ReasonCode.PREVENTIVE if criterion == "imaging_nonhealing" and healed else CODES.get(criterion, "")
