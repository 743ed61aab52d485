"""What-if page; its address contains the whole question."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from migrations_app.drains import what_if
from migrations_app.drains.what_if import Answer, Question
from migrations_app.errors import NovawebError
from migrations_app.inventory import queries as inventory_queries
from migrations_app.models import Instance
from migrations_app.requests.many import MOST
from migrations_app.web.drains import effect_bars, what_if_form
from migrations_app.web.drains.what_if_form import WhatIfForm
from migrations_app.web.page import page


@dataclass(frozen=True, slots=True)
class Pick:
    """A selected instance, and the query string without it."""

    instance: Instance
    target: str
    without: str


@require_safe
@page(dear="what-if")
def foresee(request: HttpRequest) -> HttpResponse:
    """Show the form, and the answer to the question in the address."""
    wanted = what_if_form.question(request.GET)
    try:
        if names := what_if_form.names(request.GET.getlist("add")):
            added = inventory_queries.uuids_of(names, cloud=wanted.cloud)
            both = dict.fromkeys(added, "") | dict(wanted.picks)
            wanted = replace(wanted, picks=both)
            return redirect(f"{reverse('what-if')}?{what_if_form.query(wanted)}")
        picks = _picks(wanted)
    except NovawebError as error:
        return _show(request, Question(), {"trouble": error.sentence}, error.status)
    if wanted.empty:
        return _show(request, wanted, {"picks": picks})
    if "now" not in request.GET and (many := what_if.takes_time(wanted)):
        # the page comes at once, and fetches the effect
        later = {"picks": picks, "many": many, "query": what_if_form.query(wanted)}
        return _show(request, wanted, later)
    try:
        answer = what_if.foresee(wanted)
    except NovawebError as error:
        context = {"trouble": error.sentence, "picks": picks}
        return _show(request, wanted, context, error.status)
    return _show(request, wanted, {"picks": picks, **answered(answer, wanted.hosts)})


def answered(answer: Answer, emptied: tuple[str, ...]) -> dict[str, Any]:
    """Return the context of the templates for an effect."""
    return {
        "answer": answer,
        "moves": answer.moves,
        "stays": answer.stays,
        "touched": effect_bars.touched(answer.effect, emptied=emptied),
        "broken": answer.effect.broken,
        "goals": len({task.target for task in answer.tasks}),
        "limits": answer.limits,
        "most_at_once": MOST,
    }


def _picks(wanted: Question) -> list[Pick]:
    without = what_if_form.without(wanted)
    return [
        Pick(instance=instance, target=wanted.picks[uuid], without=without[uuid])
        for uuid, instance in inventory_queries.instances_of(list(wanted.picks)).items()
    ]


def _show(
    request: HttpRequest, wanted: Question, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    clouds = inventory_queries.freshness()
    rows = inventory_queries.hypervisors().select_related(None).order_by("zone", "host")
    if wanted.cloud:
        rows = rows.filter(cloud__name=wanted.cloud)
    filled = dict(what_if_form.initial(wanted))
    if status != 200:
        # what could not be understood stays in the form
        for name in ("host", "target", "add"):
            filled[name] = ", ".join(what_if_form.names(request.GET.getlist(name)))
    drain = [("cloud", wanted.cloud)] if wanted.cloud else []
    drain += [("hosts", ", ".join(wanted.hosts))]
    drain += [("targets", ", ".join(wanted.targets))] if wanted.targets else []
    context = {
        "form": WhatIfForm(initial=filled, clouds=[each.cloud for each in clouds]),
        "wanted": wanted,
        "hosts": what_if_form.host_list(rows.values_list("host", "zone")),
        "clouds": clouds,
        "drain_query": urlencode(drain),
        **more,
    }
    return render(request, "drains/what_if.html", context, status=status)
