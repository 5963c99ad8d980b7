"""Everything that must hold of a folder of policies: the editions load, their cases hold, every state has a case."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from policies import cases, registry, strict_yaml
from policies.cases import Case
from policies.edition import Edition
from policies.strict_yaml import YamlError


def faults(folder: Path) -> Iterator[str]:
    """What does not hold, each with file, line and key or sentence; nothing, where all is well."""
    try:
        library = registry.load(folder)
    except YamlError as error:
        yield str(error)
        return
    for editions in library.values():
        try:
            found = {place: cases.read(place / "cases") for place in dict.fromkeys(_places(editions))}
        except YamlError as error:
            yield str(error)
            continue
        for edition in editions:
            governed = [case for place in found for case in found[place] if _governs(edition, editions, case)]
            yield from _faults_of(edition, governed)


def _places(editions: Sequence[Edition]) -> Iterator[Path]:
    return (edition.file.parent for edition in editions)


def _governs(edition: Edition, editions: Sequence[Edition], case: Case) -> bool:
    day = case.facts.service_date or case.facts.request_date
    return registry.in_force(editions, day) is edition


def _faults_of(edition: Edition, governed: Sequence[Case]) -> Iterator[str]:
    for case in governed:
        try:
            for failure in cases.failures(case, edition):
                yield f"{case}: {failure}"
        except ValueError as error:  # a switch or value that the edition does not have
            yield f"{case}: {error}"
    source = strict_yaml.load(edition.file)
    for key, state in cases.uncovered(edition.document, governed):
        yield str(source.fault(("criteria", key), f"no case expects it to be {state.replace('_', ' ')}"))
