"""The API's addresses, under `api/`. Any other one there is answered as a problem document (portal/errors.py)."""

from django.urls import path

from portal.api import browser, decisions, requests
from portal.web import urls as _pages  # noqa: F401 - registers the converter of references

app_name = "api"
urlpatterns = [
    path("", browser.page, name="browser"),
    path("v1/openapi.json", browser.Document.as_view(), name="document"),
    path("v1/check", requests.Check.as_view(), name="check"),
    path("v1/requests", requests.Requests.as_view(), name="requests"),
    path("v1/requests/<reference:reference>", requests.OneRequest.as_view(), name="request"),
    path("v1/requests/<reference:reference>/answers", requests.Answers.as_view(), name="answers"),
    path("v1/requests/<reference:reference>/withdrawal", requests.Withdrawal.as_view(), name="withdrawal"),
    path("v1/decisions", decisions.Decisions.as_view(), name="decisions"),
]
