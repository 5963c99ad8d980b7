"""Every way of writing to a case or to what hangs on it either is an act, with exactly one event, or is refused by
PostgreSQL: none is silent (RELIABILITY A5, invariant 3)."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.urls import reverse

from priorauth import audit
from priorauth.models import (
    Assessment,
    Attachment,
    AuditEvent,
    Case,
    Decision,
    DecisionLine,
    Escalation,
    InformationRequest,
    Message,
    Organization,
    Revision,
)
from priorauth.roles import Role
from priorauth.services import attach, claim, drafts, information, judge, write
from tests.admin_helpers import act, ready, ready_to_refuse, signed_in, typed
from tests.cases import NO_IMAGING, NOW, WORDS, approve, case_in_review, draft_case, person
from tests.factories import report

pytestmark = pytest.mark.django_db

WHY = "the test writes past the services"
REFUSED = "past the services|append-only|never deleted"


@pytest.fixture
def case():
    """A decided case with a file, whole before the test and after it."""
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    started = draft_case(clerk)
    attach.attach(started, report(), by=clerk, at=NOW)
    case = case_in_review(clerk)
    approve(case, nurse)
    before = audit.verify_case(case)
    assert before == (None, 6)
    yield case
    case.refresh_from_db()
    assert audit.verify_case(case) == before, "a refused write left nothing behind"


def committing():
    """The end of a transaction, where deferred guards speak."""
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    connection.cursor().execute("SET CONSTRAINTS ALL DEFERRED")


@transaction.atomic
def written(write) -> None:
    write()
    committing()


def refused(write) -> None:
    with pytest.raises(IntegrityError, match=REFUSED):
        written(write)


def cases():
    return Case.objects.unscoped(WHY)


def sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def changed(case, **columns):
    for name, value in columns.items():
        setattr(case, name, value)
    return case


def copied(case, **columns):
    columns = {"pk": None, "reference": "PA-0000-0000-0000", "started_with": "0" * 32, **columns}
    return changed(cases().get(pk=case.pk), **columns)


UPSERT = """
INSERT INTO priorauth_case SELECT (jsonb_populate_record(c, '{"status": "closed"}')).* FROM priorauth_case c
WHERE id = %s ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status
"""

WAYS = {
    "save": lambda case: changed(case, status="closed").save(),
    "save of one column": lambda case: changed(case, due_at=NOW).save(update_fields=["due_at"]),
    "save with a new version": lambda case: changed(case, version=7, score=3).save(),
    "save of a new one": lambda case: copied(case).save(force_insert=True),
    "update": lambda case: cases().filter(pk=case.pk).update(status="in_review"),
    "update with a new version": lambda case: cases().filter(pk=case.pk).update(version=7),
    "update of the version two steps on": lambda case: cases().filter(pk=case.pk).update(version=8),
    "update back": lambda case: cases().filter(pk=case.pk).update(version=4, status="in_review"),
    "update of the reference": lambda case: cases().filter(pk=case.pk).update(reference="PA-0000-0000-0000"),
    "update of everything": lambda case: cases().update(urgency="expedited"),
    "bulk_create": lambda case: cases().bulk_create([copied(case)]),
    "bulk_create with update": lambda case: cases().bulk_create(
        [changed(cases().get(pk=case.pk), score=1)],
        update_conflicts=True,
        update_fields=["score"],
        unique_fields=["id"],
    ),
    "bulk_update": lambda case: cases().bulk_update([changed(case, score=1)], ["score"]),
    "update_or_create": lambda case: cases().update_or_create(pk=case.pk, defaults={"score": 1}),
    "get_or_create": lambda case: cases().get_or_create(
        reference="PA-0000-0000-0000",
        defaults={
            "office_id": case.office_id,
            "created_by_id": case.created_by_id,
            "created_at": NOW,
            "updated_at": NOW,
        },
    ),
    "upsert": lambda case: sql(UPSERT, case.pk),
    "raw SQL": lambda case: sql("UPDATE priorauth_case SET withdrawal_reason = 'x' WHERE id = %s", case.pk),
    "raw save": lambda case: models.Model.save_base(changed(case, score=1), raw=True),
    "delete of a draft": lambda case: sql("DELETE FROM priorauth_case WHERE status = 'draft'"),
    "truncate": lambda case: sql("TRUNCATE priorauth_case CASCADE"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_case_changed_past_the_services_is_refused(case, way):
    committing()
    refused(lambda: WAYS[way](case))


def test_the_orm_refuses_to_delete_a_case_with_what_hangs_on_it_and_postgresql_a_draft(case):
    with pytest.raises(models.ProtectedError):
        cases().filter(pk=case.pk).delete()
    refused(draft_case(person(Role.CLERK)).delete)


ROWS = {
    Revision: {"facts": {}},
    Assessment: {"result": {}},
    Decision: {"reason_for_clinician": "Something else."},
    DecisionLine: {"units": 9},
    Attachment: {"name": "other.pdf"},
}


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
def test_a_row_of_a_case_changed_deleted_or_added_past_the_services_is_refused(case, model):
    rows = model.objects.unscoped(WHY)
    row, columns = rows.first(), ROWS[model]
    refused(lambda: rows.filter(pk=row.pk).update(**columns))
    refused(lambda: changed(row, **columns).save())
    refused(lambda: rows.bulk_update([changed(row, **columns)], list(columns)))
    refused(lambda: sql(f"DELETE FROM {model._meta.db_table} WHERE id = %s", row.pk))
    refused(lambda: added(row).save(force_insert=True))
    refused(lambda: rows.bulk_create([added(row)]))


def added(row):
    """A copy that no constraint of its own table forbids."""
    new = {"number": 9, "round": 9, "edition_sha256": "0" * 64}
    return changed(row, pk=None, **{name: value for name, value in new.items() if hasattr(row, name)})


def by_nobodys_act(case):
    who, asked = case.created_by_id, {"asked_by_id": case.created_by_id, "asked_at": NOW, "number": 1}
    asked["answer_by"] = NOW + dt.timedelta(hours=1)
    return {
        InformationRequest: {"question": "?", **asked},
        Escalation: {"question": "?", "escalated_by_id": who, "escalated_at": NOW, "recommendation": "ask"},
        Message: {"text": "Hello.", "from_office": True, "written_by_id": who, "written_at": NOW},
    }


@pytest.mark.parametrize("model", [InformationRequest, Escalation, Message], ids=lambda model: model.__name__)
def test_a_question_or_message_that_nobody_wrote_by_an_act_is_refused(case, model):
    refused(lambda: model(case=case, **by_nobodys_act(case)[model]).save())


def test_a_message_and_the_answer_to_an_item_are_never_changed_nor_added_past_the_services():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = claim.claim(case_in_review(clerk, NO_IMAGING), by=nurse, at=NOW)
    judge.judge(case, by=nurse, at=NOW, marks=[judge.Mark("L1", "symptomatic", "unknown", WORDS)])
    items = [{"criterion": name, "level": "L1"} for name in ("imaging_nonhealing", "symptomatic")]
    information.ask(case, by=nurse, at=NOW, question="?", items=items)
    item = information.Item(0, True, "It was lost.", clerk.user_id, NOW)
    information.answer(case, by=clerk, at=NOW, note="", items=[item])
    write.write(case, by=clerk, at=NOW, text="Hello.")
    assert audit.verify_case(case) == (None, case.version)
    for row, columns in ((case.messages.get(), {"text": "Bye."}), (case.item_answers.get(), {"not_held": False})):
        rows = type(row).objects.unscoped(WHY)
        refused(lambda rows=rows, columns=columns: rows.update(**columns))
        refused(rows.all().delete)
        copy = changed(rows.get(), pk=None, **({"item": 1} if "not_held" in columns else {}))
        refused(lambda copy=copy: copy.save(force_insert=True))
    with pytest.raises(IntegrityError, match="not_held_has_a_reason"), transaction.atomic():
        changed(case.item_answers.get(), pk=None, item=1, words=" ").save(force_insert=True)


def test_what_is_no_act_needs_no_event(case):
    """A draft saved again, and the verdict of a virus scanner."""
    clerk = person(Role.CLERK)
    draft = draft_case(clerk).draft
    events = AuditEvent.objects.count()
    drafts.save(draft, by=clerk, at=NOW, version=draft.version, fields={"a": ["1"]})
    Attachment.objects.unscoped(WHY).update(scan="clean", scanned_at=NOW)
    committing()
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize("slug", ["claim", "approve", "not-approve", "ask", "escalate"])
def test_an_action_of_the_admin_writes_exactly_one_event(slug):
    actor, client = signed_in(Role.PHYSICIAN if slug == "not-approve" else Role.NURSE)
    case = case_in_review(person(Role.CLERK))
    if slug != "claim":
        ready_to_refuse(actor, case) if slug == "not-approve" else ready(actor, case)
    version = case.version
    assert client.post(act(case, slug), typed(slug, case)).status_code == 302
    committing()
    case.refresh_from_db()
    assert case.version == version + 1 == AuditEvent.objects.filter(stream=audit.case_stream(case)).count()
    assert audit.verify_case(case)[0] is None


def test_the_admin_has_no_form_that_saves_a_case():
    case, (_, client) = case_in_review(person(Role.CLERK)), signed_in(Role.LEAD)
    page = reverse("admin:priorauth_case_change", args=[case.pk])
    client.post(page, {"status": "approved", "version": 9, "_save": "Save"})
    client.post(reverse("admin:priorauth_case_changelist"), {"action": "delete_selected", "_selected_action": case.pk})
    assert (cases().get(pk=case.pk).version, audit.verify_case(case)) == (case.version, (None, case.version))


def test_an_organization_cannot_take_its_cases_with_it(case):
    with pytest.raises(models.ProtectedError):
        Organization.objects.filter(pk=case.office_id).delete()


def test_what_the_database_says_names_no_value(case):
    with pytest.raises(IntegrityError) as told:
        written(lambda: cases().filter(pk=case.pk).update(withdrawal_reason="Alma Synthetic"))
    assert re.search("past the services", str(told.value))
    assert "Alma" not in str(told.value)
