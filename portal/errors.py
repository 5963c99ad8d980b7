"""The page for a fault of ours: it names the request, so that the log line of the same number can be found."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def server_error(request: HttpRequest) -> HttpResponse:
    """Say what is safe, and the number to give when asking for help."""
    return render(request, "500.html", {"reference": getattr(request, "id", "")}, status=500)
