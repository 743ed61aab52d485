"""The figures of the capacity, as people read them."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from migrations_app.inventory.overview import Total
from migrations_app.models import Hypervisor
from migrations_app.templatetags.novaweb import bar, mib

register = template.Library()
_LABELS = {"vcpus": "VCPUs used", "memory": "Memory used", "disk": "Disk used"}


@register.simple_tag
def total_bar(total: Total, name: str) -> SafeString:
    """Draw how much of the resource is used in all."""
    return _bar(name, total.used[name], total.capacity[name])


@register.simple_tag
def stock_bar(of: Hypervisor, name: str) -> SafeString:
    """Draw how much of the host's resource is used."""
    return _bar(name, getattr(of, f"{name}_used"), getattr(of, f"{name}_capacity"))


@register.filter
def figure(value: float | None) -> str:
    """Return a figure of a table; a dash where it is not told."""
    return "—" if value is None else f"{value:g}" if value % 1 else str(int(value))


def _bar(name: str, used: int, capacity: int) -> SafeString:
    if name == "memory":
        figures = f"{mib(used)} of {mib(capacity)}"
    else:
        figures = f"{used} of {capacity}" + (" GiB" if name == "disk" else "")
    return bar(used, capacity, _LABELS[name], figures)
