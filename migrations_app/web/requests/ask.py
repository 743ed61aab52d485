"""Form to request a move, with pre-flight checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from migrations_app.access.permissions import Verb
from migrations_app.errors import NovawebError
from migrations_app.inventory import queries as inventory_queries
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.inventory.copy_speeds.actions import Pair
from migrations_app.models import Instance, MigrationRequest
from migrations_app.preflight.advice import Advice
from migrations_app.requests import actions as request_actions
from migrations_app.requests import queries as request_queries
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.windows import places, schedule
from migrations_app.web import capacity_bars
from migrations_app.web.page import is_htmx, page, user_of
from migrations_app.web.posted import posted
from migrations_app.web.requests.ask_form import SHOWN, AskForm, targets
from migrations_app.wording import whole_number

OPTIONS_SHOWN = 8
Openings = list[tuple[datetime, datetime]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What requests/_advice.html shows: what a look at the move found."""

    best: dict[str, Any] | None  # the option that is recommended
    why: str  # rather than the next best
    options: list[dict[str, Any]]  # those shown, each with the policy that rules it
    more: list[dict[str, Any]]  # those that are not
    tried: int
    possible: int
    chosen: bool  # the person chose the target
    hosts: list[capacity_bars.Host]
    what_if_target: str
    pair: Pair | None
    conflicts: list[dict[str, Any]]  # with the time that is asked for
    next_openings: Openings
    no_policy: str = evaluate.NO_POLICY
    advice: bool = True


@dataclass(frozen=True, kw_only=True)
class AskPage:
    """What requests/ask.html shows, but for what a look at the move found."""

    instance: Instance
    form: AskForm
    targets: SafeString
    asked: MigrationRequest | None  # the open request of this instance
    openings: Openings
    trouble: str = ""  # why what was asked for was not done
    against: list[dict[str, Any]]  # the findings that forbade it


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.ASK)
def ask(request: HttpRequest) -> HttpResponse:
    """Show the form; create the request; redirect to it."""
    if request.method != "POST":
        return _blank(request)
    instance = inventory_queries.instance(request.POST.get("instance", ""))
    form = AskForm(request.POST)
    if not form.is_valid():
        return _show(request, instance, form, status=422)
    given = form.cleaned_data
    try:
        asked = request_actions.ask(
            by=user_of(request),
            instance=instance.uuid,
            cloud=instance.cloud.name,
            procedure=given["procedure"],
            target=given["target"] or None,
            reason=given["reason"],
            ticket=given["ticket"],
            window_start=form.window[0],
            window_end=form.window[1],
            options=form.options,
        )
    except NovawebError as error:
        return _show(request, instance, form, error=error, status=error.status)
    messages.success(request, "You requested this move. It waits for approval.")
    return redirect("request", pk=asked.pk)


def _blank(request: HttpRequest) -> HttpResponse:
    """Show the form, filled in with what an earlier request (``again``) had."""
    if (number := whole_number(request.GET.get("again", ""))) is not None:
        before = request_queries.request(number)
        instance = inventory_queries.instance(before.instance)
        return _show(request, instance, AskForm.filled_in(before))
    uuid = request.GET.get("instance", "")
    if not uuid:
        return redirect("instances")
    initial = {"target": request.GET.get("target", ""), "instance": uuid}
    form = AskForm(initial={"procedure": "auto"} | initial)
    return _show(request, inventory_queries.instance(uuid), form)


@posted("ask")
@page(Verb.ASK)
def preflight(request: HttpRequest) -> HttpResponse:
    """Return the checks of the move as a part of the form's page.

    Without JavaScript the whole page is returned, with the form as filled in.
    """
    instance = inventory_queries.instance(request.POST.get("instance", ""))
    form = AskForm(request.POST)
    if is_htmx(request):
        found = _looked_at(request, instance, form)
        return render(request, "requests/_advice.html", vars(found))
    try:
        found = _looked_at(request, instance, form)
    except NovawebError as error:
        return _show(request, instance, form, error=error, status=error.status)
    return _show(request, instance, form, found=found)


def _looked_at(request: HttpRequest, instance: Instance, form: AskForm) -> Found:
    target = request.POST.get("target", "")
    advice: Advice = request_actions.preflight(
        by=user_of(request),
        instance=instance.uuid,
        cloud=instance.cloud.name,
        procedure=request.POST.get("procedure") or "auto",
        target=target or None,
    )
    options = [option.as_dict() for option in advice.options]
    shown = options[:OPTIONS_SHOWN]
    who = evaluate.rules_for_ways(
        instance.cloud.name,
        instance=instance.uuid,
        project=instance.project_id,
        source=instance.host,
        procedures_targets=[(it["procedure"], it["target"]) for it in shown],
    )
    for option, rule in zip(shown, who, strict=True):
        option["rule"] = rule
    best = advice.recommended.as_dict() if advice.recommended else None
    form.is_valid()  # what is still to be filled in does not matter here
    place = best["target"] if best and not target else target
    where = places.where(
        instance.cloud.name, [instance.host, place], any_target=not place
    )
    estimate = best["estimate"] if best else None
    conflicts = schedule.conflicts(where, window=form.window, estimate=estimate)
    pair = (
        copy_speed_actions.pair(instance.cloud.name, instance.host, target)
        if target
        else None
    )
    return Found(
        best=best,
        why=advice.why,
        options=shown,
        more=options[OPTIONS_SHOWN:],
        tried=len(options),
        possible=sum(option["verdict"] != "blocks" for option in options),
        chosen=bool(target),
        hosts=capacity_bars.hosts(advice.what_if.as_dict() if advice.what_if else None),
        what_if_target=_target_of(advice),
        pair=pair,
        conflicts=[each.as_dict() for each in conflicts],
        next_openings=schedule.openings(where, most=3) if conflicts else [],
    )


def _target_of(advice: Advice) -> str:
    change = advice.what_if.target if advice.what_if else None
    return change.host if change else ""


def _show(
    request: HttpRequest,
    instance: Instance,
    form: AskForm,
    *,
    found: Found | None = None,
    error: NovawebError | None = None,
    status: int = 200,
) -> HttpResponse:
    # only what a choice shows: there may be a thousand of them
    hosts = inventory_queries.hypervisors().select_related(None).only(*SHOWN).order_by()
    others = hosts.filter(cloud=instance.cloud_id).exclude(host=instance.host)
    chosen = form["target"].value() or ""
    where = places.where(
        instance.cloud.name,
        [instance.host, chosen],
        # where the adviser chooses, nobody knows yet whether it leaves that open
        any_target=not chosen and form["procedure"].value() != "auto",
    )
    shown = AskPage(
        instance=instance,
        form=form,
        targets=targets(others, instance.zone, chosen),
        asked=request_queries.open_requests([instance.uuid]).get(instance.uuid),
        openings=schedule.openings(where),
        trouble=error.sentence if error else "",
        against=[each.as_dict() for each in getattr(error, "findings", ())],
    )
    context = {**vars(shown), **(vars(found) if found else {})}
    return render(request, "requests/ask.html", context, status=status)
