"""What a password must be: long, not known to everybody, not one's own name. Nothing else is asked of it."""

import string
from typing import Any

from django import forms
from django.contrib.auth import password_validation as stock
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from priorauth.models import User

SHORTEST, LONGEST = 12, 128
AROUND = string.digits + string.punctuation + string.whitespace
SHORTEST_CORE = 3
REQUIRED = f"Enter the password: {SHORTEST} characters or more."
HINT = f"{SHORTEST} characters or more. A few words that only you would put together are best. Blanks are fine."


class MinimumLengthValidator(stock.MinimumLengthValidator):
    def get_error_message(self) -> str:
        return f"Choose a longer password: {self.min_length} characters or more."


class CommonPasswordValidator(stock.CommonPasswordValidator):
    """Refuses the passwords that are tried first, also with digits around them or twice over."""

    def validate(self, password: str, user: User | None = None) -> None:
        super().validate(password, user)
        core = unit(password.lower().strip(AROUND))
        if len(core) < SHORTEST_CORE or core in self.passwords:
            raise ValidationError(self.get_error_message(), code="password_too_common")

    def get_error_message(self) -> str:
        return (
            "This is one of the passwords that are guessed first: a well-known word, digits, or the same thing over "
            "and over. Choose a few words that only you put together."
        )


def unit(text: str) -> str:
    """What a text repeats: `herons` of `heronsherons`; of any other text all of it."""
    return text[: (text + text).find(text, 1)]


class SimilarityValidator(stock.UserAttributeSimilarityValidator):
    def get_error_message(self) -> str:
        return "This password is close to your name or e-mail address. Choose one that has nothing to do with them."


def password_field(label: str, required: str = REQUIRED, **options: Any) -> forms.CharField:
    """A field for a password that is chosen now. No browser cuts a longer one short: it is refused in words."""
    messages = {
        "required": required,
        "max_length": f"Choose a shorter password: at most {LONGEST} characters.",
        "null_characters_not_allowed": "It holds a character that no keyboard types (a null character): leave it out.",
    }
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    limit = MaxLengthValidator(LONGEST)
    return forms.CharField(
        label=label, strip=False, validators=[limit], error_messages=messages, widget=widget, **options
    )


class NewPasswordForm(forms.Form):
    """A new password, typed twice."""

    password1 = password_field("New password", help_text=HINT)
    password2 = password_field("The same password again", required="Type the new password a second time.")

    def owner(self) -> User:
        """Whose name and address the password must not resemble."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        first, second = values.get("password1"), values.get("password2")
        if first and second and first != second:
            self.add_error("password2", "The two passwords differ. Type the same one twice.")
        elif first:
            try:
                stock.validate_password(first, self.owner())
            except ValidationError as refused:
                self.add_error("password1", refused)
        return values
