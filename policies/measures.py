"""Arithmetic over the facts of one level: onset, age of the fracture, verdict of the studies.

Days are ordinals (`date.toordinal`), so that no date near year 1 or 9999 overflows; ages are differences in days.
Each measure is a small value, never changed, that keeps the numbers which an explanation needs. None means not known.
Clauses: READINGS in library/bcbsma_484/NOTES.md, "Onset" and "Studies".
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
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

# One finding of one study that has a date on or before the as-of day: the day, the modality, the finding.
DatedStudy = tuple[int, str, str]


class Findings(NamedTuple):
    """The edition's findings that show a fracture, its advanced modalities, and those that can exclude a fracture."""

    shows_fracture: frozenset[str]
    advanced: frozenset[str]
    excludes_fracture: frozenset[str]


@dataclass(slots=True)
class Onset:
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
_AGREE: Final = {True: Verdict(MET, "agree"), False: Verdict(NOT_MET, "agree")}


def dated_studies(level: LevelFacts, as_of: int) -> list[DatedStudy]:
    """The findings of a level that carry a date on or before the as-of day, in the order given."""
    dated: list[DatedStudy] = []
    for study in level.imaging or ():
        if study.date is not None:
            day = study.date.toordinal()
            if day <= as_of:
                dated.append((day, study.modality, study.finding))
    return dated


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
    earliest = latest = None
    if stated is not None:
        earliest = stated.earliest.toordinal() if stated.earliest is not None else None
        latest = stated.latest.toordinal() if stated.latest is not None else None
    is_stated = earliest is not None or latest is not None
    shown = first_shown(studies, findings) if studies else None
    if is_stated:
        contradiction = _contradiction(earliest, latest, shown, studies, as_of, findings)
        if contradiction is not None:
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
    if is_stated and (latest is None or as_of < latest):
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
        for day, modality, finding in studies:
            if finding == "no_fracture" and modality in findings.excludes_fracture and latest <= day < shown:
                return NEGATIVE_STUDY_AFTER_ONSET
    return None


def verdict(
    studies: Sequence[DatedStudy],
    positive: Collection[str],
    negative: Collection[str],
    advanced: Collection[str],
    mri_margin: int,
) -> Verdict:
    """The verdict of studies over a positive and a negative set of findings.

    A negative finding counts only in an advanced study. `mri_margin`: a later study without MRI must come at least
    this many days after an MRI that says otherwise.
    """
    if len(studies) == 1:
        return _of_one(studies[0], positive, negative, advanced)
    decisive = [
        (day, modality, finding in positive)
        for day, modality, finding in studies
        if finding in positive or (finding in negative and modality in advanced)
    ]
    if not decisive:
        return _NOTHING
    says = {is_positive for _, _, is_positive in decisive}
    if len(says) == 1:
        return _AGREE[says.pop()]
    decisive = [study for study in decisive if study[1] in advanced]
    says = {is_positive for _, _, is_positive in decisive}
    if len(says) == 1:
        return Verdict(MET if says.pop() else NOT_MET, "advanced")
    return _latest(decisive, mri_margin)


def _of_one(
    study: DatedStudy, positive: Collection[str], negative: Collection[str], advanced: Collection[str]
) -> Verdict:
    _, modality, finding = study
    if finding in positive:
        return _AGREE[True]
    return _AGREE[False] if finding in negative and modality in advanced else _NOTHING


def _latest(decisive: Sequence[tuple[int, str, bool]], mri_margin: int) -> Verdict:
    """Among advanced studies that disagree, the latest; unless a recent MRI says otherwise."""
    last_day = max(day for day, _, _ in decisive)
    says = {is_positive for day, _, is_positive in decisive if day == last_day}
    if len(says) > 1:
        return Verdict(UNKNOWN, "same_day")
    mri_day = max((day for day, modality, _ in decisive if modality == "MRI"), default=last_day)
    if last_day > mri_day > last_day - mri_margin:
        by_mri = {is_positive for day, modality, is_positive in decisive if day == mri_day and modality == "MRI"}
        if by_mri != says:
            return Verdict(UNKNOWN, "near_mri")
    return Verdict(MET if says.pop() else NOT_MET, "latest")
