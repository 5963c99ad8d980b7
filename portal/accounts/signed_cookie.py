"""A signed cookie: only this browser gives it back, no script reads it, and what was not signed here counts as none."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True)
class SignedCookie:
    """A list of plain values under `name`, for so many seconds."""

    name: str
    salt: str
    lasts: int

    @property
    def full_name(self) -> str:
        return f"{'__Host-' if settings.HTTPS else ''}{self.name}"

    def read(self, request: HttpRequest) -> list[Any]:
        try:
            return signing.loads(request.COOKIES.get(self.full_name, ""), salt=self.salt, max_age=self.lasts)
        except signing.BadSignature:
            return []

    def write(self, response: HttpResponse, values: list[Any]) -> None:
        response.set_cookie(
            self.full_name,
            signing.dumps(values, salt=self.salt),
            max_age=self.lasts,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
