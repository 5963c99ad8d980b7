"""How much a request may bring, and how its files arrive: counted byte by byte, in a private folder (B5).

Two limits: a file over its own limit is dropped while the rest of the form is read on, so that nothing typed is lost;
a body over the whole limit is not read at all. A body that ends early counts for nothing (portal/wsgi.py).
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.accounts import pages
from portal.api.problems import problem
from portal.api.strict_json import TooLarge
from priorauth.services.attach import CANNOT_STORE, MAX_CASE_BYTES, MAX_FILE_BYTES, TOO_LARGE

log = logging.getLogger(__name__)

MIB = 1024 * 1024
MAX_BODY = MAX_CASE_BYTES + 5 * MIB  # all files that a request can hold, and the form around them
MAX_PLAIN_BODY = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + MIB  # a page that takes no files
FILE_ROUTES = frozenset({"request-new", "request-edit", "request-upload", "request-answer", "request-amend"})

NOTHING_SAVED = "Nothing of it was read, so what you typed since the last save is not kept."
TOO_MUCH = (
    f"What you sent is larger than {MAX_BODY // MIB} MB. {NOTHING_SAVED} Add fewer or smaller files: a file can have"
    f" {MAX_FILE_BYTES // MIB} MB, all files of a request {MAX_CASE_BYTES // MIB} MB."
)
TOO_MUCH_HERE = f"This page takes at most {MAX_PLAIN_BODY // MIB} MB. {NOTHING_SAVED} Send less at once."
SIGNED_OUT = f"You are signed out, so the files were not taken. {NOTHING_SAVED} Sign in and add them again."
NO_LENGTH = "Say the length of the request's body in a Content-Length header: a body in chunks is not read."


class ArrivingFile(TemporaryUploadedFile):
    """A file in the private folder of uploads, gone when it is closed. Its name there has nothing of its sender's."""

    def __init__(self, name: str, content_type: str) -> None:
        folder = Path(settings.ARRIVING_ROOT)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=folder)  # noqa: SIM115 - closed with this object
        super(TemporaryUploadedFile, self).__init__(file, name, content_type, 0)


class ReportUploadHandler(TemporaryFileUploadHandler):
    """Counts a file while it arrives. A file that passes the limit, or that the disk does not take, is dropped; the
    form's other answers are read on. `request.refused_files` says why, by the name of the file's field."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super(TemporaryFileUploadHandler, self).new_file(*args, **kwargs)
        self.received = 0
        try:
            self.file = ArrivingFile(self.file_name, self.content_type)
        except OSError as error:
            self._refuse(_not_stored(error))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > MAX_FILE_BYTES:
            self._refuse(TOO_LARGE)
        try:
            self.file.write(raw_data)
        except OSError as error:
            self._refuse(_not_stored(error))

    def file_complete(self, file_size: int) -> TemporaryUploadedFile | None:
        try:
            return super().file_complete(file_size)
        except OSError as error:  # the last bytes of a buffer
            self._note(_not_stored(error))
            return None

    def clear(self) -> None:
        """Remove what is left of the last file: of one that never arrived whole nobody else does."""
        if hasattr(self, "file"):
            self.file.close()

    def _note(self, why: str) -> None:
        self.request.refused_files = {**getattr(self.request, "refused_files", {}), self.field_name: why}

    def _refuse(self, why: str) -> None:
        self._note(why)
        raise SkipFile


class UnstoredUploadHandler(FileUploadHandler):
    """For who is signed out: notes what a file was called and drops it; the form around it may yet be kept."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.request.unstored_files = [*getattr(self.request, "unstored_files", []), self.file_name]
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None

    def clear(self) -> None:
        """Nothing was stored."""


def _not_stored(error: OSError) -> str:
    log.error("an upload could not be stored: %s", error.strerror)
    return CANNOT_STORE


class BodyLimitMiddleware:
    """Refuses a body that is too large for its page by the length that it announces, before a byte of it is read.

    Nothing ever reads more than was announced, and a body without a length is refused too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            for handler in request.upload_handlers:
                handler.clear()

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        if request.headers.get("Transfer-Encoding"):
            return _refused(request, NO_LENGTH, 411)
        announced = request.headers.get("Content-Length") or "0"
        length = int(announced) if announced.isascii() and announced.isdigit() else MAX_BODY + 1
        if request.actor is None and request.method == "POST":
            request.upload_handlers = [UnstoredUploadHandler(request)]
        if length <= MAX_PLAIN_BODY:
            return None
        if request.resolver_match.view_name not in FILE_ROUTES:
            return _refused(request, TOO_MUCH_HERE, 413)
        if request.actor is None and not pages.are_known(request):
            return _refused(request, SIGNED_OUT, 413)
        return _refused(request, TOO_MUCH, 413) if length > MAX_BODY else None


def _refused(request: HttpRequest, message: str, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem(request, status, TooLarge.default_detail if status == 413 else message)
    return render(request, "413.html", {"message": message}, status=status)
