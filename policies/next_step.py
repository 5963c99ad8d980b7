"""What would change the answer at a level: the gap between pathways A and C, and the first day of a new request."""

import datetime
from collections.abc import Mapping
from typing import Any, Final

from policies import flags
from policies.criteria.six_weeks import TreatedDaysParameters
from policies.edition import Edition
from policies.treatment import courses
from policies.truth import NOT_MET
from policies.view import LevelView
from policies.vocabulary import day_words

_LAST_DAY: Final = datetime.date.max.toordinal()


def next_step(level: Mapping[str, Any], view: LevelView, edition: Edition) -> str:
    """Words for a level whose fracture has not had six weeks of treatment; "" elsewhere.

    `level` is a level of `Assessment.as_dict()`.
    """
    gap, words = edition.document.level_flags.gap_between_A_and_C, edition.document.words
    if gap is None:
        return ""
    criteria = level["criteria"][gap.pathway]
    if criteria[gap.not_met] != NOT_MET or criteria[gap.not_ruled_out] == NOT_MET:
        return ""
    in_gap = flags.GAP in level["flags"]
    sentences = [words.gap or ""] if in_gap else []
    only_obstacle = [state for state in criteria.values() if state == NOT_MET] == [NOT_MET]
    open_still = in_gap and level["determination"] == "insufficient_information"
    if only_obstacle and (open_still or level["determination"] == "does_not_meet"):
        day = six_weeks_complete(view, edition, gap.not_met)
        if day is not None:
            from_day = (words.gap_from if in_gap else words.early_from) or ""
            sentences.append(from_day.replace("{day}", day_words(day)))
    return " ".join(sentences)


def six_weeks_complete(view: LevelView, edition: Edition, treated: str) -> int | None:
    """The first day on which six weeks of treatment can be complete, if it goes on from the as-of day.

    An ordinal; None where the onset is not known. Counted from the latest possible onset. `treated` is the criterion.
    """
    parameters = TreatedDaysParameters.model_validate(edition.document.criteria[treated].with_)
    latest, as_of = view.onset.latest, view.request.as_of
    if latest is None:
        return None
    gap_days = parameters.gap_under(edition.levels.context)
    so_far = courses(view.request.treatments.spans, latest, gap_days)
    goes_on = gap_days is None or as_of - so_far.end <= gap_days
    day = as_of + parameters.days - (so_far.current if goes_on else 0)
    return day if day <= _LAST_DAY else None
