"""Page of stale resources."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app.inventory.leaks import queries as leak_queries
from migrations_app.inventory.leaks.filters import LeakFilter
from migrations_app.web.lists import rows_per_page
from migrations_app.web.page import page


@require_safe
@page()
def leaks(request: HttpRequest) -> HttpResponse:
    """List the stale resources with their remedies."""
    wanted = LeakFilter(request.GET, queryset=leak_queries.leaks())
    found = Paginator(wanted.qs, rows_per_page(request))
    rows = found.get_page(request.GET.get("page"))
    context = {"wanted": wanted, "leaks": rows, "looks": leak_queries.looks()}
    return render(request, "inventory/leaks.html", context)
