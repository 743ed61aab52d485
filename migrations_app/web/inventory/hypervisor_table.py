"""Table of hypervisors with capacity and usage."""

from __future__ import annotations

from collections.abc import Mapping

import django_tables2 as tables
from django.db.models import F, FloatField, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Floor, Least, NullIf
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from migrations_app.inventory.capacity import CLASSES, NOTHING, Most
from migrations_app.inventory.capacity_overview import Size
from migrations_app.inventory.filters import capacity_of
from migrations_app.models import Hypervisor
from migrations_app.web.lists import ATTRS
from migrations_app.web.tags.capacity import cpu_bars
from migrations_app.web.tags.novaweb import bar, icon, state
from migrations_app.wording import mebibytes


class HypervisorTable(tables.Table):  # type: ignore[misc]
    """One host per row, with bars for the used capacity."""

    host = tables.Column()
    zone = tables.Column(order_by=("zone", "host"))
    state = tables.Column(empty_values=(), order_by=("up", "enabled", "host"))
    instances = tables.Column(empty_values=(), orderable=False)
    vcpus = tables.Column(accessor="vcpus_used", verbose_name="VCPUs")
    memory = tables.Column(accessor="memory_used", verbose_name="Memory")
    disk = tables.Column(accessor="disk_used", verbose_name="Disk")
    fits = tables.Column(empty_values=(), verbose_name="Fits")

    # set by the view: what the flavors of their instances name, and what is to fit
    most: Mapping[tuple[int, str], Most] = {}
    largest: Size | None = None

    class Meta:
        attrs = ATTRS
        order_by = "host"
        template_name = "parts/table.html"
        caption = "Hypervisors"
        empty_text = "No hypervisor matches. Remove a filter."

    def render_host(self, record: Hypervisor) -> SafeString:
        """The name, the node if it differs, and all figures."""
        node = record.node if record.node != record.host else ""
        place = reverse("hypervisor", args=[record.host])
        query = urlencode({"table": "yes", "cloud": record.cloud.name})
        return format_html(
            '<a href="{}">{}</a><div class="text-secondary small">{}</div><details'
            ' class="describe"><summary class="small" hx-get="{}now/?{}"'
            ' hx-target="next .describe-box"'
            ' hx-trigger="click once">{}Figures<span class="visually-hidden"> of {}'
            '</span></summary><div class="describe-box" aria-live="polite">'
            '<a href="{}">On its page</a></div></details>',
            place,
            record.host,
            node,
            place,
            query,
            icon("chevron-down"),
            record.host,
            place,
        )

    def render_zone(self, record: Hypervisor) -> SafeString:
        """The zone, and the aggregates of the host."""
        return format_html(
            '{}<div class="text-secondary small">{}</div>',
            record.zone or "—",
            ", ".join(each for each in record.aggregates if each != record.zone),
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
        """The number of instances."""
        return self._most(record).instances

    def render_vcpus(self, record: Hypervisor) -> SafeString:
        """VCPUs and dedicated CPUs used of what may be allocated."""
        most = f" · max {self._most(record).vcpus}"
        return cpu_bars(
            *(record.vcpus_used, record.vcpus_capacity),
            *(record.pcpus_used, record.pcpus_capacity),
            most=most,
        )

    def render_memory(self, record: Hypervisor) -> SafeString:
        """Memory used of what may be allocated."""
        figures = (
            f"{mebibytes(record.memory_used)} of {mebibytes(record.memory_capacity)}"
            f" · max {mebibytes(self._most(record).memory)}"
        )
        return bar(record.memory_used, record.memory_capacity, "Memory used", figures)

    def render_disk(self, record: Hypervisor) -> SafeString:
        """Disk used of what may be allocated."""
        figures = (
            f"{record.disk_used} of {record.disk_capacity} GiB"
            f" · max {self._most(record).disk}"
        )
        return bar(record.disk_used, record.disk_capacity, "Disk used", figures)

    def render_fits(self, record: Hypervisor) -> str:
        """How many instances of the largest flavor would still fit."""
        return "—" if self.largest is None else str(self.largest.fits(free(record)))

    def order_vcpus(
        self, rows: QuerySet[Hypervisor], is_descending: bool
    ) -> tuple[QuerySet[Hypervisor], bool]:
        """Order by the share that is used."""
        return _by_share(rows, "vcpus", is_descending, or_else="pcpus")

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

    def order_fits(
        self, rows: QuerySet[Hypervisor], is_descending: bool
    ) -> tuple[QuerySet[Hypervisor], bool]:
        """Order by how many of the largest flavor would fit."""
        wanted = {} if self.largest is None else _wanted(self.largest)
        each = [
            Floor((capacity_of(name) - F(f"{name}_used")) / Value(float(amount)))
            for name, amount in wanted.items()
        ]
        if not each:
            return rows.order_by("host"), True
        room = Least(*each) if len(each) > 1 else each[0]
        order = F("room").desc() if is_descending else F("room").asc()
        return rows.annotate(room=room).order_by(order, "host"), True

    def _most(self, record: Hypervisor) -> Most:
        return self.most.get((record.cloud_id, record.host), NOTHING)


def free(of: Hypervisor) -> list[int]:
    """Return the unallocated capacity of the host, for each of CLASSES."""
    return [
        getattr(of, f"{name}_capacity") - getattr(of, f"{name}_used")
        for name in CLASSES
    ]


def _wanted(size: Size) -> dict[str, int]:
    amounts = {name: getattr(size, name) for name in CLASSES}
    return {name: amount for name, amount in amounts.items() if amount}


def _by_share(
    rows: QuerySet[Hypervisor], what: str, is_descending: bool, *, or_else: str = ""
) -> tuple[QuerySet[Hypervisor], bool]:
    share: Combinable = _share(what)
    if or_else:
        share = Coalesce(share, _share(or_else))
    order = F("share").desc(nulls_last=True) if is_descending else F("share").asc()
    return rows.annotate(share=share).order_by(order, "host"), True


def _share(what: str) -> Combinable:
    return Cast(F(f"{what}_used"), FloatField()) / NullIf(capacity_of(what), 0.0)
