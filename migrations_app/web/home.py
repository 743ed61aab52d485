"""The home page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app.drains import queries as drain_queries
from migrations_app.inventory import queries as inventory_queries
from migrations_app.requests import queries as request_queries
from migrations_app.web.page import page, person_of


@require_safe
@page()
def home(request: HttpRequest) -> HttpResponse:
    """Show the person's tasks, held runs and running moves."""
    context = {
        "desk": request_queries.desk(person_of(request)),
        "drains": drain_queries.desk(person_of(request)),
        "clouds": inventory_queries.freshness(),
    }
    return render(request, "home.html", context)
