"""What the policy still misses, from the form as it is typed: the same scoring that the sent request will get."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from policies import facts as facts_v1
from policies import registry
from policies.assess import assess
from policies.codes import region_of
from policies.document import CurrentCode
from policies.edition import Edition
from policies.either import Named, either
from policies.explain import explain
from policies.facts import Facts
from policies.results import Assessment, Question
from policies.treated import asked_weeks, treated_words
from portal.web import build
from portal.web.request_form import RequestForm
from portal.web.settles import Settler
from portal.web.typed_form import Problem
from priorauth.services.score import POLICY

Story = dict[str, Any]
ENDS = ("not_in_scope", "does_not_meet")  # of a line that is decided before its levels are read


@dataclass(frozen=True)
class Panel:
    """One look at a form.

    `story` is the explanation (policies/explain.py, as_dict) in which each thing that is missing also names the
    question that settles it (`settle`: id and words); `missing` is how many are asked for, one for several levels once.
    `asks` are what lines and request lack, `levels` each level once, `outline` the pathways of the edition where no
    level is named yet, so that nothing can be counted. `unread` are answers that could not be read: they
    count as not given. `treated` is the arithmetic of the treatments. `by_month` are criteria, with their level, that a
    day in place of a month would settle. `as_of` is the day on which the clocks were read, YYYY-MM-DD.
    """

    story: Story
    missing: int
    asks: list[Story]
    levels: list[Story]
    outline: list[Story]
    unread: list[Problem]
    treated: tuple[str, ...]
    by_month: frozenset[Named]
    as_of: str

    @property
    def count(self) -> str:
        """`2 items missing`."""
        if not self.missing:
            return "nothing is missing"
        return "1 item missing" if self.missing == 1 else f"{self.missing} items missing"

    @property
    def said(self) -> str:
        """The panel in one line, for the record of what was changed after it."""
        told = [self.count]
        for level in self.levels[:2]:
            closest = next(one for one in level["pathways"] if one["pathway"] == level["closest"])
            open_ones = [_short(one) for one in closest["criteria"] if one["counts"] and one["state"] != "met"]
            told.append(f"{level['level']}, path {closest['pathway']}: {'; '.join(open_ones) or 'all met'}")
        return ". ".join(told)

    def as_dict(self) -> Story:
        """The panel as JSON: the explanation with the questions that settle what is missing."""
        unread = [{"id": one.input_id, "message": one.message} for one in self.unread]
        return self.story | {
            "as_of": self.as_of,
            "missing": self.missing,
            "asks": self.asks,
            "unread": unread,
            "treated": list(self.treated),
        }


def _short(criterion: Story) -> str:
    sum_words = f" ({criterion['arithmetic']})" if criterion["arithmetic"] else ""
    return f"{criterion['label']}: {criterion['word'].lower()}{sum_words}"


def explanation(form: RequestForm, on: dt.date) -> Story:
    """The explanation of a form, as if it were received on the plan's day `on`."""
    facts = _facts(form, on, [])
    edition = _edition(facts)
    return explain(facts, assess(facts, edition), edition).as_dict()


def panel_of(form: RequestForm) -> Panel:
    """The panel of a form as it stands, right or wrong."""
    stand_in = [] if any(line.answers["code"] for line in form.lines) else _stand_in(form)
    facts = _facts(form, form.today, stand_in)
    edition = _edition(facts)
    result, by_month = _scored(form, facts, stand_in, edition)
    story, settler = explain(facts, result, edition).as_dict(), Settler(form, by_month)
    levels = list({level["level"]: level for line in story["lines"] for level in line["levels"]}.values())
    _ask_for_days(story, result, by_month)
    for level in levels:
        _settle(level, settler)
    criteria = {one["criterion"] for level in levels for path in level["pathways"] for one in path["criteria"]}
    missing = _missing(result)
    asks = [question.as_dict() for question in missing if question.criterion not in criteria]
    if stand_in:
        asks.insert(0, {"criterion": "code", "level": None, "ask": edition.document.asks.no_lines})
    for ask in asks:
        ask["settle"] = settler.other(ask["criterion"], ask["level"])
    unscored = [line for line in story["lines"] if not line["levels"] and line["determination"] in ENDS]
    return Panel(
        story=story,
        missing=len({question.ask for question in missing}) + bool(stand_in),
        asks=asks,
        levels=levels,
        outline=[] if levels or unscored else _outline(edition),
        unread=[] if form.whole else list(form.problems),
        treated=treated_words(facts, edition),
        by_month=by_month,
        as_of=result.as_of,
    )


def _scored(
    form: RequestForm, facts: Facts, lines: list[Story], edition: Edition
) -> tuple[Assessment, frozenset[Named]]:
    """The assessment, where a "no" that another day of a typed month would change is not known yet."""
    sure = assess(facts, edition)
    if not any(form.months):
        return sure, frozenset()
    possible = assess(_facts(form, form.today, lines, longest=True), edition)
    weeks = asked_weeks(edition)
    ask = f"You gave only the month of a treatment. With the day, {weeks} weeks may be met."
    return either(sure, possible, ask)


def _ask_for_days(story: Story, result: Assessment, by_month: frozenset[Named]) -> None:
    """Beside a criterion too, the question is for the day."""
    asks = {(one.criterion, one.level): one.ask for one in _missing(result)} if by_month else {}
    for level in (level for line in story["lines"] for level in line["levels"]):
        for one in (one for pathway in level["pathways"] for one in pathway["criteria"]):
            if one["ask"] and (one["criterion"], level["level"]) in by_month:
                one["ask"] = asks[one["criterion"], level["level"]]


def _missing(result: Assessment) -> list[Question]:
    """All that is asked: also the clinical part of a line whose plan or setting is not known yet."""
    asked = list(result.missing)
    for line in result.lines:
        if line.advice and line.determination == "insufficient_information":
            asked += line.advice.missing
    return list(dict.fromkeys(asked))


def _facts(form: RequestForm, on: dt.date, lines: list[Story], *, longest: bool = False) -> Facts:
    document = build.facts(form, on, longest=longest) | {"request_date": on.isoformat()}
    return facts_v1.parse(document | {"lines": lines} if lines else document)


def _edition(facts: Facts) -> Edition:
    return registry.governing(POLICY, facts.service_date or facts.request_date)


def _stand_in(form: RequestForm) -> list[Story]:
    """A line for each level while no code is typed, so that the levels are looked at already."""
    codes = form.edition.document.codes.current
    found = []
    for level in form.known_levels:
        fitting = (code for code, rule in codes.items() if _fits(rule, level))
        if code := next(fitting, None):
            found.append({"line": len(found) + 1, "code": code, "levels": [level], "units": 1})
    return found


def _fits(rule: CurrentCode, level: str) -> bool:
    return rule.role == "primary" and region_of(level) in rule.regions


def _settle(level: Story, settler: Settler) -> None:
    """Count what a level misses, and name the question that settles each criterion that is not met yet."""
    asked = set()
    for pathway in level["pathways"]:
        for one in pathway["criteria"]:
            one["settle"] = None if one["state"] == "met" else settler.criterion(one["criterion"], level["level"])
            if one["ask"]:
                asked.add(one["criterion"])
    level["missing"] = len(asked)


def _outline(edition: Edition) -> list[Story]:
    """What the pathways ask, where there is no level yet to hold against them."""
    document = edition.document
    return [
        {
            "pathway": name,
            "label": pathway.label,
            "criteria": [
                {"label": document.criteria[use.use].label, "confirm": document.criteria[use.use].judgement}
                for use in pathway.uses()
                if use.appears_under(edition.switches) and use.counts_under(edition.switches)
            ],
        }
        for name, pathway in document.pathways.items()
    ]
