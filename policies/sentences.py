"""Sentences that fit any policy. An edition may say each of them in its own words; none promises, none denies."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from policies import flags

ASK_CODE: Final = "The code is no longer in use. Please give the current code: {codes}."
ASK_LINES: Final = "Please say which procedure is requested, with its code and level."
ASK_PRODUCT: Final = "Please give the member's plan."
ASK_SETTING: Final = (
    "Please say where the procedure will be done: without it we cannot tell whether an authorization is needed."
)
ASK_TECHNIQUE: Final = "The note describes {technique}, the code another procedure. Please say which one is planned."
ASK_LEVEL: Final = "Please say at which level the procedure is planned."
ASK_REGION: Final = "Code {code} does not cover {level}. Please correct the code or the level."
ASK_PRIMARY: Final = "Code {code} is an add-on. Please give the line with its primary code."
ASK_PRIMARY_NOT_MET: Final = (
    "No line with a primary code meets the policy as it stands. "
    "Please complete the primary line, or code this level as primary."
)
ASK_UNITS: Final = "Code {code} has {units} units and {levels} levels. Please correct one of them."

DETERMINATIONS: Final = {
    "meets": "These facts meet the policy as it is written; a person decides.",
    "does_not_meet": "These facts do not meet the policy as it is written; a person decides.",
    "insufficient_information": "Facts are missing, so the policy cannot be applied yet.",
    "not_in_scope": "This policy does not govern the request.",
    "prior_auth_not_required": "The policy asks for no authorization here; its criteria still govern coverage.",
}

# By rule of a line; the rules of policy 484's statement on the sacrum have words in its own editions only.
RULES: Final = {
    "code_not_listed": "This policy does not list the code.",
    "earlier_edition": "The procedure is dated before this edition takes effect.",
    "medicare": "Another policy governs this Medicare plan.",
    "product_outside": "This policy does not speak of this plan.",
    "deleted_code": "The code is no longer in use; the current one is needed.",
    "authorization": "The policy asks for an authorization for this plan and place.",
    "criteria": "",
    "no_level": "The level is not named, so the policy cannot be applied yet.",
}

FLAGS: Final = {
    flags.ONSET_RANGE_REVERSED: "The first possible day of the onset is later than the last: it is not known.",
    flags.ONSET_IN_FUTURE: "The onset lies after the day of the request, so it is not known.",
    flags.IMAGING_BEFORE_ONSET: "A study shows the finding before the stated onset, so the onset is not known.",
    flags.NEGATIVE_STUDY_AFTER_ONSET: (
        "A study after the stated onset finds nothing, a later one does: the onset is not known."
    ),
    flags.MEETS_WHATEVER_ONSET: (
        "Whichever day in the range it began, the facts meet a pathway; only the range leaves it open."
    ),
    flags.SAFETY: "Safety note in the record: {detail}.",
    flags.EARLIER_VERSION: "The procedure is dated before this edition takes effect; an earlier edition governs it.",
    flags.ONE_LEVEL_CODE: "The primary code is for one level; several are named.",
    flags.ADDON_WITHOUT_PRIMARY: "The add-on level meets the policy, but no line with a primary code does.",
}


class Reading(NamedTuple):
    """A contested reading in words: the question, and what each value of its switch answers."""

    question: str
    means: Mapping[str, str]


# By switch of the engine; a switch that only an edition knows has its words there.
READINGS: Final = {
    "as_of": Reading(
        "Which day are the clocks read on?",
        {
            "earlier": "The day the request arrives or the day of the procedure, whichever comes first.",
            "service": "The day of the procedure.",
        },
    ),
    "day_count": Reading(
        "How are days counted?",
        {"elapsed": "As the difference of two dates.", "inclusive": "With the first and the last day counted."},
    ),
    "modalities": Reading(
        "How many kinds of treatment are asked for?",
        {"any": "One kind is enough.", "two": "Two kinds.", "all_three": "Every kind that the policy names."},
    ),
    "continuity": Reading(
        "May treatment pause?",
        {
            "gap7": "Yes: a short pause does not end a course; the criterion says how many days.",
            "cumulative": "Yes: all treated days add up, whatever lies between them.",
            "strict": "No: a single day without treatment ends a course.",
        },
    ),
    "claim_conflict": Reading(
        "What if a letter claims more treatment than the dates show?",
        {"ask": "The portal asks for the dates, where the claim is possible.", "dates_win": "The dates decide."},
    ),
    "high_energy_osteoporotic": Reading(
        "Is a fracture from a high-energy injury in osteoporotic bone due to osteoporosis?",
        {"unknown": "Left open: a medical director judges it.", "not_met": "No.", "met": "Yes."},
    ),
    "mixed_lesion": Reading(
        "Does a partly lytic, partly sclerotic lesion count as osteolytic?",
        {"met": "Yes, and it is flagged.", "unknown": "Left open: a person judges it.", "not_met": "No."},
    ),
    "observation_is_hospitalization": Reading(
        "Does an observation stay count as a hospital stay?", {"yes": "Yes, and it is flagged.", "no": "No."}
    ),
    "sacral_codes": Reading(
        "Are the listed codes for the sacrum and the coccyx read by the criteria?",
        {"statement": "No: the statement on sacroplasty decides.", "code_list": "Yes, as the list of codes says."},
    ),
    "medicare_sacroplasty": Reading(
        "Does the policy speak of sacroplasty codes for Medicare plans?",
        {
            "investigational": "Yes: it calls them investigational; a person confirms it with the Medicare policy.",
            "not_in_scope": "No: the Medicare policy alone governs them.",
        },
    ),
    "missing": Reading(
        "What if a fact was not sent?",
        {
            "unknown": "It is missing, and the portal asks for it.",
            "not_met": "It counts as not met: in a replay only, never for a request.",
        },
    ),
}
