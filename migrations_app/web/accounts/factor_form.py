"""The fields in which a second factor is shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest

from migrations_app.access import second_factor_check
from migrations_app.access.second_factor_check import Shown
from migrations_app.widgets import Form

MISSING = "Please fill this in."


def code_field() -> forms.CharField:
    """Return the field for a code, of an app or for recovery."""
    return forms.CharField(
        label="Code",
        max_length=40,
        required=False,
        help_text="Six digits from your app, or one of your recovery codes.",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )


def key_field() -> forms.CharField:
    """Return the field for what a security key answers; a script fills it in."""
    return forms.CharField(max_length=20_000, required=False, widget=forms.HiddenInput)


class FactorForm(Form):
    """Asks for a code or a security key of the person, behind the throttle."""

    code = code_field()
    key = key_field()

    def __init__(
        self, *args: object, request: HttpRequest, user: User, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.request, self.user = request, user
        self.shown = Shown()
        self.fields["code"].widget.attrs["autofocus"] = True

    @property
    def status(self) -> int:
        """The HTTP status with which the form is shown."""
        if self.shown.wait:
            return 429
        return 422 if self.is_bound else 200

    def clean(self) -> dict[str, Any]:
        """Return what was sent. Raises ValidationError unless it is a factor."""
        sent = self.cleaned_data
        code, key = sent.get("code", ""), sent.get("key", "")
        if self.errors:
            return sent
        if not code and not key:
            self.add_error("code", MISSING)
            return sent
        self.shown = second_factor_check.check(
            self.request, self.user, code=code, key=key
        )
        if self.shown.sentence:
            self.add_error("code", self.shown.sentence)
        return sent
