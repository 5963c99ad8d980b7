"""The names of all flags: things that a reviewer should see beside the result. They never decide.

An edition has a sentence for each that its rules can raise; general ones have one in sentences.py. Two end in a
detail: `source_needs_medical_director: plasmacytoma`, `safety: active infection`.
"""

from typing import Final

# Onset
ONSET_RANGE_REVERSED: Final = "onset_range_reversed"
ONSET_IN_FUTURE: Final = "onset_in_future"
IMAGING_BEFORE_ONSET: Final = "imaging_shows_fracture_before_stated_onset"
NEGATIVE_STUDY_AFTER_ONSET: Final = "negative_study_after_stated_onset"

# Cause
NORMAL_T_SCORE: Final = "normal_t_score_contradicts_osteoporosis"
OSTEOPENIA: Final = "osteopenia_range_with_fragility_fracture"
DX_DENIED: Final = "osteoporosis_dx_denied_elsewhere"
TUMOR_LESION: Final = "tumor_lesion_with_osteoporosis_etiology"
HIGH_ENERGY: Final = "high_energy_mechanism_in_osteoporotic_bone"
FALL_AS_TRAUMA: Final = "low_energy_fall_labelled_trauma_with_osteoporosis"
MIXED_LESION: Final = "mixed_lytic_blastic_lesion"
DIRECTOR_SOURCE: Final = "source_needs_medical_director"

# Pain
WORD_AND_SCORE: Final = "pain_word_and_score_disagree"
PRESENT_BUT_ZERO: Final = "pain_present_but_score_zero"
ABSENT_BUT_SCORED: Final = "pain_absent_but_scored"
SEVERE_AT_MODERATE_SCORE: Final = "pain_called_severe_with_score_4_to_6"

# Treatment
DATES_REVERSED: Final = "treatment_dates_reversed"
UNDATED: Final = "undated_treatment"
INTERRUPTED: Final = "interrupted_course"
DEPENDS_ON_ONSET: Final = "treatment_span_depends_on_onset"
CLAIM_CONTRADICTS: Final = "claim_contradicts_dates"
CLAIM_UNDATED: Final = "claim_without_dated_treatment"
CLAIM_EXCEEDS_AGE: Final = "claim_exceeds_fracture_age"
NOT_TOLERATED: Final = "treatment_not_tolerated"
ENDED_LONG_AGO: Final = "treatment_ended_more_than_90_days_ago"
SINGLE_MODALITY: Final = "single_modality"
BEFORE_ONSET: Final = "treatment_before_onset_not_counted"
CLIPPED: Final = "treatment_longer_than_fracture_age_clipped"

# Certainty and imaging
HISTORY_ONLY: Final = "acuity_rests_on_history_only"
SOURCES_NOT_ADDRESSED: Final = "other_pain_sources_not_addressed"

# Pathway C
ADMISSION_BEFORE_ONSET: Final = "admission_before_onset"
OBSERVATION_COUNTED: Final = "observation_status_counted_as_hospitalization"
NON_AMBULATORY_BEFORE: Final = "non_ambulatory_before_fracture"

# Level
GAP: Final = "gap_between_A_and_C"
OLD_FRACTURE: Final = "fracture_older_than_one_year"
CROSSES_SIX_WEEKS: Final = "crosses_six_weeks_before_service"
B_WITHOUT_FRACTURE: Final = "B_without_fracture_literal_reading_differs"
MEETS_WHATEVER_ONSET: Final = "meets_whatever_the_onset_in_range"

# Line and request
SAFETY: Final = "safety"
EARLIER_VERSION: Final = "earlier_policy_version_needed"
CONFIRM_MEDICARE: Final = "confirm_with_MP_132"
LISTED_BUT_INVESTIGATIONAL: Final = "code_listed_as_criteria_apply_but_statement_says_investigational"
SACRAL_LEVEL: Final = "sacral_level_on_vertebroplasty_code"
ONE_LEVEL_CODE: Final = "primary_code_names_one_level"
REPOSITION: Final = "reposition_code_confirm_vertebroplasty_not_kyphoplasty"
ADDON_WITHOUT_PRIMARY: Final = "addon_without_approvable_primary"
