"""Diagnosis codes on the form: what the typed ones mean, what cause and level suggest, and what a word finds."""

from policies import diagnoses
from policies.diagnoses import Diagnosis, Found
from portal.web import rows
from portal.web.rows import Raw
from portal.web.typed_form import TypedForm
from portal.web.words import NOT_RECORDED

MOST = 12  # that are shown at once
LONGEST = 60


class DiagnosisHelp:
    """Beside the question for the codes of one form; `sought` is what was typed to look for one."""

    def __init__(self, form: TypedForm, sought: str) -> None:
        self._form, self.sought = form, sought.strip()[:LONGEST]

    @property
    def _codes(self) -> tuple[str, ...]:
        return tuple(self._form.diagnoses.answers["diagnosis_codes"])

    @property
    def named(self) -> list[Diagnosis]:
        """The typed codes of which the list has words."""
        return [one for one in map(diagnoses.named, self._codes) if one]

    @property
    def suggested(self) -> list[Diagnosis]:
        """What the levels and their causes suggest and is not typed yet; nothing where no cause was answered."""
        asked = [
            (level.part.answers["etiology"], level.name)
            for level in self._form.levels
            if level.name and level.part.answers["etiology"]
        ]
        found = (
            one
            for cause, level in asked
            for one in diagnoses.suggested(None if cause == NOT_RECORDED else cause, level)
        )
        return [one for one in dict.fromkeys(found) if one.code not in self._codes][:MOST]

    @property
    def found(self) -> Found:
        return diagnoses.find(self.sought, MOST)

    @property
    def more(self) -> int:
        """How many more were found than are shown."""
        return self.found.total - len(self.found.first)


def added(raw: Raw, code: str) -> Raw:
    """The form with one more diagnosis code behind those that are typed."""
    typed = rows.typed(raw, "diagnosis_codes").rstrip(",; ")
    if not diagnoses.named(code) or code in typed:
        return raw
    return raw | {"diagnosis_codes": [f"{typed}, {code}" if typed else code]}
