"""Several moves of the what-if page are requested, each as a request of its own."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from migrations_app.access import throttle
from migrations_app.access.permissions import Verb
from migrations_app.inventory import queries as inventory_queries
from migrations_app.models import Instance
from migrations_app.requests import actions as request_actions
from migrations_app.requests import inputs
from migrations_app.web.page import page, user_of
from migrations_app.web.posted import posted
from migrations_app.web.requests.one_by_one import carried_out, few


@posted("what-if")
@page(Verb.ASK)
def ask_many(request: HttpRequest) -> HttpResponse:
    """Request the move of each instance; show which was requested, and why not."""
    given = request.POST
    uuids = few(given.getlist("instance"), what="instances")
    reason = inputs.reason(given.get("reason", ""))
    ticket = inputs.ticket(given.get("ticket", ""))
    targets = {uuid: given.get(f"to-{uuid}", "") for uuid in uuids}

    def ask(row: Instance) -> tuple[str, int]:
        # hosts are looked at for each, as by a pre-flight
        throttle.admit(request.user.pk, "preflight")
        asked = request_actions.ask(
            by=user_of(request),
            instance=row.uuid,
            cloud=row.cloud.name,
            procedure="auto",
            target=targets[row.uuid] or None,
            reason=reason,
            ticket=ticket,
        )
        target = asked.target or "a host chosen by the scheduler"
        return f"Requested, to {target}: it waits for approval.", asked.pk

    rows = inventory_queries.instances_of(uuids)
    results = {
        uuid: carried_out(row.name, partial(ask, row)) for uuid, row in rows.items()
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
