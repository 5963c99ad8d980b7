"""The rules of one edition for one line: scope, levels, what a line lacks, add-on codes, authorization."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from policies import flags
from policies.codes import LEVELS, region_of
from policies.document import CurrentCode, EditionDocument
from policies.facts import Facts, Line
from policies.levels import LevelRules, is_blank
from policies.results import Advice, Determination, LevelResult, LineResult, Question
from policies.view import RequestView

_SACRAL: Final = frozenset(level for level in LEVELS if region_of(level) in ("S", "COCCYX"))
# The rules of lines that reach the clinical part, and with it the authorization table.
CLINICAL: Final = frozenset({"sacroplasty", "sacral_code", "sacral_level", "criteria", "no_level"})
_FIRST_FOUND: Final[tuple[Determination, ...]] = ("does_not_meet", "insufficient_information")
T = TypeVar("T")
Decided = tuple[Determination, tuple[Question, ...]]


class _Levels(NamedTuple):
    """What several levels, or none, say together."""

    determination: Determination
    met: tuple[str, ...]
    missing: tuple[Question, ...]
    flags: tuple[str, ...]
    score: int | None


class LineRules:
    """An edition's codes, products and authorization table, compiled once under one setting of the switches."""

    def __init__(self, document: EditionDocument, switches: Mapping[str, str], levels: LevelRules) -> None:
        self._levels = levels
        self._current = document.codes.current
        self._deleted = document.codes.deleted
        self._related = document.codes.related
        self._roles = {code: rule.role for code, rule in document.codes.current.items()}
        self._covered = {
            code: frozenset(level for level in LEVELS if region_of(level) in rule.regions)
            for code, rule in document.codes.current.items()
        }
        self._products = {str(name): rule for name, rule in document.products.items()}
        self._effective = document.effective
        self._asks = document.asks
        self._score_sacral_codes = switches["sacral_codes"] == "code_list"
        self._medicare_sacroplasty = switches["medicare_sacroplasty"] == "investigational"
        self._pathway_order = tuple(document.pathways)

    def assess(self, facts: Facts, request: RequestView) -> list[LineResult]:
        """The result of every line, in order."""
        known: dict[str, LevelResult] = {}
        roles = [self._roles.get(line.code) for line in facts.lines]
        has_primary = "primary" in roles
        lines = [self._line(line, facts, request, known, has_primary) for line in facts.lines]
        if "addon" in roles:
            lines = self._addons(lines, roles)
        decided = self._authorization(facts)
        if decided is not None:
            lines = [_advised(line, decided) if line.rule in CLINICAL else line for line in lines]
        return lines

    def _line(
        self,
        line: Line,
        facts: Facts,
        request: RequestView,
        known: dict[str, LevelResult],
        has_primary: bool,
    ) -> LineResult:
        """A line before authorization."""
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
        return self._clinical(line, code, names, results, has_primary)

    def _scope(self, line: Line, facts: Facts) -> LineResult | None:
        """The rules that come before the clinical part; None where none applies."""
        code = self._current.get(line.code)
        if code is None and line.code not in self._deleted:
            related = self._related.get(line.code)
            rule = f"related_policy_{related.policy}" if related else "code_not_listed"
            return _settled(line, rule, "not_in_scope")
        if (facts.service_date or facts.request_date) < self._effective:
            return _settled(line, "earlier_edition", "not_in_scope", flags.EARLIER_VERSION)
        if facts.product is not None:
            scope = self._products[facts.product].scope
            if scope == "medicare":
                if code is not None and code.kind == "sacroplasty" and self._medicare_sacroplasty:
                    return _settled(line, "medicare_sacroplasty", "does_not_meet", flags.CONFIRM_MEDICARE)
                return _settled(line, "medicare", "not_in_scope")
            if scope == "outside":
                return _settled(line, "product_outside", "not_in_scope")
        if code is None:
            words = self._asks.code.format(codes=self._deleted[line.code].now)
            asked = _settled(line, "deleted_code", "insufficient_information")
            return asked._replace(missing=(Question("code", None, words),))
        return None

    def _only_level(self, facts: Facts, code: CurrentCode) -> tuple[str, ...]:
        """The level of a line that names none: the request's only one; an add-on has no such claim to it."""
        if code.role == "addon":
            return ()
        named = [name for name, level in facts.levels.items() if not is_blank(level)]
        return (named[0],) if len(named) == 1 else ()

    def _sacral(self, line: Line, code: CurrentCode, names: Sequence[str]) -> LineResult | None:
        """Statement 4: sacroplasty is investigational, by its code or by its level."""
        if code.kind == "sacroplasty":
            return _settled(line, "sacroplasty", "does_not_meet")
        if code.kind == "sacral_listed" and not self._score_sacral_codes:
            return _settled(line, "sacral_code", "does_not_meet", flags.LISTED_BUT_INVESTIGATIONAL)
        if code.kind == "vertebroplasty" and not _SACRAL.isdisjoint(names):
            return _settled(line, "sacral_level", "does_not_meet", flags.SACRAL_LEVEL)
        return None

    def _clinical(
        self,
        line: Line,
        code: CurrentCode,
        names: Sequence[str],
        levels: Sequence[LevelResult],
        has_primary: bool,
    ) -> LineResult:
        """All levels of a line together, and what the line itself lacks."""
        together = levels[0] if len(levels) == 1 else self._together(levels)
        determination, missing, found = together.determination, together.missing, together.flags
        if determination == "does_not_meet":
            missing = ()
        else:
            lacks = self._lacks(line, code, names, has_primary)
            if lacks:
                determination, missing = "insufficient_information", _each_once([*missing, *lacks])
        if code.role == "primary" and len(levels) > 1:
            found = (*found, flags.ONE_LEVEL_CODE)
        if code.reposition:
            found = (*found, flags.REPOSITION)
        return LineResult(
            line.line,
            line.code,
            determination,
            "criteria" if levels else "no_level",
            together.met if determination == "meets" else (),
            missing,
            found,
            None,
            together.score,
            tuple(levels),
        )

    def _together(self, levels: Sequence[LevelResult]) -> _Levels:
        """One level that does not meet settles the line; an insufficient one comes second."""
        states = [level.determination for level in levels]
        met = {name for level in levels for name in level.met}
        return _Levels(
            next((state for state in _FIRST_FOUND if state in states), "meets"),
            tuple(name for name in self._pathway_order if name in met),
            _each_once([question for level in levels for question in level.missing]),
            _each_once([flag for level in levels for flag in level.flags]),
            min((level.score for level in levels), default=None),
        )

    def _lacks(self, line: Line, code: CurrentCode, names: Sequence[str], has_primary: bool) -> list[Question]:
        asks = self._asks
        lacks = []
        if code.kind != "scored" and (
            line.technique == "kyphoplasty" or (line.technique == "sacroplasty" and not _SACRAL.issuperset(names))
        ):
            lacks.append(Question("technique", None, asks.technique.format(technique=line.technique)))
        if not names:
            lacks.append(Question("level", None, asks.level))
        if not self._covered[line.code].issuperset(names):
            for name in names:
                if name not in self._covered[line.code]:
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

    def _addons(self, lines: list[LineResult], roles: Sequence[str | None]) -> list[LineResult]:
        """An add-on line cannot meet where no primary line meets clinically."""
        if any(role == "primary" and line.determination == "meets" for line, role in zip(lines, roles, strict=True)):
            return lines
        question = Question("primary_code", None, self._asks.primary_not_met)
        return [
            line._replace(
                determination="insufficient_information",
                pathways=(),
                missing=(question,),
                flags=(*line.flags, flags.ADDON_WITHOUT_PRIMARY),
            )
            if role == "addon" and line.determination == "meets"
            else line
            for line, role in zip(lines, roles, strict=True)
        ]

    def _authorization(self, facts: Facts) -> Decided | None:
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


def _settled(line: Line, rule: str, determination: Determination, *found: str) -> LineResult:
    """A line that is decided before its levels are read."""
    return LineResult(line.line, line.code, determination, rule, (), (), found, None, None, ())


def _advised(line: LineResult, decided: Decided) -> LineResult:
    """A line that needs no authorization, or of which that is not known: its clinical result is advice."""
    determination, missing = decided
    advice = Advice(line.determination, line.missing)
    return line._replace(determination=determination, pathways=(), missing=missing, advice=advice)


def _each_once(items: list[T]) -> tuple[T, ...]:
    """The items in order, none twice."""
    return tuple(dict.fromkeys(items)) if len(items) > 1 else tuple(items)
