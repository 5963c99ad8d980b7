"""The hash of an event is the same for ever: twenty fixed events, computed once without Django (RELIABILITY A10)."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from priorauth import audit
from priorauth.models import AuditEvent

VECTORS = json.loads((Path(__file__).parent / "data" / "audit_vectors.json").read_text())


def plainly(vector):
    """The canonical form and the hash, with nothing but Python's own json and hmac."""
    form = json.dumps(vector["event"], sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    message = b"\x00" + vector["previous"].encode() + form.encode()
    return form, hmac.new(vector["key"].encode(), message, hashlib.sha256).hexdigest()


def test_there_are_twenty_and_each_follows_the_one_before():
    assert len(VECTORS) == 20
    assert [vector["previous"] for vector in VECTORS] == [audit.GENESIS, *(vector["hash"] for vector in VECTORS[:-1])]
    assert {vector["event"]["action"] for vector in VECTORS} > {"send", "approve", "sign_in"}


@pytest.mark.parametrize("vector", VECTORS, ids=range(1, 21))
def test_canonical_form_and_hash_are_what_they_were(vector):
    event = AuditEvent(**vector["event"], previous=vector["previous"])
    assert audit.canonical(vector["event"]).decode() == vector["canonical"]
    assert audit.event_hash(event, vector["key"].encode()) == vector["hash"]
    assert audit.key_id(vector["key"].encode()) == vector["event"]["key_id"]
    assert plainly(vector) == (vector["canonical"], vector["hash"])


DOCUMENTS = [{}, {"rows": {}}, {"rows": {"b:2": "x", "b:10": "", "é": "ß"}}, {"rows": {"a:1": 1}}, {"rows": ["a:1"]}]
LISTS = [[], ["b", "a", 'ü"'], ["a", 1], {"a": 1}, "a", None]


@pytest.mark.parametrize("entities", [*DOCUMENTS, {"rows": {"a:1": "x"}, "job": 1}, {"rows": []}, {"rows": ""}])
def test_what_was_put_into_a_document_by_force_has_one_form_too(entities):
    """The form is written out for what events hold mostly; nothing else may come to look like that."""
    for fields in LISTS:
        changed = {"entities": entities, "fields": fields, "actor_id": None, "case_version": None}
        vector = VECTORS[0] | {"event": VECTORS[0]["event"] | changed}
        event = AuditEvent(**vector["event"], previous=vector["previous"])
        assert audit.event_hash(event, vector["key"].encode()) == plainly(vector)[1]


@pytest.mark.django_db
@pytest.mark.parametrize("vector", VECTORS, ids=range(1, 21))
def test_a_stored_event_has_the_hash_that_it_had_before(vector):
    AuditEvent(**vector["event"], previous=vector["previous"], hash=vector["hash"]).save(force_insert=True)
    assert audit.event_hash(AuditEvent.objects.get(), vector["key"].encode()) == vector["hash"]


def test_the_hash_of_an_event_of_version_0_1_still_stands():
    event = AuditEvent(
        stream="case:PA-0000-0000-0000",
        sequence=1,
        at="2026-11-20T20:30:00.000000Z",
        actor_id=7,
        actor_name="Zoë Clerk",
        role="clerk",
        organization="Harbor",
        action="create",
        entities={"b": 1, "a": [True, None]},
        fields=["facts"],
        change_digest="",
        case_version=1,
        request_id="",
        key_id=audit.key_id(b"key"),
        previous=audit.GENESIS,
    )
    assert audit.event_hash(event, b"key") == "fe868ca532ecbb152483c3bda8a24f05e2fabfe4e6d6c5a46d53807bd3f49856"
