"""Page with the evidence of a drain, for printing and filing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app.access.permissions import Verb
from migrations_app.drains import queries as drain_queries
from migrations_app.drains.evidence import open_evidence
from migrations_app.web.page import in_utc, page, user_of


@require_safe
@page(Verb.SEE_AUDIT, dear="export")
@in_utc
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the evidence of the drain; opening it is audited."""
    row = drain_queries.drain(pk)
    found = open_evidence(row, by=user_of(request))
    return render(request, "drains/evidence.html", {"found": found, "drain": row})
