"""Arithmetic over the facts of one level: onset, age of the fracture, verdict of the studies.

Days are ordinals (`date.toordinal`), so that no date near year 1 or 9999 overflows; ages are differences in days.
Each measure is a small frozen value that keeps the numbers which an explanation needs. None means not known.
Clauses: READINGS in library/bcbsma_484/NOTES.md, "Onset" and "Studies".
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from policies.facts import LevelFacts
from policies.facts import Onset as StatedOnset
from policies.flags import (
    IMAGING_BEFORE_ONSET,
    NEGATIVE_STUDY_AFTER_ONSET,
    ONSET_IN_FUTURE,
    ONSET_RANGE_REVERSED,
)
from policies.truth import MET, NOT_MET, UNKNOWN, Truth


class DatedStudy(NamedTuple):
    """One finding of one study that has a date on or before the as-of day."""

    day: int
    modality: str
    finding: str


class Findings(NamedTuple):
    """The edition's findings that show a fracture, its advanced modalities, and those that can exclude a fracture."""

    shows_fracture: frozenset[str]
    advanced: frozenset[str]
    excludes_fracture: frozenset[str]


class Onset(NamedTuple):
    """When the fracture began, as far as the account tells.

    `latest_from` says what supplied the latest day: stated, study, admission, as_of, or "" for nothing.
    `contradiction` is the flag of an account that contradicts itself; then both days are None.
    """

    earliest: int | None
    latest: int | None
    latest_from: str
    contradiction: str | None


class Verdict(NamedTuple):
    """What the studies say together. `basis`: none, agree, advanced, latest, same_day, near_mri."""

    state: Truth
    basis: str


_NOTHING: Final = Verdict(UNKNOWN, "none")
_AGREE: Final = {state: Verdict(state, "agree") for state in (MET, NOT_MET)}


def dated_studies(level: LevelFacts, as_of: int) -> list[DatedStudy]:
    """The findings of a level that carry a date on or before the as-of day, in the order given."""
    if not level.imaging:
        return []
    return [
        DatedStudy(day, study.modality, study.finding)
        for study in level.imaging
        if study.date is not None and (day := study.date.toordinal()) <= as_of
    ]


def first_shown(studies: Iterable[DatedStudy], findings: Findings) -> int | None:
    """The day of the first study that shows the fracture."""
    shows, first = findings.shows_fracture, None
    for day, _, finding in studies:
        if finding in shows and (first is None or day < first):
            first = day
    return first


def read_onset(
    stated: StatedOnset | None,
    studies: Sequence[DatedStudy],
    admitted: int | None,
    as_of: int,
    findings: Findings,
) -> Onset:
    """The onset interval of a level.

    `admitted` is the day of an admission for fracture pain, where it may bear on this level.
    """
    earliest = stated.earliest.toordinal() if stated and stated.earliest else None
    latest = stated.latest.toordinal() if stated and stated.latest else None
    shown = first_shown(studies, findings) if studies else None
    contradiction = _contradiction(earliest, latest, shown, studies, as_of, findings)
    if contradiction:
        return Onset(None, None, "", contradiction)
    supplied = "stated" if latest is not None else ""
    if shown is not None and (latest is None or shown < latest):
        latest, supplied = shown, "study"
    if (
        admitted is not None
        and admitted <= as_of
        and (earliest is None or admitted >= earliest)
        and (shown is None or admitted <= shown)
        and (latest is None or admitted < latest)
    ):
        latest, supplied = admitted, "admission"
    something_stated = stated is not None and (stated.earliest is not None or stated.latest is not None)
    if something_stated and (latest is None or as_of < latest):
        latest, supplied = as_of, "as_of"
    return Onset(earliest, latest, supplied, None)


def onset_on(day: int, studies: Sequence[DatedStudy], as_of: int, findings: Findings) -> Onset:
    """The onset of a level whose fracture is taken to have begun on one day."""
    contradiction = _contradiction(day, day, first_shown(studies, findings), studies, as_of, findings)
    return Onset(None, None, "", contradiction) if contradiction else Onset(day, day, "stated", None)


def _contradiction(
    earliest: int | None,
    latest: int | None,
    shown: int | None,
    studies: Sequence[DatedStudy],
    as_of: int,
    findings: Findings,
) -> str | None:
    """The first way, in the order of the reading, in which the account contradicts itself."""
    if earliest is not None:
        if latest is not None and earliest > latest:
            return ONSET_RANGE_REVERSED
        if earliest > as_of:
            return ONSET_IN_FUTURE
        if shown is not None and shown < earliest:
            return IMAGING_BEFORE_ONSET
    if latest is not None and shown is not None:
        for study in studies:
            if (
                study.finding == "no_fracture"
                and study.modality in findings.excludes_fracture
                and latest <= study.day < shown
            ):
                return NEGATIVE_STUDY_AFTER_ONSET
    return None


def verdict(
    studies: Iterable[DatedStudy],
    positive: Collection[str],
    negative: Collection[str],
    advanced: Collection[str],
    mri_margin: int,
) -> Verdict:
    """The verdict of studies over a positive and a negative set of findings.

    A negative finding counts only in an advanced study. `mri_margin`: a later study without MRI must come at least
    this many days after an MRI that says otherwise.
    """
    decisive = [
        study
        for study in studies
        if study.finding in positive or (study.finding in negative and study.modality in advanced)
    ]
    if not decisive:
        return _NOTHING
    if len(decisive) == 1:
        return _AGREE[MET if decisive[0].finding in positive else NOT_MET]
    state = _agreed(decisive, positive)
    if state is not None:
        return _AGREE[state]
    decisive = [study for study in decisive if study.modality in advanced]
    state = _agreed(decisive, positive)
    if state is not None:
        return Verdict(state, "advanced")
    return _latest(decisive, positive, mri_margin)


def _latest(decisive: list[DatedStudy], positive: Collection[str], mri_margin: int) -> Verdict:
    """Among advanced studies that disagree, the latest; unless a recent MRI says otherwise."""
    last_day = max(study.day for study in decisive)
    latest = [study for study in decisive if study.day == last_day]
    state = _agreed(latest, positive)
    if state is None:
        return Verdict(UNKNOWN, "same_day")
    mri_days = [study.day for study in decisive if study.modality == "MRI"]
    if mri_days and last_day > (mri_day := max(mri_days)) > last_day - mri_margin:
        mri = [study for study in decisive if study.day == mri_day and study.modality == "MRI"]
        if _agreed(mri, positive) != state:
            return Verdict(UNKNOWN, "near_mri")
    return Verdict(state, "latest")


def _agreed(studies: Sequence[DatedStudy], positive: Collection[str]) -> Truth | None:
    """What all of them say, or None where they disagree."""
    first = studies[0].finding in positive
    for study in studies:
        if (study.finding in positive) != first:
            return None
    return MET if first else NOT_MET
