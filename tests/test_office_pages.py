"""The office about itself: its clinicians and facilities, its people, and who gets notices."""

import pytest
from django.utils import timezone

from priorauth import audit
from priorauth.models import AuditEvent, Invitation, Membership, OfficeClinician, OfficeFacility, User
from priorauth.roles import Role
from priorauth.services import directory, invitations, office_people
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from tests.cases import NOW, office, person, sent_case
from tests.factories import browser, draft_of, post_edit, saved_draft, sent_through_the_page, valid_form
from tests.forms_in_pages import form_to

pytestmark = pytest.mark.django_db

RIVERA = {"npi": "1205804119", "name": "Alex Rivera MD", "specialty": "Radiology", "phone": "617-555-0141"}
HARBOR_GENERAL = {"npi": "1316905227", "name": "Harbor General Hospital"}
TYPED = ("clinician_npi", "clinician_name", "clinician_specialty", "clinician_phone", "facility_npi", "facility_name")


@pytest.fixture
def admin():
    return person(Role.OFFICE_ADMIN)


@pytest.fixture
def clerk():
    return person(Role.CLERK)


def entry(by, kind=OfficeClinician, **changes):
    usual = RIVERA if kind is OfficeClinician else HARBOR_GENERAL
    return directory.add(kind, {**usual, **changes}, by=by, at=NOW)


def membership(actor):
    return Membership.objects.get(user=actor.user_id)


def actions(actor):
    return list(AuditEvent.objects.filter(actor_id=actor.user_id).order_by("pk").values_list("action", flat=True))


def text(response):
    return response.content.decode()


# Clinicians and facilities


@pytest.mark.parametrize(
    ("kind", "plural", "values"),
    [
        ("clinician", "clinicians", RIVERA),
        ("facility", "facilities", HARBOR_GENERAL),
    ],
)
def test_an_entry_is_added_corrected_retired_and_brought_back(admin, kind, plural, values):
    page, model = browser(admin), {"clinician": OfficeClinician, "facility": OfficeFacility}[kind]
    new = f"/office/{plural}/new/"
    spaced = {**values, "npi": f"{values['npi'][:4]} {values['npi'][4:]}", "action": "save"}
    assert "is in your list" in text(page.post(new, spaced, follow=True))
    known = model.objects.for_actor(admin).get()
    assert {name: getattr(known, name) for name in values} == values
    where = f"/office/{plural}/{known.pk}/"
    assert values["name"] in text(page.get(where))
    page.post(where, {**values, "name": "Another name", "action": "save"})
    assert model.objects.for_actor(admin).get().name == "Another name"
    page.post(where, {"action": "retire"})
    assert "Retired: 1" in text(page.get("/office/"))
    assert page.post(where, {"action": "retire"}).status_code == 409
    page.post(where, {"action": "restore"})
    assert "Retired" not in text(page.get("/office/"))
    known.refresh_from_db()
    directory.retire(known, by=admin, at=NOW)
    again = directory.add(model, {**values, "name": "Another name"}, by=admin, at=NOW)
    assert (again.pk, again.retired_at) == (known.pk, None)
    wanted = ["add", "change", "retire", "restore", "retire", "restore"]
    assert [one for one in actions(admin) if one.startswith("directory")] == [f"directory_{one}" for one in wanted]
    assert [fault for _, fault, _ in audit.verify_all() if fault] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"npi": ""}, "Enter the NPI, 10 digits."),
        ({"npi": "123456789"}, "An NPI has exactly 10 digits."),
        ({"npi": "1205804118"}, "This NPI does not pass its check digit: one of its digits is mistyped."),
        ({"name": " "}, "Enter the name."),
        ({"name": "A" * 121}, "Name can have 120 characters. This has 121: shorten it."),
        ({"phone": "5"}, "Write the phone number with its area code"),
        ({}, "Your list has the NPI 1205804119 already."),
    ],
)
def test_a_wrong_entry_is_told_and_nothing_is_kept(admin, changes, words):
    entry(admin)
    answer = browser(admin).post("/office/clinicians/new/", {**RIVERA, **changes})
    assert answer.status_code == 400
    assert words in text(answer)
    assert "<title>Error: " in text(answer)
    assert OfficeClinician.objects.for_actor(admin).count() == 1


def test_an_entry_that_a_colleague_corrected_meanwhile_is_not_written_over(admin):
    known, page = entry(admin), browser(admin)
    where = f"/office/clinicians/{known.pk}/"
    opened = form_to(page.get(where), where).fields
    page.post(where, {**RIVERA, "phone": "617-555-0177", "action": "save"})
    for _ in range(2):
        answer = page.post(where, opened | {"specialty": "Radiology", "action": "save"})
        assert (answer.status_code, "A colleague changed this entry" in text(answer)) == (400, True)
        assert "Radiology" in text(answer)
        opened = form_to(answer, where).fields
    known.refresh_from_db()
    assert known.phone == "617-555-0177"
    again = form_to(page.get(where), where).fields
    assert page.post(where, again | {"specialty": "Radiology", "action": "save"}).status_code == 302


def test_the_services_check_for_themselves(admin, clerk):
    known = entry(admin)
    for wrong, error in (({"npi": "1205804118"}, Incomplete), ({"name": ""}, Incomplete), ({}, Conflict)):
        with pytest.raises(error):
            entry(admin, **wrong)
    for by in (clerk, person(Role.ADMINISTRATOR)):
        for act in (
            lambda by=by: entry(by),
            lambda by=by: directory.change(known, RIVERA, by=by, at=NOW),
            lambda by=by: directory.retire(known, by=by, at=NOW),
        ):
            with pytest.raises(NotPermitted):
                act()
    with pytest.raises(Conflict):
        directory.retire(known, by=person(Role.OFFICE_ADMIN, office("Bay Pain Clinic")), at=NOW)


def test_a_clerk_reads_the_lists_and_changes_nothing(admin, clerk):
    entry(admin)
    page = browser(clerk)
    shown = text(page.get("/office/"))
    assert "Alex Rivera MD" in shown
    assert "Add a" not in shown
    assert "/office/clinicians/" not in shown
    assert page.post("/office/clinicians/new/", RIVERA).status_code == 403


def test_correcting_an_entry_leaves_what_was_sent(admin, clerk):
    known = entry(admin)
    case = sent_case(clerk)
    before = (case.clinician.name, case.clinician.npi)
    directory.change(known, {**RIVERA, "npi": case.clinician.npi, "name": "New Name MD"}, by=admin, at=NOW)
    case.refresh_from_db()
    assert (case.clinician.name, case.clinician.npi) == before
    assert [fault for _, fault, _ in audit.verify_all() if fault] == []


# On the form


def blank(**changes):
    return {**dict.fromkeys(TYPED, ""), **changes}


def test_the_form_offers_the_lists_and_a_choice_stands_for_its_details(admin, clerk):
    rivera, harbor = entry(admin), entry(admin, OfficeFacility)
    page = browser(clerk)
    case = sent_through_the_page(page, **blank(clinician=str(rivera.pk), facility=str(harbor.pk)))
    assert (case.clinician.npi, case.clinician.phone) == (RIVERA["npi"], RIVERA["phone"])
    assert (case.facility.npi, case.facility.name) == tuple(HARBOR_GENERAL.values())
    shown = text(page.get("/requests/new/"))
    assert "Alex Rivera MD, NPI 1205804119" in shown
    assert "Someone else" in shown
    assert "Somewhere else" in shown


def test_what_is_typed_by_hand_is_someone_else_unless_the_list_has_just_that(admin, clerk):
    rivera = entry(admin)
    page = browser(clerk)
    case = saved_draft(page)
    assert draft_of(case).fields["clinician"] == ["other"]
    assert "facility" not in draft_of(case).fields, "without a list there is nothing to choose"
    post_edit(page, case, valid_form(**{f"clinician_{name}": value for name, value in RIVERA.items()}))
    assert draft_of(case).fields["clinician"] == [str(rivera.pk)]
    other = OfficeClinician.objects.for_actor(admin).get().pk + 1000
    post_edit(page, case, valid_form(clinician=str(other)))
    assert draft_of(case).fields["clinician"] == ["other"]
    assert draft_of(case).fields["clinician_name"] == ["A. Rivera MD"]


def test_without_a_choice_the_form_asks_for_one_and_for_nothing_else_of_them(admin, clerk):
    entry(admin)
    page = browser(clerk)
    case = saved_draft(page, **blank())
    problems = [
        one.message for one in page.get(f"/requests/{case.reference}/edit/?problems=all").context["form"].problems
    ]
    assert problems == [
        "Choose the treating clinician, or “Someone else”.",
        "Enter the facility's NPI, 10 digits.",
        "Enter the facility's name.",
    ]
    post_edit(page, case, valid_form(**blank(clinician="other", facility_npi="1316905227", facility_name="Harbor")))
    problems = page.get(f"/requests/{case.reference}/edit/?problems=all").context["form"].problems
    assert [one.input_id for one in problems] == ["id_clinician_npi", "id_clinician_name"]


def test_a_draft_keeps_whom_it_named_when_the_list_retires_them(admin, clerk):
    rivera = entry(admin)
    page = browser(clerk)
    case = saved_draft(page, clinician=str(rivera.pk), clinician_npi="", clinician_name="")
    directory.retire(rivera, by=admin, at=NOW)
    shown = page.get(f"/requests/{case.reference}/edit/check/")
    assert shown.status_code == 200
    assert "Alex Rivera MD" in text(shown)
    assert f'value="{rivera.pk}"' not in text(page.get(f"/requests/{case.reference}/edit/"))


def test_a_double_press_of_a_new_form_with_a_choice_is_one_draft(admin, clerk):
    rivera = entry(admin)
    page = browser(clerk)
    payload = valid_form(**blank(clinician=str(rivera.pk))) | {"action": "save"}
    payload["token"] = str(page.get("/requests/new/").context["token"])
    first, second = (page.post("/requests/new/", payload) for _ in range(2))
    assert second.status_code == 302
    assert second["Location"] == first["Location"]


# People


def test_an_administrator_invites_colleagues_into_the_own_office_alone(admin):
    page = browser(admin)
    answer = page.post("/office/people/invite/", {"email": "New.Clerk@harbor.example", "role": "clerk"})
    made = Invitation.objects.get()
    assert (made.email, made.organization_id, made.role) == ("new.clerk@harbor.example", admin.organization_id, "clerk")
    assert "/invitation/" in text(answer)
    assert "no-store" in answer["Cache-Control"]
    assert made.email in text(page.get("/office/"))
    where = f"/office/invitations/{made.pk}/"
    assert made.email in text(page.get(where))
    renewed = page.post(where, {"action": "renew"})
    assert "Pass this link on" in text(renewed)
    second = Invitation.objects.get(revoked_at=None)
    page.post(f"/office/invitations/{second.pk}/", {"action": "revoke"})
    assert not Invitation.objects.filter(revoked_at=None).exists()
    assert page.get(where).status_code == 404
    elsewhere, plan = office("Bay Pain Clinic"), person(Role.NURSE)
    for organization, role in ((elsewhere, Role.CLERK), (office(), Role.NURSE)):
        with pytest.raises(NotPermitted):
            invitations.invite("a@b.example", organization, role, by=admin, at=NOW)
    with pytest.raises(NotPermitted):
        invitations.password_link(User.objects.get(pk=plan.user_id), by=admin, at=NOW)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"email": "clerk", "role": "clerk"}, "Enter the work e-mail address, like name@example.org."),
        ({"email": "a@b.example", "role": "nurse"}, "Choose a role: office clerk or office administrator."),
        ({"email": "nurse@plan.example", "role": "clerk"}, "No link can be made for this address here."),
        ({"email": "elsewhere@bay.example", "role": "clerk"}, "No link can be made for this address here."),
        ({"email": "open@harbor.example", "role": "clerk"}, "A link for this address is open."),
    ],
)
def test_an_invitation_that_cannot_be_is_told_without_telling_who_is_registered(admin, values, words):
    User.objects.create_user("nurse@plan.example")
    boss = person(Role.ADMINISTRATOR)
    now = timezone.now()
    invitations.invite("elsewhere@bay.example", office("Bay Pain Clinic"), Role.CLERK, by=boss, at=now)
    invitations.invite("open@harbor.example", office(), Role.CLERK, by=admin, at=now)
    answer = browser(admin).post("/office/people/invite/", values)
    assert answer.status_code == 400
    assert words in text(answer)
    assert values["email"] in text(answer)
    assert Invitation.objects.count() == 2


def test_roles_change_and_who_leaves_is_out_at_once(admin, clerk):
    page, theirs = browser(admin), browser(clerk)
    where = f"/office/people/{membership(clerk).pk}/"
    assert "Deactivate" in text(page.get(where))
    assert page.post(where, {"role": "nurse"}).status_code == 400
    for _press in range(2):
        page.post(where, {"role": "office_admin", "action": "role"})
    assert membership(clerk).role == Role.OFFICE_ADMIN
    assert theirs.get("/requests/").status_code == 302, "another role ends the session"
    page.post(where, {"role": "clerk", "action": "role"})
    again = browser(clerk)
    unsure = page.post(where, {"action": "deactivate"})
    assert (unsure.status_code, 'href="#sure"' in text(unsure)) == (400, True)
    assert User.objects.get(pk=clerk.user_id).is_active
    for _press in range(2):
        page.post(where, {"action": "deactivate", "sure": "yes"})
    assert not User.objects.get(pk=clerk.user_id).is_active
    assert again.get("/requests/").status_code == 302
    assert "Deactivated" in text(page.get("/office/"))
    assert actions(admin).count("people_change") == 3


@pytest.mark.parametrize(
    "values", [{"role": "office_admin", "action": "role"}, {"action": "deactivate", "sure": "yes"}]
)
def test_a_colleague_whom_the_plan_moves_meanwhile_is_left_alone_and_the_administrator_told(
    admin, clerk, values, monkeypatch
):
    administering = office_people._administering

    def moved_first(by):
        Membership.objects.filter(pk=membership(clerk).pk).update(organization=office("Bay Pain Clinic"))
        return administering(by)

    monkeypatch.setattr(office_people, "_administering", moved_first)
    answer = browser(admin).post(f"/office/people/{membership(clerk).pk}/", values)
    assert (answer.status_code, "This person belongs to your office no more." in text(answer)) == (400, True)
    assert (membership(clerk).role, membership(clerk).user.is_active) == (Role.CLERK, True)


def test_an_office_keeps_an_administrator(admin, clerk):
    page, where = browser(admin), f"/office/people/{membership(admin).pk}/"
    for values in ({"role": "clerk", "action": "role"}, {"action": "deactivate", "sure": "yes"}):
        answer = page.post(where, values)
        assert "Your office would have no administrator left." in text(answer)
    assert membership(admin).role == Role.OFFICE_ADMIN
    second = person(Role.OFFICE_ADMIN)
    office_people.change_role(membership(second), Role.CLERK, by=admin, at=NOW)
    with pytest.raises(NotPermitted):
        office_people.change_role(membership(admin), Role.CLERK, by=second, at=NOW)
    gone = person(Role.OFFICE_ADMIN)
    User.objects.filter(pk=gone.user_id).update(is_active=False)
    with pytest.raises(NotPermitted, match="no administrator left"):
        office_people.change_role(membership(admin), Role.CLERK, by=admin, at=NOW)


def test_nobody_reaches_the_people_of_another_office(admin, clerk):
    stranger = person(Role.OFFICE_ADMIN, office("Bay Pain Clinic"))
    where = f"/office/people/{membership(clerk).pk}/"
    assert browser(stranger).post(where, {"action": "deactivate"}).status_code == 404
    for by in (stranger, clerk, person(Role.ADMINISTRATOR)):
        with pytest.raises((NotPermitted, Membership.DoesNotExist)):
            office_people.deactivate(membership(admin), by=by, at=NOW)
    office_people.set_notices([], shown=[membership(clerk).pk], by=stranger, at=NOW)
    assert membership(clerk).notify


def test_an_administrator_chooses_who_gets_notices_and_a_clerk_for_themselves(admin, clerk):
    late = person(Role.CLERK)  # who came after the page was shown
    shown = [str(membership(one).pk) for one in (admin, clerk)]
    wanted = {"notify": [str(membership(clerk).pk), "nonsense", "9" * 30], "shown": shown}
    assert "Saved who gets notices." in text(browser(admin).post("/office/notices/", wanted, follow=True))
    assert [membership(one).notify for one in (admin, clerk, late)] == [False, True, True]
    browser(clerk).post("/office/notices/", {"notify": str(membership(admin).pk), "shown": shown})
    assert (membership(admin).notify, membership(clerk).notify) == (False, False)
    assert str(membership(admin).pk) not in text(browser(clerk).get("/office/notices/")).partition("<fieldset")[2]


@pytest.mark.parametrize(("mail", "told"), [("", 1), ("smtp://127.0.0.1:1", 0)])
def test_where_no_mail_is_sent_the_office_is_told_where_it_chooses(clerk, settings, mail, told):
    settings.MAIL_URL = mail
    for page in ("/office/", "/office/notices/"):
        assert text(browser(clerk).get(page)).count("This portal sends no e-mail") == told, page
    assert ("None is sent" in text(browser(clerk).get("/office/"))) == bool(told)


def test_who_was_administrator_a_moment_ago_changes_nobody(admin, clerk):
    second = person(Role.OFFICE_ADMIN)
    office_people.change_role(membership(admin), Role.CLERK, by=second, at=NOW)
    with pytest.raises(NotPermitted):
        office_people.deactivate(membership(clerk), by=admin, at=NOW)
