"""Null characters go from what browsers send: nobody types one, programs that probe do.

PostgreSQL holds none in a text, so that a query with one fails (psycopg: "text fields
cannot contain NUL (0x00) bytes"), where SQLite finds nothing. A cookie may have one
too: ``"\\000"`` in quotes is one (Django 5.2, http/cookie.py). The interface refuses
them by the name of the field (api/base.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from novaweb.methods import INTERFACE

NULL = "\0"


def cleared(request: HttpRequest) -> HttpRequest:
    """Return the request; that of a page has no null character any more."""
    for name, value in request.COOKIES.items():
        request.COOKIES[name] = value.replace(NULL, "")
    if request.path_info.startswith(INTERFACE):
        return request
    request.path_info = request.path_info.replace(NULL, "")
    request.path = request.path.replace(NULL, "")
    request.GET = _without(request.GET)  # type: ignore[assignment]
    if request.method == "POST":
        request.POST = _without(request.POST)  # type: ignore[assignment]
    return request


@sync_and_async_middleware
def no_null_characters(
    get_response: Callable[[HttpRequest], Any],
) -> Callable[..., Any]:
    """Middleware: what views see of a page's request has no null character."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            answer: HttpResponseBase = await get_response(cleared(request))
            return answer

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        answer: HttpResponseBase = get_response(cleared(request))
        return answer

    return now


def _without(given: QueryDict) -> QueryDict:
    """Return the same, or a copy without null characters if there are any."""
    if not any(NULL in value for _, values in given.lists() for value in values):
        return given
    found = given.copy()
    for name, values in given.lists():
        found.setlist(name, [value.replace(NULL, "") for value in values])
    found._mutable = False
    return found
