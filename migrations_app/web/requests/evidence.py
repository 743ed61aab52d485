"""Page with the evidence of a change, for printing and filing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app.access.permissions import Verb
from migrations_app.requests import queries as request_queries
from migrations_app.requests.evidence import open_evidence
from migrations_app.web import capacity_bars
from migrations_app.web.page import in_utc, page, user_of


@require_safe
@page(Verb.SEE_AUDIT, dear="export")
@in_utc
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the evidence of the request; opening it is audited."""
    row = request_queries.request(pk)
    found = open_evidence(row, by=user_of(request))
    context = {"found": found, "move": row, "hosts": capacity_bars.hosts(row.what_if)}
    return render(request, "requests/evidence.html", context)
