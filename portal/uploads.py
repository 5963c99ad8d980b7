"""Counts an upload while it arrives and stops it at the limit, before it fills the disk."""

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from priorauth.services.attach import MAX_FILE_BYTES


class LimitedUploadHandler(FileUploadHandler):
    """Drops a file once it passes the limit; the form then says that the file was too large.

    `request.oversized` holds the form fields whose file was dropped.
    """

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MAX_FILE_BYTES:
            self.request.oversized = {*getattr(self.request, "oversized", ()), self.field_name}
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
