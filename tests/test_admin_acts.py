"""The pages of the acts: who may, what each page lacks, and what is refused and how."""

import datetime as dt

import pytest
from django.utils import timezone

from priorauth.admin import clock_acts
from priorauth.admin.acts import PAGES
from priorauth.models import AuditEvent, Case, Credential
from priorauth.roles import Role
from priorauth.services import submit
from priorauth.statuses import TRANSITIONS
from tests.admin_helpers import (
    act,
    case_page,
    held_by,
    in_review,
    lacking,
    ready,
    ready_to_refuse,
    signed_in,
    snapshot,
    typed,
    with_physician,
)
from tests.cases import approve, draft_case, facts, person, score_all, submission
from tests.walking import undone

pytestmark = pytest.mark.django_db

STAFF = (Role.NURSE, Role.LEAD, Role.PHYSICIAN, Role.AUDITOR, Role.ADMINISTRATOR)
NOT_REQUIRED = {"product": "indemnity", "setting": "outpatient"}


def closable() -> Case:
    """A request that needs no authorization: an Indemnity plan, outside a hospital stay."""
    clerk = person(Role.CLERK)
    case = submit.send(draft_case(clerk), submission(facts() | NOT_REQUIRED), by=clerk, at=timezone.now())
    score_all(timezone.now())
    case.refresh_from_db()
    assert case.determination == "prior_auth_not_required"
    return case


# Who may do what
ALLOWED = {
    "judge": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "read": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "reopen": {Role.LEAD},
    "claim": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "release": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "approve": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "ask": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "message": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "escalate": {Role.NURSE, Role.LEAD},
    "not-approve": {Role.PHYSICIAN},
    "close": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "hand-over": {Role.NURSE, Role.LEAD, Role.PHYSICIAN},
    "take-over": {Role.LEAD},
}
NOT_HELD = ("claim", "reopen", "take-over")


def case_for(slug: str) -> Case:
    case = closable() if slug == "close" else in_review()
    if slug == "reopen":
        approve(case, person(Role.NURSE), at=timezone.now())
    return held_by(person(Role.NURSE), case) if slug == "take-over" else case


def ready_for(slug, actor, case):
    prepare = {"approve": ready, "not-approve": ready_to_refuse}.get(slug, held_by)
    return prepare(actor, case)


@pytest.mark.parametrize("slug", ALLOWED)
def test_each_act_is_open_to_its_roles_and_refused_to_the_others(slug):
    """Its page and its post, by each of the plan's people, each from the same state."""
    made = case_for(slug)
    for role in STAFF:
        with undone():
            may, case = role in ALLOWED[slug], Case.objects.unscoped("a test begins anew").get(pk=made.pk)
            actor, client = signed_in(role)
            if may and slug not in NOT_HELD:
                ready_for(slug, actor, case)
            assert client.get(act(case, slug)).status_code == (200 if may else 403), role
            refused = AuditEvent.objects.filter(actor_id=actor.user_id, action__startswith="refused_")
            before, refused_before = snapshot(case), refused.count()
            response = client.post(act(case, slug), typed(slug, case))
            if may:
                assert (response.status_code, response.headers["Location"]) == (302, case_page(case)), role
                assert snapshot(case)["version"] == before["version"] + 1, role
                assert refused.count() == 0, role
            else:
                assert response.status_code == 403, role
                assert snapshot(case) == before, role
                assert refused.count() == refused_before + 1, role


LACKS = {  # slug -> how many things its page lacks when nothing was chosen or written
    "judge": 1,
    "read": 1,
    "reopen": 1,
    "approve": 2,
    "ask": 2,
    "message": 1,
    "escalate": 2,
    "not-approve": 5,
    "close": 1,
    "hand-over": 2,
    "take-over": 1,
}


@pytest.mark.parametrize("slug", LACKS)
def test_each_page_says_at_each_field_what_it_lacks_and_leads_to_it(slug):
    case, (actor, client) = case_for(slug), signed_in(min(ALLOWED[slug]))
    if slug not in NOT_HELD:
        ready_for(slug, actor, case)
    assert set(LACKS) == set(ALLOWED) - {"claim", "release"}
    assert len(lacking(client, case, slug)) == LACKS[slug]


def test_offices_and_payer_operations_do_not_enter_the_admin():
    case = in_review()
    for role in (Role.CLERK, Role.OFFICE_ADMIN, Role.PAYER):
        _, client = signed_in(role)
        for path in ("/admin/", "/admin/password_change/", case_page(case)):
            assert client.get(path, follow=True).status_code == 403
        assert client.post(act(case, "approve"), typed("approve", case), follow=True).status_code == 403
        assert snapshot(case)["decisions"] == 0


# A nurse never denies


@pytest.mark.parametrize("data", [{}, {"confirmed": "1"}, {"lines": [1], "reason_codes": ["N05"]}])
def test_a_nurses_raw_post_to_not_approve_is_refused_audited_and_changes_nothing(data):
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    before = snapshot(case)
    response = nurse.post(act(case, "not-approve"), {"version": case.version, **data})
    assert response.status_code == 403
    assert "Only a physician with an active licence may decide not to approve" in response.content.decode()
    assert snapshot(case) == before
    assert AuditEvent.objects.filter(actor_id=actor.user_id, action="refused_not_approve").count() == 1


def test_the_case_page_tells_the_nurse_why_not_approve_is_not_there():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    ready(actor, case)
    page = nurse.get(case_page(case)).content.decode()
    assert "Physicians only. Escalate instead." in page
    assert act(case, "not-approve") not in page
    assert 'value="not-approve"' not in page
    assert 'name="then" value="approve"' in page


def test_a_physician_with_an_expired_licence_cannot_decide():
    case, (actor, physician) = with_physician(in_review()), signed_in(Role.PHYSICIAN)
    Credential.objects.filter(user_id=actor.user_id).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    held_by(actor, case)
    before = snapshot(case)
    for slug in ("approve", "not-approve"):
        response = physician.post(act(case, slug), typed(slug, case))
        assert response.status_code == 403
        assert "licence" in response.content.decode()
    rehearsed = typed("not-approve", case)
    del rehearsed["confirmed"]
    assert physician.post(act(case, "not-approve"), rehearsed).status_code == 403
    assert snapshot(case) == before
    refused = AuditEvent.objects.filter(actor_id=actor.user_id, action__startswith="refused_").order_by("pk")
    actions = [event.action for event in refused]
    assert actions == ["refused_approve", "refused_not_approve", "refused_not_approve"]


def test_a_physician_who_treats_the_member_cannot_decide():
    case, (actor, physician) = with_physician(in_review()), signed_in(Role.PHYSICIAN)
    Credential.objects.filter(user_id=actor.user_id).update(npi=case.clinician.npi)
    held_by(actor, case)
    response = physician.post(act(case, "approve"), typed("approve", case))
    assert response.status_code == 403
    assert "You took part in this request" in response.content.decode()


def test_a_request_that_the_policy_governs_is_not_closed():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    response = nurse.post(act(case, "close"), typed("close", case))
    assert (response.status_code, "needs a decision" in response.content.decode()) == (403, True)
    assert snapshot(case)["status"] == "in_review"


def test_every_act_of_the_pages_stands_in_the_table_of_transitions():
    # The marks are made on the case page itself; of the clock: test_clock_pages.py.
    assert {*PAGES, "judge"} == {*ALLOWED, *clock_acts.PAGES}
    for slug, page in PAGES.items() - clock_acts.PAGES.items():
        assert TRANSITIONS[page.act].roles & set(STAFF) == ALLOWED[slug]
