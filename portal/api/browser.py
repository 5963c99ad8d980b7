"""What stands open to everybody: the OpenAPI document, and the API browser, which shows its operations on a page."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.document import DESCRIPTION, document
from portal.permissions import Verdict, role_of, row_of


@extend_schema(exclude=True)
class Document(APIView):
    authentication_classes = ()
    permission_classes = ()
    http_method_names = ["get", "head"]

    def get(self, request: Request) -> Response:
        """The OpenAPI document of this API."""
        return Response(document())


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """For people who write programs, and for a look with the session at hand. It sends nothing by itself."""
    context = {"description": _plain(DESCRIPTION).split("\n\n"), "operations": list(_operations(request))}
    return render(request, "api/browser.html", context)


def _operations(request: HttpRequest) -> Iterator[dict[str, Any]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            parameters = operation.get("parameters", [])
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "description": _plain(operation["description"]),
                "parameters": [
                    {"name": one["name"], "in": one["in"], "description": one.get("description", "")}
                    for one in parameters
                ],
                "answers": [
                    (status, _plain(answer["description"]) or "Done.")
                    for status, answer in operation["responses"].items()
                ],
                "opens": method == "get" and "{" not in path and _may(request, path),
            }


def _plain(markdown: str) -> str:
    return markdown.replace("`", "")


def _may(request: HttpRequest, path: str) -> bool:
    return row_of(resolve(path)).verdict("GET", role_of(request)) is Verdict.ALLOWED
