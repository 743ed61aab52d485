"""Which methods of HTTP pages take; the interface's views name theirs themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

PAGES = ("GET", "HEAD", "POST")
INTERFACE = "/api/"


def refused(request: HttpRequest) -> HttpResponseBase | None:
    """Return 405 for a method that no page has; None: it may be asked.

    Django's own views of forms take PUT for POST, and its admin takes any for GET.
    """
    if request.method in PAGES or request.path_info.startswith(INTERFACE):
        return None
    return HttpResponseNotAllowed(PAGES)


@sync_and_async_middleware
def pages_take_few(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Middleware: pages take GET, HEAD and POST."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return refused(request) or await get_response(request)

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        return refused(request) or get_response(request)

    return now
