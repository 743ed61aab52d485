"""The console of an instance that is or was moved."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from migrations_app import consoles, queries
from migrations_app.policy import Verb
from migrations_app.views.frame import page, show, user_of


@require_POST
@page(Verb.CONSOLE)
def console(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the console's last lines, and the way to its screen."""
    found = consoles.look_at(pk, by=user_of(request))
    row = queries.run(pk)
    context = {"run": row, "move": row.request, "console": found}
    return show(request, "runs/console.html", context)
