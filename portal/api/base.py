"""What the views of the API share."""

import logging
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from priorauth.roles import Actor

log = logging.getLogger(__name__)


class ApiView(APIView):
    """A view of the API. Its roles and scopes stand in the permission matrix."""

    http_method_names = ["get", "head", "post"]

    @property
    def actor(self) -> Actor:
        return self.request._request.actor

    def refuse(self, actor: Actor | None) -> None:
        """Called before a role or a key is refused."""

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        """One line of log for each call: the key by its public part, the route, the status."""
        response = super().finalize_response(request, response, *args, **kwargs)
        key, route = getattr(request._request, "api_key", "-"), request.resolver_match.view_name
        log.info("%s %s %s key %s", request.method, route, response.status_code, key)
        return response
