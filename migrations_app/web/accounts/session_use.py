"""Middleware that knows whether a session is in use."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from migrations_app.access import sessions


class SessionUse:
    """Keeps a session that somebody uses from ending for lack of use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Note the use, then answer the request."""
        if request.COOKIES:
            sessions.touch(request)
        return self.get_response(request)
