"""Page of delegations of approval rights."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from migrations_app.access import permissions
from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.errors import NovawebError
from migrations_app.requests.approvals import delegations as approval_delegations
from migrations_app.web import password_again
from migrations_app.web.approvals.forms import DelegationForm
from migrations_app.web.page import page, person_of, user_of
from migrations_app.web.posted import posted

MOST = 100


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.SEE_DELEGATIONS)
def delegations(request: HttpRequest) -> HttpResponse:
    """List the delegations; create one."""
    if request.method != "POST":
        return _show(request, DelegationForm(initial={"starts_at": timezone.now()}))
    require(request.user, Verb.DELEGATE)
    asked = password_again.ask_if_due(request)
    if asked is not None:
        return asked
    form = DelegationForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    try:
        row = approval_delegations.delegate(by=user_of(request), **form.cleaned_data)
    except NovawebError as error:
        return _show(request, form, trouble=error.sentence, status=error.status)
    messages.success(
        request, f"{row.taker_name} can approve in your place during that time."
    )
    return redirect("delegations")


@posted("delegations")
@page(Verb.SEE_DELEGATIONS)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End the delegation."""
    row = approval_delegations.revoke(pk, by=user_of(request))
    said = f"{row.taker_name} can no longer approve in place of {row.giver_name}."
    messages.success(request, said)
    return redirect("delegations")


def _show(
    request: HttpRequest, form: DelegationForm, *, trouble: str = "", status: int = 200
) -> HttpResponse:
    person = person_of(request)
    is_open = set(approval_delegations.open_now().values_list("pk", flat=True))
    rows = [
        (row, row.pk in is_open, not approval_delegations.why_not_revoke(person, row))
        for row in approval_delegations.delegations()[:MOST]
    ]
    context: dict[str, Any] = {
        "form": form,
        "rows": rows,
        "refusal": permissions.why_not(person, Verb.DELEGATE),
    }
    if trouble:
        context["trouble"] = trouble
    return render(request, "approvals/delegations.html", context, status=status)
