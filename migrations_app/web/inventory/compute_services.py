"""Pages of Nova services, read live, to disable and enable nova-compute."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from migrations_app.access import permissions
from migrations_app.access.permissions import Verb
from migrations_app.errors import NovawebError
from migrations_app.inventory import compute_services
from migrations_app.web.inventory.compute_service_table import ServiceTable
from migrations_app.web.inventory.compute_services_form import ServicesForm
from migrations_app.web.lists import pages
from migrations_app.web.note_form import note_in
from migrations_app.web.page import page, person_of, user_of
from migrations_app.web.posted import posted


@require_safe
@page()
def services(request: HttpRequest) -> HttpResponse:
    """List all Nova services; show the error if Nova does not answer."""
    cloud = request.GET.get("cloud", "")
    trouble, status = "", 200
    try:
        found = compute_services.services(by=user_of(request), cloud=cloud or None)
    except NovawebError as error:
        found, trouble, status = [], error.sentence, error.status
    form = ServicesForm(request.GET, binaries=(each.binary for each in found))
    table = ServiceTable(form.narrow(found))
    if trouble:
        table.empty_text = "The services are not known: Nova did not answer."
    table.cloud = cloud
    if not permissions.why_not(person_of(request), Verb.DISABLE):
        table.columns.show("change")
    else:
        table.columns.hide("change")
    RequestConfig(request, paginate=pages(request)).configure(table)
    context = {"table": table, "wanted": {"form": form}, "trouble": trouble}
    return render(request, "inventory/compute_services.html", context, status=status)


@require_safe
@page()
def service(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show one service with the effects of a change."""
    return _show(request, uuid, request.GET.get("cloud", ""))


@posted("services")
@page(Verb.DISABLE)
def disable(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Disable the service with the given reason."""
    return _change(request, uuid, enabled=False)


@posted("services")
@page(Verb.ENABLE)
def enable(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Enable the service."""
    return _change(request, uuid, enabled=True)


def _change(request: HttpRequest, uuid: UUID, *, enabled: bool) -> HttpResponse:
    cloud = request.POST.get("cloud", "")
    by = user_of(request)
    try:
        note = note_in(request.POST)
        if enabled:
            done = compute_services.enable(
                str(uuid), by=by, note=note, cloud=cloud or None
            )
        else:
            done = compute_services.disable(
                str(uuid), by=by, reason=note, cloud=cloud or None
            )
    except NovawebError as error:
        context = {"trouble": error.sentence, "note": request.POST.get("note", "")}
        return _show(request, uuid, cloud, context, status=error.status)
    word = "enabled" if enabled else "disabled"
    messages.success(request, f"nova-compute on {done.host} is {word}.")
    query = f"?{urlencode({'cloud': cloud})}" if cloud else ""
    return redirect(reverse("service", args=[uuid]) + query)


def _show(
    request: HttpRequest,
    uuid: UUID,
    cloud: str,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    found = compute_services.service(
        str(uuid), by=user_of(request), cloud=cloud or None
    )
    if found.enabled:
        refusal = compute_services.why_not_disable(found)
    else:
        refusal = compute_services.why_not_enable(found, cloud=cloud or None)
    verb = Verb.DISABLE if found.enabled else Verb.ENABLE
    context = {
        "service": found,
        "cloud": cloud,
        "refusal": permissions.why_not(person_of(request), verb) or refusal,
        **(more or {}),
    }
    return render(request, "inventory/compute_service.html", context, status=status)
