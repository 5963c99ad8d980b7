"""Words that could stand in any letter. A reason has to speak of this request (FIELD.md 2b: a narrative of its own)."""

import re

from priorauth.services.errors import Incomplete

PHRASES = (
    "not medically necessary",
    "medical necessity is not established",
    "medical necessity was not established",
    "medical necessity not met",
    "lack of medical necessity",
    "does not meet the criteria",
    "does not meet criteria",
    "did not meet criteria",
    "criteria are not met",
    "criteria not met",
    "does not meet the policy",
    "does not meet policy",
    "documentation does not support",
    "insufficient documentation",
    "insufficient information",
    "lack of documentation",
    "additional documentation",
    "additional information",
    "more documentation",
    "more information",
    "new information",
    "not a covered benefit",
    "not covered",
    "not indicated",
    "not approved",
    "per medical policy",
    "per policy",
    "same as above",
    "as above",
    "see above",
    "see attached",
    "see policy",
    "not applicable",
    "to be determined",
    "n/a",
)
# What stands beside such a phrase without saying more.
FILLERS = (
    "a an and are as at be been can case could for from has have i in is it need needed needs of on or our please"
    " procedure provide request requested required send service should submit that the their this to treatment was we"
    " will with would you your"
)
FEWEST = 2  # different words of one's own
OWN = {
    "reason_for_member": "Write for the member, in plain words, which fact of this request the decision rests on.",
    "reason_for_clinician": "Write for the clinician which fact, from which day, does not meet which criterion.",
    "what_would_change": "Write which new fact or record would change this decision, and at which level.",
}
ALONE = "“{phrase}” could stand in any letter. {own}"
KNOWN = re.compile(rf"\b(?:{'|'.join(map(re.escape, PHRASES))})\b")


def of_this_case(text: str, field_name: str) -> str:
    """The text. Raises Incomplete for the field, a key of OWN, where it says nothing besides such phrases."""
    plain = " ".join(text.casefold().split())
    found = KNOWN.search(plain)
    if found and len(set(re.findall(r"\w+", KNOWN.sub(" ", plain))).difference(FILLERS.split())) < FEWEST:
        raise Incomplete(field_name, ALONE.format(phrase=found[0], own=OWN[field_name]))
    return text
