"""The office's pages, under `requests/`."""

from django.urls import path, register_converter

from portal.web import answering, case_page, checking, editing, files, letters, listing, withdrawing


class Reference:
    """A case's reference. Anything else is no page."""

    regex = r"PA-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Reference, "reference")

urlpatterns = [
    path("", listing.requests, name="requests"),
    path("new/", editing.new, name="request-new"),
    path("<reference:reference>/", case_page.show, name="request"),
    path("<reference:reference>/edit/", editing.edit, name="request-edit"),
    path("<reference:reference>/edit/check/", checking.check, name="request-check"),
    path("<reference:reference>/submitted/", checking.submitted, name="request-submitted"),
    path("<reference:reference>/answer/<int:number>/", answering.answer, name="request-answer"),
    path("<reference:reference>/withdraw/", withdrawing.withdraw, name="request-withdraw"),
    path("<reference:reference>/letter/<int:letter>/", letters.show, name="request-letter"),
    path("<reference:reference>/letter/<int:letter>.pdf", letters.download, name="request-letter-pdf"),
    path("<reference:reference>/files/<uuid:file_id>/", files.download, name="request-file"),
]
