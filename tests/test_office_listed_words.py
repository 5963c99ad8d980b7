"""No message that the specification of the form lists (UX.md 2.5) is left out."""

from tests import test_office_file_words, test_office_sending, test_office_words
from tests.form_messages import NOT_ASKED, SAID
from tests.test_office_file_words import FILES

# Every message that the specification lists, by section: its words -> the row or the test that provokes it.
LISTED = {
    "S1": {
        "Enter the member ID as on the card": "Enter the member ID as on the card",
        "6-20 letters/digits": "Member ID: 6-20 letters or digits",
        "Date of birth must be in the past": "Date of birth must be in the past",
        "age <= 120": "Date of birth: age of 120 at most",
        "Enter the member's last name": "Enter the member's last name",
        "text <= 60": "Name: 60 characters",
        "Select a plan": "Select a plan",
        "Found: ... covered on": "test_what_is_said_about_the_member_and_before_sending",
        "Two people match: choose by first name": "test_what_is_said_about_the_member_and_before_sending",
        "We have no member with that ID": "test_what_is_said_about_the_member_and_before_sending",
    },
    "S2": {
        "Select at least one level": "Select at least one level",
        "S1 is a sacral level": "S1 is a sacral level: that is sacroplasty",
        "22512 is an add-on: add 22510 or 22511": "22512 is an add-on",
        "3 levels are ticked but the codes cover 2": "Levels that no code covers",
        "0QU03JZ has 7 characters": "0QU03JZ has 7 characters",
        "Select a setting": "Select a setting",
        "Planned date must be within 180 days": "Planned date within 180 days",
        "earlier = retrospective, asks why": "Planned date in the past asks why",
        "NPI must be 10 digits": "NPI must be 10 digits",
        "This NPI does not pass its check digit": "NPI check digit",
        "Facility, as above: 10 digits": "Facility's NPI must be 10 digits",
        "Facility, as above: check digit": "Facility's NPI check digit",
        "Select one": "Select one: standard or expedited",
        "Expedited asks: which of these is happening?": "Which of these is happening?",
    },
    "S3": {
        "onset <= today": "Onset: not after today",
        "onset >= DOB": "Onset: not before birth",
        "pattern letter-digit-alnum": "Diagnosis code pattern",
        "up to 12": "Diagnosis codes: up to 12",
        "The code says injury, the cause says osteoporosis": "Cause osteoporosis, code injury",
        "Same the other way round": "Cause injury, code osteoporosis",
    },
    "S4": {
        "Pain score must be a whole number from 0 to 10": "Pain score",
        "Date of this score <= today": "Date of the score",
        "Was in hospital: from, to": "Hospital: from, to",
    },
    "S5": {"Exam date must be on or after the day the pain started": "Exam before the pain"},
    "S6": {
        "Select the type of study": "Select the type of study",
        "Study date must be today or in the past": "Study date",
        "Tick at least one finding for L1, or Not mentioned": "Tick at least one finding",
        "Copy the impression (optional, 1,000)": "Impression: 4,000",
        "Select a report": "Select a report",
        "must be a PDF, JPG or PNG": "must be a PDF, JPG or PNG",
        "must be smaller than 25MB": "must be smaller than 25MB",
        "is empty": "is empty",
        "is password protected": "test_a_report_that_is_password_protected_is_asked_about_once",
        "could not be read: page 3 is blank": (
            "test_a_report_that_could_not_be_read_is_told_at_its_study_and_asked_about_once"
        ),
        "could not be uploaded - try again": "could not be uploaded - try again",
        "This MRI is 7 months old": "Study older than 180 days",
        "study before onset": "Study before the pain",
        "both edema and old or healed at the same level": "Edema and healed",
    },
    "S7": {
        "End date must be on or after the start date": "End on or after the start",
        "Start date must be today or in the past": "Start in the past",
        "0-200": "Visits: 0 to 200",
        "counts from the day of onset": "Start before the pain",
    },
    "S8": {"Note to the reviewer (optional, 2,000)": "Note: 2,000", "Direct phone": "Direct phone", "Email": "E-mail"},
    "Check": {
        "I have checked this against the patient's record": "test_what_is_said_about_the_member_and_before_sending",
        "Send a second request because ___": "test_what_is_said_about_the_member_and_before_sending",
        "Send with 2 items missing": "test_the_check_page_says_what_the_policy_misses_and_sends_all_the_same",
        "A nurse will ask for them; the clock keeps running": (
            "test_the_check_page_says_what_the_policy_misses_and_sends_all_the_same"
        ),
    },
}


def test_every_message_of_the_specification_is_provoked_or_left_out_for_a_reason():
    listed = [name for section in LISTED.values() for name in section.values()]
    modules = (test_office_words, test_office_file_words, test_office_sending)
    tests = {name for module in modules for name in vars(module) if name.startswith("test_")}
    here = {row[0] for row in (*SAID, *FILES)} | NOT_ASKED.keys() | tests
    assert len(listed) > 55
    assert set(listed) <= here
