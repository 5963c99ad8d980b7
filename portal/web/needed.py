"""What a sending needs beyond right values. Clinical facts are never among it: they may be unknown."""

from portal.web import directory
from portal.web.applies import applies
from portal.web.typed_form import TypedForm

ALWAYS = {
    "member": {
        "member_id": "Enter the member ID as on the card.",
        "birth_date": "Enter the date of birth, like 9/27/1948.",
        "first_name": "Enter the member's first name.",
        "last_name": "Enter the member's last name.",
    },
    "people": {
        "clinician_npi": "Enter the treating clinician's NPI, 10 digits.",
        "clinician_name": "Enter the treating clinician's name.",
        "facility_npi": "Enter the facility's NPI, 10 digits.",
        "facility_name": "Enter the facility's name.",
        "urgency": "Choose how soon a decision is needed: standard or expedited.",
    },
    "contact": {"contact_name": "Enter the name of a person we can ask."},
}
WHY_EXPEDITED = "Say why waiting the standard time would harm the patient, or tick what is happening."


def run(form: TypedForm) -> None:
    """Add a message to every question that a sending needs and that has no answer."""
    for kind, message in directory.FIRST.items():
        if directory.unchosen(form.people, kind):
            _ask(form.people, kind, message)
    for part_name, messages in ALWAYS.items():
        part = getattr(form, part_name)
        for name, message in messages.items():
            if name.partition("_")[0] not in part.errors:  # `clinician_npi` once the clinician is chosen
                _ask(part, name, message)
    if applies(form.plan, "retrospective_reason"):
        _ask(form.plan, "retrospective_reason", "Say why the request comes after the procedure.")
    if applies(form.people, "urgency_reason"):
        _ask(form.people, "urgency_reason", WHY_EXPEDITED)
    if not form.contact.answers["contact_email"]:
        _ask(form.contact, "contact_phone", "Enter a phone number or an e-mail address.")
    if all(line.is_blank for line in form.lines):
        _ask(form.lines[0], "code", "Enter the procedure code, like 22511.")
    _rows(form)


def _rows(form: TypedForm) -> None:
    """A row that says something must say what it is about."""
    of_row = [
        *(
            (line, line.is_blank, "code", "Enter the procedure code, like 22511, or remove this line.")
            for line in form.lines
        ),
        *((level.part, level.is_blank, "name", "Enter the level, like L1, or remove it.") for level in form.levels),
        *(
            (study.part, study.is_blank, "modality", "Select the type of study, or remove it.")
            for study in form.studies
        ),
        *((row, row.is_blank, "modality", "Select what was tried, or remove it.") for row in form.treatments),
    ]
    for part, blank, name, message in of_row:
        if not blank:
            _ask(part, name, message)
    for index, level in enumerate(form.levels):
        if any(study.part.answers[f"findings-{index}"] for study in form.studies):
            _ask(level.part, "name", "Enter the level, like L1: a study has findings for it.")


def _ask(part, name: str, message: str) -> None:
    if name not in part.errors and not part.answers[name]:
        part.add_error(name, message)
