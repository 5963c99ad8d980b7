from django.urls import path
from django.views.generic import RedirectView

from portal.payer import letters, views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="exports"), name="payer"),
    path("exports/", views.export_page, name="exports"),
    path("exports/download/", views.download, name="export-download"),
    path("letters/", letters.of_a_day, name="payer-letters"),
    path("letters/<reference:reference>/<int:letter>/", letters.show, name="payer-letter"),
    path("letters/<reference:reference>/<int:letter>.pdf", letters.download, name="payer-letter-pdf"),
]
