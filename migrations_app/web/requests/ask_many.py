"""Several moves of the what-if page are requested, each as a request of its own."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from migrations_app.access.permissions import Verb
from migrations_app.inventory import queries as inventory_queries
from migrations_app.requests import inputs, many
from migrations_app.web.page import page, user_of
from migrations_app.web.posted import posted


@posted("what-if")
@page(Verb.ASK)
def ask_many(request: HttpRequest) -> HttpResponse:
    """Request the move of each instance; show which was requested, and why not."""
    given = request.POST
    uuids = many.few(given.getlist("instance"), what="instances")
    reason = inputs.reason(given.get("reason", ""))
    ticket = inputs.ticket(given.get("ticket", ""))
    targets = {uuid: given.get(f"to-{uuid}", "") for uuid in uuids}

    rows = inventory_queries.instances_of(uuids)
    moves = [
        {"instance": uuid, "cloud": row.cloud.name, "target": targets[uuid] or None}
        for uuid, row in rows.items()
    ]
    found = many.ask(
        moves, by=user_of(request), procedure="auto", reason=reason, ticket=ticket
    )
    results = {
        uuid: replace(it, name=rows[uuid].name)
        for uuid, it in zip(rows, found, strict=True)
    }
    left = [(uuid, targets[uuid]) for uuid, it in results.items() if not it.done]
    context = {
        "results": list(results.values()),
        "done": len(results) - len(left),
        "left": left,
        "reason": reason,
        "ticket": ticket,
    }
    return render(request, "requests/asked_many.html", context)
