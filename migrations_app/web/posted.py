"""Addresses that only forms are sent to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponseBase]


def posted(place: str, *named: str) -> Callable[[View], View]:
    """Let the view have what is posted; lead who only opens its address to a page.

    People open it without a form: by signing in again after the session ended under
    their hands, by reloading a refused form, by an address that was copied. ``place``
    is the page that the form is on, ``named`` the parts of the address that it shares.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def led(request: HttpRequest, /, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, **kwargs)
            shared = {name: kwargs[name] for name in named}
            led_to: HttpResponseBase = redirect(place, **shared)
            return led_to

        return require_http_methods(["GET", "HEAD", "POST"])(led)

    return decorate
