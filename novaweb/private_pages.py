"""What browsers are told beside a page: to keep none, and to give it no devices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
DEVICES = (
    *("accelerometer", "autoplay", "camera", "display-capture"),
    *("encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "midi"),
    *("magnetometer", "microphone", "payment", "screen-wake-lock", "serial", "usb"),
    "xr-spatial-tracking",
)
JSON = ("application/json", "application/problem+json")
# security keys: on the pages that ask for one, which say so by ``asks_for_key``
KEYS = ("publickey-credentials-create", "publickey-credentials-get")
_CLOSED = ", ".join(f"{name}=()" for name in DEVICES)
POLICY = ", ".join([_CLOSED, *(f"{name}=()" for name in KEYS)])
POLICY_WITH_KEYS = ", ".join([_CLOSED, *(f"{name}=(self)" for name in KEYS)])


class PrivatePages:
    """Whatever is asked for here is for one person, and for now.

    Static files are answered before, by WhiteNoise. Sign-out has the browser forget
    the pages that it may have kept after all.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self._waits: bool = iscoroutinefunction(get_response)
        if self._waits:
            markcoroutinefunction(self)

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._waits:
            return self._later(request)
        return marked(request, cast(HttpResponseBase, self.get_response(request)))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        return marked(
            request, answer if isinstance(answer, HttpResponseBase) else await answer
        )


def marked(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    """Return the answer with its headers."""
    answer["Cache-Control"] = "no-store"
    asks = getattr(request, "asks_for_key", False)
    answer["Permissions-Policy"] = POLICY_WITH_KEYS if asks else POLICY
    if answer.get("Content-Type", "").startswith(JSON):
        # a browser that opens an address of the interface shows no page made of it
        answer.setdefault("Content-Disposition", 'attachment; filename="api.json"')
    match = request.resolver_match
    leaves = match is not None and match.view_name in {"logout", "admin:logout"}
    if leaves and request.method == "POST" and answer.status_code < 400:
        # the session is over; what a person prefers (theme, zone) may stay
        answer["Clear-Site-Data"] = '"cache"'
    return answer
