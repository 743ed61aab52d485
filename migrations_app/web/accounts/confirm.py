"""Page on which the password is entered again, for what programs in a browser do."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from migrations_app.web import password_again


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for the password; afterwards it counts as entered just now."""
    asked = password_again.ask(request)
    if asked is not None:
        return asked
    messages.success(request, "Your password is confirmed.")
    return redirect("sessions")
