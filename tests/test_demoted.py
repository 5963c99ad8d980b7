"""T8: whoever loses a role, a membership or the account is refused at the next request, in open forms too."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.db import transaction
from django.test import Client

from priorauth.models import AuditEvent, Case, Membership, User
from priorauth.roles import Actor, Role
from tests.admin_helpers import act, case_page, held_by, in_review, signed_in, snapshot, typed
from tests.cases import office, person, plan
from tests.factories import browser, draft_of, post_edit, saved_draft, valid_form

pytestmark = pytest.mark.django_db


def deactivate(actor: Actor) -> None:
    User.objects.filter(pk=actor.user_id).update(is_active=False)


def take_membership_away(actor: Actor) -> None:
    Membership.objects.filter(user_id=actor.user_id).delete()


def move_to_the_payer(actor: Actor) -> None:
    Membership.objects.filter(user_id=actor.user_id).update(role=Role.PAYER, organization=plan())


def move_to_another_office(actor: Actor) -> None:
    elsewhere = office("Bay Pain Clinic")
    Membership.objects.filter(user_id=actor.user_id).update(role=Role.CLERK, organization=elsewhere)


def office_pages(client: Client, case: Case) -> list:
    here = f"/requests/{case.reference}"
    return [
        lambda: client.get(f"{here}/edit/"),
        lambda: post_edit(client, case, valid_form(first_name="Eve")),
        lambda: client.post(f"{here}/edit/check/", {"version": draft_of(case).version, "statement": "yes"}),
        lambda: client.post(f"{here}/withdraw/", {"version": case.version, "reason": "Sent twice."}),
        lambda: client.get("/api/v1/requests"),
    ]


def reviewer_pages(client: Client, case: Case) -> list:
    return [
        lambda: client.get(case_page(case)),
        lambda: client.post(act(case, "approve"), typed("approve", case)),
        lambda: client.post(act(case, "ask"), typed("ask", case)),
        lambda: client.post(act(case, "release"), typed("release", case)),
        lambda: client.post("/admin/priorauth/case/next/"),
    ]


def each_alone(client: Client, pages: list) -> Iterator:
    """Each as the next request: what the one before it did to the session and stored is taken back."""
    kept = deepcopy(client.cookies)
    for page in pages:
        with transaction.atomic():
            yield page
            transaction.set_rollback(True)
        client.cookies = deepcopy(kept)


LOSSES = (deactivate, take_membership_away, move_to_the_payer, move_to_another_office)


@pytest.mark.parametrize("loss", LOSSES)
def test_an_office_person_who_loses_their_place_is_refused_at_the_next_request(loss):
    clerk = person(Role.CLERK)
    client = browser(clerk)
    case = saved_draft(client)
    before, words = snapshot(case), draft_of(case).fields
    loss(clerk)
    for page in each_alone(client, office_pages(client, case)):
        assert refused(page())
        assert (snapshot(case), draft_of(case).fields) == (before, words)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_reviewer_who_loses_their_place_is_refused_at_the_next_request(loss):
    case, nurse = in_review(), person(Role.NURSE)
    client = browser(nurse)
    held_by(nurse, case)
    assert client.get(case_page(case)).status_code == 200
    before = snapshot(case)
    loss(nurse)
    for page in each_alone(client, reviewer_pages(client, case)):
        assert refused(page())
        assert snapshot(case) == before


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PAYER])
def test_who_may_not_do_it_is_refused_and_shown_what_they_typed(role):
    """An auditor may read the case and is told why not; a payer is told nothing of it. Both tries are on the trail."""
    case, (actor, client) = in_review(), signed_in(role)
    before, reads = snapshot(case), role == Role.AUDITOR
    fields = {"ask": "question", "approve": "reason", "judge": "L1.pain_source_certain.reason"}
    for slug, field in (fields | {"message": "text", "not-approve": "reason_for_member"}).items():
        assert client.get(act(case, slug)).status_code == 403, "looking is no try"
        answer = client.post(act(case, slug), typed(slug, case, **{field: "Typed with <care> for L1."}))
        page = answer.content.decode()
        assert (answer.status_code, page.count("Typed with &lt;care&gt; for L1.")) == (403, 1), slug
        why = "cannot do this" in page or "Only a physician" in page
        assert (case.reference in page, "A. Synthetic" in page, why) == (reads,) * 3, slug
    refusals = AuditEvent.objects.filter(actor_id=actor.user_id, action__startswith="refused_").order_by("pk")
    assert [event.action[8:] for event in refusals] == ["ask", "approve", "judge", "write", "not_approve"]
    assert [event.entities for event in refusals] == [{"case": case.reference} if reads else {}] * 5
    assert snapshot(case) == before


def refused(response) -> bool:
    """Sent to sign in, told 401 or 403, or shown that there is no such thing; never served."""
    signs_in = response.status_code == 302 and response["Location"].startswith("/sign-in/")
    return signs_in or response.status_code in (401, 403, 404)
