"""gunicorn reads this by itself: its own lines go the way of the portal's."""

from portal.logs import LOGGING

logconfig_dict = LOGGING
preload_app = True  # read the portal once and not in each worker: its connections are closed before they part
