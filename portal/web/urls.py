"""The office's pages, under `requests/`."""

from django.urls import path, register_converter
from django.views.decorators.gzip import gzip_page

from portal.web import (
    amending,
    answering,
    case_page,
    checking,
    choosing,
    copying,
    doubting,
    editing,
    files,
    letters,
    list_file,
    listing,
    missing,
    uploading,
    versions,
    withdrawing,
    writing,
)


class Reference:
    """A case's reference. Anything else is no page."""

    regex = r"PA-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Reference, "reference")

# Long pages compress to a fifth (decision 25 says why that is safe here).
urlpatterns = [
    path("", listing.requests, name="requests"),
    path("file/", list_file.download, name="requests-file"),
    path("new/", gzip_page(editing.new), name="request-new"),
    path("<reference:reference>/", gzip_page(case_page.show), name="request"),
    path("<reference:reference>/edit/", gzip_page(editing.edit), name="request-edit"),
    path("<reference:reference>/edit/versions/", versions.choose, name="request-versions"),
    path("<reference:reference>/edit/missing/", gzip_page(missing.missing), name="request-missing"),
    path("<reference:reference>/edit/possible-mistakes/", doubting.doubts, name="request-doubts"),
    path("<reference:reference>/edit/file/", uploading.upload, name="request-upload"),
    path("<reference:reference>/edit/check/", gzip_page(checking.check), name="request-check"),
    path("<reference:reference>/submitted/", checking.submitted, name="request-submitted"),
    path("<reference:reference>/answer/<int:number>/", gzip_page(answering.answer), name="request-answer"),
    path("<reference:reference>/copy/", copying.copy, name="request-copy"),
    path("<reference:reference>/amend/", gzip_page(amending.amend), name="request-amend"),
    path("<reference:reference>/amend/versions/", choosing.choose, name="request-amend-versions"),
    path("<reference:reference>/amend/discard/", choosing.discard, name="request-amend-discard"),
    path("<reference:reference>/amend/file/", uploading.upload_sent, name="request-amend-file"),
    path("<reference:reference>/message/", gzip_page(writing.write), name="request-message"),
    path("<reference:reference>/withdraw/", withdrawing.withdraw, name="request-withdraw"),
    path("<reference:reference>/letter/<int:letter>/", letters.show, name="request-letter"),
    path("<reference:reference>/letter/<int:letter>.pdf", letters.download, name="request-letter-pdf"),
    path("<reference:reference>/files/<uuid:file_id>/", files.download, name="request-file"),
]
