"""Nothing typed is lost by time-out: a form that comes too late does nothing, is kept for its person alone, and is put
back after signing in (issue 5, point 7; DESIGN.md, invariants 5 and 6)."""

from html import unescape
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve

from portal.accounts import late, pages
from portal.permissions import MATRIX
from portal.uploads import MAX_PLAIN_BODY
from priorauth.models import AuditEvent, KeptPost, Membership, User
from priorauth.roles import Role
from priorauth.services import kept
from priorauth.tasks import forget_kept
from tests.cases import office, person
from tests.factories import PASSWORD, draft_of, report, saved_draft, valid_form, with_password
from tests.factories import browser as shortcut
from tests.forms_in_pages import Form, form_to, forms_of
from tests.walking import World, every_route, undone

pytestmark = pytest.mark.django_db
WORDS = "Typed\r\n“just before” the end"
DECIDES = {
    "admin:priorauth_case_not-approve": "physician",
    "admin:priorauth_case_downgrade": "physician",
    "admin:priorauth_case_close": "nurse",
    "admin:priorauth_case_take-over": "lead",
    "admin:priorauth_case_reopen": "lead",
    "admin:priorauth_lettertext_add": "lead",
}


class Browser(Client):
    """A browser that sends no form without the token of its page, like a person's."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)

    def sign_in(self, user, start="/sign-in/"):
        form = form_to(self.get(start), "/sign-in/")
        credentials = {"username": user.email, "password": PASSWORD}
        return self.post("/sign-in/", form.fields | credentials, follow=True)

    def form(self, path, **changes) -> Form:
        """The form of a page, filled: every text of a person is WORDS, but for `changes`."""
        written_on_its_case = path.startswith("/requests/") and path.endswith("/message/")
        page = self.get(path.removesuffix("message/") if written_on_its_case else path)
        assert page.status_code == 200, path
        form = form_to(page, path)
        form.fields |= {name: [WORDS] for name, kind in form.kinds.items() if kind == "textarea"}
        form.fields |= {name: [value] for name, value in changes.items()}
        return form

    def send(self, path, form, **extra):
        return self.post(path, form.fields | extra.pop("with_", {}), **extra)

    def put_back(self):
        """Press the button of the latest post that is kept."""
        page = self.get("/kept/")
        form = next(form for form in forms_of(page) if "put_back" in form.fields)
        return form.action, self.post(form.action, form.fields)


@pytest.fixture
def clerk():
    return person(Role.CLERK)


@pytest.fixture
def browser(clerk):
    browser = Browser()
    browser.user = with_password(clerk)
    browser.sign_in(browser.user)
    return browser


@pytest.fixture
def draft(clerk):
    case = saved_draft(shortcut(clerk))
    case.path = f"/requests/{case.reference}/edit/"
    return case


def late_form(browser, path, clock=None, **changes):
    """A form that was filled in time and sent when nobody was signed in any more."""
    form = browser.form(path, **changes)
    if clock:
        clock.forward(minutes=20)
    else:
        browser.cookies.pop("sessionid")
    return browser.send(path, form)


# Every page that keeps

# A page that only a post brings (see the last test), and two that no rule of ours knows (test_clock_pages.py).
NO_PAGE_HERE = {
    "request-versions",
    "request-amend-versions",
    "admin:priorauth_case_stop-clock",
    "admin:priorauth_case_resume-clock",
}


def lines(texts):
    """A browser posts a line break as two characters, and a page may show it as one."""
    return [text.replace("\r\n", "\n") for text in texts]


def keeping():
    return [route for route in every_route() if route.name in MATRIX and MATRIX[route.name].keeps]


def test_every_page_of_a_person_that_takes_text_keeps_it_or_has_nothing_to_lose():
    """A new page with a form joins by its line in permissions.yaml, or is named here with a reason."""
    pages = {name for name, row in MATRIX.items() if row.allowed.get("POST") and not row.scopes}
    keeps = {route.name for route in keeping()}
    nothing_to_lose = {
        *("sign-in", "sign-out", "session", "kept", "account", "sign-out-everywhere", "invitation", "export-download"),
        "account-keys",
        *("requests", "requests-file", "request-copy", "request-doubts", "request-upload"),
        *("request-amend-file", "request-amend-discard"),
        "request-missing",  # a form that saves itself leaves what is typed on the page
        *(f"office-{name}" for name in OFFICES_OWN),  # a few words about the office itself
        *("admin:logout", "admin:priorauth_auditevent_change"),
        *(f"admin:priorauth_case_{name}" for name in ("trail", "find", "next", "claim", "renew", "bulk")),
        # a name, and a few words about oneself
        *(f"admin:priorauth_case_{name}" for name in ("saved-view", "saved-view-delete", "conflicts", "conflict-end")),
        *(f"admin:priorauth_{name}_{verb}" for name in PEOPLE for verb in ("add", "change")),
        *("admin:priorauth_user_link", "admin:priorauth_auditevent_check"),
    }
    assert keeps <= pages
    assert pages - keeps - nothing_to_lose == set()


OFFICES_OWN = (
    *("notices", "invite", "person", "invitation", "clinician-new", "clinician", "facility-new", "facility"),
)
PEOPLE = ("organization", "membership", "credential", "invitation", "apikey", "user")


def test_every_page_that_keeps_brings_back_what_was_typed_and_does_nothing(clock):
    world, brought = World(), []
    users = {who: with_password(actor) for who, actor in world.actors.items() if who != "clerk of B"}
    for route in keeping():
        if route.name in NO_PAGE_HERE:
            continue
        who = DECIDES.get(route.name, "nurse" if route.name.startswith("admin:") else "clerk of A")
        path = route.path(world.values(route, who))
        with undone():
            browser, began = Browser(), clock.now
            browser.sign_in(users[who])
            form = browser.form(path)
            button = dict(form.buttons[-1:])
            clock.forward(minutes=20)
            events = AuditEvent.objects.exclude(action__startswith="sign_")
            done = events.exclude(action__startswith="read_").count()
            answer = browser.send(path, form, with_=button)
            assert answer["Location"] == "/sign-in/?next=%2Fkept%2F&kept=1", path
            page = browser.sign_in(users[who], answer["Location"])
            assert "What you typed is kept" in page.content.decode()
            where, shown = browser.put_back()
            assert where == path
            shown = browser.get(shown["Location"]) if shown.status_code == 302 else shown
            again = form_to(shown, shown.request["PATH_INFO"])
            assert form.typed, path
            for name in form.typed:
                assert lines(again.fields.get(name, [])) == lines(form.fields[name]), (path, name)
            created = ["create"] if route.name == "request-new" else []
            assert [e.action for e in events.exclude(action__startswith="read_")[done:]] == created, path
            assert not KeptPost.objects.filter(owner=users[who]).exists()
            assert "Put it back or discard it" not in browser.get("/", follow=True).content.decode()
            brought.append(route.name)
            clock.now = began
    assert {"request-new", "request-edit", "request-answer", "request-withdraw"} < set(brought)
    assert len(brought) >= 9


# Whose it is


def test_what_was_typed_is_offered_to_its_person_and_to_nobody_else(browser, draft, clock):
    other = with_password(person(Role.CLERK))
    form = browser.form(draft.path, first_name="Quillfeather")
    clock.forward(minutes=20)
    browser.sign_in(other)
    answer = browser.send(draft.path, form)
    assert answer.status_code == 403
    assert "kept for the person whose page it was" in answer.content.decode()
    row = KeptPost.objects.get()
    assert row.owner_id == browser.user.pk
    for page in (browser.get("/kept/", follow=True), browser.post("/kept/", browser.form("/account/").fields)):
        assert "Quillfeather" not in page.content.decode()
    browser.post("/kept/", {**browser.form("/account/").fields, "discard": str(row.pk)})
    assert KeptPost.objects.filter(pk=row.pk).exists()
    elsewhere = Browser()
    assert "Put it back or discard it" in elsewhere.sign_in(browser.user).content.decode()
    elsewhere.put_back()
    assert draft_of(draft).fields["first_name"] == ["Quillfeather"]


def test_who_signed_in_again_in_another_window_is_led_to_what_they_typed(browser, draft):
    form = browser.form(draft.path, first_name="Berta")
    browser.cookies.pop("sessionid")
    browser.sign_in(browser.user)
    answer = browser.send(draft.path, form)
    assert answer["Location"] == "/kept/"
    assert browser.put_back()[1]["Location"] == draft.path
    assert draft_of(draft).fields["first_name"] == ["Berta"]


def test_it_can_be_discarded_and_then_is_gone(browser, draft):
    late_form(browser, draft.path)
    browser.sign_in(browser.user)
    page = browser.get("/kept/")
    discard = next(form for form in forms_of(page) if form.action == "/kept/")
    elsewhere = discard.fields | {"sought": "Synthetic", "put_back": str(KeptPost.objects.get().pk)}
    assert browser.post("/requests/", elsewhere).status_code == 200
    assert KeptPost.objects.exists(), "a page that keeps nothing takes nothing back"
    page = browser.post("/kept/", discard.fields | dict(discard.buttons), follow=True)
    assert "Discarded." in page.content.decode()
    assert not KeptPost.objects.exists()
    assert "Nothing that you typed is waiting" in browser.get("/kept/", follow=True).content.decode()


def without_a_token(browser, form):
    del form.fields["csrfmiddlewaretoken"]


def with_a_token_made_up(browser, form):
    form.fields["csrfmiddlewaretoken"] = browser.cookies["csrftoken"] = "x" * 32


def with_the_token_of_nobodys_page(browser, form):
    stranger = Browser()
    form.fields["csrfmiddlewaretoken"] = form_to(stranger.get("/sign-in/"), "/sign-in/").fields["csrfmiddlewaretoken"]


def without_the_cookie(browser, form):
    del browser.cookies["pages"]


def with_a_forged_cookie(browser, form):
    browser.cookies["pages"] = browser.cookies["pages"].value[:-3] + "abc"


def after_a_new_password(browser, form):
    browser.user.set_password("nine synthetic cormorants")
    browser.user.save()


def after_a_move_to_another_office(browser, form):
    Membership.objects.filter(user=browser.user).update(organization=office("Bay Pain Clinic"))


def after_leaving(browser, form):
    User.objects.filter(pk=browser.user.pk).update(is_active=False)


def with_nothing_in_it(browser, form):
    form.fields = {name: form.fields[name] if name.startswith("csrf") else [" "] for name in form.fields}


@pytest.mark.parametrize(
    "trick",
    [
        without_a_token,
        with_a_token_made_up,
        with_the_token_of_nobodys_page,
        without_the_cookie,
        with_a_forged_cookie,
        after_a_new_password,
        after_a_move_to_another_office,
        after_leaving,
        with_nothing_in_it,
    ],
)
def test_nothing_is_kept_for_who_cannot_show_whose_page_it_was(browser, draft, trick):
    form = browser.form(draft.path)
    browser.cookies.pop("sessionid")
    trick(browser, form)
    answer = browser.send(draft.path, form)
    assert answer.status_code in (302, 403)
    shown = trick in (after_a_new_password, after_a_move_to_another_office, after_leaving)
    assert (lines([WORDS])[0] in lines([unescape(answer.content.decode())])[0]) == shown
    if answer.status_code == 302:
        assert answer["Location"] == f"/sign-in/?next={draft.path}&unsaved=1"
    assert not KeptPost.objects.exists()
    assert draft_of(draft).version == 2


def test_nothing_is_kept_of_a_page_that_its_person_may_not_use_or_that_never_was(browser, draft):
    form = browser.form(draft.path)
    browser.cookies.pop("sessionid")
    assert browser.send(f"/admin/priorauth/case/{draft.pk}/ask/", form).status_code == 302
    assert not KeptPost.objects.exists()
    too_long = f"/admin/priorauth/case/{'1' * 200}/ask/"
    assert late.keep(SimpleNamespace(resolver_match=resolve(too_long), path=too_long)) is None


def test_what_was_typed_for_one_office_is_not_offered_in_another(browser, draft):
    late_form(browser, draft.path)
    Membership.objects.filter(user=browser.user).update(organization=office("Bay Pain Clinic"))
    page = browser.sign_in(User.objects.get(pk=browser.user.pk))
    assert KeptPost.objects.exists()
    assert "Put it back" not in page.content.decode()
    assert browser.get("/kept/")["Location"] == "/"


# How much, how long


def test_only_the_latest_of_a_page_and_twenty_pages_are_kept_for_a_few_hours(browser, draft, clock):
    by = person(Role.CLERK)
    for number in range(22):
        clock.forward(seconds=1)
        for text in ("earlier", "later"):
            kept.keep(by=by, at=clock.now, path=f"/{number}/", fields={"a": [text, "nul\x00l"]}, files=[])
    rows = list(kept.of(by, clock.now))
    assert [(row.path, row.fields) for row in rows] == [(f"/{n}/", {"a": ["later", "null"]}) for n in range(21, 1, -1)]
    late_form(browser, draft.path, clock)
    assert KeptPost.objects.count() == 21
    clock.forward(seconds=kept.LASTS.total_seconds())
    assert not kept.of(by, clock.now).exists()
    assert "Put it back" not in browser.sign_in(browser.user).content.decode()
    assert (forget_kept(), forget_kept(), KeptPost.objects.count()) == (21, 0, 0)


def test_files_are_named_and_not_kept_however_large_the_form_is(browser, draft):
    form = browser.form(draft.path, first_name="Berta")
    browser.cookies.pop("sessionid")
    large = SimpleUploadedFile("mri <1>.pdf", b"%PDF-1.7\n" + b"x" * MAX_PLAIN_BODY, content_type="application/pdf")
    answer = browser.send(draft.path, form, with_={"imaging-0-file": large, "other_file": report("note.pdf")})
    assert "kept=1" in answer["Location"]
    page = browser.sign_in(browser.user, answer["Location"]).content.decode()
    assert "Choose these again: mri &lt;1&gt;.pdf, note.pdf." in page
    browser.put_back()
    assert draft_of(draft).fields["first_name"] == ["Berta"]
    assert not draft.attachments.exists()
    large.seek(0)
    assert Client().post(draft.path, {"other_file": large}).status_code == 413


def test_a_page_of_yesterday_morning_is_still_known_and_one_of_the_day_before_is_not(browser, draft, monkeypatch):
    real = pages.time.time
    form = browser.form(draft.path)
    browser.cookies.pop("sessionid")
    for hours, words in ((35, "kept=1"), (37, "unsaved=1")):
        monkeypatch.setattr("portal.accounts.pages.time.time", lambda hours=hours: real() + hours * 3600)
        assert words in browser.send(draft.path, form)["Location"]


def test_a_draft_that_moved_on_meanwhile_keeps_both_until_its_person_has_chosen(browser, draft):
    late_form(browser, draft.path, first_name="Mine")
    colleague = shortcut(person(Role.CLERK))
    form = valid_form(first_name="Colleague") | {"version": 2, "action": "save"}
    assert colleague.post(draft.path, form).status_code == 302
    browser.sign_in(browser.user)
    _, answer = browser.put_back()
    assert answer.status_code == 409
    assert KeptPost.objects.exists()
    assert draft_of(draft).fields["first_name"] == ["Colleague"]
    choice = form_to(answer, f"{draft.path}versions/")
    assert choice.fields["first_name"] == ["Mine"]
    browser.cookies.pop("sessionid")
    late = browser.post(choice.action, choice.fields | {"choose.first_name": "mine"})
    browser.sign_in(browser.user, late["Location"])
    where, again = browser.put_back()
    assert (where, again.status_code) == (choice.action, 200)
    assert [one.chosen for one in again.context["differences"] if one.key == "first_name"] == ["mine"]
    assert draft_of(draft).fields["first_name"] == ["Colleague"]
    chosen = form_to(again, choice.action).fields | {"choose.first_name": "mine"}
    assert browser.post(choice.action, chosen)["Location"] == draft.path
    fields = draft_of(draft).fields
    assert (fields["first_name"], "put_back" in fields) == (["Mine"], False)
