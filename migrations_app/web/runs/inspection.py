"""The world now: what a run's instance is, beside what the step at hand wants."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app.runs import inspection as world_now
from migrations_app.runs import queries as runs_queries
from migrations_app.runs.action_preview import would
from migrations_app.web.page import is_htmx, page, show


@require_safe
@page()
def world(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask all neighbours, and show the answers: as a part of the run's page.

    Without script as a page of its own.
    """
    run = runs_queries.run(pk)
    now = world_now.look(run)
    context = {"run": run, "move": run.request, "now": now, "would": would(now)}
    if is_htmx(request):
        return render(request, "runs/_inspection.html", context)
    return show(request, "runs/inspection.html", context)
