from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The project itself as an app: it brings the template tags and the pages' static files."""

    name = "portal"
