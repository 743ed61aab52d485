"""Pages for emergency starts and their reviews."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from migrations_app.access.permissions import Verb
from migrations_app.errors import Unfit
from migrations_app.requests import emergency_start
from migrations_app.web.page import page, user_of
from migrations_app.web.posted import posted
from migrations_app.web.requests import views as request_views

MOST = 100


@posted("request", "pk")
@page(Verb.EMERGENCY_START)
def make_emergency_start(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an emergency start; the form must contain the request number."""

    def act(note: str) -> str:
        if request.POST.get("number", "").strip().lstrip("#") != str(pk):
            raise Unfit(f"To confirm, enter the request number {pk}.")
        digest = request.POST.get("plan_digest", "")
        by = user_of(request)
        emergency_start.start(pk, by=by, plan_digest=digest, reason=note)
        return (
            "Emergency start: the move starts at once. Another person must review it."
        )

    return request_views.decide(request, pk, act, verb=Verb.EMERGENCY_START)


@posted("request", "pk")
@page(Verb.REVIEW)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the result of the review."""

    def act(note: str) -> str:
        emergency_start.review(pk, by=user_of(request), note=note)
        return "You reviewed the emergency start."

    return request_views.decide(request, pk, act, verb=Verb.REVIEW)


@require_safe
@page()
def emergency_starts(request: HttpRequest) -> HttpResponse:
    """List all emergency starts, those without a review first."""
    rows = emergency_start.all_starts()[:MOST]
    context = {
        "waiting": [row for row in rows if row.reviewed_at is None],
        "reviewed": [row for row in rows if row.reviewed_at is not None],
    }
    return render(request, "requests/emergency_start.html", context)
