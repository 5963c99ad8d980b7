"""`manage.py changepassword` of Django: not a way in here."""

from portal.management.no_way_in import NoWayIn as Command

__all__ = ["Command"]
