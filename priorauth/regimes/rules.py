"""One rule of a regime: the limits, what may change the clock, its words, and the digest by which it is held."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from policies.vocabulary import day_words
from priorauth.deadlines import Limit
from priorauth.regimes.written import Calendar, Extension, RuleText, Stop

# What may be written into a rule that has set a clock: who verified it, and when it ended.
MAY_CHANGE: Final = {"verified_by", "verified_on", "effective_to"}
NOT_VERIFIED: Final = "Not yet verified by the plan"


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule as the file has it, with its regime's name and label and its calendar."""

    regime: str
    label: str
    text: RuleText
    calendar: Calendar | None

    @property
    def effective_from(self) -> dt.date:
        return self.text.effective_from

    def limit(self, urgency: str) -> Limit:
        return (self.text.expedited if urgency == "expedited" else self.text.standard).limit

    def stop(self, urgency: str) -> Stop | None:
        """How the clock of such a request may be stopped; None where it may not."""
        found = self.text.stop
        return found if found and urgency in found.urgencies else None

    def extension(self, urgency: str) -> Extension | None:
        """How the time of such a request may be extended; None where it may not."""
        found = self.text.extension
        return found if found and urgency in found.urgencies else None

    def holidays(self, year: int) -> frozenset[dt.date]:
        return _holidays(self, year)

    @property
    def citation(self) -> str:
        return f"{'; '.join(source.text for source in self.text.sources)}, as configured by the plan"

    def words(self, urgency: str, *, since: str = "receipt") -> str:
        """The limit in words, as every page shows it; `since` says from when it counts."""
        return f"{self.label}, {urgency}: {self.limit(urgency)} from {since} ({self.citation})"

    def while_asked(self, urgency: str, *, answers: str) -> str:
        """What a question to the office does to the clock: `the clock keeps running`. `answers` says who has to
        answer: `you answer`."""
        stop = self.stop(urgency)
        if stop is None or not stop.on_question:
            return "the clock keeps running"
        return f"the clock stands still until {answers}, for at most {stop.longest.limit}"

    @property
    def verified(self) -> str:
        if self.text.verified_on is None:
            return NOT_VERIFIED
        return f"Verified by {self.text.verified_by}, {day_words(self.text.verified_on)}"

    def content(self) -> dict[str, Any]:
        """The rule as it is stored at its first use: a JSON value."""
        text = self.text.model_dump(mode="json", exclude=MAY_CHANGE)
        calendar = self.calendar.model_dump(mode="json") if self.calendar else None
        return {"regime": self.regime, **text, "holidays": calendar}

    @property
    def sha256(self) -> str:
        text = json.dumps(self.content(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@cache
def _holidays(rule: Rule, year: int) -> frozenset[dt.date]:
    days = rule.calendar.days if rule.calendar else []
    return frozenset(day for holiday in days if (day := holiday.of(year)))


def in_force(rules: Sequence[Rule], day: dt.date) -> Rule:
    """Of a regime's rules, the one in force on a day; the first for a day before all of them."""
    return next((rule for rule in reversed(rules) if rule.effective_from <= day), rules[0])
