"""The audit trail: searchable, one page an entry, nothing to change."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from migrations_app import queries
from migrations_app.filters.requests import AuditFilter
from migrations_app.policy import Verb
from migrations_app.tables.requests import AuditTable
from migrations_app.views.frame import page, show
from migrations_app.views.inventory import PAGES


@require_safe
@page(Verb.SEE_AUDIT)
def entries(request: HttpRequest) -> HttpResponse:
    """List what was done, newest first, with a search."""
    wanted = AuditFilter(request.GET, queryset=queries.audit_entries())
    table = AuditTable(wanted.qs)
    RequestConfig(request, paginate=PAGES).configure(table)
    return show(request, "audit/entries.html", {"table": table, "wanted": wanted})


@require_safe
@page(Verb.SEE_AUDIT)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one entry whole."""
    return show(request, "audit/entry.html", {"entry": queries.audit_entry(pk)})
