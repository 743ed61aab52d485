"""The world now: what a run's instance is, beside what the step at hand wants."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app import queries, world_now
from migrations_app.views.frame import is_htmx, page, show
from migrations_app.would import would


@require_safe
@page()
def world(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask all neighbours, and show the answers: as a part of the run's page.

    Without script as a page of its own.
    """
    run = queries.run(pk)
    now = world_now.look(run)
    context = {"run": run, "move": run.request, "now": now, "would": would(now)}
    if is_htmx(request):
        return render(request, "runs/_world.html", context)
    return show(request, "runs/world.html", context)
