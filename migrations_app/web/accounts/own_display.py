"""Middleware that has pages show and take times as the reader chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from migrations_app.access import display, permissions

# What has its own times: programs name the zone, and Django's admin takes the site's.
OTHERS = ("/api/", "/admin/", "/django-rq/")


class OwnDisplay:
    """Sets the zone of each page: the one that its reader chose, else UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if request.path.startswith(OTHERS):
            return self.get_response(request)
        with display.times_in():
            return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: Any,
        kwargs: Any,
    ) -> None:
        """Take the reader's zone; of pages for everybody nobody need be known."""
        if (
            request.path.startswith(OTHERS)
            or not getattr(view, "login_required", True)
            or not request.user.is_authenticated
        ):
            return
        # read with the roles, which the page asks for anyway; put back by __call__
        display.show_times_in(permissions.person(request.user).display.zone)
