"""Facts of a clean case, changed, and how they are scored: without a database."""

import copy

from policies import registry
from policies.assess import assess
from policies.explain import explain
from policies.facts import parse
from priorauth.models import Assessment, Revision
from tests.cases import facts


def scored(document) -> tuple[Revision, Assessment]:
    """A revision of these facts and how they are scored, without a database."""
    parsed, edition = parse(document), registry.governing(registry.DEFAULT_POLICY, None)
    result = assess(parsed, edition)
    story = explain(parsed, result, edition).as_dict()
    revision = Revision(facts=document, details={})
    return revision, Assessment(revision=revision, result=result.as_dict(), explanation=story)


Value = dict | list | str | float | None


def facts_with(**changes: Value) -> dict:
    """The facts of a clean case, changed at paths like `levels.L1.onset` (dots written as __)."""
    document = copy.deepcopy(facts())
    for path, value in changes.items():
        *steps, last = path.split("__")
        inner = document
        for step in steps:
            inner = inner[step]
        inner[last] = value
    return document
