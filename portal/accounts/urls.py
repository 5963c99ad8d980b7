"""Signing in and out, one's own account, and the way in by a link."""

from django.urls import path

from portal.accounts import account, invited, kept, sessions
from portal.accounts.sign_in import SignIn, SignOut

urlpatterns = [
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
    path("kept/", kept.typed_too_late, name="kept"),
    path("session/", sessions.state, name="session"),
    path("account/", account.account, name="account"),
    path("account/keys/", account.shortcuts, name="account-keys"),
    path("account/sign-out-everywhere/", account.sign_out_everywhere, name="sign-out-everywhere"),
    path("invitation/", invited.accept, name="invitation"),
    path("invitation/<slug:token>/", invited.follow, name="invitation-link"),
]
