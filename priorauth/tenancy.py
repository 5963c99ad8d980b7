"""Tenancy that fails closed: a query on a tenant model that names no actor raises (invariant 5).

Offices see their own rows, drafts included. The plan's reviewers and auditors see every office's rows once a request
was sent, payer operations the letters of it. Everybody else sees none. An object out of reach answers exactly like one
that never was.
"""

from typing import Any, TypeVar

from django.db import models
from django.http import Http404

from priorauth.roles import CASE_READER_ROLES, Actor, Role

M = TypeVar("M", bound="TenantModel")


class UnscopedAccess(RuntimeError):
    """A tenant model was queried without saying in whose name."""


class TenantManager(models.Manager):
    def get_queryset(self) -> models.QuerySet:
        # Related managers (case.files) subclass this one and carry the instance that was already fetched in scope.
        if getattr(self, "instance", None) is None:
            raise UnscopedAccess(
                f"{self.model.__name__}: say who asks with .for_actor(actor), or why nobody does with .unscoped(reason)"
            )
        return super().get_queryset()

    def for_actor(self, actor: Actor | None) -> models.QuerySet:
        """The rows that `actor` may see; none for an actor without an organization or a reading role."""
        rows = super().get_queryset()
        if actor is None:
            return rows.none()
        if actor.is_office and self.model.office_sees:
            return rows.filter(**{self.model.tenant_path: actor.organization_id})
        if (actor.role in CASE_READER_ROLES or self._reads_as_payer(actor)) and self.model.sent_path:
            return rows.filter(**{f"{self.model.sent_path}__isnull": False})
        return rows.none()

    def _reads_as_payer(self, actor: Actor) -> bool:
        return actor.role == Role.PAYER and self.model.payer_sees

    def unscoped(self, reason: str) -> models.QuerySet:
        """Every row, for code that acts for nobody in particular; `reason` is for the reader and for the tests."""
        if not reason:
            raise UnscopedAccess(f"{self.model.__name__}: unscoped access needs a reason")
        return super().get_queryset()


class TenantModel(models.Model):
    """A row that belongs to one office.

    `tenant_path` leads to the office, `sent_path` to the receipt of its case (None: the plan does not list such rows);
    `office_sees` is False for what only the plan reads; `payer_sees` is True for what payer operations read too.
    """

    tenant_path = "case__office"
    sent_path: str | None = "case__received_at"
    office_sees = True
    payer_sees = False

    objects = TenantManager()

    class Meta:
        abstract = True


def get_for(actor: Actor | None, model: type[M], rows: models.QuerySet | None = None, **lookup: Any) -> M:
    """The one row that matches, in the actor's scope. Raises Http404, the same for hidden and for absent rows."""
    scoped = model.objects.for_actor(actor) if rows is None else rows
    try:
        return scoped.get(**lookup)
    except (model.DoesNotExist, ValueError) as error:
        raise Http404 from error
