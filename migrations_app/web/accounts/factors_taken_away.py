"""An action of Django's admin: second factors that people have lost are taken away."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from migrations_app.audit import second_factor_actions
from migrations_app.errors import NovawebError
from migrations_app.web import password_again
from migrations_app.web.page import user_of


@admin.action(
    description="Take the second factor away, which they have lost",
    permissions=["change"],
)
def take_second_factors_away(
    accounts: Any, request: HttpRequest, queryset: QuerySet[User]
) -> HttpResponse | None:
    """Take it away from the chosen accounts, once it is confirmed who does that.

    ``accounts`` is the admin's page of accounts, which knows whose may be changed.
    """
    asked = password_again.ask_before_sign_in_changes(request)
    if asked is not None:
        return asked
    for account in queryset.order_by("pk"):
        name = account.get_username()
        if not accounts.has_change_permission(request, account):
            said = f"{name} is staff: only a superuser can do that."
            accounts.message_user(request, said, messages.ERROR)
            continue
        try:
            count = second_factor_actions.take_away(account, by=user_of(request))
        except NovawebError as error:
            accounts.message_user(request, error.sentence, messages.ERROR)
            continue
        said = f"{name} has no second factor any more; sessions and tokens ended."
        accounts.message_user(request, said if count else f"{name} has none.")
    return None
