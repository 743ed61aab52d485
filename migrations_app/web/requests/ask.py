"""Asking for a move, with a look at what speaks for and against it first."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from migrations_app.access.permissions import Verb
from migrations_app.errors import NovawebError
from migrations_app.inventory import queries as inventory_queries
from migrations_app.inventory.copy_speeds import actions as speeds
from migrations_app.models import Instance
from migrations_app.preflight.advice import Advice
from migrations_app.requests import actions as verbs
from migrations_app.requests import queries
from migrations_app.requests.approvals import evaluate as rulings
from migrations_app.requests.windows import schedule as timetable
from migrations_app.web import capacity_bars as what_if
from migrations_app.web.page import is_htmx, page, user_of
from migrations_app.web.requests.ask_form import SHOWN, AskForm, targets

OPTIONS_SHOWN = 8


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.ASK)
def ask(request: HttpRequest) -> HttpResponse:
    """Show the form; take it; go to the request that came of it."""
    wanted = request.POST if request.method == "POST" else request.GET
    uuid = wanted.get("instance", "")
    if not uuid:
        return redirect("instances")
    instance = inventory_queries.instance(uuid)
    if request.method != "POST":
        initial = {"target": request.GET.get("target", ""), "instance": uuid}
        return _show(
            request, instance, AskForm(initial={"procedure": "auto"} | initial)
        )
    form = AskForm(request.POST)
    if not form.is_valid():
        return _show(request, instance, form, status=422)
    given = form.cleaned_data
    try:
        asked = verbs.ask(
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
        context = {
            "trouble": error.sentence,
            "against": [f.as_dict() for f in getattr(error, "findings", ())],
        }
        status = error.status
        return _show(request, instance, form, context, status=status)
    messages.success(request, "You asked for this move. It waits for its approval.")
    return redirect("request", pk=asked.pk)


@require_POST
@page(Verb.ASK)
def preflight(request: HttpRequest) -> HttpResponse:
    """Show what speaks for and against the move: as a part of the form's page.

    Without script the whole page comes back, with the form as it was filled in.
    """
    instance = inventory_queries.instance(request.POST.get("instance", ""))
    form = AskForm(request.POST)
    if is_htmx(request):
        context = _looked_at(request, instance, form)
        return render(request, "requests/_advice.html", context)
    try:
        context = _looked_at(request, instance, form)
    except NovawebError as error:
        status = error.status
        context = {"trouble": error.sentence}
        return _show(request, instance, form, context, status=status)
    return _show(request, instance, form, context)


def _looked_at(
    request: HttpRequest, instance: Instance, form: AskForm
) -> dict[str, Any]:
    target = request.POST.get("target", "")
    advice: Advice = verbs.preflight(
        by=user_of(request),
        instance=instance.uuid,
        cloud=instance.cloud.name,
        procedure=request.POST.get("procedure") or "auto",
        target=target or None,
    )
    options = [option.as_dict() for option in advice.options]
    shown = options[:OPTIONS_SHOWN]
    who = rulings.rules_for_ways(
        instance.cloud.name,
        instance=instance.uuid,
        project=instance.project_id,
        source=instance.host,
        procedures_targets=[(it["procedure"], it["target"]) for it in shown],
    )
    for option, rule in zip(shown, who, strict=True):
        option["rule"] = rule
    best = advice.recommended and advice.recommended.as_dict()
    form.is_valid()  # what is still to be filled in does not matter here
    place = best["target"] if best and not target else target
    where = timetable.where(instance.cloud.name, [instance.host, place])
    estimate = best["estimate"] if best else None
    against = timetable.conflicts(where, window=form.window, estimate=estimate)
    return {
        "conflicts": [each.as_dict() for each in against],
        "next_openings": timetable.openings(where, most=3) if against else [],
        "advice": True,
        "best": best,
        "options": shown,
        "no_policy": rulings.NO_POLICY,
        "more": options[OPTIONS_SHOWN:],
        "hosts": what_if.hosts(advice.what_if.as_dict() if advice.what_if else None),
        "what_if_target": _target_of(advice),
        "chosen": bool(target),
        "pair": speeds.pair(instance.cloud.name, instance.host, target)
        if target
        else None,
        "possible": sum(option["verdict"] != "blocks" for option in options),
        "tried": len(options),
    }


def _target_of(advice: Advice) -> str:
    change = advice.what_if.target if advice.what_if else None
    return change.host if change else ""


def _show(
    request: HttpRequest,
    instance: Instance,
    form: AskForm,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    # only what a choice shows: there may be a thousand of them
    hosts = inventory_queries.hypervisors().select_related(None).only(*SHOWN).order_by()
    others = hosts.filter(cloud=instance.cloud_id).exclude(host=instance.host)
    context = {
        "instance": instance,
        "form": form,
        "targets": targets(others, instance.zone, form["target"].value() or ""),
        "asked": queries.open_requests([instance.uuid]).get(instance.uuid),
        "openings": timetable.openings(
            timetable.where(
                instance.cloud.name, [instance.host, form["target"].value()]
            )
        ),
        **(more or {}),
    }
    return render(request, "requests/ask.html", context, status=status)
