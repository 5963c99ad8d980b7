"""A PostgreSQL and a Valkey of the benchmarks' own, with the portal's tables: gone when the run ends."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from portal.embedded import Services, temporary_services

ANOTHERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE")


@contextmanager
def portal() -> Iterator[Services]:
    """Set Django up on servers that are started for this run, whatever the environment names: a million rows are
    written to them, past the guards. They keep what they commit, as those of `make run` do. This process owns the
    tables; `application` is the address for others."""
    for name in ANOTHERS:
        os.environ.pop(name, None)
    with temporary_services(durable=True) as servers:
        os.environ |= {
            "DATABASE_URL": servers.application,
            "DATABASE_OWNER_URL": servers.database,
            "REDIS_URL": servers.redis,
            "DATA_DIR": str(servers.folder / "files"),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "AUDIT_KEY": secrets.token_urlsafe(48),
            "HTTPS": "0",
            "DEVELOPMENT": "1",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
        import django
        from django.core.management import call_command
        from django.test.utils import setup_test_environment

        django.setup()
        setup_test_environment()
        call_command("migrate", verbosity=0)
        del os.environ["DATABASE_OWNER_URL"]
        yield servers
