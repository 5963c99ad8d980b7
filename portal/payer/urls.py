from django.urls import path
from django.views.generic import RedirectView

from portal.payer import views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="exports"), name="payer"),
    path("exports/", views.export_page, name="exports"),
    path("exports/download/", views.download, name="export-download"),
]
