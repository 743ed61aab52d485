"""Pages on which people set up and remove their own second factors."""

from __future__ import annotations

import base64
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from migrations_app.access import (
    sealing,
    second_factor,
    second_factor_check,
    sessions,
)
from migrations_app.access.allauth_adapters import PURPOSE
from migrations_app.access.sealing import OtherKeyError
from migrations_app.audit import second_factor_actions
from migrations_app.errors import NovawebError, Unfit
from migrations_app.web import password_again
from migrations_app.web.accounts.factor_form import MISSING
from migrations_app.web.page import person_of, sorry, user_of
from migrations_app.widgets import Form
from migrations_app.wording import whole_number

_SECRET = "novaweb_new_app"  # noqa: S105 - where the session has it, encrypted


class AppForm(Form):
    """The code that a new app shows."""

    code = forms.CharField(
        label="Code that the app shows",
        max_length=40,
        error_messages={"required": MISSING},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )


class KeyForm(Form):
    """A new security key: its name, and what it answered."""

    name = forms.CharField(
        label="Name of the key",
        max_length=second_factor_actions.LONGEST_NAME,
        required=False,
        help_text="By which you know it again, for instance where you keep it.",
    )
    key = forms.CharField(
        max_length=20_000,
        widget=forms.HiddenInput,
        error_messages={"required": "Press “Add the security key”, and touch the key."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """List the person's factors; remove one, or make new recovery codes."""
    user = user_of(request)
    if request.method == "POST":
        asked = password_again.ask_before_sign_in_changes(request)
        if asked is not None:
            return asked
        which = request.POST.get("remove", "")
        try:
            if not which:
                return _show_codes(request, second_factor_actions.make_codes(user))
            second_factor_actions.remove(user, whole_number(which) or 0)
        except NovawebError as error:
            return sorry(request, error)
        messages.success(request, "The second factor is removed.")
        return redirect("second-factor")
    rows = second_factor.of(user.pk)
    factors = [row for row in rows if row.type != second_factor.CODES]
    context: dict[str, Any] = {
        "rows": [
            (
                row,
                _titled(second_factor_actions.says(row)),
                row.type == second_factor.KEY,
            )
            for row in factors
        ],
        "has_app": any(row.type == second_factor.APP for row in factors),
        "in_use": second_factor.is_in_use(),
        "required": second_factor.is_required_of(person_of(request)),
        "lacks": person_of(request).lacks_second_factor,
    }
    if factors:
        try:
            context["codes_left"] = len(second_factor.codes_left(user.pk))
        except OtherKeyError:
            context["trouble"] = second_factor_check.UNREAD
    return render(request, "accounts/factors.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def app(request: HttpRequest) -> HttpResponse:
    """Set up an app that shows codes (TOTP)."""
    asked = password_again.ask_before_sign_in_changes(request)
    if asked is not None:
        return asked
    if password_again.is_answer(request):
        return redirect("second-factor-app")
    user = user_of(request)
    secret = _secret(request) if request.method == "POST" else _new_secret(request)
    form = AppForm(request.POST or None)
    if form.is_valid():
        here = request.session.session_key or ""
        try:
            codes = second_factor_actions.add_app(
                user, secret, code=form.cleaned_data["code"], here=here
            )
        except Unfit as error:
            form.add_error("code", error.sentence)
        except NovawebError as error:
            return sorry(request, error)
        else:
            del request.session[_SECRET]
            return _is_set_up(request, codes)
    adapter = get_adapter()
    picture = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    context = {
        "form": form,
        "picture": base64.b64encode(picture.encode()).decode(),
        "secret": " ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/factor_app.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def key(request: HttpRequest) -> HttpResponse:
    """Set up a security key (WebAuthn)."""
    asked = password_again.ask_before_sign_in_changes(request)
    if asked is not None:
        return asked
    if password_again.is_answer(request):
        return redirect("second-factor-key")
    user = user_of(request)
    form = KeyForm(request.POST or None)
    if form.is_valid():
        sent, here = form.cleaned_data, request.session.session_key or ""
        try:
            codes = second_factor_actions.add_key(
                user, sent["key"], name=sent["name"], here=here
            )
        except Unfit as error:
            form.add_error("key", error.sentence)
        except NovawebError as error:
            return sorry(request, error)
        else:
            return _is_set_up(request, codes)
    context = {
        "form": form,
        "key_options": second_factor_check.new_key_request(request, user),
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/factor_key.html", context, status=status)


def _is_set_up(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """Show the first recovery codes, which are not shown again; else the list."""
    sessions.factor_shown(request)
    if codes:
        return _show_codes(request, codes)
    messages.success(request, "The second factor is set up.")
    return redirect("second-factor")


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return render(request, "accounts/recovery_codes.html", {"codes": codes})


def _secret(request: HttpRequest) -> str:
    """Return the secret that was shown for the new app."""
    try:
        return sealing.unseal(request.session.get(_SECRET, ""), purpose=PURPOSE)
    except OtherKeyError:  # shown in another session, or never
        return _new_secret(request)


def _new_secret(request: HttpRequest) -> str:
    secret: str = generate_totp_secret()
    request.session[_SECRET] = sealing.seal(secret, purpose=PURPOSE)
    return secret


def _titled(text: str) -> str:
    text = text.removeprefix("the ").removeprefix("an ")
    return text[:1].upper() + text[1:]
