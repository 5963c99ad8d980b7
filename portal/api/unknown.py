"""What stands open to everybody: the document, and the answer to an address that is none."""

from typing import Any, NoReturn

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.document import document


@extend_schema(exclude=True)
class Document(APIView):
    """The OpenAPI document of this API."""

    authentication_classes = ()
    permission_classes = ()
    http_method_names = ["get", "head"]

    def get(self, request: Request) -> Response:
        return Response(document())


@extend_schema(exclude=True)
class Unknown(APIView):
    """No address of the API."""

    authentication_classes = ()
    permission_classes = ()
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options"]

    def nothing(self, request: Request, **_: Any) -> NoReturn:
        raise Http404

    get = head = post = put = patch = delete = options = nothing
