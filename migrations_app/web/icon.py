"""The icon that browsers ask for where a page names none: the admin, and the API."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe


@require_safe
@login_not_required
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead to the logo, under the name that its contents give it."""
    return redirect(static("logo.svg"))
