"""Timelines of an instance, host, person, ticket or request."""

from __future__ import annotations

from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app.access.permissions import Verb
from migrations_app.audit import search, timeline
from migrations_app.web.audit.views import chain_of, place
from migrations_app.web.page import in_utc, page

PER_PAGE = 100


@require_safe
@page(Verb.SEE_AUDIT)
@in_utc
def show(request: HttpRequest, kind: str, value: str) -> HttpResponse:
    """Show the entries by day, newest first, or oldest first with ``order=oldest``."""
    subject = timeline.subject(kind, value)
    if subject is None:
        raise Http404
    oldest_first = request.GET.get("order") == "oldest"
    before, after = place(request.GET, "before"), place(request.GET, "after")
    if oldest_first and before is None and after is None:
        after = 0
    found = search.found(subject.wanted, before=before, after=after, most=PER_PAGE)
    entries = found.entries[::-1] if oldest_first else found.entries
    days = [(day, list(rows)) for day, rows in groupby(entries, timeline.day_of)]
    context = {
        "subject": subject,
        "days": days,
        "found": found,
        "oldest_first": oldest_first,
        "chain": chain_of(found.entries),
    }
    return render(request, "audit/timeline.html", context)
