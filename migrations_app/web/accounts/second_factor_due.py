"""Middleware that leads who must have a second factor, and has none, to set one up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from migrations_app.access import permissions, second_factor, sessions

# Where to set one up, and what is not kept from anybody. The API refuses by itself.
OPEN = frozenset(
    (
        *("second-factor", "second-factor-app", "second-factor-key", "confirm"),
        *("single-sign-on", "single-sign-on-back"),
        *("password", "logout", "admin:logout", "healthz", "readyz", "metrics"),
    )
)


class SecondFactorDue:
    """Nothing else is shown before the second factor is set up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: Any,
        kwargs: Any,
    ) -> HttpResponse | None:
        """Lead to the page; None: the person may go on."""
        match = request.resolver_match
        if (
            not second_factor.is_required()
            or not request.user.is_authenticated
            or sessions.has_shown_factor(request)
            or (match is not None and match.view_name in OPEN)
            or not permissions.person(request.user).lacks_second_factor
        ):
            return None
        if request.path.startswith("/api/"):
            return None  # it has answers of its own: api/base.py
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(reverse("second-factor"))
        return redirect("second-factor")
