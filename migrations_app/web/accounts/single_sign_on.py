"""Signing in by OpenID Connect: to the provider, and back from it."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import user_login_failed
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from migrations_app.access import openid_connect, sessions
from migrations_app.access.openid_connect import Told
from migrations_app.audit import external_accounts
from migrations_app.errors import NotAllowed, NovawebError
from migrations_app.models import ExternalIdentity
from migrations_app.web.page import sorry, user_of

ACTOR = "OpenID Connect"
_BEGUN = "novaweb_single_sign_on"
CLOCKS = 120  # seconds by which the provider's may differ


@login_not_required
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Lead to the provider; who is signed in, to confirm that it is them."""
    _require_use()
    again = request.user.is_authenticated
    after = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(
        after, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        after = reverse("home")
    callback = request.build_absolute_uri(reverse("single-sign-on-back"))
    try:
        answer = openid_connect.begin(request, callback, again=again)
    except NovawebError as error:
        return sorry(request, error)
    request.session[_BEGUN] = {"next": after, "at": time.time()}
    return answer


@login_not_required
@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """Sign in who comes back from the provider; who is signed in is confirmed."""
    _require_use()
    begun: dict[str, Any] = request.session.pop(_BEGUN, None) or {}
    after = str(begun.get("next") or reverse("home"))
    try:
        told = openid_connect.finish(request)
        if request.user.is_authenticated:
            _confirm(request, told, since=float(begun.get("at", time.time())))
            return redirect(after)
        user = external_accounts.settle(
            source=told.issuer,
            subject=told.subject,
            name=told.name,
            roles=openid_connect.roles_of(told.groups),
            actor=ACTOR,
        )
    except NovawebError as error:
        if isinstance(error, NotAllowed):
            user_login_failed.send(
                sender=__name__, credentials={"username": ""}, request=request
            )
        return sorry(request, error)
    user.backend = settings.AUTHENTICATION_BACKENDS[0]
    answer: HttpResponse = perform_login(request, Login(user=user, redirect_url=after))
    return answer


def _confirm(request: HttpRequest, told: Told, *, since: float) -> None:
    """Note that the person has just signed in there again. Raises NotAllowed."""
    known = ExternalIdentity.objects.filter(
        source=told.issuer, subject=told.subject, person=user_of(request)
    )
    if not known.exists():
        raise NotAllowed(
            "The sign-in service knows you as somebody else than you are here. Sign out"
            " there, and try again."
        )
    if told.authenticated_at < since - CLOCKS:
        raise NotAllowed(
            "The sign-in service did not ask you again, or does not say when it did, so"
            " nothing is confirmed. A second factor of novaweb confirms it, too."
        )
    sessions.password_entered(request)
    messages.success(request, "It is confirmed that it is you.")


def _require_use() -> None:
    if not openid_connect.is_configured():
        raise Http404
