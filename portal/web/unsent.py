"""Words that are typed on a page that acts at once, such as a message: the page keeps them as they are typed, without
files and buttons, and they stand on it again for their person until they are sent. Nothing is done with them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.accounts.late import fields_of
from portal.web.access import saves_itself
from priorauth.services import kept

View = Callable[..., HttpResponse]


def keeps_words(view: View) -> View:
    """For a page with `data-words` on its form: keeps what it posts by itself."""

    @wraps(view)
    def keeping(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if saves_itself(request):
            _keep(request)
            return HttpResponse(status=204)
        return view(request, *args, **kwargs)

    return keeping


def went_out(request: HttpRequest) -> None:
    """The words of this post went out, with it or with an earlier press: they are kept no longer."""
    if request.method == "POST":
        kept.forget_page(request.path, by=request.actor)


def words_on(request: HttpRequest, path: str, name: str) -> str:
    """What this person typed last in the field `name` of the page at `path` and did not send."""
    row = kept.of(request.actor, timezone.now()).filter(path=path).first()
    return row.fields.get(name, [""])[0] if row else ""


def _keep(request: HttpRequest) -> None:
    fields = fields_of(request)
    if any(text.strip() for texts in fields.values() for text in texts):
        kept.keep(by=request.actor, at=timezone.now(), path=request.path, fields=fields, files=[])
    else:
        kept.forget_page(request.path, by=request.actor)
