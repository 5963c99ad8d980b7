"""The web process: `gunicorn portal.wsgi`."""

import os
from collections.abc import Iterable
from typing import Any, BinaryIO

from django.core.wsgi import get_wsgi_application

from portal.production import refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django = get_wsgi_application()
refuse_unsafe_start()


class WholeBody:
    """A request's body that is read to its announced end or not at all. gunicorn gives a body that was cut as if it
    were whole: the half of a form, from a tab that was closed while it was sent, would empty the other half."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.readline = stream.readline

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; Django asks for none beyond the announced length. Raises ConnectionError."""
        data = self.stream.read(size)
        if len(data) < size:
            raise ConnectionError("the request ended before its announced length")
        return data


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    environ["wsgi.input"] = WholeBody(environ["wsgi.input"])
    return django(environ, start_response)
