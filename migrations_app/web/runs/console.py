"""Page of the console of a moved instance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from migrations_app.access.permissions import Verb
from migrations_app.runs import console as run_console
from migrations_app.runs import queries as run_queries
from migrations_app.web.page import page, user_of
from migrations_app.web.posted import posted


@posted("run", "pk")
@page(Verb.CONSOLE)
def console(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the last lines of the console, and the link to its screen."""
    found = run_console.look_at(pk, by=user_of(request))
    row = run_queries.run(pk)
    context = {"run": row, "move": row.request, "console": found}
    return render(request, "runs/console.html", context)
