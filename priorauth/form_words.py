"""What Django's own form fields say, in our words: each message says what would be right. Installed once, at start."""

from django import forms
from django.core import validators

LONGEST = "Write at most %(limit_value)d characters: this has %(show_value)d."
ONE_OF = "Choose one of the answers offered."
SOME_OF = "Choose only answers that are offered."

FIELDS: dict[type[forms.Field], dict[str, str]] = {
    forms.ChoiceField: {"invalid_choice": ONE_OF},
    forms.TypedChoiceField: {"invalid_choice": ONE_OF},
    forms.ModelChoiceField: {"invalid_choice": ONE_OF},
    forms.MultipleChoiceField: {"invalid_choice": SOME_OF, "invalid_list": SOME_OF},
    forms.TypedMultipleChoiceField: {"invalid_choice": SOME_OF, "invalid_list": SOME_OF},
    forms.IntegerField: {"invalid": "Write a whole number in digits, like 12."},
    forms.DateField: {"invalid": "Enter a date like 12/27/2026."},
}


def install() -> None:
    for field, messages in FIELDS.items():
        field.default_error_messages = {**field.default_error_messages, **messages}
    validators.MaxLengthValidator.message = LONGEST
    validators.MinLengthValidator.message = "Write at least %(limit_value)d characters: this has %(show_value)d."
    validators.MinValueValidator.message = "Write a number of %(limit_value)s or more."
    validators.MaxValueValidator.message = "Write a number of %(limit_value)s or less."
    validators.EmailValidator.message = "Write the e-mail address like name@example.org."
    validators.RegexValidator.message = "Use only the characters that the hint names."
    validators.ProhibitNullCharactersValidator.message = "There is a character that cannot be seen: type it again."
