"""Copy speed of a pair of hosts, and the action to measure it."""

from __future__ import annotations

from contextlib import suppress

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from migrations_app.access.permissions import Verb
from migrations_app.errors import TooLate
from migrations_app.integrations import clouds
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.inventory.copy_speeds import queries as copy_speed_queries
from migrations_app.inventory.copy_speeds.actions import Pair
from migrations_app.web.page import is_htmx, page, user_of
from migrations_app.web.posted import posted


@require_safe
@page()
def speed(request: HttpRequest) -> HttpResponse:
    """Show the pair's measurements, as a page or as a part of one."""
    return _show(request, _pair(request))


@posted("requests")
@page(Verb.MEASURE)
def measure(request: HttpRequest) -> HttpResponse:
    """Queue a measurement; show it, or redirect to its page."""
    asked = _pair(request)
    with suppress(TooLate):  # it is being measured, which is what was wanted
        copy_speed_actions.ask(
            by=user_of(request),
            cloud=asked.cloud,
            source=asked.source,
            target=asked.target,
        )
    if is_htmx(request):
        return _show(request, _pair(request))
    messages.success(request, "A worker measures the speed; this takes some seconds.")
    place = urlencode(
        {"cloud": asked.cloud, "source": asked.source, "target": asked.target}
    )
    return redirect(f"{reverse('speed')}?{place}")


def _pair(request: HttpRequest) -> Pair:
    given = {**request.GET.dict(), **request.POST.dict()}
    return copy_speed_actions.pair(
        clouds.chosen(given.get("cloud")),
        given.get("source", "")[:255],
        given.get("target", "")[:255],
    )


def _show(request: HttpRequest, pair: Pair) -> HttpResponse:
    if is_htmx(request):
        return render(request, "inventory/_copy_speeds_of_pair.html", {"pair": pair})
    rows = copy_speed_queries.speeds(pair.cloud, pair.source, pair.target)
    return render(request, "inventory/copy_speeds.html", {"pair": pair, "rows": rows})
