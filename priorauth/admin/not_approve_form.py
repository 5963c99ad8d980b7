"""The form on which a physician does not approve a request, or a part of it."""

from functools import cached_property

from django import forms
from django.utils import timezone

from policies import coding, registry
from policies.edition import Edition
from priorauth.admin.act_forms import Values, day_field, words_field
from priorauth.admin.decision_forms import WithDays, validity
from priorauth.admin.line_parts import Json, levels_of, line_words, part_of_key, parts_of
from priorauth.admin.ready_reasons import Ready, ready_field
from priorauth.clock import rule_of
from priorauth.letters.matter import change_in
from priorauth.models import Judgement, ReasonCode
from priorauth.models.review import criterion_words
from priorauth.services import decide, decision_lines, judge
from priorauth.services.base import SHORTEST_REASON, moment
from priorauth.services.decision_lines import Verdict, most_units
from priorauth.services.scored import facts_of, latest_assessment

TICKED = (
    "Where you marked a criterion “not met” is ticked; all, where you marked none. What is not ticked you approve: the"
    " decision is then “partly approved”, and the letter says for what."
)
PROPOSED = (
    "You approve {kept} of the {levels} levels of line {line}, so {most} is proposed here instead of {given} units."
    " Go on, or change it."
)
DEEMED = (
    "The time passed without a decision: {due}. By this rule that may count as an approval. {means}"
    " Find that out before you confirm."
)
ADD_ON = (
    "This may be a mistake: {code} is an add-on code, and you approve no line with the code that it is added to"
    " ({main}). Go back and change it, or confirm what you mean."
)


class NotApproveForm(Ready, WithDays):
    lines = forms.TypedMultipleChoiceField(
        label="Lines that you do not approve",
        help_text=TICKED,
        coerce=part_of_key,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose among the lines and levels that this request has."},
    )
    reason_codes = forms.MultipleChoiceField(
        label="Reasons",
        choices=ReasonCode.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one reason."},
    )
    relied_on = forms.MultipleChoiceField(
        label="Criteria that you rely on",
        help_text="Those that you marked “not met”.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason_for_member = words_field(
        "Reason for the member",
        decide.WRITE["reason_for_member"],
        least=SHORTEST_REASON,
        help_text="Plain words, no codes. The member reads this.",
    )
    ready_member = ready_field("the member")
    reason_for_clinician = words_field(
        "Reason for the clinician",
        decide.WRITE["reason_for_clinician"],
        least=SHORTEST_REASON,
        help_text="Name the fact, its date and the criterion.",
    )
    ready_clinician = ready_field("the clinician")
    what_would_change = words_field(
        "What would change this decision",
        decide.WRITE["what_would_change"],
        least=SHORTEST_REASON,
        help_text="Plain words. The member and the clinician read this.",
    )
    valid_from = day_field("First day, for the lines that you approve", required=False)
    valid_to = day_field("Last day, for the lines that you approve", required=False)

    def preset(self) -> Values:
        units = {f"units_{line['line']}": line["units"] for line in self.requested if (line.get("units") or 1) > 1}
        told = (self.stories[key] for key in self.cited if key in self.stories)
        changes = (story["change"] or change_in(self._edition, story) for story in told)
        return {
            "lines": self._marked() or [key for line in self.requested for key, _ in parts_of(line)],
            "relied_on": [".".join(key) for key in self.cited],
            "what_would_change": "\n".join(dict.fromkeys(filter(None, changes))),
            **units,
            **validity(self.case),
        }

    def shape(self) -> None:
        parts = [part for line in self.requested for part in parts_of(line)]
        self.fields["lines"].choices = parts
        if len(parts) > len(self.requested):
            self.fields["lines"].label = "What you do not approve"
        self.fields["relied_on"].choices = [(".".join(key), self._criterion(key)) for key in self.cited]
        if not self.cited:
            del self.fields["relied_on"]
        self.propose(self.cited, self.stories, facts_of(self.case))
        self.add_days()
        counted = [line for line in self.requested if (line.get("units") or 1) > 1]
        for line in counted:
            self.fields[f"units_{line['line']}"] = forms.IntegerField(
                label=f"{line_words(line)}: units, if you approve it",
                required=False,
                error_messages={"invalid": "Enter a whole number of units."},
            )
        if len(parts) == 1 and not counted:
            del self.fields["valid_from"], self.fields["valid_to"]

    def clean(self) -> Values:
        for line in self.requested:
            if f"units_{line['line']}" in self.cleaned_data and line["line"] in self.left_out:
                self._fit_units(line, self.left_out[line["line"]])
        units = ((self.cleaned_data.get(f"units_{line['line']}"), line.get("units")) for line in self.requested)
        if self.cleaned_data.get("lines") == [] and all(given in (None, asked) for given, asked in units):
            self.add_error("lines", decision_lines.CHOOSE)
        return self.cleaned_data

    def _fit_units(self, line: Json, left_out: list[str]) -> None:
        """Propose, to be seen and changed, the units that go with the levels which are approved."""
        name, most, kept = f"units_{line['line']}", most_units(line, left_out), len(levels_of(line)) - len(left_out)
        given = line["units"] if self.cleaned_data[name] is None else self.cleaned_data[name]
        if kept and given > most:
            words = {"line": line["line"], "levels": len(levels_of(line)), "kept": kept, "most": most, "given": given}
            self.add_error(name, PROPOSED.format(**words))
            self.data = self.data.copy()
            self.data[name] = str(most)

    @property
    def left_out(self) -> dict[int, list[str]]:
        """The ticked levels, by the number of their line."""
        found: dict[int, list[str]] = {}
        for number, level in self.cleaned_data.get("lines", []):
            if level:
                found.setdefault(number, []).append(level)
        return found

    def values(self) -> Values:
        given = self.cleaned_data
        names = ("reason_codes", "reason_for_member", "reason_for_clinician", "what_would_change")
        verdict = Verdict(
            **{name: given[name] for name in names},
            lines=[number for number, level in given["lines"] if not level],
            levels=self.left_out,
            relied_on=[tuple(name.split(".", 1)) for name in given.get("relied_on", [])],
            units={line["line"]: given.get(f"units_{line['line']}") for line in self.requested},
            valid_from=given.get("valid_from"),
            valid_to=given.get("valid_to"),
            dates=self.dates(),
        )
        return {"verdict": verdict}

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """What becomes of each line, as pages and letter will say it: to be read before it is confirmed."""
        return [self._outcome(line) for line in self.requested]

    def _outcome(self, line: Json) -> tuple[str, str]:
        kept, left_out = self._kept(line), self.left_out.get(line["line"], [])
        if kept is None:
            return line_words(line), "Not approved"
        asked, given = line.get("units"), self.cleaned_data.get(f"units_{line['line']}")
        less = f", {given} of {asked} units" if given and given != asked else ""
        if not left_out:
            return line_words(line), f"Approved{less}"
        words = f"Approved for {', '.join(kept)}{less}; not approved for {', '.join(left_out)}"
        return f"Line {line['line']}: {line['code']}", words

    def _kept(self, line: Json) -> list[str] | None:
        """The levels of a line that stay; None where the line is not approved."""
        left_out = self.left_out.get(line["line"], [])
        kept = [level for level in levels_of(line) if level not in left_out]
        whole = (line["line"], "") in self.cleaned_data["lines"]
        return None if whole or (left_out and not kept) else kept

    @property
    def doubts(self) -> list[str]:
        """What is to be told before it is confirmed: a time that has passed, or a possible mistake."""
        return [*filter(None, [self._deemed, self._add_on])]

    @property
    def _deemed(self) -> str:
        """That silence may have been an approval already."""
        silence, due_at = rule_of(self.case).text.silence, self.case.due_at
        late = silence.deemed_approved and due_at < timezone.now()
        return DEEMED.format(due=moment(due_at), means=silence.words) if late else ""

    @property
    def _add_on(self) -> str:
        """An add-on that stays without what it is added to."""
        if latest_assessment(self.case) is None:
            return ""
        codes = self._edition.document.codes.current
        alone = coding.alone([line["code"] for line in self.requested if self._kept(line) is not None], codes)
        return ADD_ON.format(code=alone[0], main=alone[1]) if alone else ""

    @cached_property
    def _edition(self) -> Edition:
        """That of the result that stands."""
        assessment = latest_assessment(self.case)
        return registry.edition(assessment.policy, assessment.edition)

    @cached_property
    def stories(self) -> dict[tuple[str, str], Json]:
        assessment = latest_assessment(self.case)
        return assessment.stories() if assessment else {}

    @cached_property
    def cited(self) -> dict[tuple[str, str], Judgement]:
        """What this physician marked not met on the latest revision."""
        marks = judge.standing(self.case, latest_assessment(self.case), self.actor.user_id)
        return {key: mark for key, mark in marks.items() if mark.verdict == Judgement.Verdict.NOT_MET}

    def _marked(self) -> list[str]:
        """The keys of what this physician marked not met, and of what no mark could be made of; [] without a mark."""
        marked, judged = ({level for level, _ in keys} for keys in (self.cited, self.stories))
        if not marked:
            return []
        parts = [(key, line) for line in self.requested for key, _ in parts_of(line)]
        of_part = {key: {part_of_key(key)[1] or level for level in levels_of(line)} for key, line in parts}
        return [key for key, levels in of_part.items() if levels & marked or not levels & judged]

    def words_of(self, name: str, entry: str) -> str:
        return self._criterion((*entry.split(".", 1), "")[:2]) if name == "relied_on" else entry

    def _criterion(self, key: tuple[str, str]) -> str:
        return criterion_words(key, self.stories)
