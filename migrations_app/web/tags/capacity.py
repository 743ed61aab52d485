"""Template tags for capacity figures."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from migrations_app.inventory.capacity_overview import Cell, Total
from migrations_app.models import Hypervisor
from migrations_app.web.tags.novaweb import bar
from migrations_app.wording import mebibytes

register = template.Library()
_LABELS = {"memory": "Memory used", "disk": "Disk used"}


@register.simple_tag
def total_bar(total: Total, name: str) -> SafeString:
    """Draw the usage of the resource in total; dedicated CPUs below the VCPUs."""
    if name == "vcpus":
        used, has = total.used, total.capacity
        return cpu_bars(used[name], has[name], used["pcpus"], has["pcpus"])
    return _bar(name, total.used[name], total.capacity[name])


@register.simple_tag
def stock_bar(of: Hypervisor, name: str) -> SafeString:
    """Draw the usage of the host's resource; dedicated CPUs below the VCPUs."""
    if name == "vcpus":
        return cpu_bars(
            of.vcpus_used, of.vcpus_capacity, of.pcpus_used, of.pcpus_capacity
        )
    return _bar(name, getattr(of, f"{name}_used"), getattr(of, f"{name}_capacity"))


@register.simple_tag
def heat_cells(cells: Iterable[Cell]) -> SafeString:
    """Return a link for each host of the heat map.

    Not a template, because a page has a thousand cells. They are skipped by the
    keyboard, because the list below has the same links.
    """
    # a host's name holds no slash, so that it stands where the mark stood
    before, after = reverse("hypervisor", args=["--"]).split("--")
    ends: dict[str, str] = {}
    made = []
    for cell in cells:
        name = escape(cell.host)
        if cell.cloud not in ends:
            ends[cell.cloud] = f"{after}?cloud={quote(cell.cloud, safe='')}"
        place = f"{before}{quote(cell.host)}{ends[cell.cloud]}"
        other = "" if cell.state == "up" else f", {cell.state}"
        kind = f"h{cell.level}" + ("" if cell.state == "up" else f" h-{cell.state}")
        share = "\N{EN DASH}" if cell.percent is None else cell.percent
        made.append(
            f'<a tabindex="-1" class="{kind}" href="{place}" title="{name}{other}">'
            f"<i>{name}{other} </i>{share}</a>"
        )
    return SafeString("".join(made))


@register.filter
def figure(value: float | None) -> str:
    """Return a figure of a table; a dash if unknown."""
    return "—" if value is None else f"{value:g}" if value % 1 else str(int(value))


def cpu_bars(
    used: int, capacity: int, pinned: int, pinnable: int, *, most: str = ""
) -> SafeString:
    """Draw the usage of VCPUs, and of dedicated CPUs where there are any.

    ``most`` is added to the figures of the VCPUs, or of what is there instead.
    """
    figures = f"{used} of {capacity}{most}"
    shared = bar(used, capacity, "VCPUs used", figures)
    if pinnable <= 0:
        return shared
    figures = f"{pinned} of {pinnable} dedicated{'' if capacity > 0 else most}"
    dedicated = bar(pinned, pinnable, "Dedicated CPUs used", figures)
    return shared + dedicated if capacity > 0 else dedicated


def _bar(name: str, used: int, capacity: int) -> SafeString:
    if name == "memory":
        figures = f"{mebibytes(used)} of {mebibytes(capacity)}"
    else:
        figures = f"{used} of {capacity}" + (" GiB" if name == "disk" else "")
    return bar(used, capacity, _LABELS[name], figures)
