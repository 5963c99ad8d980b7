"""The rules of one edition for one line: scope, levels, what a line lacks, add-on codes, authorization."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from policies import flags
from policies.codes import region_of
from policies.document import CurrentCode, EditionDocument
from policies.facts import Facts, Line
from policies.levels import LevelRules, is_blank
from policies.results import Advice, Determination, LevelResult, LineResult, Question
from policies.truth import MET
from policies.view import RequestView

_SACRAL = ("S", "COCCYX")
T = TypeVar("T")


class Draft(NamedTuple):
    """A line before authorization. `clinical` is false where the policy does not reach the clinical part."""

    line: Line
    rule: str
    determination: Determination
    clinical: bool = False
    missing: tuple[Question, ...] = ()
    flags: tuple[str, ...] = ()
    levels: tuple[LevelResult, ...] = ()


class LineRules:
    """An edition's codes, products and authorization table, compiled once under one setting of the switches."""

    def __init__(self, document: EditionDocument, switches: Mapping[str, str], levels: LevelRules) -> None:
        self._levels = levels
        self._current = document.codes.current
        self._deleted = document.codes.deleted
        self._related = document.codes.related
        self._products = {str(name): rule for name, rule in document.products.items()}
        self._effective = document.effective
        self._asks = document.asks
        self._score_sacral_codes = switches["sacral_codes"] == "code_list"
        self._medicare_sacroplasty = switches["medicare_sacroplasty"] == "investigational"
        self._pathway_order = tuple(document.pathways)

    def assess(self, facts: Facts, request: RequestView) -> list[LineResult]:
        """The result of every line, in order."""
        known: dict[str, LevelResult] = {}
        roles = [self._role(line) for line in facts.lines]
        has_primary = "primary" in roles
        drafts = [self._draft(line, facts, request, known, has_primary) for line in facts.lines]
        if "addon" in roles:
            drafts = self._addons(drafts, roles)
        return [self._authorized(draft, facts) for draft in drafts]

    def _role(self, line: Line) -> str | None:
        code = self._current.get(line.code)
        return code.role if code is not None else None

    def _draft(
        self,
        line: Line,
        facts: Facts,
        request: RequestView,
        known: dict[str, LevelResult],
        has_primary: bool,
    ) -> Draft:
        decided = self._scope(line, facts)
        if decided is not None:
            return decided
        code = self._current[line.code]
        names = line.levels or self._only_level(facts, code)
        decided = self._sacral(line, code, names)
        if decided is not None:
            return decided
        results = []
        for name in names:
            if name not in known:
                known[name] = self._levels.assess(request, name)
            results.append(known[name])
        return self._clinical(line, code, results, has_primary)

    def _scope(self, line: Line, facts: Facts) -> Draft | None:
        """The rules that come before the clinical part; None where none applies."""
        if line.code in self._related:
            return Draft(line, f"related_policy_{self._related[line.code].policy}", "not_in_scope")
        code = self._current.get(line.code)
        if code is None and line.code not in self._deleted:
            return Draft(line, "code_not_listed", "not_in_scope")
        if (facts.service_date or facts.request_date) < self._effective:
            return Draft(line, "earlier_edition", "not_in_scope", flags=(flags.EARLIER_VERSION,))
        if facts.product is not None:
            scope = self._products[facts.product].scope
            if scope == "medicare":
                if code is not None and code.kind == "sacroplasty" and self._medicare_sacroplasty:
                    return Draft(line, "medicare_sacroplasty", "does_not_meet", flags=(flags.CONFIRM_MEDICARE,))
                return Draft(line, "medicare", "not_in_scope")
            if scope == "outside":
                return Draft(line, "product_outside", "not_in_scope")
        if code is None:
            words = self._asks.code.format(codes=self._deleted[line.code].now)
            question = Question("code", None, words)
            return Draft(line, "deleted_code", "insufficient_information", missing=(question,))
        return None

    def _only_level(self, facts: Facts, code: CurrentCode) -> tuple[str, ...]:
        """The level of a line that names none: the request's only one; an add-on has no such claim to it."""
        if code.role == "addon":
            return ()
        named = [name for name, level in facts.levels.items() if not is_blank(level)]
        return (named[0],) if len(named) == 1 else ()

    def _sacral(self, line: Line, code: CurrentCode, names: Sequence[str]) -> Draft | None:
        """Statement 4: sacroplasty is investigational, by its code or by its level."""
        if code.kind == "sacroplasty":
            return Draft(line, "sacroplasty", "does_not_meet", clinical=True)
        if code.kind == "sacral_listed":
            if self._score_sacral_codes:
                return None
            found = (flags.LISTED_BUT_INVESTIGATIONAL,)
            return Draft(line, "sacral_code", "does_not_meet", clinical=True, flags=found)
        if code.kind == "vertebroplasty" and any(region_of(name) in _SACRAL for name in names):
            return Draft(line, "sacral_level", "does_not_meet", clinical=True, flags=(flags.SACRAL_LEVEL,))
        return None

    def _clinical(self, line: Line, code: CurrentCode, results: Sequence[LevelResult], has_primary: bool) -> Draft:
        """All levels of a line together, and what the line itself lacks."""
        states = [result.determination for result in results]
        determination: Determination = "meets"
        missing: list[Question] = []
        if "does_not_meet" in states:
            determination = "does_not_meet"
        else:
            for result in results:
                missing += result.missing
            missing += self._lacks(line, code, results, has_primary)
            if missing or "insufficient_information" in states:
                determination = "insufficient_information"
        found = [flag for result in results for flag in result.flags]
        if code.role == "primary" and len(results) > 1:
            found.append(flags.ONE_LEVEL_CODE)
        if code.reposition:
            found.append(flags.REPOSITION)
        rule = "criteria" if results else "no_level"
        return Draft(line, rule, determination, True, _each_once(missing), _each_once(found), tuple(results))

    def _lacks(
        self, line: Line, code: CurrentCode, results: Sequence[LevelResult], has_primary: bool
    ) -> list[Question]:
        asks = self._asks
        names = [result.level for result in results]
        lacks = []
        if code.kind != "scored" and (
            line.technique == "kyphoplasty"
            or (line.technique == "sacroplasty" and any(region_of(name) not in _SACRAL for name in names))
        ):
            lacks.append(Question("technique", None, asks.technique.format(technique=line.technique)))
        if not names:
            lacks.append(Question("level", None, asks.level))
        for name in names:
            if region_of(name) not in code.regions:
                words = asks.level_outside_region.format(code=line.code, level=name)
                lacks.append(Question("level", name, words))
        if code.role == "addon":
            if not has_primary:
                lacks.append(Question("primary_code", None, asks.primary_code.format(code=line.code)))
            units = line.units if line.units is not None else 1
            if names and units != len(names):
                words = asks.units.format(code=line.code, units=units, levels=len(names))
                lacks.append(Question("units", None, words))
        return lacks

    def _addons(self, drafts: list[Draft], roles: Sequence[str | None]) -> list[Draft]:
        """An add-on line cannot meet where no primary line meets clinically."""
        for draft, role in zip(drafts, roles, strict=True):
            if role == "primary" and draft.clinical and draft.determination == "meets":
                return drafts
        question = Question("primary_code", None, self._asks.primary_not_met)
        return [
            draft._replace(
                determination="insufficient_information",
                missing=(question,),
                flags=(*draft.flags, flags.ADDON_WITHOUT_PRIMARY),
            )
            if role == "addon" and draft.determination == "meets"
            else draft
            for draft, role in zip(drafts, roles, strict=True)
        ]

    def _authorized(self, draft: Draft, facts: Facts) -> LineResult:
        """Whether an authorization is needed at all; where not, or not known, the clinical result is advice."""
        determination, missing, advice = draft.determination, draft.missing, None
        if draft.clinical:
            decided = self._authorization(facts)
            if decided is not None:
                advice = Advice(determination, missing)
                determination, missing = decided
        levels = draft.levels
        pathways: tuple[str, ...] = ()
        if determination == "meets":
            met = {name for level in levels for name, state in level.pathways.items() if state == MET}
            pathways = tuple([name for name in self._pathway_order if name in met])
        score = min([level.score for level in levels]) if levels else None
        line = draft.line
        return LineResult(
            line.line,
            line.code,
            determination,
            draft.rule,
            pathways,
            missing,
            draft.flags,
            advice,
            score,
            levels,
        )

    def _authorization(self, facts: Facts) -> tuple[Determination, tuple[Question, ...]] | None:
        """What the authorization table says in place of the clinical result, if anything."""
        if facts.product is None:
            return "insufficient_information", (Question("product", None, self._asks.product),)
        rule = self._products[facts.product]
        if rule.inpatient == rule.elsewhere:
            return None
        if facts.setting is None:
            return "insufficient_information", (Question("setting", None, self._asks.setting),)
        needed = rule.inpatient if facts.setting == "inpatient" else rule.elsewhere
        return ("prior_auth_not_required", ()) if needed == "not_required" else None


def _each_once(items: list[T]) -> tuple[T, ...]:
    """The items in order, none twice."""
    return tuple(dict.fromkeys(items)) if len(items) > 1 else tuple(items)
