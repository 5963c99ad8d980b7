"""A reason that could stand in any letter is refused at its field; one that names a fact is not."""

import pytest

from priorauth.services.boilerplate import of_this_case
from priorauth.services.errors import Incomplete

EMPTY = {
    "reason_for_member": ("Not medically\nNECESSARY. Not medically necessary.", "Write for the member, in plain"),
    "reason_for_clinician": ("Per medical policy, does not meet criteria", "which fact, from which day,"),
    "what_would_change": ("Please submit additional documentation.", "which new fact or record"),
}
FULL = (
    "Not medically necessary: the MRI of May 3 shows a healed fracture.",
    "The criteria are not met, as physical therapy ended after four weeks.",
    "A newer study of this level could change it.",
    "Healed fracture. Not indicated.",
    "The MRI of Oct 3 shows an old, healed fracture at L1.",
    "The records do not show severe pain.",
    "The exam of L1 found no tenderness.",
)
OF_ANY_LETTER = (
    "Does not meet the policy criteria of the plan.",
    "The request does not meet the medical guidelines of the plan.",
    "This member does not satisfy the coverage requirements.",
    "The standards of medical necessity have not been met.",
    "The documentation provided doesn't support the medical necessity of the service.",
    "We reviewed the records and could not approve this under our rules.",
    "Criteria of policy 484 were not met by this patient.",
)


@pytest.mark.parametrize("name", EMPTY)
def test_a_text_of_nothing_but_boiler_plate_is_refused_at_its_field_and_one_beside_facts_is_not(name):
    text, words = EMPTY[name]
    with pytest.raises(Incomplete, match=words) as refused:
        of_this_case(text, name)
    assert (refused.value.field, {of_this_case(full, name) for full in FULL}) == (name, set(FULL))
    for sentence in OF_ANY_LETTER:
        with pytest.raises(Incomplete, match="could stand in any letter"):
            of_this_case(sentence, name)
