"""Filters of lists: those of the pages, and those only for programs."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from migrations_app.audit import filters as audit_filters
from migrations_app.inventory import filters as inventory_filters
from migrations_app.models import (
    CopySpeed,
    Hypervisor,
    Instance,
    MigrationRequest,
    Snapshot,
    Window,
)
from migrations_app.requests import filters as request_filters

_YES_OR_NO = [("true", "true"), ("false", "false")]


class InstanceFilter(inventory_filters.InstanceFilter):
    """Page filters, and the cloud."""

    cloud = django_filters.CharFilter(field_name="cloud__name", label="Cloud")

    class Meta:
        model = Instance
        fields = (*inventory_filters.InstanceFilter.Meta.fields, "cloud")


class HypervisorFilter(inventory_filters.HypervisorFilter):
    """Page filters, and the cloud."""

    cloud = django_filters.CharFilter(field_name="cloud__name", label="Cloud")

    class Meta:
        model = Hypervisor
        fields = (*inventory_filters.HypervisorFilter.Meta.fields, "cloud")


class SnapshotFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter of snapshots by host and time."""

    host = django_filters.CharFilter(label="Host")
    cloud = django_filters.CharFilter(field_name="cloud__name", label="Cloud")
    grain = django_filters.ChoiceFilter(
        choices=[(each, each) for each in (5, 60, 1440)],
        label="Minutes that a row stands for",
    )
    since = django_filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="gte", label="At this time or later"
    )
    until = django_filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="lt", label="Before this time"
    )

    class Meta:
        model = Snapshot
        fields = ("host", "cloud", "grain", "since", "until")


class RequestFilter(request_filters.RequestFilter):
    """Page filters, the instance's UUID, and ``mine`` for the caller's own."""

    instance = django_filters.CharFilter(label="UUID of the instance")
    mine = django_filters.ChoiceFilter(
        method="one_s_own",
        choices=_YES_OR_NO,
        label="Requests of the caller only",
    )

    class Meta:
        model = MigrationRequest
        fields = (*request_filters.RequestFilter.Meta.fields, "instance", "mine")

    def one_s_own(
        self, rows: QuerySet[MigrationRequest], name: str, value: str
    ) -> QuerySet[MigrationRequest]:
        """True: requests of the caller; false: requests of others."""
        if value == "true":
            return rows.filter(asked_by=self.person.id)
        return rows.exclude(asked_by=self.person.id)


AuditFilter = audit_filters.AuditFilter


class SpeedFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter of measurements by source, target, and use in estimates."""

    source = django_filters.CharFilter(label="From this host")
    target = django_filters.CharFilter(label="To this host")
    cloud = django_filters.CharFilter(field_name="cloud__name", label="Cloud")
    latest = django_filters.ChoiceFilter(
        method="newest",
        choices=_YES_OR_NO,
        label="Only the newest successful measurement of each pair",
    )

    class Meta:
        model = CopySpeed
        fields = ("source", "target", "cloud", "latest")

    def newest(
        self, rows: QuerySet[CopySpeed], name: str, value: str
    ) -> QuerySet[CopySpeed]:
        """True: measurements used in estimates; false: all others."""
        return rows.filter(latest=value == "true")


class WindowFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter by kind, and by active or retired."""

    active = django_filters.ChoiceFilter(
        method="in_force",
        choices=_YES_OR_NO,
        label="Active ones, or retired ones",
    )

    class Meta:
        model = Window
        fields = ("kind", "active")

    def in_force(
        self, rows: QuerySet[Window], name: str, value: str
    ) -> QuerySet[Window]:
        """True: active windows; false: retired windows."""
        return rows.filter(active=value == "true")
