"""The first use of an edition, or of a rule of time: its digest is stored in the transaction of the first assessment
under it."""

import datetime as dt

from django.db import transaction

from policies.edition import Edition
from priorauth.editions import EditionChanged, changed
from priorauth.models import EditionUse, RegimeUse
from priorauth.regimes.rules import Rule

_held: set[tuple[str, str, str]] = set()  # what this process knows to be stored and committed


def hold(edition: Edition, at: dt.datetime) -> None:
    """Store the digest of an edition unless it is stored already, in the caller's transaction; once per process.

    Two scorers at once: the second waits for the first and takes what that committed. Raises EditionChanged where the
    stored digest is another one.
    """
    known = (edition.policy, edition.edition, edition.sha256)
    if known in _held:
        return
    uses = EditionUse.objects.filter(policy=edition.policy, edition=edition.edition)
    if not uses.exists():
        use = EditionUse(policy=edition.policy, edition=edition.edition, sha256=edition.sha256, first_used_at=at)
        EditionUse.objects.bulk_create([use], ignore_conflicts=True)
    use = uses.get()
    if use.sha256 != edition.sha256:
        raise EditionChanged(changed(edition, use))
    transaction.on_commit(lambda: _held.add(known))


def hold_rule(rule: Rule, at: dt.datetime) -> None:
    """Store a rule that set a clock, whole, unless it is stored already; once per process.

    That the file still has it as it was is asked at the start (priorauth/checks.py), not here: scoring goes on.
    """
    known = (rule.regime, rule.effective_from.isoformat(), rule.sha256)
    if known in _held:
        return
    use = RegimeUse(
        regime=rule.regime,
        effective_from=rule.effective_from,
        content=rule.content(),
        sha256=rule.sha256,
        first_used_at=at,
    )
    RegimeUse.objects.bulk_create([use], ignore_conflicts=True)
    transaction.on_commit(lambda: _held.add(known))
