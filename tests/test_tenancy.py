"""Who sees which rows (invariant 5)."""

import pytest
from django.http import Http404

from priorauth.models import Case, Decision, Draft, Escalation, Letter, Member, Revision
from priorauth.roles import SYSTEM, Role
from priorauth.services import escalate
from priorauth.tenancy import UnscopedAccess, get_for
from tests.cases import NOW, case_in_review, claimed, draft_case, office, person, sent_case
from tests.letters import approved

pytestmark = pytest.mark.django_db


def test_an_office_sees_its_own_requests_and_nobody_elses():
    ours, theirs = person(Role.CLERK), person(Role.CLERK, office("Other Office"))
    case, other = sent_case(ours), sent_case(theirs)
    assert [c.pk for c in Case.objects.for_actor(ours)] == [case.pk]
    assert [c.pk for c in Case.objects.for_actor(theirs)] == [other.pk]
    assert Revision.objects.for_actor(ours).count() == 1
    assert [m.office_id for m in Member.objects.for_actor(ours)] == [ours.organization_id]


def test_another_offices_request_answers_like_one_that_never_was():
    ours, theirs = person(Role.CLERK), person(Role.CLERK, office("Other Office"))
    other = sent_case(theirs)
    with pytest.raises(Http404) as hidden:
        get_for(ours, Case, reference=other.reference)
    with pytest.raises(Http404) as absent:
        get_for(ours, Case, reference="PA-0000-0000-0000")
    assert str(hidden.value) == str(absent.value)


def test_reviewers_and_auditors_see_sent_requests_but_no_drafts():
    clerk = person(Role.CLERK)
    draft, sent = draft_case(clerk), sent_case(clerk)
    for role in (Role.NURSE, Role.PHYSICIAN, Role.LEAD, Role.AUDITOR):
        assert [c.pk for c in Case.objects.for_actor(person(role))] == [sent.pk]
    assert {c.pk for c in Case.objects.for_actor(clerk)} == {draft.pk, sent.pk}
    assert not Draft.objects.for_actor(person(Role.NURSE)).exists()


def test_payer_operations_see_letters_alone_and_administrators_nothing():
    letter = approved()
    payer, administrator = person(Role.PAYER), person(Role.ADMINISTRATOR)
    assert [one.pk for one in Letter.objects.for_actor(payer)] == [letter.pk]
    seen = [model for model in (Case, Revision, Member, Decision) if model.objects.for_actor(payer).exists()]
    seen += [model for model in (Case, Revision, Letter) if model.objects.for_actor(administrator).exists()]
    assert seen == []


def test_nobody_and_the_portal_itself_see_nothing_through_an_actor():
    sent_case(person(Role.CLERK))
    assert not Case.objects.for_actor(None).exists()
    assert not Case.objects.for_actor(SYSTEM).exists()


def test_the_office_does_not_see_what_the_nurse_asks_the_physician():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    escalate.escalate(
        claimed(case_in_review(clerk), nurse), by=nurse, at=NOW, question="Is it old?", recommendation="approve"
    )
    assert Escalation.objects.for_actor(nurse).count() == 1
    assert not Escalation.objects.for_actor(clerk).exists()


def test_related_rows_of_a_fetched_case_pass_and_prefetching_works():
    clerk = person(Role.CLERK)
    sent_case(clerk)
    case = Case.objects.for_actor(clerk).prefetch_related("revisions").get()
    assert [r.number for r in case.revisions.all()] == [1]
    assert case.member.last_name == "Synthetic"


def test_unscoped_access_needs_a_reason():
    with pytest.raises(UnscopedAccess):
        Case.objects.unscoped("")
