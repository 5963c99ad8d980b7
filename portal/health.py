"""Whether the web process answers."""

from django.http import HttpRequest, HttpResponse


def livez(_request: HttpRequest) -> HttpResponse:
    """The process is up. Asks nothing of database or broker."""
    return HttpResponse("ok\n", content_type="text/plain")
