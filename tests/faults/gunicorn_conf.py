"""The portal's own configuration of gunicorn, and a line in the log for each request that a worker begins to serve."""

import os
from typing import Any

from portal.logs import LOGGING

logconfig_dict = LOGGING
preload_app = True


def pre_request(_worker: Any, request: Any) -> None:
    os.write(1, f"begins {request.method} {request.path}\n".encode())  # in one piece, whatever other threads write
