"""What was posted, views that act by POST alone, and the post that acts on nothing."""

import hashlib
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

# A post with this field brings back what was typed too late: it is shown, or saved as a draft, and nothing is done.
PUT_BACK = "put_back"
# With this field a form tells in which state its page showed a row (`state_of`).
SEEN = "seen"

View = Callable[..., HttpResponseBase]


def typed_text(request: HttpRequest, name: str) -> str:
    """What was posted in one field, without blanks around it and null characters, which no database keeps."""
    return request.POST.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip()


def longer_texts(request: HttpRequest) -> list[str]:
    """What was posted in more than one word, for a refusal to show again to whoever typed it."""
    return [text for _, texts in request.POST.lists() for text in texts if " " in text.strip()]


def state_of(row: models.Model, names: Iterable[str]) -> str:
    """The state of a row by these columns: a form that brings another one was filled before somebody changed the row,
    and saving it would undo that unseen."""
    values = [row.serializable_value(name) for name in names]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def posted_from(page: str) -> Callable[[View], View]:
    """For a view whose button stands on `page`: a GET leads back there, as it comes after signing in again or by a link
    of the page that is shown anew where the post was refused."""

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            return redirect(reverse(page, query=request.GET or None))

        return posted

    return decorate
