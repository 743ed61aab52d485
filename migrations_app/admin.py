"""Our tables in Django's admin, for staff to look at: nothing is changed there.

Users and groups, which are the roles, are Django's own and are changed there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django_rq.models import Dashboard

from migrations_app import accounts_admin  # noqa: F401 - it registers itself
from migrations_app.models import (
    AuditEntry,
    Cloud,
    Decision,
    Hypervisor,
    Instance,
    MigrationRequest,
    Run,
)

if TYPE_CHECKING:
    Table = admin.ModelAdmin[Any]
else:  # Django's own class takes no parameter while it runs
    Table = admin.ModelAdmin


# Its pages are under /django-rq/; here they would stand a second time, and its rows,
# which no table holds, would be errors.
admin.site.unregister(Dashboard)


class ReadOnly(Table):
    """A table that may be read. Its rows are written by the verbs and the engine."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Nobody may."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Nobody may."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """The audit trail; triggers in the database would refuse a change as well."""

    list_display = ("at", "actor_name", "verb", "instance_name", "ticket")
    search_fields = ("instance", "instance_name", "actor_name", "ticket")


@admin.register(Cloud)
class CloudAdmin(ReadOnly):
    """The clouds and how fresh our copies are."""

    list_display = ("name", "synced_at", "trouble")


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    """Who decided what."""

    list_display = ("at", "by_name", "approves", "request")
    list_select_related = ("request",)


@admin.register(Hypervisor)
class HypervisorAdmin(ReadOnly):
    """The hosts."""

    list_display = ("host", "cloud", "zone", "enabled", "up", "seen_at")
    list_select_related = ("cloud",)
    search_fields = ("host", "node", "uuid")


@admin.register(Instance)
class InstanceAdmin(ReadOnly):
    """The instances."""

    list_display = ("name", "uuid", "cloud", "host", "status", "seen_at")
    list_select_related = ("cloud",)
    search_fields = ("name", "uuid")


@admin.register(MigrationRequest)
class MigrationRequestAdmin(ReadOnly):
    """What was asked for."""

    list_display = ("id", "instance_name", "source", "target", "state", "asked_at")
    search_fields = ("instance", "instance_name", "ticket")


@admin.register(Run)
class RunAdmin(ReadOnly):
    """What ran."""

    list_display = ("id", "request", "state", "started_at", "ended_at")
    list_select_related = ("request",)
