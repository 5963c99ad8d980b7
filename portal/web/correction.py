"""A correction that is being typed, beside what was sent last: the version that it began from, and what comes of two.

Three versions of one form meet here (decision 51): what is typed, what is kept or was sent meanwhile, and what both
began with. What one of the two did not change says what the other says.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from portal.web import answered, asked, refill
from portal.web.differences import THEIRS, Difference, Differences
from portal.web.intake import files_of
from portal.web.rows import Raw
from priorauth.models import Attachment, Case, Draft, Revision
from priorauth.roles import Actor
from priorauth.services import corrections, draft_versions

Choices = defaultdict[str, str] | None  # as of Differences


class Correction:
    """One visit to the page of a case that was sent: what was sent last, and the correction that is kept of it."""

    def __init__(self, case: Case, actor: Actor) -> None:
        self.case, self.actor = case, actor
        # First the correction: what is sent between the two reads is then something that it has not taken in.
        self.draft: Draft | None = Draft.objects.for_actor(actor).select_related("saved_by").filter(case=case).first()
        self.latest: Revision = case.revisions.select_related("created_by").order_by("-number")[0]

    @property
    def version(self) -> int:
        return self.draft.version if self.draft else 0

    @property
    def is_behind(self) -> bool:
        """Whether something was sent that the correction has not taken in."""
        return self.draft is not None and self.draft.corrects != self.latest.number

    @property
    def files(self) -> list[Attachment]:
        """Its files, which were not sent."""
        return list(corrections.files_of(self.case))

    @cached_property
    def sent(self) -> Raw:
        return refill.from_revision(self.case, self.latest)

    def sent_as(self, number: int) -> Raw:
        """The form as it was sent with that revision; nothing for one that never was."""
        revision = self.case.revisions.filter(number=number).first()
        return refill.from_revision(self.case, revision) if revision else {}

    def whole(self, typed: Raw) -> Raw:
        """The form as it is typed, with what a correction cannot change as it was sent."""
        return answered.whole(typed, {}, self.sent, ())

    def changes(self, typed: Raw, base: int) -> bool:
        return bool(asked.differences(self.sent_as(base), typed))

    def beside_kept(self, mine: Raw, began: int, base: int, choices: Choices = None) -> Differences:
        """`mine`, which began with version `began` of the correction (0: with revision `base`), and what is kept: that
        may have begun with an earlier one."""
        both = draft_versions.at(self.draft, began) if began else self.sent_as(min(base, self.draft.corrects or 0))
        return self.beside(mine, both, self.draft.fields, choices)

    def beside_sent(self, choices: Choices = None) -> Differences:
        """The kept correction, and what was sent last."""
        return self.beside(self.draft.fields, self.sent_as(self.draft.corrects or 0), self.sent, choices)

    def beside(self, mine: Raw, both: Raw, theirs: Raw | None = None, choices: Choices = None) -> Differences:
        """`mine` and `theirs`, which both began with `both`."""
        theirs = both if theirs is None else theirs
        return Differences(mine, theirs, both, files_of(self.case), defaultdict(str) if choices is None else choices)

    def keep(self, fields: Raw, base: int, at: dt.datetime) -> None:
        self.draft = corrections.keep(
            self.case, by=self.actor, at=at, version=self.version, fields=fields, corrects=base
        )


def taken_in(found: Differences) -> Iterator[Difference]:
    """What the other version brings: answers and rows that only it changed."""
    return (one for one in found if one.chosen == THEIRS)
