"""The page to edit a request."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.errors import NovawebError
from migrations_app.models import MigrationRequest
from migrations_app.requests import amend as request_amend
from migrations_app.requests import queries as request_queries
from migrations_app.web.page import page, user_of
from migrations_app.web.requests.amend_form import AmendForm


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
