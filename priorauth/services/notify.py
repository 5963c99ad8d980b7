"""Notices by e-mail to the people of an office, and of deadlines to the plan's leads: a reference and a link, never a
patient's data (decision 26).

One job a person and piece of news, written in the act's own transaction. The mail server is asked with no transaction
open (F16); one worker asks at a time. A notice may come twice where a worker ends in the wrong moment; none is lost.
"""

import datetime as dt

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from priorauth import jobs, mail
from priorauth.alone import Clock, in_turn
from priorauth.models import Case, DeadlineNotice, InformationRequest, Job, Membership
from priorauth.roles import OFFICE_ROLES, REVIEWER_ROLES, Role
from priorauth.statuses import OPEN, Status

SOON = dt.timedelta(hours=8)  # before its time to answer is over, an office that was asked is reminded once
SETTLED = dt.timedelta(hours=1)  # not right after the question itself
KEPT = dt.timedelta(days=1)  # what could not be sent for so long is no news any more
LOST_SECONDS = 60.0
ALONE = 484_026  # the advisory lock of the one worker that sends

NEWS = "There is news on {reference}"
REMINDER = "{reference} waits for your answer"
DUE = {
    DeadlineNotice.Kind.IN_24_HOURS: "{reference} is due within 24 hours",
    DeadlineNotice.Kind.IN_8_HOURS: "{reference} is due within 8 hours",
    DeadlineNotice.Kind.IN_2_HOURS: "{reference} is due within 2 hours",
    DeadlineNotice.Kind.BREACH: "{reference} is late: its time to decide has passed",
}
DEADLINE = "deadline"  # the kind of news that the plan's own people get
TEXT = """{subject}.

Open it here, signed in as yourself: {link}

The portal's mails hold no patient data. Your {administrator} can turn these notices off for you.
"""


def enqueue(case: Case, about: str, at: dt.datetime) -> None:
    """Have everybody of the case's office told who wants to be, in the act's transaction. `about` names the piece of
    news by kind and key, as in `asked:17`: the same one is told once. Nothing where the portal sends no mail."""
    if not settings.MAIL_URL:
        return
    people = Membership.objects.filter(
        organization_id=case.office_id, notify=True, role__in=OFFICE_ROLES, user__is_active=True, user__is_machine=False
    )
    keys = [f"notify:{about}:{user_id}" for user_id in people.values_list("user_id", flat=True)]
    jobs.enqueue_each(Job.Kind.NOTIFY, case, keys, at)


def enqueue_staff(case: Case, about: str, at: dt.datetime) -> None:
    """Have every lead told who wants to be, and whoever holds the case. Nothing where the portal sends no mail."""
    if not settings.MAIL_URL:
        return
    whom = Q(role=Role.LEAD)
    if case.claimed_until is not None and case.claimed_until > at:
        whom |= Q(user=case.claimed_by_id)
    keys = [f"notify:{about}:{user_id}" for user_id in _reviewers().filter(whom).values_list("user_id", flat=True)]
    jobs.enqueue_each(Job.Kind.NOTIFY, case, keys, at)


def _reviewers() -> QuerySet[Membership]:
    """The plan's people who get mails."""
    return Membership.objects.filter(notify=True, role__in=REVIEWER_ROLES, user__is_active=True, user__is_machine=False)


def enqueue_due(at: dt.datetime) -> int:
    """Remind the offices that were asked and have not answered, while the decision is due soon. Returns how many."""
    rows = InformationRequest.objects.unscoped("every office that was asked is reminded")
    waiting = rows.filter(
        answered_at=None,
        expired_at=None,
        asked_at__lte=at - SETTLED,
        case__status=Status.INFORMATION_NEEDED,
        answer_by__range=(at, at + SOON),
    )
    questions = list(waiting.select_related("case"))
    for question in questions:
        enqueue(question.case, f"due:{question.pk}", at)
    return len(questions)


def run(clock: Clock) -> int:
    """Send the notices that are due, for about a SLICE. Returns how many were tried; 0 where another worker sends."""
    return in_turn(ALONE, Job.Kind.NOTIFY, _run_next, clock) if settings.MAIL_URL else 0


def _run_next(clock: Clock) -> bool:
    """Send the notice that has been due longest. Returns whether the next may be tried."""
    job = jobs.take(Job.Kind.NOTIFY, clock(), LOST_SECONDS)
    if job is None:
        return False
    try:
        _send(job)
    except mail.Undeliverable as failure:
        jobs.end(job, clock(), failure=str(failure))
    except mail.Unavailable as failure:
        now = clock()
        if job.created_at < now - KEPT:
            jobs.end(job, now, failure=str(failure))
        else:
            jobs.put_off(job, now, str(failure), with_the_others=True)
        return False
    else:
        jobs.end(job, clock())
    return True


def _send(job: Job) -> None:
    """Mail the person whom the job names, unless they left the office, or want no notices any more."""
    _, kind, key, user_id = job.dedupe_key.split(":")
    case = Case.objects.unscoped("the portal tells every office").get(pk=job.case_id)
    if kind == DEADLINE:
        people, page, administrator = _reviewers(), ("admin:priorauth_case_change", case.pk), "administrator"
        subject = _of_a_deadline(key, case)
    else:
        people = Membership.objects.filter(
            organization_id=case.office_id, notify=True, role__in=OFFICE_ROLES, user__is_active=True
        )
        page, administrator = ("request", case.reference), "office administrator"
        subject = REMINDER if kind == "due" else NEWS
    membership = people.filter(user_id=user_id).select_related("user").first()
    if membership is None or not subject:
        return
    subject, link = subject.format(reference=case.reference), settings.PORTAL_URL.rstrip("/") + _path(*page)
    text = TEXT.format(subject=subject, link=link, administrator=administrator)
    mail.send(membership.user.email, subject, text)


def _path(name: str, key: object) -> str:
    return reverse(name, args=[key])


def _of_a_deadline(key: str, case: Case) -> str:
    """The subject; nothing where the case was decided meanwhile, or its due time moved."""
    notice = DeadlineNotice.objects.unscoped("the leads are told of every office's cases").get(pk=key)
    return DUE[DeadlineNotice.Kind(notice.kind)] if case.status in OPEN and case.due_at == notice.due_at else ""
