"""One key, one act (RELIABILITY.md C3, C4, C5): a POST that is sent again is answered again, not done again."""

import datetime as dt
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.utils import timezone

from priorauth.models import AuditEvent, Case, IdempotencyKey, Job, Revision
from priorauth.roles import Role
from priorauth.services import claim, drafts, information
from tests.api_helpers import REQUESTS, Program, key_for, new_request, office_program, one, payer_program
from tests.cases import case_in_review, office, person
from tests.factories import browser
from tests.soak import figure, report
from tests.waiting import eventually, waiting_for_a_lock

REPLAYED = "Idempotency-Replayed"


def cases():
    return Case.objects.unscoped("a test counts")


def rows():
    return {
        "cases": cases().count(),
        "revisions": Revision.objects.unscoped("a test counts").count(),
        "jobs": Job.objects.count(),
        "events": AuditEvent.objects.count(),
        "keys": IdempotencyKey.objects.count(),
    }


def asked():
    """A request of the office about which the plan has asked."""
    case, nurse = case_in_review(person(Role.CLERK), at=timezone.now()), person(Role.NURSE)
    claim.claim(case, by=nurse, at=timezone.now())
    information.ask(case, by=nurse, at=timezone.now(), question="Which imaging was done?", items=[])
    return case


ACTS = {
    "submit": (lambda: REQUESTS, lambda: new_request()),
    "answer": (lambda: one(asked().reference, "answers"), lambda: {"text": "We have no other imaging."}),
    "withdraw": (lambda: one(asked().reference, "withdrawal"), lambda: {"reason": "Another clinic."}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("act", ACTS)
def test_a_repeated_request_gets_the_equal_answer_and_nothing_more_is_written(act):
    program, (address, body) = office_program(), (made() for made in ACTS[act])
    first = program.send(address, body, key="k1")
    assert first.status_code in (200, 201)
    assert REPLAYED not in first.headers
    before = rows()
    again = program.send(address, body, key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers[REPLAYED] == "true"
    assert rows() == before


@pytest.mark.django_db
def test_the_answer_stays_equal_when_the_request_has_moved_on():
    program, body = office_program(), new_request()
    first = program.send(REQUESTS, body, key="k1")
    program.send(one(first.json()["reference"], "withdrawal"), {"reason": "Another clinic."})
    assert program.send(REQUESTS, body, key="k1").content == first.content


@pytest.mark.django_db
def test_the_same_key_with_another_body_or_on_another_route_writes_nothing():
    program, case = office_program(), asked()
    program.send(REQUESTS, new_request(), key="k1")
    before = rows()
    other = new_request()
    other["details"]["note"] = "Another note."
    for address, body in [
        (REQUESTS, other),
        (REQUESTS, {}),
        (one(case.reference, "answers"), new_request()),
        (one(case.reference, "withdrawal"), {"reason": "Another clinic."}),
    ]:
        response = program.send(address, body, key="k1")
        assert response.status_code == 422
        assert "was used for another request" in response.json()["detail"]
    assert rows() == before


@pytest.mark.django_db
def test_the_order_of_the_keys_of_an_object_makes_no_other_body():
    program, body = office_program(), new_request()
    program.send(REQUESTS, body, key="k1")
    turned = dict(reversed(body.items()))
    assert program.send(REQUESTS, turned, key="k1").headers[REPLAYED] == "true"


@pytest.mark.django_db
def test_the_same_key_of_another_organization_is_another_key():
    ours, theirs = office_program(), office_program("Bay Pain Clinic")
    body = new_request()
    first, second = (program.send(REQUESTS, body, key="k1") for program in (ours, theirs))
    again = [program.send(REQUESTS, body, key="k1").content for program in (ours, theirs)]
    assert again == [first.content, second.content], "each gets its own answer again"
    assert (first.status_code, second.status_code) == (201, 201)
    assert REPLAYED not in second.headers
    assert first.json()["reference"] != second.json()["reference"]
    assert [case.office.name for case in cases().order_by("id")] == ["Harbor Spine Office", "Bay Pain Clinic"]


@pytest.mark.django_db
def test_two_programs_and_a_person_of_one_office_share_its_keys():
    first = office_program().send(REQUESTS, new_request(), key="k1")
    again = office_program().send(REQUESTS, new_request(), key="k1")
    by_hand = browser(person(Role.CLERK)).post(
        REQUESTS, new_request(), content_type="application/json", headers={"Idempotency-Key": "k1"}
    )
    assert first.content == again.content == by_hand.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "status"), [({}, 422), (b"{", 400), (b'{"reason": NaN}', 400), ({"reason": "", "x": 1}, 422)]
)
def test_a_refused_request_leaves_its_key_free(body, status):
    program, case = office_program(), asked()
    before = rows()
    assert program.send(one(case.reference, "withdrawal"), body, key="k1").status_code == status
    assert rows() == before
    assert program.send(one(case.reference, "withdrawal"), {"reason": "Another clinic."}, key="k1").status_code == 200


@pytest.mark.django_db
def test_a_fault_in_the_middle_leaves_nothing_and_its_key_free(monkeypatch):
    program = office_program(raise_request_exception=False)
    before = rows()
    with monkeypatch.context() as broken:
        broken.setattr("portal.api.answers.receipt", lambda *_: 1 / 0)
        assert program.send(REQUESTS, new_request(), key="k1").status_code == 500
    assert rows() == before
    assert program.send(REQUESTS, new_request(), key="k1").status_code == 201


@pytest.mark.django_db
def test_who_may_not_write_uses_up_no_key():
    for program in (Program(key_for(office(), "requests:read")), payer_program(), browser(person(Role.NURSE))):
        response = program.post(
            REQUESTS, new_request(), content_type="application/json", headers={"Idempotency-Key": "k1"}
        )
        assert response.status_code == 403
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db
def test_the_row_holds_no_patient_data():
    office_program().send(REQUESTS, new_request(), key="k1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(k)::text FROM priorauth_idempotencykey k")
        (row,) = cursor.fetchone()
    for value in ("Alma", "Synthetic", "XYZ", "1948", "22511"):
        assert value not in row


@pytest.mark.django_db
def test_keys_are_kept_for_30_days_and_then_swept_by_the_next_use():
    program, now = office_program(), timezone.now()
    for age in (29, 30, 31):
        program.send(REQUESTS, new_request(), key=f"{age} days".replace(" ", "-"))
        IdempotencyKey.objects.filter(key=f"{age}-days").update(created_at=now - dt.timedelta(days=age, seconds=1))
    program.send(REQUESTS, new_request(), key="new")
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"29-days", "new"}


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_at_once_waits_for_the_first_and_repeats_its_answer(monkeypatch):
    """C3 in slow motion: the first stands still in the middle of its transaction."""
    text, go_on, reached = key_for(office()), threading.Event(), threading.Event()
    start = drafts.start

    def slowly(**options):
        reached.set()
        assert go_on.wait(30)
        return start(**options)

    monkeypatch.setattr(drafts, "start", slowly)
    body = new_request()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(sent, text, body, "k1")
        assert reached.wait(30)
        second = pool.submit(sent, text, body, "k1")
        eventually(lambda: waiting_for_a_lock() == 1, "the second waits")
        go_on.set()
        assert first.result() == second.result()
    assert cases().count() == 1


def sent(text, body, key):
    """One POST from a thread: status and body."""
    try:
        response = Program(text).send(REQUESTS, body, key=key)
        return response.status_code, response.content
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_20_threads_with_the_same_keys_make_one_request_a_key():
    """C3: figure(100) keys, each sent by 20 threads at once."""
    text, count, threads = key_for(office()), figure(100), 20
    barrier = threading.Barrier(threads)
    bodies = [new_request() for _ in range(count)]

    def all_keys(_):
        answers = []
        for number, body in enumerate(bodies):
            barrier.wait(60)
            answers.append(sent(text, body, f"key-{number}"))
        return answers

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(all_keys, range(threads)))
    assert Counter(status for one_thread in answers for status, _ in one_thread) == {201: threads * count}
    assert [len(set(of_one_key)) for of_one_key in zip(*answers, strict=True)] == [1] * count
    report("C3", f"{count} keys, each sent by {threads} threads at once", f"{cases().count()} requests, equal answers")
    assert rows() | {"events": 0} == {"cases": count, "revisions": count, "jobs": count, "events": 0, "keys": count}
