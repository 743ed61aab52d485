"""Django's admin of accounts and roles, with every change in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from migrations_app import accounts

if TYPE_CHECKING:
    Accounts = UserAdmin[User]
    Groups = GroupAdmin
else:  # Django's own classes take no parameter while they run
    Accounts = UserAdmin
    Groups = GroupAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


class _Recorded:
    """Every change is recorded after it, in its transaction."""

    what: str

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Save what else was changed, then record all of it."""
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        row = type(form.instance)._default_manager.get(pk=form.instance.pk)
        before = getattr(request, "_facts_before", {}) if change else {}
        accounts.changed(before, accounts.facts(row), by=_by(request), what=self.what)

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the row that is about to be shown or changed; note what it is."""
        row = super().get_object(request, *args, **kwargs)  # type: ignore[misc]
        request._facts_before = accounts.facts(row)  # type: ignore[attr-defined]
        return row

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete it and record that."""
        with transaction.atomic():
            before = accounts.facts(obj)
            super().delete_model(request, obj)  # type: ignore[misc]
            accounts.changed(before, {}, by=_by(request), what=self.what)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete them and record each."""
        with transaction.atomic():
            before = [accounts.facts(row) for row in queryset]
            super().delete_queryset(request, queryset)  # type: ignore[misc]
            for each in before:
                accounts.changed(each, {}, by=_by(request), what=self.what)


def _by(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets in nobody else
    return request.user


@admin.register(User)
class AccountAdmin(_Recorded, Accounts):
    """The accounts."""

    what = "account"

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Change the password and record that it was changed."""
        with transaction.atomic():
            before = accounts.facts(User.objects.filter(pk=id).first())
            answer = super().user_change_password(request, id, form_url)
            after = accounts.facts(User.objects.filter(pk=id).first())
            if before and before != after:
                accounts.changed(before, after, by=_by(request))
        return answer


@admin.register(Group)
class RoleAdmin(_Recorded, Groups):
    """The groups, some of which are the roles."""

    what = "group"
