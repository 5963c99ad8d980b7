from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from portal import health
from portal.home import home
from priorauth.admin import site

handler500 = "portal.errors.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("sign-in/", LoginView.as_view(template_name="sign_in.html", redirect_authenticated_user=True), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("requests/", include("portal.web.urls")),
    path("payer/", include("portal.payer.urls")),
    path("admin/", site.urls),
]
