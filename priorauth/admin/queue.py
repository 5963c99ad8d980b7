"""The columns of a row of the queue; tabs.py and filters.py have its views. The order is the order of work."""

from collections.abc import Callable, Collection

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from priorauth.admin.words import age, determination, spell, this_year, time_left, until
from priorauth.models import Case
from priorauth.roles import REVIEWER_ROLES, Actor, Role
from priorauth.services.claim import held
from priorauth.statuses import OPEN, TRANSITIONS, Act, Status


class QueueColumns:
    """The cells of a row; each is words, never colour alone."""

    @admin.display(description="Due")
    def due(self, case: Case) -> SafeString:
        now = timezone.now()
        at = this_year(case.due_at, now)
        if case.status not in OPEN:
            late = case.decided_at and case.decided_at > case.due_at
            words = f"Decided late by {spell(case.decided_at - case.due_at)}" if late else ""
            return format_html('{} <span class="late">{}</span>', at, words)
        left = time_left(case.due_at, now)
        late = "late" if left.startswith("Late") else "left"
        return format_html('{} <span class="{}">{}</span>', at, late, left)

    @admin.display(description="Reference")
    def ref(self, case: Case) -> str:
        return case.reference

    @admin.display(description="Member")
    def who(self, case: Case) -> SafeString:
        years = age(case.member.birth_date, timezone.now())
        return format_html('<span class="nowrap">{},</span> {}', case.member.short_name, years)

    @admin.display(description="Levels")
    def where(self, case: Case) -> str:
        return case.levels or "None named"

    @admin.display(description="Computed result")
    def computed(self, case: Case) -> str:
        closest = "" if case.determination == "meets" else "closest: "
        found, paths = determination(case.determination), ", ".join(case.paths)
        return format_html('{} <span class="nowrap">({}path {})</span>', found, closest, paths) if paths else found

    @admin.display(description="Score")
    def points(self, case: Case) -> str:
        return "-" if case.score is None else str(case.score)

    @admin.display(description="Urgency")
    def how_soon(self, case: Case) -> SafeString:
        return format_html('<span class="urgency-{}">{}</span>', case.urgency, case.get_urgency_display())

    @admin.display(description="Status")
    def state(self, case: Case) -> SafeString:
        return format_html('<span class="status status-{}">{}</span>', case.status, case.get_status_display())

    @admin.display(description="Received")
    def received(self, case: Case) -> str:
        return this_year(case.received_at, timezone.now())

    @admin.display(description="Decided")
    def decided(self, case: Case) -> str:
        return this_year(case.decided_at, timezone.now())

    @admin.display(description="Office")
    def sender(self, case: Case) -> str:
        return case.office.name


def holder_for(actor: Actor) -> Callable[[Case], str]:
    """The last column: who holds the case, or a button for those who may claim it."""

    @admin.display(description="Claimed by")
    def holder(case: Case) -> str:
        now = timezone.now()
        if held(case, now):
            who = "You" if case.claimed_by_id == actor.user_id else str(case.claimed_by)
            return format_html("{} until {}", who, until(case.claimed_until, now))
        if not _may_claim(case, actor):
            return "Nobody"
        button = (
            'Nobody <button class="linklike" form="claim-one" formaction="{}" name="version" value="{}" data-key="c"'
            ' data-key-name="Claim, in the row that has focus">Claim<span class="hidden"> {}</span></button>'
        )
        return format_html(button, reverse("admin:priorauth_case_claim", args=[case.pk]), case.version, case.reference)

    return holder


def _may_claim(case: Case, actor: Actor) -> bool:
    waits_for_a_physician = case.status == Status.WITH_PHYSICIAN and actor.role == Role.NURSE
    return actor.role in REVIEWER_ROLES and case.status in TRANSITIONS[Act.CLAIM].sources and not waits_for_a_physician


def choose_of(ticked: Collection[str]) -> Callable[[Case], str]:
    """The column of boxes for assigning and releasing several at once; `ticked` are the values that were posted."""
    keys = {value.partition(":")[0] for value in ticked}

    @admin.display(description="Choose")
    def choose(case: Case) -> str:
        if case.status not in TRANSITIONS[Act.HAND_OVER].sources:
            return ""
        box = (
            '<label class="pick"><input type="checkbox" name="case" value="{}:{}" form="bulk"{}>'
            '<span class="hidden">Choose {}</span></label>'
        )
        chosen = SafeString(" checked" if str(case.pk) in keys else "")
        return format_html(box, case.pk, case.version, chosen, case.reference)

    return choose
