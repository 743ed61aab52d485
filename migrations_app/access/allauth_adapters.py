"""What django-allauth asks of the project that uses it.

Settings name these classes.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from migrations_app.access import sealing

PURPOSE = "novaweb second factors"


class SignInSteps(DefaultAccountAdapter):  # type: ignore[misc]
    """The steps of a sign-in: the password, then a second factor; no signup, no mail.

    Who has no such step is signed in at once.
    """

    def get_login_stages(self) -> list[str]:
        """Return the steps after the password."""
        return ["migrations_app.web.accounts.second_factor_sign_in.SecondFactorStage"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: accounts are made by administrators."""
        return False

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Lead who was switched off meanwhile back to the first step."""
        return redirect("login")

    def post_login(
        self, request: HttpRequest, user: User, **kwargs: Any
    ) -> HttpResponse:
        """Lead to the page that was asked for, which the sign-in page has checked."""
        return HttpResponseRedirect(kwargs["redirect_url"])

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: pages have their own sentences."""

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send nothing: notifications go by the audit trail."""


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets are encrypted, and named after the account."""

    def encrypt(self, text: str) -> str:
        """Return the secret encrypted."""
        return sealing.seal(text, purpose=PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret. Raises OtherKeyError."""
        return sealing.unseal(encrypted_text, purpose=PURPOSE)

    def get_totp_label(self, user: User) -> str:
        """Return what an app shows for the account."""
        return user.get_username()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return for whom a key signs: the name under which the site was reached."""
        return {**super().get_public_key_credential_rp_entity(), "name": "novaweb"}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """Return whose key it is."""
        found: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        name = user.get_username()
        return {**found, "name": name, "display_name": name}
