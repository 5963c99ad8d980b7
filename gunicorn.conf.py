"""gunicorn reads this by itself: its own lines go the way of the portal's."""

from portal.logs import LOGGING

logconfig_dict = LOGGING
