"""Pages of drains: the list, a drain, and its live part."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event
from django_tables2 import RequestConfig

from migrations_app.access import permissions as policy
from migrations_app.access.permissions import Verb
from migrations_app.drains import actions as verbs
from migrations_app.drains import queries as drains_seen
from migrations_app.drains.filters import DrainFilter
from migrations_app.models import Drain
from migrations_app.models.states import OPEN_DRAINS, DrainState
from migrations_app.requests.approvals import evaluate as rulings
from migrations_app.web.drains import effect_bars as effects
from migrations_app.web.drains.tables import DrainTable
from migrations_app.web.lists import PAGES
from migrations_app.web.page import page, person_of, user_of

_BEFORE = {DrainState.REQUESTED, DrainState.APPROVED}


@require_safe
@page()
def drains(request: HttpRequest) -> HttpResponse:
    """List drains, newest first, with filters."""
    wanted = DrainFilter(
        request.GET, queryset=drains_seen.drains(), person=person_of(request)
    )
    table = DrainTable(wanted.qs)
    RequestConfig(request, paginate=PAGES).configure(table)
    table.counts = drains_seen.counts([row.record.pk for row in table.paginated_rows])
    return render(request, "drains/list.html", {"table": table, "wanted": wanted})


@require_safe
@page()
def drain(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one drain: plan, effect, progress and result."""
    return show_drain(request, drains_seen.drain(pk))


@require_safe
@page()
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the part of the page that changes while a drain is planned or runs.

    When the state has changed, an event makes the page load the rest.
    """
    row = drains_seen.drain(pk)
    context = _moving(row)
    answer = render(request, "drains/_progress.html", context)
    if request.GET.get("state") != row.state:
        trigger_client_event(answer, "drain-changed", after="settle")
    return answer


def _moving(row: Drain) -> dict[str, Any]:
    moves = drains_seen.moves(row)
    return {
        "drain": row,
        "moves": moves,
        "tally": drains_seen.tally(moves),
        "open": row.state in OPEN_DRAINS,
        "before": row.state in _BEFORE,
    }


def show_drain(
    request: HttpRequest,
    row: Drain,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Return the page of the drain, with the error of an action, if any."""
    changing = _moving(row)
    effect = None
    if row.state in _BEFORE:
        effect = drains_seen.foreseen(row, changing["moves"])
    context = {
        **changing,
        "stays": row.stays,
        "limits": drains_seen.limits(row),
        "approval_statuses": drains_seen.approval_statuses(row)
        if row.state in _BEFORE
        else [],
        "no_policy": rulings.NO_POLICY,
        "decisions": drains_seen.decisions(row),
        "history": drains_seen.history(row),
        "touched": effects.touched(effect, emptied=row.hosts) if effect else [],
        "broken": effect.broken if effect else (),
        **_allowed(request, row, bool(changing["tally"].moved)),
        **(more or {}),
    }
    return render(request, "drains/drain.html", context, status=status)


def _allowed(request: HttpRequest, row: Drain, moved: bool) -> dict[str, Any]:
    """Return the permitted actions, and why the person may not approve."""
    refused = {
        verb: verbs.why_not(user_of(request), verb, row)
        for verb in (Verb.REJECT, Verb.WITHDRAW, Verb.PAUSE, Verb.RESUME, Verb.CANCEL)
    }
    no_approve = verbs.why_not(user_of(request), Verb.APPROVE, row)
    may = {str(verb): not sentence for verb, sentence in refused.items()}
    may["approve"] = not no_approve
    # what was moved can be moved back when all of it is over, by another request
    over = row.state not in OPEN_DRAINS
    may["move_back"] = bool(
        moved and over and not policy.why_not(person_of(request), Verb.DRAIN)
    )
    return {"may": may, "no_approve": no_approve}
