"""needed(edition, product, setting, code, on) -> Answer: is an authorization needed, as far as the edition says?

The rules and their order are those of a line of a request (lines.py): it is asked about a line without levels, so a
check made beforehand and the scoring of what is then sent cannot differ. Pure, and without any fact of a patient.
"""

import datetime
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from policies import flags, sentences
from policies.document import EditionDocument
from policies.edition import Edition
from policies.facts import Product, Setting, parse
from policies.lines import CLINICAL
from policies.results import LineResult

Need = Literal["required", "not_required", "incomplete", "not_answered"]

_COMES_LATER: Final = frozenset({"criteria", "no_level"})  # the criteria: their answer needs facts of a patient
# What these flags say, the sentence of the rule that raises them says too.
_SAID_BY_RULE: Final = frozenset({flags.EARLIER_VERSION, flags.LISTED_BUT_INVESTIGATIONAL})


class Ground(NamedTuple):
    """One sentence of an answer and where the policy says it ("" for a remark of ours)."""

    says: str
    locator: str


class Answer(NamedTuple):
    """`rule` is the line's rule that decided, `grounds` are the reasons, the weightiest first.

    `incomplete`: the plan, the place or the current code must be known. `not_answered`: another policy or edition
    governs, or the edition does not speak of it.
    """

    need: Need
    rule: str
    grounds: tuple[Ground, ...]


def needed(
    edition: Edition,
    product: Product | None,
    setting: Setting | None,
    code: str,
    on: datetime.date,
) -> Answer:
    """The answer for a procedure on the day `on`; None stands for a plan or a place that is not known.

    `code` is trimmed and upper-cased. Raises nothing: a code that the edition does not list is answered as such.
    """
    line = {"line": 1, "code": code}
    document: dict[str, Any] = {
        "request_date": on.isoformat(),
        "product": product,
        "setting": setting,
        "lines": [line],
        "levels": {},
    }
    facts = parse(document)
    (result,) = edition.lines.assess(facts, edition.levels.request_view(facts))
    return Answer(_need(result), result.rule, tuple(_grounds(edition.document, result)))


def _need(result: LineResult) -> Need:
    if result.determination == "prior_auth_not_required":
        return "not_required"
    if result.advice or result.rule == "deleted_code":
        return "incomplete"
    return "required" if result.rule in CLINICAL else "not_answered"


def _grounds(document: EditionDocument, result: LineResult) -> Iterator[Ground]:
    rule, table = document.rule_words(result.rule), document.rule_words("authorization")
    if result.rule in CLINICAL:
        yield Ground(_from_table(document, result) or table.says or "", table.locator)
    if result.rule == "deleted_code":
        yield Ground(result.missing[0].ask, rule.locator)
    elif result.rule not in _COMES_LATER:
        yield Ground(rule.says or document.says(result.determination), rule.locator)
    for flag in result.flags:
        if flag not in _SAID_BY_RULE:
            yield Ground(document.flags.get(flag) or sentences.FLAGS[flag], "")


def _from_table(document: EditionDocument, result: LineResult) -> str:
    """What stands in place of the criteria: no requirement, or what must be known first."""
    if result.determination == "prior_auth_not_required":
        return document.says(result.determination)
    return result.missing[0].ask if result.advice else ""
