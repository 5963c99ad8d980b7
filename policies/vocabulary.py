"""How values and days are written: in plain words, and dates as people write them."""

import datetime
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LAST_DAY: Final = datetime.date.max.toordinal()

_WORDS: Final = {
    "osteoporosis_secondary": "osteoporosis with another cause",
    "other_metabolic": "another metabolic bone disease",
    "lch": "Langerhans cell histiocytosis",
    "low_energy": "a fall from standing or less",
    "high_energy": "a high-energy injury",
    "spontaneous": "no injury",
    "blastic": "sclerotic",
    "blastic_lesion": "sclerotic lesion",
    "treat_pain": "to treat current pain",
    "prophylactic": "to prevent a fracture",
    "adjunct_to_surgery": "to support another operation",
    "focal_tenderness_at_level": "tender at this level",
    "tenderness_elsewhere": "tender elsewhere",
    "no_tenderness": "not tender",
    "no_edema": "no edema",
    "fracture_age_indeterminate": "a fracture whose age is not stated",
    "XR": "X-ray",
    "bone_scan": "bone scan",
    "ed_only": "emergency department only",
    "fracture_pain": "because of this fracture",
    "other_condition": "for another condition",
    "mixed": "mixed",
    "elective_for_procedure": "planned for the procedure",
    "transfers_only": "only moves between bed and chair",
    "unable": "cannot walk",
    "few_steps_with_assist": "a few steps with help",
    "with_aid": "walks with an aid",
    "limited": "walks a limited distance",
    "independent": "walks without help",
    "non_ambulatory": "did not walk before the fracture",
    "ambulatory": "walked before the fracture",
    "inadequate": "not enough",
    "adequate": "enough",
}


PRODUCTS: Final = {
    "hmo": "HMO",
    "pos": "POS",
    "ppo": "PPO",
    "indemnity": "Indemnity",
    "medicare_hmo_blue": "Medicare HMO Blue",
    "medicare_ppo_blue": "Medicare PPO Blue",
    "other": "Another plan",
}

# What can make waiting dangerous: asked of an expedited request, and of no rule.
URGENCY_SIGNS: Final = {
    "cannot_walk": "The patient cannot walk",
    "in_hospital": "The patient is in a hospital now",
    "new_weakness": "New weakness, or loss of bladder or bowel control",
    "opioids_fail": "Opioids by mouth or vein do not control the pain",
    "something_else": "Something else",
}


def words(value: str) -> str:
    return _WORDS.get(value, value.replace("_", " "))


def fact_words(path: str) -> str:
    """A fact named by its path (paths.py): Pain score."""
    if path == "patient.t_score":
        return "T-score"
    name = path.removeprefix("level.").removeprefix("patient.").replace(".", " ").replace("_", " ")
    return name[0].upper() + name[1:]


def day_words(day: int | datetime.date) -> str:
    """A day as people write it: Aug 31, 2026."""
    if isinstance(day, int):
        if not 1 <= day <= _LAST_DAY:
            return "a day outside the calendar"
        day = datetime.date.fromordinal(day)
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def span_words(first: int, last: int) -> str:
    """Two days, the year once where it is the same: Aug 31 to Nov 22, 2026."""
    start, end = day_words(first), day_words(last)
    if first == last:
        return start
    start_day, _, start_year = start.partition(", ")
    if start_year and end.endswith(f", {start_year}"):
        start = start_day
    return f"{start} to {end}"


def count_of_days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
