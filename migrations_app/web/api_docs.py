"""The page that shows the description of the API, for people."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show it to everybody, as the description itself is: it tells of nothing stored.

    A script makes the page of the description, and asks for nothing else.
    """
    return render(request, "api_docs.html")
