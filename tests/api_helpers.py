"""Programs with keys, and what they send. All synthetic."""

import json
import uuid
from typing import Any

from django.test import Client
from django.utils import timezone

from priorauth.models import Organization
from priorauth.roles import Role
from priorauth.services import keys
from tests.cases import CLEAN, facts, office, person, plan

V1 = "/api/v1"
REQUESTS = f"{V1}/requests"
DECISIONS = f"{V1}/decisions"
CHECK = f"{V1}/check"
PROBLEM = "application/problem+json"
NEVER = "PA-ZZZZ-ZZZZ-ZZZZ"


def key_for(organization: Organization, *scopes: str, days: int = 30) -> str:
    """The text of a new key, with all scopes of the organization's kind unless some are named."""
    administrator = person(Role.ADMINISTRATOR)
    scopes = scopes or tuple(keys.SCOPES[organization.kind])
    _, text = keys.issue(
        by=administrator, at=timezone.now(), organization=organization, name="Night program", scopes=scopes, days=days
    )
    return text


class Program(Client):
    """A program with a key, or with none."""

    def __init__(self, key: str = "", **options: Any) -> None:
        super().__init__(headers={"Authorization": f"Bearer {key}"} if key else {}, **options)

    def send(self, address: str, body: Any, key: str | None = None, **extra: Any) -> Any:
        """POST JSON (bytes as they are) with an Idempotency-Key: a new one unless it is named, none for ""."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        once = uuid.uuid4().hex if key is None else key
        headers = {"Idempotency-Key": once} if once else {}
        return self.post(address, content, content_type="application/json", headers=headers, **extra)


def office_program(name: str = "Harbor Spine Office", *scopes: str, **options: Any) -> Program:
    return Program(key_for(office(name), *scopes), **options)


def payer_program(**options: Any) -> Program:
    return Program(key_for(plan()), **options)


def new_request(name: str = CLEAN, **changes: Any) -> dict[str, Any]:
    """A whole request for one level, as a program sends it."""
    return {
        "facts": facts(name),
        "details": {
            "urgency": "standard",
            "diagnosis_codes": ["M80.08XA"],
            "contact": {"name": "Casey Clerk", "phone": "617-555-0100"},
            "note": "The MRI came late.",
        },
        "member": {
            "member_id": "XYZ 123-456",
            "first_name": "Alma",
            "last_name": "Synthetic",
            "birth_date": "1948-03-14",
        },
        "clinician": {"npi": "1205804119", "name": "A. Rivera MD"},
        "facility": {"npi": "1316905227", "name": "Harbor Hospital"},
        **changes,
    }


def one(reference: str, part: str = "") -> str:
    return f"{REQUESTS}/{reference}{part and '/' + part}"
