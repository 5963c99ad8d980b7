from django.urls import include, path
from django.views.decorators.gzip import gzip_page

from portal import health
from portal.help import pages as help_pages
from portal.home import home
from portal.policy.check import check
from portal.policy.pages import policy
from priorauth.admin import site

handler400 = "portal.errors.bad_request"
handler404 = "portal.errors.not_found"
handler500 = "portal.errors.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("", include("portal.accounts.urls")),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("requests/", include("portal.web.urls")),
    path("check/", check, name="authorization-check"),
    path("policies/<slug:policy>/", policy, name="policy"),
    path("help/", help_pages.guide, name="help"),
    path("glossary/", gzip_page(help_pages.glossary), name="glossary"),
    path("accessibility/", help_pages.accessibility, name="accessibility"),
    path("office/", include("portal.office.urls")),
    path("payer/", include("portal.payer.urls")),
    path("api/", include("portal.api.urls")),
    path("admin/", site.urls),
]
