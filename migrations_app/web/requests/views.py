"""Pages of requests, and decisions on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from migrations_app.access import permissions
from migrations_app.access.permissions import Refusal, Verb
from migrations_app.errors import NovawebError
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.inventory.copy_speeds.actions import Pair
from migrations_app.models import (
    AuditEntry,
    BrokenGlass,
    Decision,
    MigrationRequest,
    Run,
)
from migrations_app.models.states import OPEN_REQUESTS, RequestState
from migrations_app.requests import actions as request_actions
from migrations_app.requests import emergency_start
from migrations_app.requests import queries as request_queries
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.approvals.status import ApprovalStatus
from migrations_app.requests.filters import RequestFilter
from migrations_app.requests.windows import schedule
from migrations_app.runs import downtime
from migrations_app.runs import queries as run_queries
from migrations_app.runs.downtime import Probed, Standstill
from migrations_app.web import capacity_bars
from migrations_app.web.lists import pages
from migrations_app.web.note_form import note_in
from migrations_app.web.page import page, person_of, user_of
from migrations_app.web.posted import posted
from migrations_app.web.requests.tables import RequestTable


@require_safe
@page()
def requests(request: HttpRequest) -> HttpResponse:
    """List requests, newest first, with filters."""
    wanted = RequestFilter(
        request.GET, queryset=request_queries.requests(), person=person_of(request)
    )
    table = RequestTable(wanted.qs)
    RequestConfig(request, paginate=pages(request)).configure(table)
    person = person_of(request)
    table.may_decide = not all(
        permissions.why_not(person, verb)
        for verb in (Verb.APPROVE, Verb.REJECT, Verb.WITHDRAW)
    )
    return render(request, "requests/list.html", {"table": table, "wanted": wanted})


@require_safe
@page()
def request(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one request: plan, checks and decisions."""
    return _show(request, request_queries.request(pk))


@posted("request", "pk")
@page(Verb.APPROVE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve the plan with the digest shown on the page."""

    def act(note: str) -> str:
        digest = request.POST.get("plan_digest", "")
        row = request_actions.approve(
            pk, by=user_of(request), plan_digest=digest, note=note
        )
        if row.state != RequestState.REQUESTED:
            return "You approved this plan."
        found = evaluate.approval_status_of(row)
        left = found.missing if found else 0
        return (
            f"You approved this plan. {left} more"
            f" approval{' is' if left == 1 else 's are'} needed to start."
        )

    return decide(request, pk, act, verb=Verb.APPROVE)


@posted("request", "pk")
@page(Verb.REJECT)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Reject the request."""

    def act(note: str) -> str:
        request_actions.reject(pk, by=user_of(request), note=note)
        return "You rejected this request."

    return decide(request, pk, act, verb=Verb.REJECT)


@posted("request", "pk")
@page(Verb.WITHDRAW)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw the request."""

    def act(note: str) -> str:
        request_actions.withdraw(pk, by=user_of(request), note=note)
        return "You withdrew this request."

    return decide(request, pk, act, verb=Verb.WITHDRAW)


def decide(
    request: HttpRequest, pk: int, act: Callable[[str], str], *, verb: Verb
) -> HttpResponse:
    """Carry out the action; on failure show the page with the error sentence."""
    try:
        messages.success(request, act(note_in(request.POST)))
    except NovawebError as error:
        return _show(
            request,
            request_queries.request(pk),
            trouble=error.sentence,
            tried=verb,
            note=request.POST.get("note", ""),
            status=error.status,
        )
    return redirect("request", pk=pk)


# States of a request that has ended, and whose instance is where it was.
_NOT_MOVED = frozenset(RequestState) - OPEN_REQUESTS - {RequestState.COMPLETED}


@dataclass(frozen=True, kw_only=True)
class RequestPage:
    """What requests/request.html shows of a request to a person."""

    move: MigrationRequest
    run: Run | None
    measured: Standstill | None
    probe: Probed | None
    findings: list[dict[str, Any]]
    decisions: list[Decision]
    approval_status: ApprovalStatus | None
    no_policy: str
    no_approve: Refusal | None  # why they may not; None: they may
    decided: bool  # they approved this plan already
    again: bool  # it has ended without a move, and they may ask for it again
    no_glass: Refusal | None
    no_review: Refusal | None
    broken: list[BrokenGlass]
    conflicts: list[dict[str, Any]]
    history: list[AuditEntry]
    hosts: list[capacity_bars.Host]
    pair: Pair | None
    trouble: str = ""  # why what they asked for was not done
    tried: str = ""  # what that was: its form has their words again, and is open
    note: str = ""  # what they typed, so that it is not lost


def _show(
    request: HttpRequest,
    row: MigrationRequest,
    *,
    trouble: str = "",
    tried: str = "",
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    person = person_of(request)
    found = evaluate.approval_status_of(row)
    no_approve = permissions.why_not(person, Verb.APPROVE, request=row)
    run = getattr(row, "run", None)
    shown = RequestPage(
        move=row,
        run=run,
        measured=downtime.measured(run_queries.steps(run)) if run else None,
        probe=downtime.probed(run) if run else None,
        findings=row.findings,
        decisions=request_queries.decisions(row),
        approval_status=found,
        no_policy=evaluate.NO_POLICY,
        no_approve=no_approve or evaluate.why_not_now(person, found),
        decided=not no_approve and found is not None and person.id in found.counted,
        again=row.state in _NOT_MOVED and not permissions.why_not(person, Verb.ASK),
        no_glass=emergency_start.why_not(person, row, found=found),
        no_review=emergency_start.why_not_review(person, row, found=found),
        broken=list(emergency_start.all_starts().filter(request=row)),
        conflicts=[each.as_dict() for each in schedule.conflicts_of(row)],
        history=request_queries.audit_of(row),
        hosts=capacity_bars.hosts(row.what_if),
        pair=copy_speed_actions.pair(row.cloud.name, row.source, row.target)
        if row.target
        else None,
        trouble=trouble,
        tried=tried,
        note=note,
    )
    return render(request, "requests/request.html", vars(shown), status=status)
