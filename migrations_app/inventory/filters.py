"""Filters of the lists of instances and hypervisors."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

import django_filters
from django.db import connection
from django.db.models import F, FloatField, Q, QuerySet, TextField
from django.db.models.functions import Cast, Floor
from django.forms import NumberInput

from migrations_app.models import Cloud, Hypervisor, Instance
from migrations_app.widgets import Form, hint

STATUSES = (
    "ACTIVE",
    "ERROR",
    "MIGRATING",
    "PAUSED",
    "REBOOT",
    "RESCUE",
    "RESIZE",
    "SHELVED_OFFLOADED",
    "SHUTOFF",
    "SUSPENDED",
    "VERIFY_RESIZE",
)
STATES = (("up", "up"), ("down", "down"), ("disabled", "disabled"))
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


_AT_LEAST: dict[str, Any] = {
    "min_value": 0,
    "max_value": 2**31 - 1,
    "widget": NumberInput(attrs={"placeholder": "at least"}),
}


class InstanceFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter by name, UUID, host, project, status and zone."""

    q = django_filters.CharFilter(
        method="search", label="Search", widget=hint("name or UUID")
    )
    host = django_filters.CharFilter(
        method="on_host", label="Host", widget=hint("compute-30")
    )
    project = django_filters.CharFilter(
        method="of_project", label="Project", widget=hint("name or id")
    )
    status = django_filters.ChoiceFilter(
        label="Status",
        choices=[(each, each) for each in STATUSES],
        empty_label="any",
    )
    zone = django_filters.CharFilter(label="Zone", widget=hint("OS1"))

    class Meta:
        form = Form
        model = Instance
        fields = ("q", "host", "project", "status", "zone")

    def search(
        self, rows: QuerySet[Instance], name: str, value: str
    ) -> QuerySet[Instance]:
        """Match a whole UUID, or a part of a name."""
        value = value.strip()
        if _UUID.fullmatch(value.lower()):
            return rows.filter(uuid=value.lower())
        return rows.filter(name__icontains=value)

    def on_host(
        self, rows: QuerySet[Instance], name: str, value: str
    ) -> QuerySet[Instance]:
        """Match the host in any cloud; the database can use the index."""
        return rows.filter(cloud__in=Cloud.objects.values("pk"), host=value.strip())

    def of_project(
        self, rows: QuerySet[Instance], name: str, value: str
    ) -> QuerySet[Instance]:
        """Match the name or the id of the project."""
        value = value.strip()
        return rows.filter(Q(project_id=value) | Q(project_name=value))


class HypervisorFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter by name, place, state, project and free capacity."""

    q = django_filters.CharFilter(
        method="search", label="Search", widget=hint("host or node")
    )
    zone = django_filters.CharFilter(label="Zone", widget=hint("OS1"))
    aggregate = django_filters.CharFilter(
        method="in_aggregate", label="Aggregate", widget=hint("ssd")
    )
    state = django_filters.ChoiceFilter(
        method="in_state",
        label="State",
        choices=STATES,
        empty_label="any",
    )
    project = django_filters.CharFilter(
        method="with_project", label="Project", widget=hint("name or id")
    )
    free_vcpus = django_filters.NumberFilter(
        method="with_free", label="Free VCPUs", **_AT_LEAST
    )
    free_memory = django_filters.NumberFilter(
        method="with_free", label="Free MiB", **_AT_LEAST
    )
    free_disk = django_filters.NumberFilter(
        method="with_free", label="Free GiB of disk", **_AT_LEAST
    )

    class Meta:
        form = Form
        model = Hypervisor
        fields = (
            *("q", "zone", "aggregate", "state", "project"),
            *("free_vcpus", "free_memory", "free_disk"),
        )

    def search(
        self, rows: QuerySet[Hypervisor], name: str, value: str
    ) -> QuerySet[Hypervisor]:
        """Match a part of the host's or the node's name."""
        value = value.strip()
        return rows.filter(Q(host__icontains=value) | Q(node__icontains=value))

    def in_aggregate(
        self, rows: QuerySet[Hypervisor], name: str, value: str
    ) -> QuerySet[Hypervisor]:
        """Match the whole name of an aggregate."""
        value = value.strip()
        if connection.features.supports_json_field_contains:
            return rows.filter(aggregates__contains=[value])
        # SQLite has the list as Django wrote it: JSON in ASCII
        written = rows.annotate(written=Cast("aggregates", TextField()))
        return written.filter(written__contains=json.dumps(value))

    def in_state(
        self, rows: QuerySet[Hypervisor], name: str, value: str
    ) -> QuerySet[Hypervisor]:
        """Match a state; "up" means up and enabled."""
        match value:
            case "up":
                return rows.filter(up=True, enabled=True)
            case "down":
                return rows.filter(up=False)
        return rows.filter(enabled=False)

    def with_project(
        self, rows: QuerySet[Hypervisor], name: str, value: str
    ) -> QuerySet[Hypervisor]:
        """Hosts that have an instance of the project, named or by its id."""
        value = value.strip()
        theirs = Instance.objects.filter(Q(project_id=value) | Q(project_name=value))
        # read once: the list and its totals would each look through all instances
        hosts: dict[int, list[str]] = {}
        for cloud, host in theirs.order_by().values_list("cloud", "host").distinct():
            hosts.setdefault(cloud, []).append(host)
        places = (Q(cloud=cloud, host__in=each) for cloud, each in hosts.items())
        return rows.filter(reduce(or_, places)) if hosts else rows.none()

    def with_free(
        self, rows: QuerySet[Hypervisor], name: str, value: Decimal
    ) -> QuerySet[Hypervisor]:
        """Match hosts with at least this much unallocated capacity."""
        what = name.removeprefix("free_")
        free = capacity_of(what) - F(f"{what}_used")
        return rows.annotate(**{name: free}).filter(**{f"{name}__gte": float(value)})


def capacity_of(what: str) -> Floor:
    """Return the SQL expression for the capacity of vcpus, memory or disk."""
    share = (F(f"{what}_total") - F(f"{what}_reserved")) * F(f"{what}_ratio")
    return Floor(Cast(share, FloatField()))
