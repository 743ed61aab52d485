"""Instances and hypervisors: lists with filters, and one page each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from django_tables2 import LazyPaginator, RequestConfig

from migrations_app import queries, speeds, timetable
from migrations_app.calendars.places import Spot, Where
from migrations_app.filters.inventory import HypervisorFilter, InstanceFilter
from migrations_app.models import Hypervisor
from migrations_app.tables.inventory import HypervisorTable, InstanceTable
from migrations_app.templatetags.novaweb import mib
from migrations_app.views.charts import charts
from migrations_app.views.frame import page, show

PER_PAGE = 40
# a page number tells whether there is more; nobody counts fifty thousand rows
PAGES = {"per_page": PER_PAGE, "paginator_class": LazyPaginator}


@require_safe
@page()
def instances(request: HttpRequest) -> HttpResponse:
    """List instances: search, filters, sorting, a page at a time."""
    # without their clouds: the rows that a late page skips would be joined as well
    rows = queries.instances().select_related(None)
    wanted = InstanceFilter(request.GET, queryset=rows)
    table = InstanceTable(wanted.qs)
    RequestConfig(request, paginate=PAGES).configure(table)
    table.open_requests = queries.open_requests(
        row.record.uuid for row in table.paginated_rows
    )
    context = {"table": table, "wanted": wanted, "clouds": queries.freshness()}
    return show(request, "inventory/instances.html", context)


@require_safe
@page()
def instance(request: HttpRequest, uuid: str) -> HttpResponse:
    """Show one instance: what is known of it, and its moves so far."""
    row = queries.instance(uuid)
    moves = list(queries.requests().filter(instance=uuid)[:50])
    context = {
        "instance": row,
        "moves": moves,
        "open": next((move for move in moves if move.open_instance), None),
        "clouds": queries.freshness(),
    }
    return show(request, "inventory/instance.html", context)


@require_safe
@page()
def hypervisors(request: HttpRequest) -> HttpResponse:
    """List hypervisors with their capacity."""
    wanted = HypervisorFilter(request.GET, queryset=queries.hypervisors())
    table = HypervisorTable(wanted.qs)
    RequestConfig(request, paginate=PAGES).configure(table)
    table.instances_on = queries.instances_on(
        [row.record for row in table.paginated_rows]
    )
    context = {"table": table, "wanted": wanted, "clouds": queries.freshness()}
    return show(request, "inventory/hypervisors.html", context)


@require_safe
@page()
def hypervisor(request: HttpRequest, host: str) -> HttpResponse:
    """Show one hypervisor: state, capacity now and before, what runs there."""
    row = queries.hypervisor(host, cloud=request.GET.get("cloud", ""))
    here = queries.instances().filter(cloud=row.cloud_id, host=row.host)
    table = InstanceTable(here, exclude=("host", "zone"), order_by="name")
    RequestConfig(request, paginate=PAGES).configure(table)
    table.open_requests = queries.open_requests(
        each.record.uuid for each in table.paginated_rows
    )
    context = {
        "hypervisor": row,
        "table": table,
        "memory_figures": f"{mib(row.memory_used)} of {mib(row.memory_capacity)}",
        "disk_figures": f"{row.disk_used} of {row.disk_capacity} GiB",
        "charts": charts(queries.snapshots(row)),
        "moves": queries.moves_at(row),
        "pairs": list(speeds.of_host(row.cloud.name, row.host).values()),
        "closed": speeds.why_closed(row.cloud.name),
        "neighbours": _neighbours(row),
        "occurrences": timetable.upcoming(
            Where(row.cloud.name, (Spot(row.zone, row.host),))
        ),
        "clouds": queries.freshness(),
    }
    return show(request, "inventory/hypervisor.html", context)


def _neighbours(row: Hypervisor) -> SafeString:
    """Return the other hosts of the cloud as options, those of its zone first."""
    others = queries.hypervisors().filter(cloud=row.cloud_id).exclude(host=row.host)
    known = others.order_by("host").values_list("zone", "host")
    hosts = sorted(known, key=lambda each: (each[0] != row.zone, each[1]))
    return format_html_join(
        "", '<option value="{}">{} · {}</option>', ((h, h, z) for z, h in hosts)
    )
