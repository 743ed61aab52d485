"""What lists can be narrowed by: the pages' filters, and what only programs need."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from migrations_app.audit import filters as trail
from migrations_app.inventory import filters as inventory
from migrations_app.models import (
    CopySpeed,
    Hypervisor,
    Instance,
    MigrationRequest,
    Snapshot,
)
from migrations_app.requests import filters as requests

_YES_OR_NO = [("true", "true"), ("false", "false")]


class InstanceFilter(inventory.InstanceFilter):
    """As on the page; and by cloud."""

    cloud = django_filters.CharFilter(field_name="cloud__name", label="Cloud")

    class Meta:
        model = Instance
        fields = (*inventory.InstanceFilter.Meta.fields, "cloud")


class HypervisorFilter(inventory.HypervisorFilter):
    """As on the page; and by cloud."""

    cloud = django_filters.CharFilter(field_name="cloud__name", label="Cloud")

    class Meta:
        model = Hypervisor
        fields = (*inventory.HypervisorFilter.Meta.fields, "cloud")


class SnapshotFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Snapshots of a host, and of a time."""

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


class RequestFilter(requests.RequestFilter):
    """As on the page; by the instance's UUID; ``mine`` for one's own."""

    instance = django_filters.CharFilter(label="UUID of the instance")
    mine = django_filters.ChoiceFilter(
        method="one_s_own",
        choices=_YES_OR_NO,
        label="Requests of the caller only",
    )

    class Meta:
        model = MigrationRequest
        fields = (*requests.RequestFilter.Meta.fields, "instance", "mine")

    def one_s_own(
        self, rows: QuerySet[MigrationRequest], name: str, value: str
    ) -> QuerySet[MigrationRequest]:
        """True: those asked by this person; false: those asked by others."""
        if value == "true":
            return rows.filter(asked_by=self.person.id)
        return rows.exclude(asked_by=self.person.id)


AuditFilter = trail.AuditFilter


class SpeedFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Measurements from a host, to a host, and those that estimates are made with."""

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
        """True: those that estimates are made with; false: all others."""
        return rows.filter(latest=value == "true")
