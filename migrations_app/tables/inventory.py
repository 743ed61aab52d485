"""The lists of instances and hypervisors."""

from __future__ import annotations

from urllib.parse import urlencode

import django_tables2 as tables
from django.db.models import F, FloatField, QuerySet
from django.db.models.functions import Cast, NullIf
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.models import Hypervisor, Instance, MigrationRequest
from migrations_app.templatetags.novaweb import bar, icon, mib, state

ATTRS = {"class": "table table-vcenter card-table reflow"}


def link_to_host(host: str) -> SafeString | str:
    """Return the host's name as a link to its page."""
    if not host:
        return "—"
    return format_html('<a href="{}">{}</a>', reverse("hypervisor", args=[host]), host)


class InstanceTable(tables.Table):  # type: ignore[misc]
    """One instance a row; its name leads to its page."""

    name = tables.Column()
    status = tables.Column()
    host = tables.Column(order_by=("host", "name"))
    zone = tables.Column(orderable=False)
    project = tables.Column(
        accessor="project_name",
        verbose_name="Project",
        order_by=("project_id", "name"),
    )
    size = tables.Column(accessor="memory", verbose_name="Size", orderable=False)
    move = tables.Column(empty_values=(), orderable=False)

    # set by the view once the page's rows are known: one query for all of them
    open_requests: dict[str, MigrationRequest] = {}

    class Meta:
        attrs = ATTRS
        order_by = "name"
        template_name = "tables/table.html"
        caption = "Instances"
        empty_text = "No instance matches. Take a filter away."

    def render_name(self, record: Instance) -> SafeString:
        """The name, with a lock where Nova has locked the instance."""
        lock = icon("lock", "locked") if record.locked else ""
        place = reverse("instance", args=[record.uuid])
        return format_html(
            '<a href="{}">{}</a> {}', place, record.name or record.uuid, lock
        )

    def render_status(self, record: Instance) -> SafeString:
        """Nova's status, and what Nova is doing with it just now."""
        doing = record.task_state
        return format_html(
            "{}{}",
            state(record.status),
            format_html(' <span class="text-secondary">{}</span>', doing)
            if doing
            else "",
        )

    def render_host(self, value: str) -> SafeString | str:
        """Where it is."""
        return link_to_host(value)

    def render_project(self, record: Instance) -> str:
        """Whose it is."""
        return record.project_name or record.project_id

    def render_size(self, record: Instance) -> SafeString:
        """What it was given."""
        return format_html(
            '<span title="{}">{} VCPU · {} · {} GiB</span>',
            record.flavor_name,
            record.vcpus,
            mib(record.memory),
            record.disk,
        )

    def render_move(self, record: Instance) -> SafeString:
        """Its open request, or the way to ask for one."""
        asked = self.open_requests.get(record.uuid)
        if asked is not None:
            place = reverse("request", args=[asked.pk])
            return format_html('<a href="{}">{}</a>', place, state(asked.state))
        place = f"{reverse('ask')}?{urlencode({'instance': record.uuid})}"
        return format_html(
            '<a class="btn btn-sm" href="{}" aria-label="Ask to move {}">{}Move</a>',
            place,
            record.name,
            icon("arrow-right"),
        )


class HypervisorTable(tables.Table):  # type: ignore[misc]
    """One host a row, with bars for what is used of its capacity."""

    host = tables.Column()
    zone = tables.Column(order_by=("zone", "host"))
    state = tables.Column(empty_values=(), order_by=("up", "enabled", "host"))
    instances = tables.Column(empty_values=(), orderable=False)
    vcpus = tables.Column(accessor="vcpus_used", verbose_name="VCPUs")
    memory = tables.Column(accessor="memory_used", verbose_name="Memory")
    disk = tables.Column(accessor="disk_used", verbose_name="Disk")

    instances_on: dict[tuple[int, str], int] = {}

    class Meta:
        attrs = ATTRS
        order_by = "host"
        template_name = "tables/table.html"
        caption = "Hypervisors"
        empty_text = "No hypervisor matches. Take a filter away."

    def render_host(self, record: Hypervisor) -> SafeString:
        """Its name, and the node's where that is another one."""
        node = record.node if record.node != record.host else ""
        return format_html(
            '{}<div class="text-secondary small">{}</div>',
            link_to_host(record.host),
            node,
        )

    def render_state(self, record: Hypervisor) -> SafeString:
        """Up, disabled with the reason, or down."""
        word = "down" if not record.up else "up" if record.enabled else "disabled"
        return format_html(
            '{}<div class="text-secondary small">{}</div>',
            state(word),
            record.disabled_reason,
        )

    def render_instances(self, record: Hypervisor) -> int:
        """How many instances it has."""
        return self.instances_on.get((record.cloud_id, record.host), 0)

    def render_vcpus(self, record: Hypervisor) -> SafeString:
        """VCPUs used of what may be allocated."""
        return bar(record.vcpus_used, record.vcpus_capacity, "VCPUs used")

    def render_memory(self, record: Hypervisor) -> SafeString:
        """Memory used of what may be allocated."""
        figures = f"{mib(record.memory_used)} of {mib(record.memory_capacity)}"
        return bar(record.memory_used, record.memory_capacity, "Memory used", figures)

    def render_disk(self, record: Hypervisor) -> SafeString:
        """Disk used of what may be allocated."""
        figures = f"{record.disk_used} of {record.disk_capacity} GiB"
        return bar(record.disk_used, record.disk_capacity, "Disk used", figures)

    def order_vcpus(
        self, rows: QuerySet[Hypervisor], is_descending: bool
    ) -> tuple[QuerySet[Hypervisor], bool]:
        """Order by the share that is used."""
        return _by_share(rows, "vcpus", is_descending)

    def order_memory(
        self, rows: QuerySet[Hypervisor], is_descending: bool
    ) -> tuple[QuerySet[Hypervisor], bool]:
        """Order by the share that is used."""
        return _by_share(rows, "memory", is_descending)

    def order_disk(
        self, rows: QuerySet[Hypervisor], is_descending: bool
    ) -> tuple[QuerySet[Hypervisor], bool]:
        """Order by the share that is used."""
        return _by_share(rows, "disk", is_descending)


def _by_share(
    rows: QuerySet[Hypervisor], what: str, is_descending: bool
) -> tuple[QuerySet[Hypervisor], bool]:
    capacity = (F(f"{what}_total") - F(f"{what}_reserved")) * F(f"{what}_ratio")
    share = Cast(F(f"{what}_used"), FloatField()) / NullIf(capacity, 0.0)
    order = F("share").desc(nulls_last=True) if is_descending else F("share").asc()
    return rows.annotate(share=share).order_by(order, "host"), True
