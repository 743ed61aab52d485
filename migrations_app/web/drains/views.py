"""Pages of drains: the list, a drain, and its live part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event
from django_tables2 import RequestConfig

from migrations_app.access import permissions
from migrations_app.access.permissions import Refusal, Verb
from migrations_app.drains import actions as drain_actions
from migrations_app.drains import queries as drain_queries
from migrations_app.drains.filters import DrainFilter
from migrations_app.drains.planner.model import Limits
from migrations_app.drains.planner.violations import Broken
from migrations_app.models import AuditEntry, Decision, Drain, MigrationRequest
from migrations_app.models.states import OPEN_DRAINS, DrainState
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.approvals.status import ApprovalStatus
from migrations_app.web.drains import effect_bars
from migrations_app.web.drains.tables import DrainTable
from migrations_app.web.lists import pages
from migrations_app.web.page import page, person_of, user_of

_BEFORE = {DrainState.REQUESTED, DrainState.APPROVED}


@require_safe
@page()
def drains(request: HttpRequest) -> HttpResponse:
    """List drains, newest first, with filters."""
    wanted = DrainFilter(
        request.GET, queryset=drain_queries.drains(), person=person_of(request)
    )
    table = DrainTable(wanted.qs)
    RequestConfig(request, paginate=pages(request)).configure(table)
    table.counts = drain_queries.counts([row.record.pk for row in table.paginated_rows])
    return render(request, "drains/list.html", {"table": table, "wanted": wanted})


@require_safe
@page()
def drain(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one drain: plan, effect, progress and result."""
    return show_drain(request, drain_queries.drain(pk))


@require_safe
@page()
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the part of the page that changes while a drain is planned or runs.

    When the state has changed, an event makes the page load the rest.
    """
    row = drain_queries.drain(pk)
    answer = render(request, "drains/_progress.html", vars(_progress(row)))
    if request.GET.get("state") != row.state:
        trigger_client_event(answer, "drain-changed", after="settle")
    return answer


@dataclass(frozen=True, kw_only=True)
class DrainProgress:
    """What drains/_progress.html shows: the part of a drain's page that changes."""

    drain: Drain
    moves: list[MigrationRequest]
    tally: drain_queries.Tally
    open: bool
    before: bool  # it has not started


@dataclass(frozen=True, kw_only=True)
class DrainPage(DrainProgress):
    """What drains/drain.html shows of a drain to a person."""

    stays: list[dict[str, Any]]
    limits: Limits
    approval_statuses: list[ApprovalStatus]
    no_policy: str
    decisions: list[Decision]
    history: list[AuditEntry]
    touched: list[effect_bars.Touched]
    broken: Sequence[Broken]
    may: dict[str, bool]  # by action
    no_approve: Refusal | None  # why they may not; None: they may
    left_disabled: list[str]  # the hosts that it disabled, and that still are
    again: bool  # it is over, not all was moved, and they may ask for another
    trouble: str = ""  # why what they asked for was not done
    tried: str = ""  # what that was: its form has their words again, and is open
    note: str = ""  # what they typed, so that it is not lost


def _progress(row: Drain) -> DrainProgress:
    moves = drain_queries.moves(row)
    return DrainProgress(
        drain=row,
        moves=moves,
        tally=drain_queries.tally(moves, stays=len(row.stays)),
        open=row.state in OPEN_DRAINS,
        before=row.state in _BEFORE,
    )


def show_drain(
    request: HttpRequest,
    row: Drain,
    *,
    trouble: str = "",
    tried: str = "",
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the page of the drain, with the error of an action, if any."""
    now = _progress(row)
    effect = drain_queries.foreseen(row, now.moves) if now.before else None
    no_approve = drain_actions.why_not(user_of(request), Verb.APPROVE, row)
    shown = DrainPage(
        **vars(now),
        stays=row.stays,
        limits=drain_queries.limits(row),
        approval_statuses=drain_queries.approval_statuses(row) if now.before else [],
        no_policy=evaluate.NO_POLICY,
        decisions=drain_queries.decisions(row),
        history=drain_queries.history(row),
        touched=effect_bars.touched(effect, emptied=row.hosts) if effect else [],
        broken=effect.broken if effect else (),
        may={
            "approve": not no_approve,
            **_may(request, row),
            "move_back": _may_move_back(request, now),
        },
        no_approve=no_approve,
        left_disabled=[] if now.open else drain_queries.left_disabled(row),
        again=bool(row.hosts)
        and not now.open
        and row.state != DrainState.COMPLETED
        and not permissions.why_not(person_of(request), Verb.DRAIN),
        trouble=trouble,
        tried=tried,
        note=note,
    )
    return render(request, "drains/drain.html", vars(shown), status=status)


def _may(request: HttpRequest, row: Drain) -> dict[str, bool]:
    asked = (Verb.REJECT, Verb.WITHDRAW, Verb.PAUSE, Verb.RESUME, Verb.CANCEL)
    user = user_of(request)
    return {str(verb): not drain_actions.why_not(user, verb, row) for verb in asked}


def _may_move_back(request: HttpRequest, now: DrainProgress) -> bool:
    """Return whether they may ask, by another request, for what was moved to return.

    It can be moved back when all of the drain is over.
    """
    over = bool(now.tally.moved) and not now.open
    return over and not permissions.why_not(person_of(request), Verb.DRAIN)
