"""Page on which the password or a second factor is entered again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from migrations_app.web import password_again


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for it; afterwards it counts as entered just now."""
    asked = password_again.ask(request)
    if asked is not None:
        return asked
    messages.success(request, "It is confirmed that it is you.")
    return redirect("sessions")
