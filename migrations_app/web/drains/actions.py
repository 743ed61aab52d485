"""Actions on drains from pages: request, decide, pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from migrations_app.access.permissions import Verb
from migrations_app.drains import actions as drain_actions
from migrations_app.drains import queries as drain_queries
from migrations_app.errors import NovawebError, Unfit
from migrations_app.inventory import compute_services
from migrations_app.inventory import queries as inventory_queries
from migrations_app.models import Drain
from migrations_app.models.states import DrainState
from migrations_app.web import password_again
from migrations_app.web.drains.forms import DrainForm
from migrations_app.web.drains.views import show_drain
from migrations_app.web.drains.what_if_form import host_list
from migrations_app.web.note_form import note_in
from migrations_app.web.page import page, user_of
from migrations_app.web.posted import posted
from migrations_app.wording import whole_number

_VERBS: dict[str, tuple[Callable[..., Drain], str]] = {
    "reject": (drain_actions.reject, "You rejected this drain."),
    "withdraw": (drain_actions.withdraw, "You withdrew this drain."),
    "pause": (drain_actions.pause, "The drain is paused: no new move starts."),
    "resume": (drain_actions.resume, "The drain is resumed."),
    "cancel": (
        drain_actions.cancel,
        "The drain is cancelled: no new move starts, and running moves finish.",
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.DRAIN)
def ask(request: HttpRequest) -> HttpResponse:
    """Show the form; create the drain; redirect to it."""
    clouds = [each.cloud for each in inventory_queries.freshness()]
    if request.method != "POST":
        if (number := whole_number(request.GET.get("again", ""))) is not None:
            before = drain_queries.drain(number)
            return _form(request, DrainForm.filled_in(before, clouds=clouds))
        given = {
            name: request.GET[name]
            for name in ("cloud", "hosts", "targets")
            if name in request.GET
        }
        return _form(request, DrainForm(initial=given, clouds=clouds))
    form = DrainForm(request.POST, clouds=clouds)
    if not form.is_valid():
        return _form(request, form, status=422)
    try:
        row = drain_actions.ask(by=user_of(request), **form.asked)
    except NovawebError as error:
        return _form(request, form, {"trouble": error.sentence}, status=error.status)
    messages.success(
        request,
        "You requested this drain. It is being planned, then it waits for approval.",
    )
    return redirect("drain", pk=row.pk)


@posted("drain", "pk")
@page()
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Carry out the action in the address."""
    by = user_of(request)
    if verb == Verb.APPROVE:
        asked = password_again.ask_if_due(request)
        if asked is not None:
            return asked
    try:
        note = note_in(request.POST)
        if verb == "approve":
            digest = request.POST.get("plan_digest", "")
            row = drain_actions.approve(pk, by=by, plan_digest=digest, note=note)
            messages.success(request, _approved(row))
        elif verb == "move-back":
            row = drain_actions.move_back(pk, by=by, reason=note)
            messages.success(request, "You requested to move the instances back.")
            return redirect("drain", pk=row.pk)
        elif verb == "enable":
            host = request.POST.get("host", "")
            if host not in drain_queries.drain(pk).hosts:
                raise Unfit("This drain did not empty that host.")
            compute_services.enable_host(
                host, by=by, note=note, cloud=drain_queries.drain(pk).cloud.name
            )
            messages.success(request, f"nova-compute on {host} is enabled.")
        elif verb in _VERBS:
            carry_out, said = _VERBS[verb]
            carry_out(pk, by=by, note=note)
            messages.success(request, said)
        else:
            raise Http404
    except NovawebError as error:
        return show_drain(
            request,
            drain_queries.drain(pk),
            trouble=error.sentence,
            tried=verb,
            note=request.POST.get("note", ""),
            status=error.status,
        )
    return redirect("drain", pk=pk)


def _approved(row: Drain) -> str:
    if row.state != DrainState.REQUESTED:
        return "You approved this drain."
    return "You approved this drain. More approvals are needed to start."


def _form(
    request: HttpRequest,
    form: DrainForm,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    rows = inventory_queries.hypervisors().select_related(None).order_by("zone", "host")
    context = {
        "form": form,
        "hosts": host_list(rows.values_list("host", "zone")),
        **(more or {}),
    }
    return render(request, "drains/ask.html", context, status=status)
