"""The case page: all that a reviewer needs to read, and nothing that can be edited there."""

import re

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from priorauth import audit, jobs
from priorauth.admin import site
from priorauth.models import Attachment, AuditEvent, Case, Job
from priorauth.roles import Role
from priorauth.services import attach, information, score, submit
from priorauth.tenancy import TenantModel
from tests.admin_helpers import act, case_page, held_by, in_review, signed_in, snapshot, text_of, with_physician
from tests.cases import NO_IMAGING, draft_case, facts, person, score_all, sent_case, submission
from tests.factories import PDF, browser, report, sent_through_the_page

pytestmark = pytest.mark.django_db


def case_with_file() -> tuple[Case, Attachment]:
    clerk, now = person(Role.CLERK), timezone.now()
    case = draft_case(clerk)
    file = attach.attach(case, report("MRI März.pdf"), by=clerk, at=now)
    submit.send(case, submission(details={"files": [str(file.pk)]}), by=clerk, at=now)
    score_all(now)
    case.refresh_from_db()
    return case, file


def test_the_head_tells_who_what_when_and_by_which_rule():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    page = text_of(nurse.get(case_page(case)))
    for words in (
        f"{case.reference} 22511, L1",
        "In review",
        "Massachusetts commercial, standard: 2 business days from receipt",
        "left",
        "Alma Synthetic, 78",
        "ID XYZ123456, born Mar 14, 1948",
        "Harbor Spine Office",
        "A. Rivera MD",
        "Harbor Hospital",
        "Claimed by you until",
    ):
        assert words in page


def test_every_criterion_stands_with_its_state_its_facts_and_its_arithmetic():
    case, (_, nurse) = in_review(NO_IMAGING), signed_in(Role.NURSE)
    page = text_of(nurse.get(case_page(case)))
    story = case.assessments.get().explanation
    criteria = [
        c for line in story["lines"] for level in line["levels"] for p in level["pathways"] for c in p["criteria"]
    ]
    assert len(criteria) > 10
    escaped = str.maketrans({"'": "&#x27;", ">": "&gt;", "<": "&lt;", "&": "&amp;"})
    for criterion in criteria:
        for words in (criterion["label"], criterion["word"], criterion["locator"], criterion["arithmetic"]):
            assert words.translate(escaped) in page
        for words in (*criterion["found"], criterion["ask"], criterion["not_met"], criterion["confirm"]):
            assert " ".join(words.split()).translate(escaped) in page
    assert "Information is missing" in page
    assert "a person confirms" in page


def test_the_facts_of_each_revision_and_what_changed_are_shown_in_words():
    clerk, (actor, nurse) = person(Role.CLERK), signed_in(Role.NURSE)
    case = in_review(NO_IMAGING, clerk)
    information.ask(held_by(actor, case), by=actor, at=timezone.now(), question="Which imaging was done?", items=[])
    document = {key: value for key, value in facts().items() if key not in ("case_id", "request_date")}
    details = {"contact": {"name": "Robin Clerk"}, "note": "The MRI came late."}
    information.answer(case, by=clerk, at=timezone.now(), facts=document, details=details, note="Here it is.")
    score_all(timezone.now())
    page = text_of(nurse.get(case_page(case)))
    for words in (
        "Revision 2",
        "What changed Fact Before Now",
        "Level L1: Imaging 1 Not sent MRI",
        "Details: Contact, name Casey Clerk Robin Clerk",
        "The MRI came late.",
        "Which imaging was done?",
        "Here it is.",
        f"{clerk.name} answered",
    ):
        assert words in page


def test_what_an_office_typed_reads_as_words_and_the_raw_form_stays_out():
    typed = {"note": "Please call the ward.", "diagnosis_codes": "M80.08XA", "levels-0-onset_source": "ED note, page 1"}
    upload = {"imaging-0-file": report("mri.pdf"), "imaging-0-page": "2"}
    case = sent_through_the_page(browser(person(Role.CLERK)), **typed, **upload)
    score_all(timezone.now())
    page = text_of(signed_in(Role.NURSE)[1].get(case_page(case)))
    for words in (
        "Note Please call the ward.",
        "Diagnosis codes M80.08XA",
        "Contact, name Casey Clerk",
        "L1: onset ED note, page 1",
        "mri.pdf, page 2",
    ):
        assert words in page
    for raw in ("lines-count", "Form,", "Typed dates", "not_recorded", "contact_name"):
        assert raw not in page


def test_the_history_tells_each_act_in_words():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    page = text_of(nurse.get(case_page(case)))
    for words in ("started the request", "sent the request", "The portal scored the request"):
        assert words in page
    assert re.search(rf"E[SD]T: {actor.name} \(nurse reviewer\) claimed the case", page)


def test_an_escalation_reaches_the_physicians_page():
    case, (_, physician) = with_physician(in_review()), signed_in(Role.PHYSICIAN)
    page = text_of(physician.get(case_page(case)))
    assert "asked a physician" in page
    assert "Is the fracture new?" in page


def test_a_case_that_could_not_be_scored_says_so_and_why():
    case = sent_case(person(Role.CLERK), at=timezone.now())

    def broken(job, now):
        raise LookupError("XYZ123456")

    Job.objects.update(attempts=jobs.MAX_ATTEMPTS - 1)
    jobs.run_due(Job.Kind.SCORE, broken, score.give_up, timezone.now())
    page = text_of(signed_in(Role.NURSE)[1].get(case_page(case)))
    assert "This request could not be scored. Tried 5 times; last error: LookupError in broken" in page
    for role in (Role.LEAD, Role.ADMINISTRATOR):
        _, client = signed_in(role)
        listed = text_of(client.get(reverse("admin:priorauth_job_changelist"), {"state": "failed"}))
        assert "LookupError in broken" in listed
        assert f"{case.reference} Needs a person 5" in listed
        assert "1 Need a person" in text_of(client.get(reverse("admin:index")))
    assert signed_in(Role.NURSE)[1].get(reverse("admin:priorauth_job_changelist")).status_code == 403


def test_a_case_that_waits_for_its_score_says_so():
    case = sent_case(person(Role.CLERK), at=timezone.now())
    page = text_of(signed_in(Role.NURSE)[1].get(case_page(case)))
    assert "This request waits to be scored." in page


# Nothing is edited here


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN, Role.LEAD, Role.AUDITOR, Role.ADMINISTRATOR])
def test_a_post_to_the_case_page_changes_nothing(role):
    case, (_, client) = in_review(), signed_in(role)
    before = snapshot(case)
    response = client.post(case_page(case), {"status": "approved", "version": "1", "_save": "Save"})
    assert response.status_code in (403, 405)
    assert snapshot(case) == before


def test_no_page_of_the_admin_adds_changes_or_deletes_a_tenant_row_or_an_event():
    request = type("Request", (), {"actor": person(Role.LEAD)})()
    read_only = [m for m in site._registry if issubclass(m, TenantModel)] + [AuditEvent, Job]
    assert Case in read_only
    for model in read_only:
        options: admin.ModelAdmin = site._registry[model]
        assert not options.has_add_permission(request)
        assert not options.has_change_permission(request)
        assert not options.has_delete_permission(request)
        assert options.actions is None


def test_the_case_page_has_no_field_but_the_marks_and_the_version():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    names = set(re.findall(r'name="([\w.]+)"', nurse.get(case_page(case)).content.decode()))
    marks = {name for name in names if name.startswith("L1.")}
    assert names - marks <= {"csrfmiddlewaretoken", "version", "viewport", "then"}
    asked = case.assessments.get().result["lines"][0]["levels"][0]["criteria"]["A"]
    assert marks == {f"L1.{one}" for one in asked} | {f"L1.{one}.reason" for one in asked}


# Files


def test_a_file_leaves_as_a_download_that_no_browser_runs_and_is_noted():
    case, file = case_with_file()
    actor, nurse = signed_in(Role.NURSE)
    url = reverse("admin:priorauth_case_file", args=[case.pk, file.pk])
    assert url in nurse.get(case_page(case)).content.decode()
    response = nurse.get(url)
    assert b"".join(response.streaming_content) == PDF
    headers = response.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith("attachment; filename")
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in headers["Cache-Control"]
    event = AuditEvent.objects.get(action="read_file")
    assert (event.actor_id, event.stream.startswith(f"user:{actor.user_id}:")) == (actor.user_id, True)
    assert (event.entities["case"], event.entities["attachment"]) == (case.reference, str(file.pk))
    assert AuditEvent.objects.filter(stream=audit.case_stream(case)).count() == case.version
    trail = reverse("admin:priorauth_auditevent_changelist")
    found = text_of(signed_in(Role.AUDITOR)[1].get(trail, {"q": case.reference}))
    assert f"{actor.name} Nurse reviewer Example Plan read a file {case.reference}" in found


def test_a_file_is_reached_through_its_own_case_and_role_alone():
    (case, file), other = case_with_file(), in_review()
    url = reverse("admin:priorauth_case_file", args=[case.pk, file.pk])
    assert (
        signed_in(Role.NURSE)[1].get(reverse("admin:priorauth_case_file", args=[other.pk, file.pk])).status_code == 404
    )
    assert signed_in(Role.ADMINISTRATOR)[1].get(url).status_code == 403
    assert signed_in(Role.PAYER)[1].get(url, follow=True).status_code == 403
    assert not AuditEvent.objects.filter(action="read_file").exists()


def test_opening_a_case_is_noted_in_the_readers_own_stream():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    nurse.get(case_page(case))
    event = AuditEvent.objects.get(action="read_case")
    assert (event.actor_id, event.entities) == (actor.user_id, {"case": case.reference})
    assert event.stream.startswith(f"user:{actor.user_id}:")


# One way in


def test_who_is_not_signed_in_is_sent_to_the_one_sign_in_page(client):
    case = in_review()
    for path in ("/admin/", case_page(case), act(case, "approve"), "/admin/login/?next=/admin/"):
        response = client.get(path, follow=True)
        assert response.redirect_chain[-1][0].startswith("/sign-in/?next=/admin/")


def test_signing_in_never_leads_to_another_host(client):
    response = client.get("/admin/login/?next=https://example.test/")
    assert response.headers["Location"] == "/sign-in/?next=/admin/"


def test_signing_out_of_the_admin_ends_the_session():
    _, nurse = signed_in(Role.NURSE)
    assert nurse.post("/admin/logout/", follow=True).status_code == 200
    assert nurse.get("/admin/").status_code == 302


OWN_SCRIPTS, CLAIM = ["/static/keys.js", "/static/session.js"], "/static/claim.js"


def test_the_pages_carry_no_inline_style_and_no_script_but_our_own():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    held_by(actor, case)
    for path in ("/admin/", reverse("admin:priorauth_case_changelist"), case_page(case), act(case, "approve")):
        page = nurse.get(path).content.decode()
        evidence = ["/static/evidence.js"] if path == case_page(case) else []
        claimed = [CLAIM] if path in (case_page(case), act(case, "approve")) else []
        scripts = re.findall(r'<script src="([^"]+)"', page)
        assert scripts == [*evidence, OWN_SCRIPTS[0], *claimed, OWN_SCRIPTS[1]]
        assert not re.search(r"<script>|<script (?!src)|<style|\sstyle=|\son\w+=", page), path


@pytest.mark.parametrize("name", ["abc", "-1", "1_0", "1/2", "\N{SUPERSCRIPT TWO}"])
def test_the_history_of_what_is_no_case_is_no_page(name):
    _, nurse = signed_in(Role.NURSE)
    assert nurse.get(f"/admin/priorauth/case/{name}/history/").status_code == 404
