"""Words that could stand in any letter. A reason has to speak of this request (FIELD.md 2b: a narrative of its own)."""

import re
import textwrap

from priorauth.services.errors import Incomplete

# What a sentence of any letter is made of. A text of nothing else says nothing of this request.
FILLERS = (
    "484 a about above additional after all also an and answer any applicable approval approve approved are as"
    " asked at attached authorization based be because been benefit but by can cannot care case change changed"
    " clinical could coverage covered criteria criterion decided decision determined did do document documentation"
    " documents does doesn each established evidence fact facts following for from given guideline guidelines has have"
    " i if in indicated information insufficient is it its lack medical medically meet meeting meets member members"
    " met more must necessary necessity need needed needs new newer no not of on only or our outside patient per plan"
    " plans please policies policy procedure provide provided reason reasons record records request requested required"
    " requirement requirements review reviewed rule rules same satisfied satisfies satisfy see send service services"
    " should show showed shown shows since so standard standards statement submit submitted sufficient support"
    " supported supports t that the their these they this those to treatment unable under unfortunately us was we were"
    " which will with within would you your"
)
FEWEST = 2  # different words of one's own
OWN = {
    "reason_for_member": "Write for the member, in plain words, which fact of this request the decision rests on.",
    "reason_for_clinician": "Write for the clinician which fact, from which day, does not meet which criterion.",
    "what_would_change": "Write which new fact or record would change this decision, and at which level.",
}
ALONE = "“{text}” could stand in any letter. {own}"
LONGEST = 60  # characters of it that the message repeats


def of_this_case(text: str, field_name: str) -> str:
    """The text. Raises Incomplete for the field, a key of OWN, where it says nothing besides FILLERS."""
    if len(set(re.findall(r"\w+", text.casefold())).difference(FILLERS.split())) < FEWEST:
        said = textwrap.shorten(text, LONGEST, placeholder="…")
        raise Incomplete(field_name, ALONE.format(text=said, own=OWN[field_name]))
    return text
