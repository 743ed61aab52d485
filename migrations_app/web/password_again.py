"""The password, or a second factor, is asked for again before what counts is done."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from migrations_app.access import (
    openid_connect,
    passwords,
    second_factor,
    second_factor_check,
    sessions,
    sign_in_backend,
)
from migrations_app.web.accounts.factor_form import MISSING, code_field, key_field
from migrations_app.widgets import Form

FIELD = "password_again"
CODE, KEY = "code_again", "key_again"
_NOT_KEPT = (FIELD, CODE, KEY, "csrfmiddlewaretoken")


class PasswordAgainForm(Form):
    """Asks for what the person who is signed in signed in with, behind the throttle.

    ``by_factor``: the password of who has a second factor is not enough.
    """

    password_again = forms.CharField(
        label="Password",
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code_again = code_field()
    key_again = key_field()

    def __init__(
        self, *args: object, request: HttpRequest, by_factor: bool, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.request = request
        self.user: User = request.user  # type: ignore[assignment]
        self.has_factor = second_factor.is_asked_of(self.user.pk)
        if not self.has_factor:
            del self.fields[CODE], self.fields[KEY]
        here = passwords.can_be_entered(self.user)
        if (self.has_factor and by_factor) or not here:
            del self.fields[FIELD]
        self.first = next(iter(self.fields), "")
        if not self.first:  # they sign in elsewhere, and confirm there
            return
        self.fields[self.first].widget.attrs["autofocus"] = True
        # (with one field alone that is what it takes)
        self.fields[self.first].required = not self.has_factor

    def clean(self) -> dict[str, Any]:
        """Return what was sent. Raises ValidationError unless it is right."""
        sent = self.cleaned_data
        if not self.first:
            raise forms.ValidationError(MISSING)
        if not self.errors:
            if sent.get(CODE) or sent.get(KEY):
                self._check_factor(sent[CODE], sent[KEY])
            elif sent.get(FIELD):
                self._check_password(sent[FIELD])
            else:
                self.add_error(self.first, MISSING)
        return sent

    def _check_factor(self, code: str, key: str) -> None:
        shown = second_factor_check.check(self.request, self.user, code=code, key=key)
        if shown.sentence:
            self.add_error(CODE, shown.sentence)
        else:
            sessions.factor_shown(self.request)

    def _check_password(self, password: str) -> None:
        name = self.user.get_username()
        found = authenticate(self.request, username=name, password=password)
        if isinstance(found, User) and found == self.user:
            if found.password != self.user.password:
                # its hash was made again, and is the one that sessions are held to
                update_session_auth_hash(self.request, found)
            sessions.password_entered(self.request)
            return
        wrong = "This password is wrong."
        self.add_error(FIELD, sign_in_backend.says(self.request, wrong=wrong))

    fields: dict[str, forms.Field]


def ask_if_due(request: HttpRequest) -> HttpResponse | None:
    """Return a page that asks for it; None if it was entered recently.

    The page sends again, with the password or second factor and to the same address,
    what was sent.
    """
    if sessions.is_confirmed(request):
        return None
    return ask(request)


def ask_before_sign_in_changes(request: HttpRequest) -> HttpResponse | None:
    """Return the same before how one signs in is changed.

    Who has a second factor shows it: with the password alone, and a session that was
    left open, it could be taken away.
    """
    by_factor = second_factor.is_asked_of(request.user.pk)
    if sessions.may_change_sign_in(request, by_factor=by_factor):
        return None
    return ask(request, by_factor=by_factor)


def ask(request: HttpRequest, *, by_factor: bool = False) -> HttpResponse | None:
    """Return the page that asks; None if the answer to it was sent, and is right."""
    sent = request.POST if is_answer(request) else None
    form = PasswordAgainForm(sent, request=request, by_factor=by_factor)
    if form.is_valid():
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
    context: dict[str, Any] = {"form": form, "kept": kept}
    if not passwords.can_be_entered(form.user) and openid_connect.is_configured():
        # what was sent is not kept on the way there: it leads back to the page before
        context["elsewhere"] = _page_of(request)
    if form.has_factor and second_factor.has_key(form.user.pk):
        context["key_options"] = second_factor_check.key_request(request, form.user)
    return render(request, "accounts/password_again.html", context, status=status)


def _page_of(request: HttpRequest) -> str:
    """Return the page on which the person is, or was before they sent something."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    parts = urlsplit(request.headers.get("Referer", ""))
    return parts.path if parts.netloc == request.get_host() else "/"


def is_answer(request: HttpRequest) -> bool:
    """Return whether what was sent answers the page that asks."""
    return any(name in request.POST for name in (FIELD, CODE, KEY))
