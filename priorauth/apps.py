from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PriorAuthConfig(AppConfig):
    name = "priorauth"
    verbose_name = "Prior authorization"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from priorauth import checks, form_words, grants, guards  # noqa: F401 (registers the system checks)
        from priorauth.services import letter_texts

        form_words.install()
        post_migrate.connect(guards.install, sender=self)
        post_migrate.connect(grants.install, sender=self)
        post_migrate.connect(letter_texts.install, sender=self)
