"""The plain words for the values of facts v1, in the order in which they are asked."""

from policies import vocabulary

NOT_RECORDED = "not_recorded"
ASK_NOTHING = [(NOT_RECORDED, "Not recorded")]
Choices = list[tuple[str, str]]


def with_not_recorded(choices: Choices) -> Choices:
    return [*choices, *ASK_NOTHING]


YES_NO: Choices = [("yes", "Yes"), ("no", "No")]
PRODUCT: Choices = list(vocabulary.PRODUCTS.items())
SETTING: Choices = [
    ("outpatient", "Hospital outpatient"),
    ("inpatient", "Hospital inpatient"),
    ("ambulatory_surgery_center", "Ambulatory surgery center"),
    ("office", "Office"),
    ("observation", "Observation stay"),
]
URGENCY: Choices = [("standard", "Standard"), ("expedited", "Expedited")]
URGENCY_SIGNS: Choices = list(vocabulary.URGENCY_SIGNS.items())
TECHNIQUE: Choices = [
    ("vertebroplasty", "Vertebroplasty: cement, no balloon"),
    ("kyphoplasty", "Kyphoplasty: with a balloon or device"),
    ("sacroplasty", "Sacroplasty"),
]
ETIOLOGY: Choices = [
    ("osteoporosis", "Osteoporosis"),
    ("osteoporosis_secondary", "Osteoporosis from another cause, such as steroids"),
    ("trauma", "Injury in bone that is not osteoporotic"),
    ("myeloma", "Multiple myeloma"),
    ("metastasis", "Metastatic cancer"),
    ("plasmacytoma", "Plasmacytoma"),
    ("lymphoma", "Lymphoma"),
    ("hemangioma", "Hemangioma"),
    ("lch", "Langerhans cell histiocytosis"),
    ("primary_bone_tumor", "Primary bone tumor"),
    ("infection", "Infection"),
    ("other_metabolic", "Another metabolic bone disease"),
    ("degenerative", "Degenerative disease"),
    ("none", "No fracture and no lesion"),
]
MECHANISM: Choices = [
    ("spontaneous", "No injury"),
    ("low_energy", "Fall from standing height or less"),
    ("high_energy", "High-energy injury, such as a car crash"),
]
PURPOSE: Choices = [
    ("treat_pain", "Treat pain that is there now"),
    ("prophylactic", "Prevent a fracture"),
    ("adjunct_to_surgery", "Support another operation"),
]
LESION_PATTERN: Choices = [
    ("none", "No lesion"),
    ("lytic", "Lytic"),
    ("mixed", "Mixed lytic and sclerotic"),
    ("blastic", "Sclerotic"),
]
LESION_SOURCE: Choices = [
    (value, word)
    for value, word in ETIOLOGY
    if value in ("myeloma", "metastasis", "plasmacytoma", "lymphoma", "hemangioma", "lch", "primary_bone_tumor")
]
EXAM: Choices = [
    ("focal_tenderness_at_level", "Tender at this level"),
    ("tenderness_elsewhere", "Tender elsewhere, not at this level"),
    ("no_tenderness", "Not tender"),
    ("not_examined", "Not examined"),
]
OTHER_PAIN_SOURCE: Choices = [
    ("none", "Ruled out"),
    ("possible", "Possible"),
    ("primary", "It is the main source of the pain"),
]
PAIN_WORD: Choices = [("mild", "Mild"), ("moderate", "Moderate"), ("severe", "Severe")]
WALKING: Choices = [
    ("independent", "Walks without help"),
    ("with_aid", "Walks with a cane or walker"),
    ("limited", "Walks short distances only"),
    ("few_steps_with_assist", "A few steps with another person's help"),
    ("transfers_only", "Only from bed to chair"),
    ("unable", "Cannot get up"),
]
WALKING_CAUSE: Choices = [("fracture_pain", "This pain"), ("other", "Another cause")]
WALKING_BEFORE: Choices = [("ambulatory", "Walked"), ("non_ambulatory", "Did not walk")]
HOSPITAL: Choices = [
    ("none", "No"),
    ("ed_only", "Emergency department only"),
    ("observation", "Observation stay"),
    ("inpatient", "Inpatient stay"),
]
HOSPITAL_REASON: Choices = [
    ("fracture_pain", "Pain from this fracture"),
    ("other_condition", "Another condition"),
    ("mixed", "Both"),
    ("elective_for_procedure", "Planned, for this procedure"),
]
IMAGING: Choices = [
    ("MRI", "MRI"),
    ("CT", "CT"),
    ("XR", "X-ray"),
    ("bone_scan", "Bone scan"),
    ("SPECT", "SPECT"),
    ("PET", "PET"),
    ("fluoroscopy", "Fluoroscopy"),
]
FINDING: Choices = [
    ("edema", "Bone marrow edema"),
    ("uptake", "Increased uptake"),
    ("cleft", "Cleft with fluid or gas"),
    ("motion", "Motion at the fracture"),
    ("fracture_line", "Visible fracture line"),
    ("progressive_collapse", "Collapse that has progressed"),
    ("fracture_age_indeterminate", "Fracture, age not stated"),
    ("healed", "Old or healed fracture"),
    ("no_edema", "No edema"),
    ("no_fracture", "No fracture"),
    ("lytic_lesion", "Lytic lesion"),
    ("blastic_lesion", "Sclerotic lesion"),
    ("pathologic_fracture", "Pathologic fracture"),
]
NOT_MENTIONED = "not_mentioned"  # said of a level in a report: no finding, and looked for
TREATMENT: Choices = [
    ("analgesic", "Pain medicine"),
    ("physical_therapy", "Physical therapy or exercise"),
    ("brace", "Brace"),
    ("rest", "Rest"),
    ("injection", "Injection"),
    ("calcitonin", "Calcitonin"),
    ("other", "Something else"),
]
TREATED: Choices = [("yes", "Yes, as listed below"), ("no", "No, none was given")]
ONGOING: Choices = [("yes", "Yes"), ("no", "No, it ended")]
RESPONSE: Choices = [("none", "No"), ("inadequate", "Not enough"), ("adequate", "Yes, enough")]
