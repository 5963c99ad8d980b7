"""The office about itself, under `office/`: its people, its clinicians and facilities, who gets notices."""

from django.urls import path

from portal.office import entries, overview, people

urlpatterns = [
    path("", overview.show, name="office"),
    path("notices/", overview.notices, name="office-notices"),
    path("people/invite/", people.invite, name="office-invite"),
    path("people/<int:person>/", people.person, name="office-person"),
    path("invitations/<int:invitation>/", people.invitation, name="office-invitation"),
    path("clinicians/new/", entries.add, {"kind": "clinician"}, name="office-clinician-new"),
    path("clinicians/<int:entry>/", entries.edit, {"kind": "clinician"}, name="office-clinician"),
    path("facilities/new/", entries.add, {"kind": "facility"}, name="office-facility-new"),
    path("facilities/<int:entry>/", entries.edit, {"kind": "facility"}, name="office-facility"),
]
