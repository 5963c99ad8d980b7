"""The form on which a reviewer marks the criteria, without the table of the case page."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django import forms

from priorauth.admin.act_forms import ActForm, Values
from priorauth.models import Judgement
from priorauth.models.judgement import CERTAINTY
from priorauth.services import judge
from priorauth.services.scored import latest_assessment, latest_revision

REASON = ".reason"
OWN, DIFFERENT = "Your reason", "Your reason, if you differ"


class JudgeForm(ActForm):
    """A choice and a reason for each criterion of the closest pathway, and of each that is met, at every level: fields
    named `L1.osteoporotic` and `L1.osteoporotic.reason`."""

    def preset(self) -> Values:
        verdicts = {".".join(key): mark.verdict for key, mark in self.marks.items()}
        return verdicts | {".".join(key) + REASON: mark.reason for key, mark in self.marks.items()}

    def shape(self) -> None:
        for level, one in self._stories():
            name, words = f"{level}.{one['criterion']}", f"{level}: {one['label']}"
            self.fields[name] = forms.ChoiceField(
                label=words,
                help_text=f"Computed: {one['word'].lower()}.",
                choices=Judgement.Verdict.choices,
                required=False,
                widget=forms.RadioSelect,
            )
            self.fields[name + REASON] = forms.CharField(
                label=f"{OWN if one['criterion'] == CERTAINTY else DIFFERENT} ({words})",
                required=False,
                max_length=judge.LONGEST_REASON,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def values(self) -> Values:
        """What is marked otherwise than it stands."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "version" and value}
        marks = [
            judge.Mark(*name.split(".", 1), verdict, given.get(name + REASON, ""))
            for name, verdict in given.items()
            if not name.endswith(REASON)
        ]
        return {"marks": [mark for mark in marks if not self._stands(mark)]}

    @cached_property
    def marks(self) -> judge.Standing:
        return judge.standing(self.case, latest_revision(self.case), self.actor.user_id)

    def _stands(self, mark: judge.Mark) -> bool:
        known = self.marks.get((mark.level, mark.criterion))
        return known is not None and (known.verdict, known.reason) == (mark.verdict, mark.reason.strip())

    def _stories(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(level, words of a criterion), each once."""
        assessment = latest_assessment(self.case)
        levels = [level for line in assessment.explanation["lines"] for level in line["levels"]] if assessment else []
        seen = set()
        for level in levels:
            for way in level["pathways"]:
                for one in way["criteria"]:
                    key = (level["level"], one["criterion"])
                    if key not in seen and (way["state"] == "met" or way["pathway"] == level["closest"]):
                        seen.add(key)
                        yield level["level"], one
