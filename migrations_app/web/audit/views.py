"""Pages of the audit trail; read only."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from migrations_app.access import permissions
from migrations_app.access.permissions import Verb
from migrations_app.audit import queries as audit_queries
from migrations_app.audit import saved_searches, search, signing
from migrations_app.audit.filters import AuditFilter
from migrations_app.audit.search import Page
from migrations_app.audit.verify import verify_segment
from migrations_app.errors import NovawebError, Unfit
from migrations_app.models import AuditEntry
from migrations_app.web.audit.tables import AuditTable
from migrations_app.web.page import page, person_of, user_of
from migrations_app.web.posted import posted
from migrations_app.wording import whole_number

GREATEST = 2**63 - 1


@require_safe
@page(Verb.SEE_AUDIT)
def entries(request: HttpRequest) -> HttpResponse:
    """List the entries, newest first, with filters."""
    return _list(request)


@require_safe
@page(Verb.SEE_AUDIT)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one entry with all hashed fields, and verify it."""
    row = audit_queries.audit_entry(pk)
    context = {
        "entry": row,
        "newer": audit_queries.neighbour(pk, newer=True),
        "older": audit_queries.neighbour(pk, newer=False),
        "same_act": audit_queries.of_act(row),
        "chain": verify_segment([pk]),
        "signed": signing.standing(timezone.now()),
    }
    return render(request, "audit/entry.html", context)


@posted("audit")
@page(Verb.SAVE_SEARCH)
def save(request: HttpRequest) -> HttpResponse:
    """Save the search shown on the page."""
    sent = QueryDict(request.POST.get("filters", ""))
    wanted = AuditFilter(sent)
    try:
        if not wanted.form.is_valid():
            raise Unfit("The filters are not valid. Correct them first.")
        row = saved_searches.save(
            by=user_of(request),
            name=request.POST.get("name", ""),
            filters=_filters(sent),
            shared=request.POST.get("shared") == "on",
        )
    except NovawebError as error:
        context = {"trouble": error.sentence}
        return _list(request, sent, context, status=error.status)
    messages.success(request, f"The search is saved as “{row.name}”.")
    return redirect("audit-search", pk=row.pk)


@require_safe
@page(Verb.SEE_AUDIT)
def kept(request: HttpRequest, pk: int) -> HttpResponse:
    """Redirect to the saved search; its address is permanent."""
    row = saved_searches.seen(pk, by=person_of(request))
    # jsonb keeps no order of its own that a person would expect
    return redirect(f"{reverse('audit')}?{urlencode(sorted(row.filters.items()))}")


@posted("audit")
@page(Verb.SAVE_SEARCH)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove the saved search."""
    saved_searches.remove(pk, by=user_of(request))
    messages.success(request, "The search is removed.")
    return redirect("audit")


def place(given: QueryDict, name: str) -> int | None:
    """Return the entry number in the address. Raises Unfit."""
    text = given.get(name, "")
    if not text:
        return None
    number = whole_number(text, most=GREATEST)
    if number is None:
        raise Unfit(f"“{name}” is the number of an entry.")
    return number


def _list(
    request: HttpRequest,
    given: QueryDict | None = None,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    given = request.GET if given is None else given
    wanted = AuditFilter(given)
    found = Page([], newer=False, older=False)
    before, after = place(given, "before"), place(given, "after")
    if wanted.form.is_valid():
        found = search.found(wanted.wanted, before=before, after=after)
    table = AuditTable(found.entries)
    table.found = found
    table.filters = urlencode(_filters(given))
    table.chain = chain_of(found.entries)
    person = person_of(request)
    table.may_save = not permissions.why_not(person, Verb.SAVE_SEARCH)
    context = {
        "table": table,
        "wanted": wanted,
        "searches": list(saved_searches.seen_by(person)),
        **(more or {}),
    }
    return render(request, "audit/entries.html", context, status=status)


def _filters(given: QueryDict) -> dict[str, str]:
    names = AuditFilter.base_filters
    return {name: str(given[name]) for name in names if given.get(name)}


def chain_of(rows: list[AuditEntry]) -> Any:
    """Verify the entries; None without entries."""
    return verify_segment([row.pk for row in rows]) if rows else None
