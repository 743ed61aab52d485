"""Exports and signatures of the audit trail from pages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from migrations_app.access import throttle
from migrations_app.access.permissions import Verb
from migrations_app.audit import actions as audit_actions
from migrations_app.audit import download
from migrations_app.audit.filters import AuditFilter
from migrations_app.errors import NovawebError, Unfit
from migrations_app.models import AuditEntry
from migrations_app.web.page import page, sorry, user_of
from migrations_app.web.posted import posted
from migrations_app.wording import whole_number


@posted("audit")
def export(request: HttpRequest) -> HttpResponseBase:
    """Return the filtered entries as a self-verifying file."""
    try:
        how = str(request.POST.get("format", "jsonl"))
        if how not in download.FORMATS:
            raise Unfit("An export is jsonl, csv or proof (of the csv).")
        wanted = AuditFilter(request.POST, queryset=AuditEntry.objects.all())
        if not wanted.form.is_valid():
            raise Unfit("The filters are not valid: correct them on the audit page.")
        throttle.admit(request.user.pk, "export")
        made = audit_actions.export(
            by=user_of(request),
            narrow=lambda rows: wanted.filter_queryset(rows),
            filters=_filters(request),
            until=_until(request),
        )
    except NovawebError as error:
        return sorry(request, error)
    return download.answer(request, made, how)


@posted("audit")
@page(Verb.SIGN)
def sign(request: HttpRequest) -> HttpResponse:
    """Have a worker sign the head of the chain."""
    try:
        audit_actions.ask_to_sign(by=user_of(request))
        messages.success(request, "A worker signs the audit trail within a minute.")
    except Unfit as error:
        messages.error(request, error.sentence)
    return redirect("audit")


def _filters(request: HttpRequest) -> dict[str, str]:
    return {
        name: str(request.POST[name])
        for name in AuditFilter.base_filters
        if request.POST.get(name)
    }


def _until(request: HttpRequest) -> int | None:
    text = str(request.POST.get("until_entry", ""))
    if not text:
        return None
    number = whole_number(text, least=1)
    if number is None:
        raise Unfit("“until_entry” is the number of an entry.")
    return number
