"""The inspection of a run: its instance as it is, beside what the step expects."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app.runs import queries as run_queries
from migrations_app.runs.action_preview import preview_actions
from migrations_app.runs.inspection import inspect_run
from migrations_app.web.page import is_htmx, page


@require_safe
@page(dear="current state")
def world(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask all sources, and show the answers: as a part of the run's page.

    Without JavaScript as a separate page.
    """
    run = run_queries.run(pk)
    inspection = inspect_run(run)
    context = {
        "run": run,
        "move": run.request,
        "inspection": inspection,
        "previews": preview_actions(inspection),
    }
    if is_htmx(request):
        return render(request, "runs/_inspection.html", context)
    return render(request, "runs/inspection.html", context)
