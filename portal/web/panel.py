"""What the policy still misses, from the draft's facts: the same scoring that the sent request will get."""

import datetime as dt
from typing import Any

from policies import facts as facts_v1
from policies import registry
from policies.assess import assess
from policies.explain import explain
from portal.web import build
from portal.web.request_form import RequestForm
from priorauth.services.score import POLICY


def explanation(form: RequestForm, on: dt.date) -> dict[str, Any]:
    """The explanation of a form without problems, as if it were received on the plan's day `on`."""
    document = build.facts(form, on) | {"request_date": on.isoformat()}
    facts = facts_v1.parse(document)
    edition = registry.governing(POLICY, facts.service_date or facts.request_date)
    return explain(facts, assess(facts, edition), edition).as_dict()
