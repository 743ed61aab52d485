"""Pages of instances: the list, and one page each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from migrations_app.access import permissions
from migrations_app.access.permissions import Verb
from migrations_app.inventory import queries as inventory_queries
from migrations_app.inventory.filters import InstanceFilter
from migrations_app.requests import queries as request_queries
from migrations_app.web.inventory.instance_table import InstanceTable
from migrations_app.web.lists import pages
from migrations_app.web.page import page, person_of


@require_safe
@page()
def instances(request: HttpRequest) -> HttpResponse:
    """List instances: search, filters, sorting, a page at a time."""
    # without their clouds: the rows that a late page skips would be joined as well
    rows = inventory_queries.instances().select_related(None)
    wanted = InstanceFilter(request.GET, queryset=rows)
    table = InstanceTable(wanted.qs)
    RequestConfig(request, paginate=pages(request)).configure(table)
    table.may_ask = not permissions.why_not(person_of(request), Verb.ASK)
    table.open_requests = request_queries.open_requests(
        row.record.uuid for row in table.paginated_rows
    )
    context = {
        "table": table,
        "wanted": wanted,
        "clouds": inventory_queries.freshness(),
    }
    return render(request, "inventory/instances.html", context)


@require_safe
@page()
def instance(request: HttpRequest, uuid: str) -> HttpResponse:
    """Show one instance with its data and its moves."""
    row = inventory_queries.instance(uuid)
    moves = list(request_queries.requests().filter(instance=uuid)[:50])
    context = {
        "instance": row,
        "moves": moves,
        "open": next((move for move in moves if move.open_instance), None),
        "group": inventory_queries.group_of(row),
        "mates": inventory_queries.group_mates(row),
        "nova_moves": inventory_queries.nova_moves(row),
        "clouds": inventory_queries.freshness(),
    }
    return render(request, "inventory/instance.html", context)
