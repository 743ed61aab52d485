"""Form to sign in."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User

from migrations_app.access import sign_in_backend
from migrations_app.widgets import StyledField


class SignInForm(AuthenticationForm):
    """Django's sign-in form with novaweb's error sentences."""

    bound_field_class = StyledField
    error_messages = {
        "invalid_login": "Name or password is wrong. Both are case-sensitive.",
        "inactive": "This account is disabled. Ask an administrator of novaweb.",
    }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["username"].label = "Name"
        for name in ("username", "password"):
            self.fields[name].error_messages["required"] = "Please fill this in."

    username: forms.CharField

    def confirm_login_allowed(self, user: User) -> None:
        """Refuse the credential of a program. Raises ValidationError."""
        super().confirm_login_allowed(user)
        if sign_in_backend.came_by_program(user):
            raise forms.ValidationError(sign_in_backend.OF_A_PROGRAM)

    def get_invalid_login_error(self) -> forms.ValidationError:
        """Return the error: what is wrong, or how long to wait."""
        wrong = str(self.error_messages["invalid_login"])
        return forms.ValidationError(sign_in_backend.says(self.request, wrong=wrong))
