"""Django admin for accounts and roles; every change is audited.

Every change of an account or a role is recorded in the audit trail. Users and groups,
which are the roles, are Django's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_rq.models import Dashboard
from knox.models import AuthToken

from migrations_app.audit.account_changes import AccountSnapshot, record_changes
from migrations_app.models import (
    AuditEntry,
    Cloud,
    Decision,
    Hypervisor,
    Instance,
    MigrationRequest,
    Run,
)
from migrations_app.web.accounts.account_name import NamedForm, NewAccountForm
from migrations_app.web.accounts.accounts_confirmed import (
    ToConfirm,
    confirm_accounts,
    is_confirmed,
)
from migrations_app.web.accounts.factors_taken_away import take_second_factors_away
from migrations_app.web.accounts.recorded_admin import (
    Recorded,
    by,
    confirmed,
    may_change_accounts,
)

if TYPE_CHECKING:
    Accounts = UserAdmin[User]
    Groups = GroupAdmin
    ChangedAccount = UserChangeForm[User]
    ChangedGroup = ModelForm[Group]
else:  # Django's own classes take no parameter while they run
    Accounts = UserAdmin
    Groups = GroupAdmin
    ChangedAccount = UserChangeForm
    ChangedGroup = ModelForm

admin.site.unregister(User)
admin.site.unregister(Group)


class _SnapshotForm:
    """A form that knows what its row was before anything was changed."""

    before: AccountSnapshot

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance  # type: ignore[attr-defined]
        self.before = AccountSnapshot.take(row)


class AccountForm(NamedForm, _SnapshotForm, ChangedAccount):
    """Changes an account."""


class RoleForm(_SnapshotForm, ChangedGroup):
    """Makes or changes a group."""


# What only superusers give: anybody else could give it to themselves.
# Django's own columns of accounts
ACCOUNT_COLUMNS = ("username", "email", "first_name", "last_name", "is_staff")
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


def _lifts(row: Model | None) -> bool:
    """Whether the account has more than a role: it is staff or a superuser."""
    return isinstance(row, User) and (row.is_staff or row.is_superuser)


@admin.register(User)
class AccountAdmin(Recorded, Accounts):
    """Admin of the accounts, which are switched off and never deleted.

    What somebody requested, approved or changed must stay theirs.
    """

    form = AccountForm
    add_form = NewAccountForm
    actions = (take_second_factors_away, confirm_accounts)
    list_display = (*ACCOUNT_COLUMNS, is_confirmed)
    list_filter = (ToConfirm, "is_staff", "is_superuser", "is_active", "groups")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the accounts, each with whether it is to be confirmed."""
        return super().get_queryset(request).prefetch_related("to_confirm")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether they may, by an account that is known to be their own."""
        return may_change_accounts(request) and super().has_add_permission(request)

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """Return False: an account that is not needed any more is switched off."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """Return whether they may: staff alone not staff, nor take over its accounts.

        Who sets the password of a superuser could sign in as one. An account that may
        be somebody else's changes none: its changes would not be told from theirs.
        """
        if not may_change_accounts(request):
            return False
        if _lifts(obj) and not by(request).is_superuser and obj != request.user:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Any = None
    ) -> list[str] | tuple[Any, ...]:
        """Return what cannot be changed: for staff alone, all that gives rights."""
        known = tuple(super().get_readonly_fields(request, obj))
        return known if by(request).is_superuser else (*known, *RIGHTS)

    @confirmed
    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Change the password and record the change; the own one on its own page."""
        # (by the row: a number can be written in more than one way)
        if self.get_object(request, unquote(id)) == request.user:
            return redirect("password")
        with transaction.atomic():
            before = AccountSnapshot.take(self.get_object(request, unquote(id)))
            answer = super().user_change_password(request, id, form_url)
            after = AccountSnapshot.take(self.get_object(request, unquote(id)))
            record_changes(before, after, by=by(request))
        return answer


@admin.register(Group)
class RoleAdmin(Recorded, Groups):
    """Admin of the groups, of superusers alone; some groups are the roles."""

    form = RoleForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether they are a superuser."""
        return by(request).is_superuser and may_change_accounts(request)

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Return whether they are a superuser: a group's permissions are its rights."""
        return by(request).is_superuser and may_change_accounts(request)

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Return whether they are a superuser."""
        return by(request).is_superuser and may_change_accounts(request)


if TYPE_CHECKING:
    Table = admin.ModelAdmin[Any]
else:  # Django's own class takes no parameter while it runs
    Table = admin.ModelAdmin


# allauth's own tables: no addresses are kept, and second factors are set up by their
# owners and taken away with an entry in the trail.
admin.site.unregister([EmailAddress, Authenticator])
# Its pages are under /django-rq/; here they would stand a second time, and its rows,
# which no table holds, would be errors.
admin.site.unregister(Dashboard)
# A token is made by whoever it is for (or by manage.py token): here it could be made
# for anybody, and shown, without an entry in the trail.
admin.site.unregister(AuthToken)


class ReadOnly(Table):
    """Read-only admin; only actions and the engine write these tables."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: adding is not possible."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Return False: changing is not possible."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Return False: deleting is not possible."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """Audit entries; database triggers refuse changes as well."""

    list_display = ("at", "actor_name", "verb", "instance_name", "ticket")
    search_fields = ("instance", "instance_name", "actor_name", "ticket")


@admin.register(Cloud)
class CloudAdmin(ReadOnly):
    """Clouds and the age of their copies."""

    list_display = ("name", "synced_at", "trouble")


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    """Decisions on requests."""

    list_display = ("at", "by_name", "approves", "request")
    list_select_related = ("request",)


@admin.register(Hypervisor)
class HypervisorAdmin(ReadOnly):
    """Hypervisors."""

    list_display = ("host", "cloud", "zone", "enabled", "up", "seen_at")
    list_select_related = ("cloud",)
    search_fields = ("host", "node", "uuid")


@admin.register(Instance)
class InstanceAdmin(ReadOnly):
    """Instances."""

    list_display = ("name", "uuid", "cloud", "host", "status", "seen_at")
    list_select_related = ("cloud",)
    search_fields = ("name", "uuid")


@admin.register(MigrationRequest)
class MigrationRequestAdmin(ReadOnly):
    """Migration requests."""

    list_display = ("id", "instance_name", "source", "target", "state", "asked_at")
    search_fields = ("instance", "instance_name", "ticket")


@admin.register(Run)
class RunAdmin(ReadOnly):
    """Runs."""

    list_display = ("id", "request", "state", "started_at", "ended_at")
    list_select_related = ("request",)
