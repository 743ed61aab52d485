"""Pages of the capacity of all hosts, and of each host."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from migrations_app.access import permissions
from migrations_app.access.permissions import Verb
from migrations_app.audit.csv_cells import covered
from migrations_app.errors import NovawebError
from migrations_app.inventory import capacity, capacity_overview, compute_services
from migrations_app.inventory import queries as inventory_queries
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.inventory.copy_speeds.actions import Pair
from migrations_app.inventory.filters import HypervisorFilter
from migrations_app.inventory.leaks import queries as leak_queries
from migrations_app.models import Hypervisor, Leak, MigrationRequest
from migrations_app.requests import queries as request_queries
from migrations_app.requests.windows import schedule
from migrations_app.requests.windows.calendar.scope import Spot, Where
from migrations_app.requests.windows.calendar.window import Occurrence
from migrations_app.web.inventory.history_charts import Chart, charts
from migrations_app.web.inventory.hypervisor_table import HypervisorTable, free
from migrations_app.web.inventory.instance_table import InstanceTable
from migrations_app.web.lists import pages
from migrations_app.web.note_form import note_in
from migrations_app.web.page import page, person_of, user_of
from migrations_app.web.posted import posted

# fewer than elsewhere: beside the heat map and the charts
ROWS = 20
# how far a chart reaches back, and the grain of its snapshots
SPANS = {
    "day": (timedelta(days=1), 5),
    "month": (timedelta(days=31), 60),
    "year": (timedelta(days=366), 1440),
}


@require_safe
@page()
def hypervisors(request: HttpRequest) -> HttpResponse:
    """Show the capacity of all hosts: totals, heat map and filtered list."""
    wanted = HypervisorFilter(request.GET, queryset=inventory_queries.hypervisors())
    by = request.GET.get("by", "")
    by = by if by in capacity.CLASSES else "memory"
    largest = capacity_overview.largest_in_use()
    table = HypervisorTable(wanted.qs)
    table.largest = largest
    RequestConfig(request, paginate=pages(request, usual=ROWS)).configure(table)
    table.most = capacity.used_most([row.record for row in table.paginated_rows])
    overview = capacity_overview.overview(wanted.qs, by=by, largest=largest)
    resources = [("vcpus", "VCPUs"), ("memory", "Memory"), ("disk", "Disk")]
    if by == "pcpus" or any(total.capacity["pcpus"] for total in overview.totals):
        resources.insert(1, ("pcpus", "Dedicated CPUs"))
    context = {
        "table": table,
        "wanted": wanted,
        "resources": resources,
        "overview": overview,
        "clouds": inventory_queries.freshness(),
    }
    return render(request, "inventory/hypervisors.html", context)


@require_safe
@page()
def hypervisors_csv(request: HttpRequest) -> HttpResponse:
    """Return the filtered list as CSV."""
    rows = HypervisorFilter(request.GET, queryset=inventory_queries.hypervisors()).qs
    response = HttpResponse("".join(_lines(rows)), content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="capacity.csv"'
    return response


@require_safe
@page()
def hypervisor(request: HttpRequest, host: str) -> HttpResponse:
    """Show one host: state, capacity, history and instances."""
    return _show(request, host, request.GET.get("cloud", ""))


@posted("hypervisor", "host")
@page(Verb.ENABLE)
def enable(request: HttpRequest, host: str) -> HttpResponse:
    """Enable nova-compute on the host, which a drain may have left disabled."""
    cloud = request.POST.get("cloud", "")
    note = request.POST.get("note", "")
    try:
        note = note_in(request.POST)
        compute_services.enable_host(
            host, by=user_of(request), note=note, cloud=cloud or None
        )
    except NovawebError as error:
        return _show(
            request, host, cloud, trouble=error.sentence, note=note, status=error.status
        )
    messages.success(request, f"nova-compute on {host} is enabled.")
    query = f"?{urlencode({'cloud': cloud})}" if cloud else ""
    return redirect(reverse("hypervisor", args=[host]) + query)


def _show(
    request: HttpRequest,
    host: str,
    cloud: str,
    *,
    trouble: str = "",
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    row = inventory_queries.hypervisor(host, cloud=cloud)
    here = inventory_queries.instances().filter(cloud=row.cloud_id, host=row.host)
    table = InstanceTable(here, exclude=("host", "zone"), order_by="name")
    RequestConfig(request, paginate=pages(request, usual=ROWS)).configure(table)
    table.may_ask = not permissions.why_not(person_of(request), Verb.ASK)
    table.open_requests = request_queries.open_requests(
        each.record.uuid for each in table.paginated_rows
    )
    span = request.GET.get("span", "")
    span = span if span in SPANS else "day"
    back, grain = SPANS[span]
    shown = HypervisorPage(
        **vars(_now(row, request_queries.moves_at(row))),
        table=table,
        span=span,
        spans=list(SPANS),
        charts=charts(
            inventory_queries.snapshots(row, since=timezone.now() - back, grain=grain)
        ),
        pairs=list(copy_speed_actions.of_host(row.cloud.name, row.host).values()),
        closed=copy_speed_actions.why_closed(row.cloud.name),
        neighbours=_neighbours(row),
        occurrences=schedule.upcoming(
            Where(row.cloud.name, (Spot(row.zone, row.host),))
        ),
        clouds=inventory_queries.freshness(),
        trouble=trouble,
        note=note,
    )
    return render(request, "inventory/hypervisor.html", vars(shown), status=status)


@require_safe
@page()
def hypervisor_now(request: HttpRequest, host: str) -> HttpResponse:
    """Return the part of the page that changes; 204 while ``mark`` is current."""
    row = inventory_queries.hypervisor(host, cloud=request.GET.get("cloud", ""))
    if request.GET.get("table"):
        template = "inventory/_describe.html"
        described = capacity.described(
            row, capacity.usage_by_project(row.cloud, row.host)
        )
        return render(request, template, {"hypervisor": row, "described": described})
    moves = request_queries.moves_at(row)
    if inventory_queries.mark_of(row, moves) == request.GET.get("mark"):
        return HttpResponse(status=204)
    return render(request, "inventory/_now.html", vars(_now(row, moves)))


@dataclass(frozen=True, kw_only=True)
class HypervisorNow:
    """What inventory/_now.html shows: the part of a host's page that changes."""

    hypervisor: Hypervisor
    mark: str  # of this state: another mark, another state
    described: list[capacity.Row]
    largest: capacity_overview.Size | None
    fits: int | None  # how many more of the largest flavor
    moves: list[MigrationRequest]
    leaks: list[Leak]


@dataclass(frozen=True, kw_only=True)
class HypervisorPage(HypervisorNow):
    """What inventory/hypervisor.html shows of a host."""

    table: InstanceTable
    span: str
    spans: list[str]
    charts: list[Chart]
    pairs: list[Pair]
    closed: str  # why no copy speed can be measured; empty: it can
    neighbours: SafeString
    occurrences: list[Occurrence]
    clouds: list[inventory_queries.Freshness]
    trouble: str = ""  # why the host was not enabled
    note: str = ""  # what was typed, so that it is not lost


def _now(row: Hypervisor, moves: list[MigrationRequest]) -> HypervisorNow:
    largest = capacity_overview.largest_in_use()
    return HypervisorNow(
        hypervisor=row,
        mark=inventory_queries.mark_of(row, moves),
        described=capacity.described(
            row, capacity.usage_by_project(row.cloud, row.host)
        ),
        largest=largest,
        fits=largest.fits(free(row)) if largest else None,
        moves=moves,
        leaks=list(leak_queries.of_host(row)),
    )


def _neighbours(row: Hypervisor) -> SafeString:
    """Return the other hosts of the cloud as options, hosts of the same zone first."""
    others = (
        inventory_queries.hypervisors()
        .filter(cloud=row.cloud_id)
        .exclude(host=row.host)
    )
    known = others.order_by("host").values_list("zone", "host")
    hosts = sorted(known, key=lambda each: (each[0] != row.zone, each[1]))
    # not format_html: there are a thousand of them
    named = ((escape(host), escape(zone)) for zone, host in hosts)
    options = (f'<option value="{name}">{name} · {at}</option>' for name, at in named)
    return SafeString("".join(options))


class _Echo:
    """File object whose ``write`` returns its argument."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: Iterable[Hypervisor]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    most = capacity.used_most()
    parts = ("total", "reserved", "ratio", "capacity", "used")
    figures = [f"{name}_{part}" for name in capacity.CLASSES for part in parts]
    yield writer.writerow(
        [
            *("cloud", "host", "node", "zone", "aggregates", "up", "enabled"),
            *("disabled_reason", *figures, "instances"),
            *(f"{name}_used_max" for name in capacity.RESOURCES),
            "seen_at",
        ]
    )
    for row in rows:
        there = most.get((row.cloud_id, row.host), capacity.NOTHING)
        words = (row.cloud.name, row.host, row.node, row.zone)
        yield writer.writerow(
            [
                *map(covered, words),
                covered(", ".join(row.aggregates)),
                *("yes" if each else "no" for each in (row.up, row.enabled)),
                covered(row.disabled_reason),
                *(getattr(row, name) for name in figures),
                there.instances,
                *(getattr(there, name) for name in capacity.RESOURCES),
                row.seen_at.isoformat(),
            ]
        )
