"""Instances: a list with filters, and a page each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from django_tables2 import LazyPaginator, RequestConfig

from migrations_app import queries
from migrations_app.filters.inventory import InstanceFilter
from migrations_app.tables.inventory import InstanceTable
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
