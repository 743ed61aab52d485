"""An action of Django's admin: a second person confirms whose accounts these are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from migrations_app.access import confirmed_accounts
from migrations_app.audit import account_confirmations
from migrations_app.errors import NovawebError
from migrations_app.web import password_again
from migrations_app.web.page import person_of, user_of


class ToConfirm(admin.SimpleListFilter):
    """The accounts that are to be confirmed."""

    title = "confirmation"
    parameter_name = "confirm"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the only choice."""
        return [("waits", "To be confirmed")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> QuerySet[User]:
        """Return the accounts that were chosen."""
        if self.value() != "waits":
            return queryset
        return queryset.filter(to_confirm__isnull=False).distinct()


@admin.display(description="Own person")
def is_confirmed(account: User) -> str:
    """Return whose account it may be, as far as anybody knows."""
    rows = account.to_confirm.all()
    names = " and ".join(sorted({row.by_name for row in rows}))
    return f"to be confirmed by another than {names}" if names else "yes"


@admin.action(
    description="Confirm that each is a person of their own", permissions=["change"]
)
def confirm_accounts(
    accounts: Any, request: HttpRequest, queryset: QuerySet[User]
) -> HttpResponse | None:
    """Show what is to be confirmed; then confirm it, once it is known who does that."""
    asked = password_again.ask_before_sign_in_changes(request)
    if asked is not None:
        return asked
    chosen = list(queryset.prefetch_related("to_confirm").order_by("username"))
    waiting = [each for each in chosen if each.to_confirm.all()]
    if not waiting:
        accounts.message_user(request, "Of these accounts none is to be confirmed.")
        return None
    if "seen" not in request.POST:
        return _page(accounts, request, waiting)
    seen = [int(text) for text in request.POST.getlist("seen") if _is_number(text)]
    for account in waiting:
        try:
            account_confirmations.confirm(account, seen=seen, by=user_of(request))
        except NovawebError as error:
            accounts.message_user(request, error.sentence, messages.ERROR)
            continue
        name = account.get_username()
        said = f"{name} is confirmed as a person of their own."
        accounts.message_user(request, said)
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _page(accounts: Any, request: HttpRequest, waiting: Iterable[User]) -> HttpResponse:
    who = person_of(request)
    rows = [(account, list(account.to_confirm.all())) for account in waiting]
    context = {
        **accounts.admin_site.each_context(request),
        "title": "Confirm accounts",
        "opts": accounts.model._meta,
        "checkbox": ACTION_CHECKBOX_NAME,
        "accounts": [
            (account, its, confirmed_accounts.why_not_confirm(who, account, its))
            for account, its in rows
        ],
    }
    return render(request, "admin/auth/user/confirm.html", context)
