import gc

from django.apps import AppConfig

gc.disable()  # until `ready`: what a start makes stays, and walking through it again and again took a tenth of a start


class PortalConfig(AppConfig):
    """The project itself as an app: template tags, management commands, and the Celery application."""

    name = "portal"

    def ready(self) -> None:
        from portal import checks  # noqa: F401 (registers the system check)
        from portal.accounts import sessions  # noqa: F401 (notes when a session began)
        from portal.celery import app

        app.set_default()
        gc.freeze()
        gc.enable()
