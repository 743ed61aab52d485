"""Pages to edit a request, for emergency starts and their reviews."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.errors import NovawebError, Unfit
from migrations_app.models import MigrationRequest
from migrations_app.requests import amend as request_amend
from migrations_app.requests import emergency_start
from migrations_app.requests import queries as request_queries
from migrations_app.web.page import page, user_of
from migrations_app.web.requests import views as request_views
from migrations_app.web.requests.amend_form import AmendForm

MOST = 100


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.AMEND)
def amend(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the filled form; save the changes."""
    row = request_queries.request(pk)
    require(request.user, Verb.AMEND, request=row)
    if request.method != "POST":
        return _form(request, row, AmendForm.filled_in(row))
    form = AmendForm(request.POST)
    if not form.is_valid():
        return _form(request, row, form, status=422)
    try:
        request_amend.amend(
            pk,
            by=user_of(request),
            plan_digest=request.POST.get("plan_digest", ""),
            note=form.cleaned_data["note"],
            changes=form.changes(row),
        )
    except NovawebError as error:
        context = {
            "trouble": error.sentence,
            "against": [f.as_dict() for f in getattr(error, "findings", ())],
        }
        return _form(request, row, form, context, status=error.status)
    messages.success(request, "You edited this request: it needs approval again.")
    return redirect("request", pk=pk)


@require_POST
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


@require_POST
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


def _form(
    request: HttpRequest,
    row: MigrationRequest,
    form: AmendForm,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"move": row, "form": form, **(more or {})}
    return render(request, "requests/amend.html", context, status=status)
