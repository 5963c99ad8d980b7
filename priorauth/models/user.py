import json
from typing import Any

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac


class UserManager(BaseUserManager):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str) -> "User":
        return self.get(email=(email or "").strip().lower())


class User(AbstractUser):
    """A person who signs in, by work e-mail address. What they may do comes from their membership alone."""

    username = None
    email = models.EmailField("work e-mail address", unique=True)
    is_machine = models.BooleanField(
        default=False, editable=False, help_text="a program's account: nobody signs in as it"
    )

    session_generation = models.PositiveIntegerField(
        default=0, editable=False, help_text="a higher number ends every session that began under a lower one"
    )

    shortcuts = models.BooleanField(
        default=True, editable=False, help_text="single keys act on the reviewers' pages (WCAG 2.1.4)"
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    objects = UserManager()

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session is bound to: a new password, another role or organization, or signing out everywhere ends it
        at its next request."""
        membership = getattr(self, "membership", None)
        place = [membership.organization_id, membership.role] if membership else None
        bound = json.dumps([self.password, self.session_generation, place])
        return salted_hmac("priorauth.session", bound, secret=secret, algorithm="sha256").hexdigest()
