"""A button of the office's pages pressed twice at once does its act once, and both presses lead on (C3, C6)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from portal.web import checking
from priorauth.models import Case, Draft, Revision, User
from priorauth.roles import Role
from priorauth.services import claim, information
from priorauth.tenancy import get_for
from tests.cases import person, score_all
from tests.factories import NEW, clerk, draft_of, saved_draft, sent_through_the_page, token_of, valid_form
from tests.soak import figure

pytestmark = pytest.mark.django_db(transaction=True)
PRESSES = 3


def signed_in(actor):
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def pressed_at_once(client, address, payload):
    """The answers to the same post, sent by several threads of one browser at the same moment."""
    barrier = threading.Barrier(PRESSES)

    def press(_):
        mine = Client()
        mine.cookies = client.cookies
        try:
            barrier.wait(30)
            response = mine.post(address, payload)
            return response.status_code, response.headers.get("Location")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(PRESSES) as pool:
        return list(pool.map(press, range(PRESSES)))


def rows(model):
    return model.objects.unscoped("a test counts")


def test_starting_a_request():
    client = signed_in(clerk())
    for _ in range(figure(20)):
        payload = valid_form() | {"action": "save", "token": token_of(client)}
        before = rows(Case).count()
        answers = pressed_at_once(client, NEW, payload)
        assert {status for status, _ in answers} == {302}
        assert len({where for _, where in answers}) == 1
        assert rows(Case).count() == rows(Draft).count() == before + 1


def test_sending_a_request():
    client = signed_in(clerk())
    for _ in range(figure(20)):
        case = saved_draft(client)
        payload = {"version": draft_of(case).version, "statement": "yes", "second_because": "Once a round."}
        answers = pressed_at_once(client, f"/requests/{case.reference}/edit/check/", payload)
        assert set(answers) == {(302, f"/requests/{case.reference}/submitted/")}
        assert rows(Revision).filter(case=case).count() == 1


def test_a_press_that_comes_while_another_one_sends(monkeypatch):
    """The page reads the draft and the case: the other press may end before, between and after."""
    client = signed_in(clerk())
    for before in (True, False):
        case = saved_draft(client)
        address = f"/requests/{case.reference}/edit/check/"
        payload = {"version": draft_of(case).version, "statement": "yes", "second_because": "Once a round."}

        def read(actor, model, address=address, payload=payload, before=before, **named):
            seen = None if before else get_for(actor, model, **named)
            monkeypatch.setattr(checking, "get_for", get_for)
            assert client.post(address, payload).status_code == 302
            return seen or get_for(actor, model, **named)

        monkeypatch.setattr(checking, "get_for", read)
        answer = client.post(address, payload)
        assert (answer.status_code, answer.headers.get("Location")) == (302, f"/requests/{case.reference}/submitted/")


def asked(client):
    case, nurse = sent_through_the_page(client), person(Role.NURSE)
    score_all(timezone.now())
    case.refresh_from_db()
    claim.claim(case, by=nurse, at=timezone.now())
    information.ask(case, by=nurse, at=timezone.now(), question="Which imaging was done?", items=[])
    return case


def test_answering_a_question():
    client = signed_in(clerk())
    for _ in range(figure(20)):
        case = asked(client)
        payload = valid_form() | {"action": "send", "version": case.version, "note_to_answer": "There is no other."}
        answers = pressed_at_once(client, f"/requests/{case.reference}/answer/1/", payload)
        assert set(answers) == {(302, f"/requests/{case.reference}/")}
        assert rows(Revision).filter(case=case).count() == 2


def test_withdrawing_a_request():
    client = signed_in(clerk())
    for _ in range(figure(20)):
        case = saved_draft(client)
        payload = {"version": case.version, "reason": "Another clinic."}
        answers = pressed_at_once(client, f"/requests/{case.reference}/withdraw/", payload)
        assert set(answers) == {(302, f"/requests/{case.reference}/")}
        case.refresh_from_db()
        assert case.status == "withdrawn"


def test_what_a_colleague_answered_first_is_still_told():
    first, second = clerk(), clerk()
    case = asked(signed_in(first))
    version = case.version
    now = timezone.now()
    client = signed_in(second)
    answers = []
    receive = information.answer

    def a_colleague_was_faster(case, **options):
        information.answer = receive
        receive(Case.objects.for_actor(first).get(pk=case.pk), by=first, at=now, note="Mine.")
        return receive(case, **options)

    information.answer = a_colleague_was_faster
    try:
        payload = valid_form() | {"action": "send", "version": version, "note_to_answer": "Ours."}
        answers.append(client.post(f"/requests/{case.reference}/answer/1/", payload))
    finally:
        information.answer = receive
    assert answers[0].status_code == 409
    assert "The case is now “Received”" in answers[0].content.decode()
