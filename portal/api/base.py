"""What the views of the API share."""

from rest_framework.views import APIView

from priorauth.roles import Actor


class ApiView(APIView):
    """A view of the API. Its roles and scopes stand in the permission matrix."""

    http_method_names = ["get", "head", "post"]

    @property
    def actor(self) -> Actor:
        return self.request._request.actor

    def refuse(self, actor: Actor | None) -> None:
        """Called before a role or a key is refused."""
