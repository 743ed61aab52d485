"""The password is asked for again before something that counts is done."""

from __future__ import annotations

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from migrations_app.access import sessions, sign_in_backend
from migrations_app.widgets import Form

FIELD = "password_again"
_NOT_KEPT = (FIELD, "csrfmiddlewaretoken")


class PasswordAgainForm(Form):
    """Asks for the password of the person who is signed in, behind the throttle."""

    password_again = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "current-password", "autofocus": True}
        ),
        error_messages={"required": "Please fill this in."},
    )

    def __init__(self, *args: object, request: HttpRequest, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.request = request

    def clean_password_again(self) -> str:
        """Return the password. Raises ValidationError."""
        password: str = self.cleaned_data[FIELD]
        name = self.request.user.get_username()
        if authenticate(self.request, username=name, password=password) is not None:
            return password
        seconds = sign_in_backend.seconds_to_wait(self.request)
        wrong = "This password is wrong."
        raise forms.ValidationError(
            sign_in_backend.says_wait(seconds) if seconds else wrong
        )


def ask_if_due(request: HttpRequest) -> HttpResponse | None:
    """Return a page that asks for the password; None if it was entered recently.

    The page sends again, with the password and to the same address, what was sent.
    """
    if sessions.password_is_recent(request):
        return None
    return ask(request)


def ask(request: HttpRequest) -> HttpResponse | None:
    """Return the page that asks; None if the right password is in what was sent."""
    sent = request.POST if FIELD in request.POST else None
    form = PasswordAgainForm(sent, request=request)
    if form.is_valid():
        sessions.password_entered(request)
        return None
    kept = [
        (name, value)
        for name in request.POST
        if name not in _NOT_KEPT
        for value in request.POST.getlist(name)
    ]
    status = 429 if sign_in_backend.seconds_to_wait(request) else 403
    if request.method in ("GET", "HEAD"):
        status = 200
    context = {"form": form, "kept": kept}
    return render(request, "accounts/password_again.html", context, status=status)
