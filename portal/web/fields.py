"""The kinds of question on the request form. Each refuses a wrong value with a sentence that says what would be right.

`kind` picks the markup (templates/parts/ask.html), `size` the width. Nothing is required here: what a sending needs
is said in `needed.py`.
"""

import datetime as dt
import re
import unicodedata
from typing import Any

from django import forms
from django.core.validators import validate_email

from policies.codes import LEVELS, CodeError, Icd10Cm, Icd10Pcs, Level, Npi, ProcedureCode, read_levels
from policies.vocabulary import day_words
from portal.web import dates
from portal.web.ticks import BesideATick
from portal.web.words import NOT_RECORDED, Choices, with_not_recorded


class Question(forms.Field):
    """A question with its words. `clean` gives None (or the empty value) where it was not answered.

    `called` begins the messages that do not name the question themselves. `or_not_recorded` offers a tick beside what
    is typed: the answer is then None, and given (Part.is_not_recorded).
    """

    kind = "text"
    size = ""
    names_itself = True

    def __init__(
        self,
        label: str,
        *,
        hint: str = "",
        size: str = "",
        called: str = "",
        or_not_recorded: bool = False,
        **attributes: Any,
    ) -> None:
        super().__init__(label=label, required=False, widget=BesideATick if or_not_recorded else None)
        self.or_not_recorded = or_not_recorded
        self.hint = hint
        self.size = size or self.size
        self.named = called or self.words.rstrip("?")
        self.called = "" if self.names_itself else self.named
        self.attributes = {"autocomplete": "off"} | attributes

    def clean(self, value: Any) -> Any:
        text = (value or "").strip()
        if not text:
            return self.blank
        try:
            return self.read(text)
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from problem

    blank: Any = None

    @property
    def words(self) -> str:
        """The label as it stands in a sentence."""
        return self.label.removesuffix(" (optional)")

    def read(self, text: str) -> Any:
        """The value of a text that is not blank. Raises ValueError with the sentence for the person."""
        raise NotImplementedError


class Text(Question):
    blank = ""
    layout = ""
    unseen = frozenset({"Cc", "Cf"})  # control and invisible characters: a name must look like what it is

    def __init__(self, label: str, *, most: int, **options: Any) -> None:
        super().__init__(label, **options)
        self.most = most

    @property
    def _subject(self) -> str:
        """What a sentence is about: the question, where nothing before the sentence names it."""
        if self.called:
            return "This answer"
        return f"“{self.words}”" if self.words.endswith("?") else self.words

    def read(self, text: str) -> str:
        if len(text) > self.most:
            raise ValueError(f"{self._subject} can have {self.most:,} characters. This has {len(text):,}: shorten it.")
        if any(unicodedata.category(character) in self.unseen and character not in self.layout for character in text):
            raise ValueError(f"{self._subject} has a character that cannot be seen: type it again by hand.")
        return text


class LongText(Text):
    kind = "textarea"
    layout = "\r\n\t"
    unseen = frozenset({"Cc"})


class Email(Text):
    names_itself = False
    kind = "email"

    def read(self, text: str) -> str:
        try:
            validate_email(super().read(text))
        except forms.ValidationError as problem:
            raise ValueError("Write the e-mail address like name@example.org.") from problem
        return text


class Phone(Text):
    names_itself = False

    def read(self, text: str) -> str:
        if not re.fullmatch(r"[0-9+()./xX \-]+", super().read(text)) or sum(c.isdigit() for c in text) < 10:
            raise ValueError("Write the phone number with its area code, like 617-555-0123.")
        return text


class Choice(Question):
    """One of several words: radios, or a list where there are many. Offers "Not recorded" unless told otherwise."""

    names_itself = False
    kind = "radios"

    def __init__(self, label: str, choices: Choices, *, not_recorded: bool = True, kind: str = "", **options: Any):
        super().__init__(label, **options)
        self.choices = with_not_recorded(choices) if not_recorded else choices
        self.kind = kind or self.kind

    def read(self, text: str) -> str:
        if text not in dict(self.choices):
            raise ValueError(f"Choose one of the answers given: {', '.join(word for _, word in self.choices)}.")
        return text


class Pick(Question):
    """One of a list that the office keeps: it gets its choices for each page."""

    names_itself = False
    kind = "select"
    blank = ""
    choices: Choices = []

    def read(self, text: str) -> str:
        if text not in dict(self.choices):
            raise ValueError("Choose one of the list; the last one of it lets you type.")
        return text


class Date(Question):
    """A date, as a TypedDate. `months` allows a month; `past` refuses what lies wholly after today; `birth` is for
    years of the last century where only two digits are typed, which else are of this one."""

    size = "short"
    names_itself = False

    def __init__(
        self, label: str, *, months: bool = False, past: bool = True, birth: bool = False, **options: Any
    ) -> None:
        super().__init__(label, **options)
        self.months = months
        self.past = past
        self.birth = birth
        self.today: dt.date | None = None

    def read(self, text: str) -> dates.TypedDate:
        short = dates.of_a_birth(self.today) if self.birth and self.today else dates.THIS_CENTURY
        date = dates.read(text, months=self.months, short=short)
        if self.past and self.today and date.first > self.today:
            raise ValueError(f"This date must be today ({day_words(self.today)}) or in the past.")
        return date


class Whole(Question):
    size = "tiny"

    def __init__(self, label: str, *, least: int, most: int, **options: Any) -> None:
        super().__init__(label, inputmode="numeric", **options)
        self.least, self.most = least, most

    def read(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not self.least <= int(text) <= self.most:
            raise ValueError(f"{self.named} must be a whole number from {self.least:,} to {self.most:,}.")
        return int(text)


class Decimal(Question):
    """A number with at most two decimals, written with a point or a comma."""

    size = "tiny"

    def __init__(self, label: str, *, least: int, most: int, example: str, **options: Any) -> None:
        super().__init__(label, **options)
        self.least, self.most, self.example = least, most, example

    def read(self, text: str) -> float:
        plain = text.replace("\N{MINUS SIGN}", "-").replace(",", ".")
        if not re.fullmatch(r"[+-]?[0-9]{1,4}(\.[0-9]{1,2})?", plain) or not self.least <= float(plain) <= self.most:
            raise ValueError(
                f"{self.words} must be a number from {self.least} to {self.most} with at most two decimals,"
                f" like {self.example}."
            )
        return float(plain)


class MemberId(Question):
    blank = ""

    def read(self, text: str) -> str:
        plain = re.sub(r"[\s\-]", "", text).upper()
        if not re.fullmatch(r"[A-Z0-9]{6,20}", plain):
            raise ValueError("Member ID has 6 to 20 letters and digits. Copy it from the card, with its prefix.")
        return plain


class NpiNumber(Question):
    names_itself = False
    blank = ""
    size = "short"

    def read(self, text: str) -> str:
        return _code(Npi, re.sub(r"[\s\-]", "", text))


class LevelName(Question):
    names_itself = False
    blank = ""
    size = "tiny"

    def read(self, text: str) -> str:
        return _code(Level, text)


class LevelNames(Question):
    """Several levels: `T12, L1` or `T12-L2`, at most `most`."""

    blank: tuple[str, ...] = ()

    def __init__(self, label: str, *, most: int = len(LEVELS), **options: Any) -> None:
        super().__init__(label, **options)
        self.most = most

    def read(self, text: str) -> tuple[str, ...]:
        levels = tuple(read_levels(text))
        if len(levels) > self.most:
            raise ValueError(f"A request can have {self.most} levels. These are {len(levels)}: take some out.")
        return levels


class Procedure(Question):
    blank = ""
    size = "short"

    def read(self, text: str) -> str:
        try:
            return _code(ProcedureCode, text)
        except ValueError:
            pass
        try:
            return _code(Icd10Pcs, text)
        except ValueError:
            raise ValueError(
                "A procedure code has 5 characters, like 22511, or 7 in a hospital stay, like 0QU03JZ."
            ) from None


class Diagnoses(Question):
    """ICD-10-CM codes: `M80.08XA, C79.51`."""

    blank: tuple[str, ...] = ()
    most = 12

    def read(self, text: str) -> tuple[str, ...]:
        codes = tuple(dict.fromkeys(_code(Icd10Cm, part) for part in re.split(r"[\s,;]+", text) if part))
        if len(codes) > self.most:
            raise ValueError(f"Give at most {self.most} diagnosis codes, the main one first.")
        return codes


def _code(kind: type[str], text: str) -> str:
    try:
        return str(kind.parse(text))
    except CodeError as problem:
        raise ValueError(str(problem)) from problem


def recorded(value: Any) -> Any:
    """The answer as a fact: None for one that was not given or not recorded."""
    return None if value in ("", NOT_RECORDED) else value
